"""One attempt: nothing damaged leaves the house, nothing unproved is called delivered, and the blame lies right."""

from __future__ import annotations

import errno
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.errors import LocalDamage, PermanentFailure, TargetParked, TransientFailure
from backend.outbox.circuit import lock_target
from backend.outbox.claim import claim
from backend.outbox.deliver import Deliverer, Outcome
from backend.outbox.transfer import LedgerTransfer, Throttle, held_from_now
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, failing, folder_place


def attempt(ledger: Ledger, name: str = "memory") -> Outcome:
    with ledger.database.write() as session:
        taken = claim(session, lock_target(session, name), "w", 9, datetime.now(UTC))[0]
    transfer = LedgerTransfer(taken, ledger.database, ledger.services.layout, Throttle(None), held_from_now())
    return Deliverer(ledger.services.layout, ledger.services.log).run(ledger.services.places.get(name), transfer)


def test_a_copy_that_was_read_back_and_is_right_is_the_proof(ledger: Ledger, target: MemoryTarget) -> None:
    video_id = ledger.add()
    outcome = attempt(ledger)
    assert outcome.copy is not None
    assert target.objects == {outcome.copy.key: ledger.path(video_id).read_bytes()}


def test_a_target_that_says_it_has_the_file_and_holds_nothing_is_not_believed(
    ledger: Ledger, target: MemoryTarget
) -> None:
    ledger.add()
    target.lies = True
    outcome = attempt(ledger)
    assert outcome.copy is None
    assert isinstance(outcome.error, TransientFailure)
    assert "said it has the file, but reading back says otherwise: It is not there." in outcome.error.message
    assert outcome.blame_target


def test_a_target_that_keeps_other_bytes_is_not_believed(ledger: Ledger, target: MemoryTarget) -> None:
    ledger.add()
    target.spoils = True
    assert isinstance(attempt(ledger).error, TransientFailure)


def test_a_missing_local_file_is_not_sent_and_says_so(ledger: Ledger, target: MemoryTarget) -> None:
    ledger.path(ledger.add()).unlink()
    outcome = attempt(ledger)
    assert isinstance(outcome.error, PermanentFailure)
    assert "local file is missing" in outcome.error.message
    assert (outcome.blame_target, target.puts) == (False, [])


def test_a_shortened_local_file_is_not_sent_and_says_so(ledger: Ledger, target: MemoryTarget) -> None:
    path = ledger.path(ledger.add())
    path.write_bytes(path.read_bytes()[:-1])
    outcome = attempt(ledger)
    assert isinstance(outcome.error, PermanentFailure)
    assert "damaged here and is not sent" in outcome.error.message
    assert (outcome.blame_target, target.puts) == (False, [])


def test_a_local_file_with_one_changed_bit_never_reaches_a_target(open_ledger: OpenLedger, tmp_path: Path) -> None:
    ledger = open_ledger(folder_place(tmp_path / "nas"))
    path = ledger.path(ledger.add())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    outcome = attempt(ledger, "nas")
    assert isinstance(outcome.error, PermanentFailure)
    assert not outcome.blame_target
    assert [p for p in (tmp_path / "nas").rglob("*") if p.is_file()] == []


def test_a_local_disk_that_is_away_condemns_no_file(ledger: Ledger, target: MemoryTarget) -> None:
    """Ten thousand deliveries must not fail for good because a disk was not mounted."""
    video = ledger.path(ledger.add())
    shutil.move(video.parent, video.parent.with_name("unmounted"))
    outcome = attempt(ledger)
    assert isinstance(outcome.error, TransientFailure)
    assert "is the disk of the uploads mounted?" in outcome.error.message
    assert (outcome.blame_target, target.puts) == (False, [])


def test_a_failing_local_disk_is_not_blamed_on_the_target(
    open_ledger: OpenLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_ledger(folder_place(tmp_path / "nas"))
    ledger.add()

    def broken(fd: int, buffers: object, offset: int) -> int:
        raise OSError(errno.EIO, "the local disk")

    monkeypatch.setattr(os, "preadv", broken)
    outcome = attempt(ledger, "nas")
    assert isinstance(outcome.error, TransientFailure)
    assert "own disk could not be read (EIO)" in outcome.error.message
    assert not outcome.blame_target


def test_local_damage_that_a_target_meets_is_for_good_and_ours(ledger: Ledger, target: MemoryTarget) -> None:
    ledger.add()
    target.on_put = failing(LocalDamage("broken here"))
    outcome = attempt(ledger)
    assert isinstance(outcome.error, PermanentFailure)
    assert not outcome.blame_target


def test_trouble_at_the_target_is_blamed_on_it(ledger: Ledger, target: MemoryTarget) -> None:
    ledger.add_different(2)
    for error in (TransientFailure("busy"), TargetParked("revoked")):
        target.on_put = failing(error)
        outcome = attempt(ledger)
        assert (outcome.error, outcome.blame_target) == (error, True)


def test_a_fault_that_nobody_planned_for_is_told_in_the_log_and_tried_again(
    ledger: Ledger, target: MemoryTarget
) -> None:
    ledger.add()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    target.on_put = broken
    outcome = attempt(ledger)
    assert isinstance(outcome.error, TransientFailure)
    assert "ZeroDivisionError" in outcome.error.message
    assert "test_deliver.py" in ledger.log_lines("attempt_broke")[0]
