"""Locks elsewhere, others at the same copy, and what somebody changed there: none is made twice, none is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from backend.errors import TransientFailure
from backend.outbox.evidence import Evidence
from backend.outbox.hands import Hands
from backend.targets.base import RemoteCopy
from tests.services.footage import FootageTarget, footage_place
from tests.services.ledger import Ledger, OpenLedger
from tests.services.waiting import wait_until
from tests.unit.outbox.test_evidence import keeper, verified


@dataclass
class Asked(FootageTarget):
    """Something happens once while it is asked: before the lock is made, or after it was released."""

    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    def hold(self, copy: RemoteCopy, reason: str) -> RemoteCopy:
        self._happen()
        return super().hold(copy, reason)

    def let_go(self, copy: RemoteCopy) -> RemoteCopy:
        free = super().let_go(copy)
        self._happen()
        return free

    def _happen(self) -> None:
        if self.meanwhile:
            self.meanwhile.pop()()


@pytest.fixture
def vms() -> Asked:
    return Asked()


@pytest.fixture
def ledger(open_ledger: OpenLedger, vms: Asked) -> Ledger:
    ledger = open_ledger()
    ledger.set_places(footage_place(vms))
    return ledger


def taken_by_another(ledger: Ledger, video_id: str) -> Callable[[], None]:
    until = datetime.now(UTC) + timedelta(seconds=25)
    return lambda: ledger.set(video_id, "milestone", lease_token="another", lease_until=until)


def freed(ledger: Ledger, video_id: str) -> None:
    ledger.set(video_id, "milestone", lease_token=None, lease_until=None)


def lock_of(ledger: Ledger, video_id: str) -> str:
    return str(ledger.delivery(video_id, "milestone").proof["lock_id"])


def daily(ledger: Ledger) -> Evidence:
    """For whom each turn is a day after the one before."""
    found = keeper(ledger)
    found.look_again_seconds = 0.0
    return found


def test_while_a_slow_target_makes_a_lock_nobody_else_asks_it_for_one(ledger: Ledger, vms: Asked) -> None:
    video_id = verified(ledger)
    ledger.services.holder.hold(video_id, "Court case")
    reached, go = threading.Event(), threading.Event()

    def slow() -> None:
        reached.set()
        assert go.wait(60)

    def is_renewed() -> bool:
        until = ledger.delivery(video_id, "milestone").lease_until
        return until is not None and until > datetime.now(UTC)

    vms.meanwhile.append(slow)
    first = keeper(ledger)
    first.hands = Hands(ledger.database, beat_seconds=0.01)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(first.run_due)
        assert reached.wait(60)
        ledger.set(video_id, "milestone", lease_until=datetime.now(UTC) - timedelta(seconds=1))
        wait_until(is_renewed, "the lease to be renewed while the target is asked", seconds=20)
        assert (keeper(ledger).run_due(), vms.asked) == (0, [])
        go.set()
        assert done.result(60) == 1
    assert list(vms.locks) == [lock_of(ledger, video_id)]


def test_a_lock_that_comes_late_is_not_written_over_what_another_did_and_is_not_lost(
    ledger: Ledger, vms: Asked
) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    vms.meanwhile.append(taken_by_another(ledger, video_id))
    assert keeper(ledger).run_due() == 0
    assert (lock_of(ledger, video_id), len(vms.locks)) == ("", 1)
    freed(ledger, video_id)
    ledger.services.holder.release(video_id, hold.id)
    assert (keeper(ledger).run_due(), vms.locks) == (1, {})


def test_the_lock_that_another_made_meanwhile_stays_the_one_that_is_known(ledger: Ledger, vms: Asked) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")

    def another() -> None:
        freed(ledger, video_id)
        assert keeper(ledger).run_due() == 1

    vms.meanwhile.append(another)
    assert keeper(ledger).run_due() == 0
    [known, late] = vms.locks
    assert lock_of(ledger, video_id) == known
    ledger.services.holder.release(video_id, hold.id)
    assert (keeper(ledger).run_due(), list(vms.locks)) == (1, [late])


def test_a_copy_that_is_taken_during_a_release_does_not_keep_the_released_lock(ledger: Ledger, vms: Asked) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    ledger.services.holder.release(video_id, hold.id)
    vms.meanwhile.append(taken_by_another(ledger, video_id))
    assert (keeper(ledger).run_due(), vms.locks) == (0, {})
    freed(ledger, video_id)
    assert (keeper(ledger).run_due(), lock_of(ledger, video_id)) == (1, "")
    assert keeper(ledger).run_due() == 0


def test_one_that_is_held_anew_after_that_is_locked_anew(ledger: Ledger, vms: Asked) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    ledger.services.holder.release(video_id, hold.id)
    vms.meanwhile.append(taken_by_another(ledger, video_id))
    keeper(ledger).run_due()
    freed(ledger, video_id)
    ledger.services.holder.hold(video_id, "Appeal")
    assert keeper(ledger).run_due() == 1
    assert vms.locks == {lock_of(ledger, video_id): "Appeal"}


def test_a_lock_that_somebody_removed_is_noticed_after_a_day_and_made_again(ledger: Ledger, vms: Asked) -> None:
    video_id = verified(ledger)
    ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    assert (daily(ledger).run_due(), len(vms.asked)) == (0, 2)
    before = lock_of(ledger, video_id)
    vms.locks.clear()
    # Not before its time.
    assert (keeper(ledger).run_due(), len(vms.asked)) == (0, 2)
    assert daily(ledger).run_due() == 1
    assert list(vms.locks) == [lock_of(ledger, video_id)] != [before]


def test_that_a_lock_could_not_be_looked_at_is_told_until_it_is_seen(ledger: Ledger, vms: Asked) -> None:
    video_id = verified(ledger)
    ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    vms.refuses = TransientFailure("It did not answer.")
    assert daily(ledger).run_due() == 0
    shown = ledger.delivery(video_id, "milestone").error
    assert shown.startswith("It is held here, and whether its lock in Milestone is still there could not be seen")
    vms.refuses = None
    daily(ledger).run_due()
    assert (ledger.delivery(video_id, "milestone").error, len(vms.locks)) == ("", 1)


def test_a_hold_that_ends_before_it_could_be_locked_leaves_no_complaint(ledger: Ledger, vms: Asked) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    vms.refuses = TransientFailure("It did not answer.")
    keeper(ledger).run_due()
    assert "could not be locked" in ledger.delivery(video_id, "milestone").error
    vms.refuses = None
    ledger.services.holder.release(video_id, hold.id)
    # The target is asked all the same: the lock may have been made.
    assert keeper(ledger).run_due() == 1
    assert ledger.delivery(video_id, "milestone").error == ""
    assert vms.asked[-1].startswith("let go")
