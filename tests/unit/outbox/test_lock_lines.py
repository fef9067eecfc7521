"""A lock that a hold makes elsewhere, makes again and removes stands in the audit, as a deed of the system."""

from __future__ import annotations

import pytest

from backend.actor import SYSTEM, Actor, acting
from backend.catalog.audit_check import Chain, follow
from backend.catalog.models import AuditLine
from backend.errors import TransientFailure
from tests.services.footage import FootageTarget, footage_place
from tests.services.ledger import Ledger, OpenLedger
from tests.unit.outbox.test_evidence import keeper, verified
from tests.unit.outbox.test_evidence_hands import Asked, daily, freed, lock_of, taken_by_another

ANN = Actor("t-ann", "ann", "10.0.0.9")


@pytest.fixture
def vms() -> Asked:
    return Asked()


@pytest.fixture
def ledger(open_ledger: OpenLedger, vms: FootageTarget) -> Ledger:
    ledger = open_ledger()
    ledger.set_places(footage_place(vms))
    return ledger


def told(ledger: Ledger) -> list[AuditLine]:
    """The lines of locks; the chain of all lines holds."""
    assert list(follow(ledger.database, Chain())) == []
    return [line for line in ledger.audit() if line.action.startswith("evidence.")]


def facts(ledger: Ledger) -> list[tuple[str, dict[str, object]]]:
    return [(line.action, dict(line.what)) for line in told(ledger)]


def test_a_lock_and_its_removal_are_told_once_with_target_lock_and_reason(ledger: Ledger, vms: Asked) -> None:
    video_id = verified(ledger)
    with acting(ANN):
        hold = ledger.services.holder.hold(video_id, "Court case")
    for _ in range(2):
        keeper(ledger).run_due()
    lock = lock_of(ledger, video_id)
    (made,) = told(ledger)
    assert (made.action, made.what) == (
        "evidence.locked", {"target": "milestone", "lock": lock, "reason": "Court case"}
    )  # fmt: skip
    # Ann's hold asked for it, and a line of its own says so; the lock is made and removed in nobody's name.
    assert (made.who, made.who_id, made.address) == (SYSTEM.name, SYSTEM.id, "")
    assert (made.video_id, made.project_id) == (video_id, "default")
    with acting(ANN):
        ledger.services.holder.release(video_id, hold.id)
    for _ in range(2):
        keeper(ledger).run_due()
    assert facts(ledger)[1:] == [("evidence.unlocked", {"target": "milestone", "locks": [lock]})]
    assert told(ledger)[1].who_id == SYSTEM.id


def test_one_that_somebody_removed_there_is_told_as_made_again(ledger: Ledger, vms: Asked) -> None:
    video_id = verified(ledger)
    ledger.services.holder.hold(video_id, "Court case")
    keeper(ledger).run_due()
    before = lock_of(ledger, video_id)
    daily(ledger).run_due()
    assert len(told(ledger)) == 1, "a look is no change"
    vms.locks.clear()
    daily(ledger).run_due()
    made = {"target": "milestone", "lock": lock_of(ledger, video_id), "reason": "Court case", "instead_of": before}
    assert facts(ledger)[1:] == [("evidence.locked", made)]


def test_one_that_is_made_while_another_takes_the_copy_is_told_and_not_twice(ledger: Ledger, vms: Asked) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    vms.meanwhile.append(taken_by_another(ledger, video_id))
    assert keeper(ledger).run_due() == 0
    freed(ledger, video_id)
    assert keeper(ledger).run_due() == 1
    [lock] = vms.locks
    assert [what["lock"] for _, what in facts(ledger)] == [lock]
    ledger.services.holder.release(video_id, hold.id)
    vms.meanwhile.append(taken_by_another(ledger, video_id))
    assert keeper(ledger).run_due() == 0
    assert facts(ledger)[1:] == [("evidence.unlocked", {"target": "milestone", "locks": [lock]})]


def test_what_could_not_be_locked_or_unlocked_is_not_told_as_done(ledger: Ledger, vms: Asked) -> None:
    video_id = verified(ledger)
    hold = ledger.services.holder.hold(video_id, "Court case")
    vms.refuses = TransientFailure("It did not answer.")
    keeper(ledger).run_due()
    assert told(ledger) == []
    ledger.services.holder.release(video_id, hold.id)
    keeper(ledger).run_due()
    assert told(ledger) == []
    vms.refuses = None
    keeper(ledger).run_due()
    # Whether its answer alone was lost, nobody knows: afterwards none is there.
    assert facts(ledger) == [("evidence.unlocked", {"target": "milestone", "locks": []})]
