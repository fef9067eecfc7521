"""A VMS that STORAGE_MODE leaves out: a worker calls it for what was named for it, and for nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.outbox import locked
from backend.outbox.dispatch import Dispatcher
from backend.targets.base import RemoteCopy
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, place

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def vms() -> MemoryTarget:
    return MemoryTarget("vms", kind="milestone")


@pytest.fixture
def ledger(open_ledger: OpenLedger, vms: MemoryTarget) -> Ledger:
    """In mode LOCAL, with a VMS that a person's check has found away."""
    found = open_ledger(place(vms))
    places = replace(found.services.places, default=(), apart=frozenset({"vms"}))
    intake, desk = replace(found.services.intake, places=places), replace(found.services.desk, places=places)
    found.services = replace(found.services, places=places, intake=intake, desk=desk)
    vms.check_error = "does not answer"
    assert not found.services.desk.check("vms").ok
    vms.check_error, vms.checks = "", 0
    return found


@pytest.fixture
def worker(ledger: Ledger) -> Iterator[Dispatcher]:
    """One that was started again since, which asks paused targets at once."""
    found = ledger.dispatcher()
    found._greet()
    yield found
    found.finish()
    found.database.close()


def test_it_is_not_asked_while_nothing_was_named_for_it(ledger: Ledger, worker: Dispatcher, vms: MemoryTarget) -> None:
    ledger.add()
    worker.probe("vms")
    assert vms.checks == 0
    shown = ledger.services.desk.targets()[0]
    assert (shown["state"], shown["next_probe_at"]) == ("degraded", None), "nobody is promised that it will be asked"


def test_it_is_asked_again_when_a_video_is_named_for_it(ledger: Ledger, worker: Dispatcher, vms: MemoryTarget) -> None:
    worker.probe("vms")
    ledger.add(targets="vms")
    worker.probe("vms")
    assert (vms.checks, ledger.target_row("vms").circuit) == (1, "closed")


def test_it_is_asked_while_a_lock_is_left_there(ledger: Ledger, worker: Dispatcher, vms: MemoryTarget) -> None:
    with ledger.database.write() as session:
        locked.remember(session, "vms", "gone", RemoteCopy("gone.mp4", {"lock_id": "lock-1"}), LONG_AGO)
    worker.probe("vms")
    assert vms.checks == 1


def test_a_persons_own_check_asks_it_and_ends_the_pause(ledger: Ledger, worker: Dispatcher, vms: MemoryTarget) -> None:
    worker.probe("vms")
    assert ledger.services.desk.check("vms").ok
    assert (vms.checks, ledger.target_row("vms").circuit) == (1, "closed")


@pytest.mark.parametrize(("kind", "apart"), [("milestone", False), ("memory", True)])
def test_one_that_videos_go_to_and_one_that_is_no_vms_are_asked(
    open_ledger: OpenLedger, kind: str, apart: bool
) -> None:
    target = MemoryTarget("other", kind=kind)
    ledger = open_ledger(place(target))
    places = replace(ledger.services.places, apart=frozenset({"other"} if apart else ()))
    worker = ledger.dispatcher(places=places)
    worker._greet()
    ledger.set_target("other", circuit="open", next_probe_at=datetime.now(UTC) - timedelta(seconds=1))
    worker.probe("other")
    assert target.checks == 1
    worker.finish()
    worker.database.close()
