"""The end of a hold frees nothing here that the VMS deletes as soon as its evidence lock goes too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.outbox.evidence import Evidence
from tests.services.footage import make_settled
from tests.services.ledger import Ledger, OpenLedger, place
from tests.services.ledger_fixtures import open_ledger
from tests.unit.retention.test_spool import freed, is_here, use
from tests.unit.targets.milestone.vms_site import House

__all__ = ["open_ledger"]
GATE = "123e4567-e89b-12d3-a456-426614174000"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def keeper(ledger: Ledger) -> Evidence:
    s = ledger.services
    return Evidence(s.database, s.layout, s.places, s.log, s.clock)


def test_what_only_its_lock_keeps_in_the_vms_is_not_freed_when_its_hold_ends(
    house: House, open_ledger: OpenLedger
) -> None:
    ledger = open_ledger()
    use(ledger, place(house.target()), mode="MILESTONE")
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
    end = start + timedelta(seconds=12)
    video_id = ledger.add(camera_id=GATE, start_time=start.isoformat(), end_time=end.isoformat())
    with ledger.worker():
        ledger.wait_for("delivered", 1, "vms")
    make_settled(ledger, video_id)
    hold = ledger.services.holder.hold(video_id, "Court case")
    assert keeper(ledger).run_due() == 1
    house.vms.retain(days=7)
    ledger.services.desk.pause("vms")
    ledger.services.holder.release(video_id, hold.id)
    assert (keeper(ledger).run_due(), len(house.vms.every("evidenceLocks"))) == (0, 1)
    (reason,) = freed(ledger).values()
    assert reason.startswith("vms has it now, but the VMS keeps it for 7 days only: it was due to be deleted there at")
    assert is_here(ledger, video_id)
    ledger.services.desk.resume("vms")
    assert (keeper(ledger).run_due(), house.vms.every("evidenceLocks")) == (1, [])
    assert house.vms.frames(ledger.delivery(video_id, "vms").proof["vms_camera_id"]) == []
    assert is_here(ledger, video_id), "else it would be nowhere"
