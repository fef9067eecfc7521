"""A damaged copy of a video whose bytes are not here is repaired from a good copy; the last one's loss is loud."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.catalog.describe import describe
from backend.catalog.models import NO_COPY_LEFT
from backend.errors import TransientFailure
from backend.outbox.reverify import Found
from backend.targets.base import RemoteCopy
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, place

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def second() -> MemoryTarget:
    return MemoryTarget("second")


@pytest.fixture
def two(open_ledger: OpenLedger, target: MemoryTarget, second: MemoryTarget) -> Ledger:
    return open_ledger(place(target), place(second))


def pruned(ledger: Ledger, *targets: str) -> str:
    """A video that is only on its targets any more, all of them due to be looked at."""
    video_id = ledger.add()
    with ledger.worker():
        for name in targets:
            ledger.wait_for("delivered", 1, name)
    ledger.prune(video_id)
    assert not ledger.path(video_id).exists()
    for name in targets:
        ledger.set(video_id, name, checked_at=LONG_AGO, next_attempt_at=LONG_AGO)
    return video_id


def due(ledger: Ledger, video_id: str) -> None:
    """What the wait until the next try does."""
    ledger.set(video_id, next_attempt_at=datetime.now(UTC))


def test_the_bytes_come_back_from_the_good_copy_and_repair_the_damaged_one(
    two: Ledger, target: MemoryTarget, second: MemoryTarget
) -> None:
    video_id = pruned(two, "memory", "second")
    target.objects.clear()
    (looked,) = two.reverifier().run_due("memory")
    assert (looked.found, looked.lost) == (Found.DAMAGED, False)
    assert two.delivery(video_id).error_code == ""
    two.repairer().repair_due()
    assert two.path(video_id).read_bytes() == VIDEO
    with two.worker():
        two.wait_for("delivered", 1)
    assert list(target.objects.values()) == list(second.objects.values()) == [VIDEO]
    assert two.video(video_id).local_state == "present"


def test_the_last_copy_that_is_gone_is_told_as_a_loss(ledger: Ledger, target: MemoryTarget) -> None:
    video_id = pruned(ledger, "memory")
    target.objects.clear()
    (looked,) = ledger.reverifier().run_due("memory")
    assert looked.lost
    row = ledger.delivery(video_id)
    assert (row.state, row.error_code) == ("damaged", NO_COPY_LEFT)
    assert "No other copy is known" in row.error
    assert ledger.delivery_in_sidecar(video_id).error == row.error
    assert describe(ledger.video(video_id))["status"] == "unplayable"
    (line,) = ledger.log_lines("lost")
    assert " ERROR " in line.upper()
    ledger.repairer().repair_due()
    assert ledger.delivery(video_id).error == row.error, "said once, not again and again"
    assert len(ledger.log_lines("lost")) == 2, "the log hears it each time"
    assert ledger.delivery(video_id).next_attempt_at > datetime.now(UTC)


def test_a_lost_video_is_repaired_when_the_same_file_is_sent_again(ledger: Ledger, target: MemoryTarget) -> None:
    video_id = pruned(ledger, "memory")
    target.objects.clear()
    ledger.reverifier().run_due("memory")
    ledger.add(VIDEO, "again.mp4")
    due(ledger, video_id)
    ledger.repairer().repair_due()
    row = ledger.delivery(video_id)
    assert (row.state, row.error_code, row.attempts) == ("damaged", "", 0)
    assert "No other copy" not in row.error
    with ledger.worker():
        ledger.wait_for("delivered", 2)
    assert list(target.objects.values()) == [VIDEO] * 2
    assert describe(ledger.video(video_id))["status"] == "processing"


def test_a_copy_that_comes_back_ends_the_loss(ledger: Ledger, target: MemoryTarget) -> None:
    """Somebody takes it out of the remote's trash."""
    video_id = pruned(ledger, "memory")
    kept = dict(target.objects)
    target.objects.clear()
    ledger.reverifier().run_due("memory")
    target.objects.update(kept)
    due(ledger, video_id)
    ledger.repairer().repair_due()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    assert target.objects == kept


def test_a_good_copy_that_cannot_be_read_just_now_is_no_loss(
    two: Ledger, target: MemoryTarget, second: MemoryTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = pruned(two, "memory", "second")
    target.objects.clear()
    two.reverifier().run_due("memory")

    def away(_: RemoteCopy) -> bytes:
        raise TransientFailure("It does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(second, "read", away)
        patched.setattr(second, "verify", lambda *_: away(_[1]))
        patched.setattr(target, "read", away)
        two.repairer().repair_due()
    row = two.delivery(video_id)
    assert (row.state, row.error_code) == ("damaged", "")
    assert two.log_lines("not_repaired")
    assert two.log_lines("lost") == []
    assert row.next_attempt_at > datetime.now(UTC)
    due(two, video_id)
    two.repairer().repair_due()
    assert two.path(video_id).read_bytes() == VIDEO


def test_both_copies_damaged_is_a_loss_found_while_repairing(
    two: Ledger, target: MemoryTarget, second: MemoryTarget
) -> None:
    video_id = pruned(two, "memory", "second")
    target.objects.clear()
    second.objects = dict.fromkeys(second.objects, b"rotten")
    two.reverifier().run_due("memory")
    assert two.delivery(video_id).error_code == ""
    two.repairer().repair_due()
    assert two.delivery(video_id, "second").state == "damaged", "a restore tells what it finds"
    assert two.delivery(video_id, "second").error_code == NO_COPY_LEFT
    due(two, video_id)
    two.repairer().repair_due()
    assert two.delivery(video_id).error_code == NO_COPY_LEFT
    assert not two.path(video_id).exists()


def test_what_is_in_the_trash_is_not_fetched_back(two: Ledger, target: MemoryTarget) -> None:
    video_id = pruned(two, "memory", "second")
    target.objects.clear()
    two.reverifier().run_due("memory")
    two.services.trash.throw_away(video_id, "ann")
    two.repairer().repair_due()
    assert not two.path(video_id).exists()


def test_what_is_here_is_left_to_the_dispatcher(ledger: Ledger) -> None:
    video_id = ledger.add()
    ledger.set(video_id, state="damaged", attempts=0, next_attempt_at=LONG_AGO)
    ledger.repairer().repair_due()
    assert ledger.delivery(video_id).next_attempt_at == LONG_AGO
