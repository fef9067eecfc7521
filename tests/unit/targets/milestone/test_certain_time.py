"""A clock that jumps ahead ends nothing in the VMS: neither is a recording refused, nor what is missing called over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.catalog.clock import Clock
from backend.errors import DiskFault, TransientFailure
from backend.outbox import certain_time
from backend.outbox.deliver import is_about_target
from backend.services import build_services
from backend.settings import load_settings
from backend.targets.base import Verdict
from backend.targets.milestone.target import MilestoneTarget
from tests.contract.transfers import Told
from tests.services.ledger import OpenLedger, place
from tests.services.ledger_fixtures import open_ledger
from tests.unit.targets.milestone.test_keeping import started
from tests.unit.targets.milestone.vms_site import House, expected

__all__ = ["open_ledger"]
TEN_YEARS, HOUR = timedelta(days=3650), timedelta(hours=1)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def ahead() -> datetime:
    return datetime.now(UTC) + TEN_YEARS


def test_by_a_clock_that_is_ahead_nothing_is_too_old_and_nothing_has_ended(
    house: House, open_ledger: OpenLedger
) -> None:
    s, target, source = open_ledger().services, house.target(), started(house, HOUR)
    certain_time.hand_out([place(target)], Clock(s.layout, s.database, ahead))
    house.vms.retain(days=7)
    copy = target.put(source, "p/a.mp4", Told())
    assert source.start_at is not None
    house.vms.lose_footage(copy.proof["vms_camera_id"], source.start_at, source.start_at + HOUR)
    assert target.verify(expected(source), copy).verdict is Verdict.MISSING
    # Nor is it called lost: after days without power that clock is right, and it ended meanwhile.
    target._vms.keeping.wall = ahead
    with pytest.raises(TransientFailure, match="while this server's clock is doubted") as caught:
        target.verify(expected(source), copy)
    assert not is_about_target(caught.value), "the VMS is not to be paused for it"


def test_while_that_cannot_be_read_nothing_is_said(house: House) -> None:
    target, source = house.target(), started(house, HOUR)

    def unreadable() -> datetime:
        raise DiskFault("metadata/clock.json cannot be read.")

    target.take_time_from(unreadable)
    with pytest.raises(TransientFailure, match=r"clock\.json cannot be read"):
        target.put(source, "p/a.mp4", Told())


def test_an_installation_gives_it_its_own_clock(open_ledger: OpenLedger) -> None:
    made = open_ledger().services
    Clock(made.layout, made.database, ahead).trust()
    told = {
        "STORAGE_PATH": str(made.layout.root), "LOG_DIR": str(made.layout.root / "logs"), "STORAGE_MODE": "MILESTONE",
        "DATABASE_URL": made.settings.catalog_url, "MILESTONE_URL": "https://vms.example",
        "MILESTONE_USERNAME": "holdfast", "MILESTONE_PASSWORD": "hunter2",
    }  # fmt: skip
    services = build_services(load_settings(told, None), {})
    target = services.places.get("milestone").target
    assert isinstance(target, MilestoneTarget)
    assert target._vms.keeping.now() == services.clock.read().certain_at
    assert target._vms.keeping.now() - datetime.now(UTC) > timedelta(days=3000)
    services.close()
