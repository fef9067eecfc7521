"""Modes MILESTONE and BOTH, by what is saved: an ordinary upload lacks nothing in the VMS and is not freed for it, a
recording does and is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from backend.catalog.figures import picture
from backend.catalog.report import report
from backend.catalog.safety import Safe
from backend.catalog.videos import EVERYTHING
from backend.retention.preview import Preview
from backend.retention.rules import Rule
from tests.services.footage import FootageTarget, footage_place, make_settled
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, place
from tests.unit.retention.test_spool import RECORDING, freed, is_here, ledger, use, vms

__all__ = ["ledger", "vms"]

AT_ONCE = (Rule("at once", keep_local_days=0),)


@dataclass(frozen=True)
class Three:
    plain: str
    sound: str
    segment: str


def three(ledger: Ledger) -> Three:
    ids = [
        ledger.add(VIDEO + b"1", "plain.mp4"),
        ledger.add(VIDEO + b"2", "song.mp3"),
        ledger.add(VIDEO + b"3", "gate.mp4", **RECORDING),
    ]
    for video_id in ids:
        make_settled(ledger, video_id)
    return Three(*ids)


def in_mode(ledger: Ledger, *there: object, mode: str, rules: tuple[Rule, ...] = ()) -> None:
    """As `use`, and as `open_places` has it: only recordings go to the VMS by themselves."""
    use(ledger, *there, mode=mode, rules=rules)
    s = ledger.services
    places = replace(s.places, of_recordings=s.places.footage)
    ledger.services = replace(
        s,
        places=places,
        intake=replace(s.intake, places=places),
        desk=replace(s.desk, places=places),
        pruner=replace(s.pruner, places=places),
        trash=replace(s.trash, places=places),
    )


def delivered(ledger: Ledger, **counts: int) -> None:
    with ledger.worker():
        for target, count in counts.items():
            ledger.wait_for("delivered", count, target)


def targets(ledger: Ledger, video_id: str) -> list[str]:
    return [delivery.target for delivery in ledger.video(video_id).deliveries]


def safe(ledger: Ledger) -> Safe:
    places = ledger.services.places
    with ledger.database.read() as session:
        found = report(session, EVERYTHING, places.required, places.passing, places.required_of_recordings)
    seen = picture(
        ledger.database, list(places.by_name), places.required, places.passing, 10, places.required_of_recordings
    )
    assert seen.unsafe == found.safe.videos - found.safe.verified - found.safe.exempt
    return found.safe


def kept(ledger: Ledger, video_id: str) -> str:
    """Why a person's `cleanup 0` leaves it."""
    (told,) = [one.decision for one in ledger.services.pruner.plan(0) if one.video_id == video_id]
    assert not told.prune
    return told.reason


def test_in_mode_milestone_only_the_segment_goes_to_the_vms_and_from_here(ledger: Ledger, vms: FootageTarget) -> None:
    in_mode(ledger, footage_place(vms), mode="MILESTONE")
    ids = three(ledger)
    assert safe(ledger) == Safe(videos=3, verified=0, waiting=1, needs_person=0, exempt=2)
    delivered(ledger, milestone=1)
    assert [targets(ledger, one) for one in (ids.plain, ids.sound, ids.segment)] == [[], [], ["milestone"]]
    assert safe(ledger) == Safe(videos=3, verified=1, waiting=0, needs_person=0, exempt=2)
    assert freed(ledger) == {ids.segment: "verified on milestone"}
    assert not is_here(ledger, ids.segment)
    for ordinary in (ids.plain, ids.sound):
        assert is_here(ledger, ordinary)
        assert ledger.services.desk.settled(ordinary)
        assert "this is the only copy" in kept(ledger, ordinary)


def test_in_mode_both_each_is_complete_where_it_belongs(ledger: Ledger, vms: FootageTarget) -> None:
    in_mode(ledger, place(MemoryTarget()), footage_place(vms), mode="BOTH", rules=AT_ONCE)
    vms.covers = False
    ids = three(ledger)
    delivered(ledger, memory=3)
    assert [targets(ledger, one) for one in (ids.plain, ids.sound)] == [["memory"], ["memory"]]
    found = safe(ledger)
    assert (found.videos, found.verified, found.exempt) == (3, 2, 0)
    assert freed(ledger) == {ids.plain: "verified on memory", ids.sound: "verified on memory"}
    assert is_here(ledger, ids.segment)
    vms.covers = True
    ledger.set(ids.segment, "milestone", next_attempt_at=ledger.video(ids.segment).created_at)
    delivered(ledger, milestone=1)
    assert safe(ledger) == Safe(videos=3, verified=3, waiting=0, needs_person=0)
    assert freed(ledger) == {ids.segment: "verified on memory, milestone"}


@pytest.mark.parametrize("mode", ["MILESTONE", "BOTH"])
def test_a_recording_from_before_the_vms_still_lacks_its_copy_there(
    ledger: Ledger, vms: FootageTarget, mode: str
) -> None:
    use(ledger, place(MemoryTarget()), mode="LOCAL")
    ids = three(ledger)
    delivered(ledger, memory=3)
    in_mode(ledger, place(MemoryTarget()), footage_place(vms), mode=mode, rules=AT_ONCE)
    assert safe(ledger) == Safe(videos=3, verified=2, waiting=0, needs_person=0)
    assert kept(ledger, ids.segment) == "not verified on milestone"
    s = ledger.services
    preview = Preview(s.database, s.places, s.clock, s.retention)
    assert preview.totals(preview.time()).prune.count == 2


def test_an_ordinary_upload_that_was_named_for_the_vms_is_missed_there(ledger: Ledger, vms: FootageTarget) -> None:
    in_mode(ledger, place(MemoryTarget()), footage_place(vms), mode="BOTH", rules=AT_ONCE)
    vms.covers = False
    named = ledger.add(targets="memory,milestone")
    make_settled(ledger, named)
    delivered(ledger, memory=1)
    assert safe(ledger).verified == 0
    assert kept(ledger, named) == "not verified on milestone"
