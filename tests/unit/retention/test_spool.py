"""STORAGE_MODE=MILESTONE frees a recording here once the VMS covers its time, and not before; other modes never do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.outbox.places import Places
from backend.retention.preview import Preview
from backend.retention.rules import Retention, Rule
from backend.retention.spool import NAME, with_spool
from tests.services.footage import ENDED, FootageTarget, footage_place, make_settled
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, place

RECORDING = {
    "camera_id": "123e4567-e89b-12d3-a456-426614174000",
    "start_time": "2026-11-20T09:00:00Z",
    "end_time": "2026-11-20T09:00:12Z",
}


@pytest.fixture
def vms() -> FootageTarget:
    return FootageTarget()


@pytest.fixture
def ledger(open_ledger: OpenLedger) -> Ledger:
    return open_ledger()


def use(ledger: Ledger, *there: object, mode: str, rules: tuple[Rule, ...] = ()) -> None:
    """These targets, as STORAGE_MODE takes them."""
    named = [one for one in there if not isinstance(one, str)]
    ledger.set_places(*named)  # type: ignore[arg-type]
    places = replace(ledger.services.places, footage_suffices=mode == "MILESTONE")
    retention = with_spool(Retention(rules), places)
    s = ledger.services
    ledger.services = replace(
        s,
        places=places,
        retention=retention,
        pruner=replace(s.pruner, places=places),
        trash=replace(s.trash, places=places, retention=retention),
    )


def sent(ledger: Ledger, count: int = 1, target: str = "milestone", **fields: str) -> str:
    video_id = ledger.add(**{**RECORDING, **fields})  # type: ignore[arg-type]
    with ledger.worker():
        ledger.wait_for("delivered", count, target)
    return video_id


def recorded(ledger: Ledger, count: int = 1, target: str = "milestone", **fields: str) -> str:
    video_id = sent(ledger, count, target, **fields)
    make_settled(ledger, video_id)
    return video_id


def freed(ledger: Ledger) -> dict[str, str]:
    return {done.video_id: done.decision.reason for done in ledger.services.housekeeper.run()}


def is_here(ledger: Ledger, video_id: str) -> bool:
    return ledger.path(video_id).exists()


def test_a_recording_is_freed_when_the_vms_covers_it(ledger: Ledger, vms: FootageTarget) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE")
    video_id = recorded(ledger)
    assert freed(ledger) == {video_id: "verified on milestone"}
    assert not is_here(ledger, video_id)
    assert ledger.video(video_id).local_state == "pruned"
    assert ledger.audit()[-1].what["rule"] == NAME


def told(ledger: Ledger) -> str:
    """What is said of the only video: by the rules' plan, and by what a person asks for."""
    (by_rule,) = ledger.services.housekeeper.plan()
    (by_days,) = ledger.services.pruner.execute(0)
    assert (by_rule.decision.action, by_rule.decision.reason) == ("keep", by_days.decision.reason)
    return by_rule.decision.reason


@pytest.mark.parametrize("found", [{}, {"audio_codec": ""}], ids=["heard", "of no known kind"])
def test_sound_is_not_lost_the_vms_has_the_picture_alone(
    ledger: Ledger, vms: FootageTarget, found: dict[str, object]
) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE")
    video_id = sent(ledger)
    make_settled(ledger, video_id, silent=False, **found)
    assert freed(ledger) == {}
    assert told(ledger).startswith("milestone has its picture alone, and the file has sound: it stays unless")
    assert "free_with_sound" in told(ledger)
    assert is_here(ledger, video_id)
    use(ledger, footage_place(vms, options={"free_with_sound": True}), mode="MILESTONE")
    assert freed(ledger) == {video_id: "verified on milestone"}
    assert not is_here(ledger, video_id)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ({"further_tracks": 1}, "milestone has one picture of it alone, and the file has further tracks"),
        ({"further_tracks": 1, "silent": False}, "milestone has one picture of it alone, and the file has further"),
        # Probed before anybody counted them; and not probed at all.
        ({"further_tracks": None}, "whether the file has sound or further tracks is not known"),
        (None, "whether the file has sound or further tracks is not known"),
    ],
)
def test_a_second_picture_or_data_is_not_lost_whatever_is_said_of_sound(
    ledger: Ledger, vms: FootageTarget, found: dict[str, object] | None, why: str
) -> None:
    video_id = ""
    for options in ({}, {"free_with_sound": True}):
        use(ledger, footage_place(vms, options=options), mode="MILESTONE")
        video_id = video_id or sent(ledger)
        if found is None:
            ledger.set_video(video_id, media_state="ready")
        else:
            make_settled(ledger, video_id, **found)
        assert freed(ledger) == {}
        assert why in told(ledger)
        assert is_here(ledger, video_id)


def test_sound_that_another_target_has_too_keeps_nothing_here(ledger: Ledger, vms: FootageTarget) -> None:
    use(ledger, footage_place(vms), place(MemoryTarget()), mode="MILESTONE")
    video_id = sent(ledger)
    ledger.wait_for("delivered", 1)
    make_settled(ledger, video_id, silent=False)
    assert freed(ledger) == {video_id: "verified on memory, milestone"}


def test_the_preview_counts_no_recording_with_sound_as_one_that_goes(ledger: Ledger, vms: FootageTarget) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE")
    loud, silent, unknown = sent(ledger), sent(ledger, 2, camera_id="gate"), sent(ledger, 3, camera_id="yard")
    make_settled(ledger, loud, silent=False)
    make_settled(ledger, silent)
    ledger.set_video(unknown, media_state="ready")
    preview = Preview(ledger.database, ledger.services.places, ledger.services.clock, ledger.services.retention)
    totals = preview.totals(preview.time())
    assert (totals.prune.count, totals.kept.count) == (1, 2)
    assert freed(ledger) == {silent: "verified on milestone"}


def test_the_preview_counts_sound_that_may_go_and_no_further_tracks(ledger: Ledger, vms: FootageTarget) -> None:
    use(ledger, footage_place(vms, options={"free_with_sound": True}), mode="MILESTONE")
    loud, twofold = sent(ledger), sent(ledger, 2, camera_id="gate")
    make_settled(ledger, loud, silent=False)
    make_settled(ledger, twofold, silent=False, further_tracks=1)
    preview = Preview(ledger.database, ledger.services.places, ledger.services.clock, ledger.services.retention)
    totals = preview.totals(preview.time())
    assert (totals.prune.count, totals.kept.count) == (1, 1)
    assert freed(ledger) == {loud: "verified on milestone"}


def test_nothing_is_freed_before_it_is_verified_or_when_the_vms_says_otherwise_now(
    ledger: Ledger, vms: FootageTarget
) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE")
    waiting = ledger.add(**RECORDING)  # type: ignore[arg-type]
    make_settled(ledger, waiting)
    freed(ledger)
    assert is_here(ledger, waiting)
    with ledger.worker():
        ledger.wait_for("delivered", 1, "milestone")
    vms.covers = False
    (reason,) = freed(ledger).values()
    assert "do not cover it" in reason
    assert is_here(ledger, waiting)


def test_what_the_vms_keeps_for_nobody_knows_how_long_is_not_freed(ledger: Ledger, vms: FootageTarget) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE")
    vms.passing = "how long the VMS keeps it could not be read"
    video_id = recorded(ledger)
    (reason,) = freed(ledger).values()
    assert reason == "milestone has it, but how long the VMS keeps it could not be read"
    assert is_here(ledger, video_id)
    assert ledger.delivery(video_id, "milestone").state == "delivered", "that is nothing against the copy"
    vms.passing = ""
    freed(ledger)
    assert not is_here(ledger, video_id)


def test_what_another_target_has_too_is_freed_whatever_the_vms_keeps(ledger: Ledger, vms: FootageTarget) -> None:
    use(ledger, footage_place(vms), place(MemoryTarget()), mode="BOTH", rules=(Rule("at once", keep_local_days=0),))
    vms.passing = "the VMS keeps it for 7 days only"
    video_id = recorded(ledger)
    ledger.wait_for("delivered", 1)
    freed(ledger)
    assert not is_here(ledger, video_id)


def test_what_retention_took_before_it_was_freed_stays_here_and_is_told_as_over(
    ledger: Ledger, vms: FootageTarget
) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE")
    video_id = recorded(ledger)
    vms.covers, vms.ended_at = False, datetime(2026, 11, 27, tzinfo=UTC)
    (reason,) = freed(ledger).values()
    assert reason == f"milestone: {ENDED}"
    assert is_here(ledger, video_id)
    row = ledger.delivery(video_id, "milestone")
    assert (row.state, row.error_code) == ("deleted", "past-retention")
    assert freed(ledger) == {}, "nothing frees it from now on"
    assert is_here(ledger, video_id)


def test_a_held_recording_and_one_in_the_trash_stay(ledger: Ledger, vms: FootageTarget) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE")
    video_id = recorded(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    freed(ledger)
    assert is_here(ledger, video_id)
    ledger.services.holder.release(video_id, hold.id)
    ledger.services.trash.throw_away(video_id, "ann")
    freed(ledger)
    assert is_here(ledger, video_id)


def test_what_names_no_camera_and_what_a_rule_keeps_stays(ledger: Ledger, vms: FootageTarget) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE", rules=(Rule("keep", projects=("kept",)),))
    plain, kept = recorded(ledger, camera_id=""), recorded(ledger, 2, project_id="kept")
    freed(ledger)
    assert is_here(ledger, plain)
    assert is_here(ledger, kept)


def test_its_pictures_are_made_first_for_its_bytes_never_come_back(ledger: Ledger, vms: FootageTarget) -> None:
    use(ledger, footage_place(vms), mode="MILESTONE")
    video_id = recorded(ledger)
    ledger.set_video(video_id, media_state="working")
    (reason,) = freed(ledger).values()
    assert "its pictures are still being made" in reason
    assert is_here(ledger, video_id)


def test_in_other_modes_footage_alone_frees_nothing(ledger: Ledger, vms: FootageTarget) -> None:
    use(ledger, footage_place(vms), mode="LOCAL", rules=(Rule("at once", keep_local_days=0),))
    assert [rule.name for rule in ledger.services.retention.rules] == ["at once"]
    video_id = recorded(ledger)
    assert freed(ledger) == {}
    (told,) = ledger.services.pruner.execute(0)
    assert told.decision.reason == "milestone has only the footage, from which the file cannot be had back"
    assert is_here(ledger, video_id)


def test_both_frees_by_a_rule_only_when_both_have_it(ledger: Ledger, vms: FootageTarget) -> None:
    memory = MemoryTarget()
    use(ledger, place(memory), footage_place(vms), mode="BOTH", rules=(Rule("at once", keep_local_days=0),))
    vms.covers = False
    video_id = recorded(ledger, target="memory")
    freed(ledger)
    assert is_here(ledger, video_id)
    assert not ledger.services.desk.settled(video_id) or ledger.delivery(video_id, "milestone").error
    vms.covers = True
    ledger.set(video_id, "milestone", next_attempt_at=ledger.video(video_id).created_at)
    with ledger.worker():
        ledger.wait_for("delivered", 1, "milestone")
    assert freed(ledger) == {video_id: "verified on memory, milestone"}
    assert ledger.services.restorer.restore(video_id) is False


def test_the_rule_says_what_it_does(tmp_path: Path) -> None:
    vms = footage_place(FootageTarget())
    (rule,) = with_spool(Retention(), Places({"milestone": vms}, (), ("milestone",), footage_suffices=True)).rules
    assert rule.words == (
        "Videos with camera any: local bytes go after 0 days, once every required copy is verified, on milestone "
        "among them."
    )
