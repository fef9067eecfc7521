"""Webhooks on either database: a desk, couriers that are turned by hand, and a real receiver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from backend.catalog import events
from backend.catalog.database import Database
from backend.catalog.models import Webhook, WebhookDelivery
from backend.errors import StorageError
from backend.events import TARGET_PARKED
from backend.log import UploadLog
from backend.webhooks.courier import Courier
from backend.webhooks.desk import Made, WebhookDesk
from tests.services.receiver import Receiver
from tests.services.waiting import wait_until

SERVER_SECRET = "the server's own secret"
KEEP = timedelta(days=7)


@dataclass
class House:
    """One installation's webhooks."""

    url: str
    database: Database
    log: UploadLog
    receiver: Receiver
    couriers: list[Courier] = field(default_factory=list)

    @property
    def desk(self) -> WebhookDesk:
        return WebhookDesk(self.database, self.log, SERVER_SECRET)

    def courier(self, keep: timedelta = KEEP) -> Courier:
        self.couriers.append(Courier(self.database, self.log, SERVER_SECRET, keep))
        return self.couriers[-1]

    def webhook(self, *names: str, url: str = "", project_id: str = "") -> Made:
        return self.desk.create(url or self.receiver.url, label="test", names=names, project_id=project_id)

    def happen(self, count: int = 1, name: str = TARGET_PARKED) -> None:
        with self.database.insert() as connection:
            for number in range(count):
                events.append(connection, name, target="nas", number=number)

    def row(self, webhook_id: str) -> Webhook:
        with self.database.read() as session:
            return session.scalars(select(Webhook).where(Webhook.id == webhook_id)).one()

    def sent(self, webhook_id: str = "") -> list[WebhookDelivery]:
        """The oldest first."""
        query = select(WebhookDelivery).order_by(WebhookDelivery.id)
        with self.database.read() as session:
            return list(session.scalars(query.where(WebhookDelivery.webhook_id == webhook_id) if webhook_id else query))

    def states(self, webhook_id: str = "") -> list[str]:
        return [one.state for one in self.sent(webhook_id)]

    def hurry(self) -> None:
        """What time does: waits and pauses are over, and the claims of who is gone run out."""
        past = datetime.now(UTC) - timedelta(minutes=5)
        with self.database.write() as session:
            session.execute(update(WebhookDelivery).values(next_attempt_at=past))
            session.execute(update(Webhook).where(Webhook.next_probe_at.is_not(None)).values(next_probe_at=past))

    def run_leases_out(self) -> None:
        with self.database.write() as session:
            session.execute(update(WebhookDelivery).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))

    def work(self, courier: Courier, *, hurry: bool = False) -> None:
        """One look at what is to be done, and all of it sent and settled."""
        if hurry:
            self.hurry()
        courier._next_look = 0.0
        courier.turn()
        self.settle(courier)

    def settle(self, courier: Courier) -> None:
        def done() -> bool:
            courier._wake.wait(0.02)
            courier._wake.clear()
            courier.turn()
            return not courier._running

        courier.turn()
        wait_until(lambda: any(done() for _ in range(50)), "everything to be settled")

    def until_delivered(self, courier: Courier, count: int) -> None:
        def done() -> bool:
            self.work(courier, hurry=True)
            return self.states().count("delivered") >= count

        wait_until(done, f"{count} deliveries")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def house(database_url: str, tmp_path: Path, receiver: Receiver) -> Iterator[House]:
    with closing(Database(database_url)) as database:
        built = House(database_url, database, UploadLog(tmp_path / "logs"), receiver)
        yield built
        for courier in built.couriers:
            with suppress(StorageError):
                courier.finish(5)
