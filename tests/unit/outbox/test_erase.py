"""Remote copies of purged videos: deleted where that is wanted, kept where it is not, and never half forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.errors import TransientFailure
from backend.outbox.circuit import lock_target
from backend.outbox.erase import Eraser
from backend.targets.base import RemoteCopy
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, place


class Stubborn(MemoryTarget):
    """Refuses to delete until it is told otherwise."""

    refuses = True

    def delete(self, copy: RemoteCopy) -> None:
        if self.refuses:
            raise TransientFailure("busy", retry_after_seconds=30)
        super().delete(copy)


def eraser(ledger: Ledger) -> Eraser:
    s = ledger.services
    return Eraser(s.database, s.layout, s.places, s.log)


def greet(ledger: Ledger) -> None:
    """Make the target's row, as each worker does at its start."""
    with ledger.database.write() as session:
        lock_target(session, "memory")


def purge(ledger: Ledger, *videos: str) -> None:
    for video_id in videos:
        ledger.services.trash.throw_away(video_id, "ann")
    assert ledger.services.trash.purge_due() == len(videos)


def deliver(ledger: Ledger, count: int) -> list[str]:
    videos = ledger.add_different(count)
    with ledger.worker():
        ledger.wait_for("delivered", count)
    return videos


@pytest.fixture
def deleting(open_ledger: OpenLedger, target: MemoryTarget) -> Ledger:
    return open_ledger(place(target, on_delete="delete"), TRASH_DAYS="0")


def test_copies_of_purged_videos_are_deleted_and_both_records_say_so(deleting: Ledger, target: MemoryTarget) -> None:
    gone, kept = deliver(deleting, 2)
    purge(deleting, gone)
    assert deleting.states() == ["deleting", "delivered"]
    assert deleting.delivery_in_sidecar(gone).state == "deleting", "so that a rebuild goes on with it"
    eraser(deleting).erase_due()
    assert len(target.objects) == 1
    assert deleting.states() == ["deleted", "delivered"]
    assert deleting.delivery_in_sidecar(gone).state == "deleted"
    assert deleting.delivery_in_sidecar(kept).state == "delivered"


def test_a_target_that_keeps_copies_keeps_them(open_ledger: OpenLedger, target: MemoryTarget) -> None:
    ledger = open_ledger(place(target), TRASH_DAYS="0")
    purge(ledger, *deliver(ledger, 1))
    eraser(ledger).erase_due()
    assert len(target.objects) == 1
    assert ledger.states() == ["delivered"]


def test_what_was_never_sent_is_over_when_its_video_is_purged(open_ledger: OpenLedger, target: MemoryTarget) -> None:
    """Else it would stand at the head of the queue for ever."""
    ledger = open_ledger(place(target), TRASH_DAYS="0")
    videos = ledger.add_different(4)
    for video_id, state in zip(videos, ("pending", "parked", "failed", "in_progress"), strict=True):
        ledger.set(video_id, state=state)
    ledger.set(videos[2], error_code="past-retention")
    purge(ledger, *videos)
    assert ledger.states() == ["deleted"] * 4
    assert "before this copy was made" in ledger.delivery(videos[0]).error
    assert ledger.delivery(videos[2]).error_code == "", "it was never there, so it has not ended there"


def test_what_may_have_been_sent_before_its_worker_died_is_deleted_too(deleting: Ledger, target: MemoryTarget) -> None:
    video_id = deleting.add()
    key = deleting.video(video_id).relative_path.removeprefix("uploads/project_")
    target.objects[key] = b"sent, and then the worker was killed"
    deleting.set(video_id, state="in_progress", attempts=1, lease_token="dead", lease_until=datetime.now(UTC))
    purge(deleting, video_id)
    greet(deleting)
    eraser(deleting).erase_due()
    assert target.objects == {}


def test_a_deletion_that_fails_is_tried_again_later_until_it_is_done(open_ledger: OpenLedger) -> None:
    stubborn = Stubborn()
    ledger = open_ledger(place(stubborn, on_delete="delete"), TRASH_DAYS="0")
    (video_id,) = deliver(ledger, 1)
    purge(ledger, video_id)
    eraser(ledger).erase_due()
    row = ledger.delivery(video_id)
    assert (row.state, row.error, row.attempts) == ("deleting", "busy", 1)
    assert row.next_attempt_at > datetime.now(UTC) + timedelta(seconds=25)
    stubborn.refuses = False
    ledger.set(video_id, next_attempt_at=datetime.now(UTC))
    eraser(ledger).erase_due()
    assert (ledger.states(), stubborn.objects) == (["deleted"], {})
    assert ledger.delivery(video_id).error == ""


def test_a_worker_that_dies_while_deleting_is_followed_by_another(deleting: Ledger, target: MemoryTarget) -> None:
    (video_id,) = deliver(deleting, 1)
    purge(deleting, video_id)
    assert eraser(deleting)._claim_one() is not None  # and then it was killed
    eraser(deleting).erase_due()
    assert deleting.states() == ["deleting"], "the other may still be at it"
    deleting.set(video_id, next_attempt_at=datetime.now(UTC))
    target.objects.clear()  # it had come as far as the remote
    eraser(deleting).erase_due()
    assert deleting.states() == ["deleted"]


@pytest.mark.parametrize("values", [{"paused": True}, {"circuit": "open"}])
def test_a_paused_target_is_left_alone(deleting: Ledger, target: MemoryTarget, values: dict[str, str]) -> None:
    purge(deleting, *deliver(deleting, 1))
    deleting.set_target(**values)
    eraser(deleting).erase_due()
    assert (deleting.states(), len(target.objects)) == (["deleting"], 1)


def test_a_rebuild_in_the_middle_of_a_deletion_goes_on_with_it(deleting: Ledger, target: MemoryTarget) -> None:
    (video_id,) = deliver(deleting, 1)
    purge(deleting, video_id)
    deleting.forget_catalog()
    deleting.services.recovery.rebuild()
    assert (deleting.video(video_id).local_state, deleting.states()) == ("purged", ["deleting"])
    greet(deleting)
    eraser(deleting).erase_due()
    assert (deleting.states(), target.objects) == (["deleted"], {})


def test_a_target_that_cannot_delete_keeps_its_copies_and_breaks_nothing(open_ledger: OpenLedger) -> None:
    class KeepsAll(MemoryTarget):
        delete = None  # type: ignore[assignment] # it has no such ability

    keeping = KeepsAll()
    ledger = open_ledger(place(keeping, on_delete="delete"), TRASH_DAYS="0")
    purge(ledger, *deliver(ledger, 1))
    eraser(ledger).erase_due()
    assert (ledger.states(), len(keeping.objects)) == (["delivered"], 1)
