"""Pruning: only what a copy confirms at that very moment, and every refusal in words."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.catalog.clock import Clock
from backend.catalog.models import Video
from backend.disk.sidecar import Sidecar
from backend.errors import TransientFailure
from backend.retention.holds import Holder
from backend.retention.prune import Judged
from backend.retention.remove import Remover
from backend.targets.base import Expected, Proof, RemoteCopy
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, place


class Moody(MemoryTarget):
    """Cannot be asked, or does something first when it is."""

    away = False
    asked = 0
    before_answer = staticmethod(lambda: None)

    def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
        self.asked += 1
        if self.away:
            raise TransientFailure("does not answer")
        self.before_answer()
        return super().verify(expected, copy)


@pytest.fixture
def target() -> Moody:
    return Moody()


def delivered(ledger: Ledger, days_old: float = 30) -> str:
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    ledger.age(video_id, days_old)
    return video_id


def prune(ledger: Ledger, days: float = 7) -> list[Judged]:
    return list(ledger.pruner.execute(days))


def hold(ledger: Ledger, video_id: str) -> None:
    ledger.services.holder.hold(video_id, "court")


def assert_kept(ledger: Ledger, video_id: str) -> None:
    assert ledger.path(video_id).read_bytes() == VIDEO
    assert ledger.video(video_id).local_state == "present"
    assert ledger.sidecar(video_id).local.state == "present"


def test_a_plan_touches_nothing_and_asks_nobody(ledger: Ledger, target: Moody) -> None:
    video_id = delivered(ledger)
    asked = target.asked
    plan = list(ledger.pruner.plan(7))
    assert [(j.video_id, j.decision.prune, j.decision.reason) for j in plan] == [(video_id, True, "verified on memory")]
    assert target.asked == asked
    assert_kept(ledger, video_id)


def test_a_plan_lists_only_what_is_old_enough(ledger: Ledger) -> None:
    delivered(ledger, days_old=1)
    assert list(ledger.pruner.plan(7)) == []
    assert len(list(ledger.pruner.plan(0.5))) == 1


def test_what_every_copy_confirms_goes_and_is_remembered(ledger: Ledger) -> None:
    video_id = delivered(ledger)
    assert [j.decision.prune for j in prune(ledger)] == [True]
    assert not ledger.path(video_id).exists()
    video = ledger.video(video_id)
    assert (video.local_state, video.trashed_at) == ("pruned", None)
    assert video.pruned_at is not None
    doc = ledger.sidecar(video_id)
    assert (doc.local.state, doc.revision) == ("pruned", video.revision)
    assert ledger.services.restorer.local_path(video).read_bytes() == VIDEO


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda t: t.objects.clear(), "memory no longer has it: It is not there."),
        (lambda t: t.objects.update(dict.fromkeys(t.objects, b"x")), "memory no longer has it: differs"),
        (lambda t: setattr(t, "away", True), "memory could not be asked: does not answer"),
    ],
    ids=["gone", "changed", "away"],
)
def test_a_copy_that_is_gone_changed_or_silent_keeps_the_local_bytes(
    ledger: Ledger, target: Moody, spoil: object, words: str
) -> None:
    video_id = delivered(ledger)
    spoil(target)  # type: ignore[operator] # one of the three above
    (judged,) = prune(ledger)
    assert (judged.decision.prune, judged.decision.reason) == (False, words)
    assert_kept(ledger, video_id)


def test_a_copy_that_turns_out_to_be_gone_is_no_longer_shown_as_verified_and_is_made_again(
    ledger: Ledger, target: Moody
) -> None:
    video_id = delivered(ledger)
    target.objects.clear()
    prune(ledger)
    assert (ledger.states(), ledger.delivery_in_sidecar(video_id).state) == (["damaged"], "damaged")
    assert "no longer has it" in ledger.delivery(video_id).error
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    assert list(target.objects.values()) == [VIDEO]
    assert [j.decision.prune for j in prune(ledger)] == [True]


def test_a_copy_that_could_not_be_asked_stays_verified(ledger: Ledger, target: Moody) -> None:
    delivered(ledger)
    target.away = True
    prune(ledger)
    assert ledger.states() == ["delivered"]


def test_all_required_copies_must_confirm(open_ledger: OpenLedger, target: Moody) -> None:
    second = Moody("second")
    ledger = open_ledger(place(target), place(second))
    video_id = delivered(ledger)
    with ledger.worker():
        ledger.wait_for("delivered", 1, "second")
    second.objects.clear()
    assert [j.decision.prune for j in prune(ledger)] == [False]
    assert_kept(ledger, video_id)


def test_an_optional_copy_that_is_still_to_be_sent_keeps_the_local_bytes(
    open_ledger: OpenLedger, target: Moody
) -> None:
    """They are what it is sent from."""
    optional = Moody("optional")
    ledger = open_ledger(place(target), place(optional, required=False))
    video_id = delivered(ledger)
    ledger.set(video_id, "optional", state="parked")
    (judged,) = prune(ledger)
    assert judged.decision.reason == "still to be sent to optional"
    ledger.set(video_id, "optional", state="skipped")
    assert [j.decision.prune for j in prune(ledger)] == [True]


def test_a_required_target_that_was_added_later_must_have_it_too(ledger: Ledger, target: Moody) -> None:
    video_id = delivered(ledger)
    ledger.set_places(place(target), place(Moody("later")))
    (judged,) = prune(ledger)
    assert judged.decision.reason == "not verified on later"
    assert_kept(ledger, video_id)


def test_without_any_required_target_nothing_goes(ledger: Ledger) -> None:
    video_id = delivered(ledger)
    ledger.set_places()
    (judged,) = prune(ledger)
    assert "this is the only copy" in judged.decision.reason
    assert_kept(ledger, video_id)


def test_a_held_video_never_goes(ledger: Ledger) -> None:
    video_id = delivered(ledger)
    hold(ledger, video_id)
    assert [j.decision.reason for j in prune(ledger)] == ["it is held: “court”"]
    assert_kept(ledger, video_id)


def test_a_hold_that_comes_while_the_copies_are_asked_still_counts(ledger: Ledger, target: Moody) -> None:
    video_id = delivered(ledger)
    target.before_answer = lambda: hold(ledger, video_id)
    assert [j.decision.reason for j in prune(ledger)] == ["it is held: “court”"]
    assert_kept(ledger, video_id)


@pytest.fixture
def held_after_the_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds a video is answered after it was marked for its removal, and before its bytes go."""
    change = Remover.change

    def marked_and_held(self: Remover, video: Video, *args: Any, **what: Any) -> Sidecar:
        doc = change(self, video, *args, **what)
        if doc.local.state in ("pruning", "purging"):
            Holder(self.layout, self.database, self.log, Clock(self.layout, self.database)).hold(video.id, "court")
        return doc

    monkeypatch.setattr(Remover, "change", marked_and_held)


@pytest.mark.usefixtures("held_after_the_mark")
def test_a_hold_that_comes_after_the_mark_still_counts(ledger: Ledger) -> None:
    video_id = delivered(ledger)
    assert [(j.decision.action, j.decision.reason) for j in prune(ledger)] == [("keep", "it is held")]
    assert_kept(ledger, video_id)
    assert ledger.services.holder.of(video_id)


@pytest.mark.usefixtures("held_after_the_mark")
def test_a_hold_that_comes_after_the_mark_of_a_purge_keeps_the_bytes_until_it_is_released(ledger: Ledger) -> None:
    video_id = delivered(ledger)
    trash = ledger.services.trash
    trash.throw_away(video_id, "ann")
    assert trash._purge(video_id, trash.clock.read(), datetime.now(UTC) + timedelta(days=1)) is False
    assert ledger.remover.finish_interrupted() == 0
    assert ledger.path(video_id).read_bytes() == VIDEO
    (hold,) = ledger.services.holder.of(video_id)
    ledger.services.holder.release(video_id, hold.id)
    assert ledger.remover.finish_interrupted() == 1
    assert not ledger.path(video_id).exists()


def test_what_changed_since_the_plan_is_judged_anew(ledger: Ledger) -> None:
    video_id = delivered(ledger)
    results = ledger.pruner.execute(7)
    ledger.services.trash.throw_away(video_id, "ann")
    assert [j.decision.reason for j in results] == ["it is in the trash"]
    assert_kept(ledger, video_id)


def test_a_sidecar_that_cannot_be_read_keeps_its_video_and_stops_no_other(ledger: Ledger) -> None:
    videos = ledger.add_different(3)
    with ledger.worker():
        ledger.wait_for("delivered", 3)
    for video_id in videos:
        ledger.age(video_id, 30)
    place_of = ledger.services.layout.sidecar_of
    place_of(ledger.video(videos[0]).relative_path).write_text("{")
    place_of(ledger.video(videos[1]).relative_path).unlink()
    found = {j.video_id: j.decision for j in prune(ledger)}
    assert [found[v].prune for v in videos] == [False, False, True]
    assert "may be held" in found[videos[0]].reason


def test_a_video_from_the_future_stays(ledger: Ledger) -> None:
    video_id = delivered(ledger, days_old=-1)
    assert prune(ledger, days=0) == []
    assert_kept(ledger, video_id)


def test_twins_share_bytes_and_pruning_one_leaves_the_other_whole(ledger: Ledger) -> None:
    first, second = ledger.add(), ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 2)
    ledger.age(first, 30)
    assert [j.decision.prune for j in prune(ledger)] == [True]
    assert not ledger.path(first).exists()
    assert_kept(ledger, second)


def test_a_restore_in_the_middle_of_a_prune_ends_with_row_and_disk_in_agreement(ledger: Ledger) -> None:
    video_id = delivered(ledger)
    stop = threading.Event()

    def read_on() -> None:
        while not stop.is_set():
            ledger.services.restorer.restore(video_id)

    reader = threading.Thread(target=read_on)
    reader.start()
    for _ in range(8):
        prune(ledger)
    stop.set()
    reader.join()
    here = ledger.path(video_id).exists()
    assert (
        here == (ledger.video(video_id).local_state == "present") == (ledger.sidecar(video_id).local.state == "present")
    )


@pytest.mark.parametrize(("check_error", "state"), [("", "damaged"), ("The folder is not shared.", "delivered")])
def test_a_copy_that_is_gone_keeps_the_local_bytes_and_is_noted_if_its_target_is_well(
    ledger: Ledger, target: Moody, check_error: str, state: str
) -> None:
    video_id = delivered(ledger)
    target.objects.clear()
    target.check_error = check_error
    (judged,) = prune(ledger)
    assert judged.doubted
    assert_kept(ledger, video_id)
    assert ledger.states() == [state]
    assert len(ledger.log_lines("damaged")) == (state == "damaged")
