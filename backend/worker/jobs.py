"""The scheduled jobs: a table of thin functions over the use cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.catalog import saves
from backend.outbox.dispatch import Dispatcher
from backend.outbox.erase import erase_due
from backend.retention.remove import Remover
from backend.services import Services

_HOUR = 3600


@dataclass(frozen=True)
class Job:
    name: str
    every_seconds: float
    work: Callable[[], object]
    services: Services
    at_once: bool = False

    def first_run(self) -> datetime:
        wait = 0 if self.at_once else self.every_seconds
        return datetime.now(UTC) + timedelta(seconds=wait)

    def run(self) -> None:
        """A job that fails is told in our log and comes again at its next turn."""
        try:
            self.work()
        except Exception as error:
            self.services.log.broke("job_failed", error, job=self.name)


def jobs(services: Services, dispatcher: Dispatcher) -> list[Job]:
    remover = Remover(services.layout, services.database)
    table: list[tuple[str, float, Callable[[], object], bool]] = [
        ("probe paused targets", 1, dispatcher.probe_paused, True),
        (
            "delete remote copies",
            5,
            lambda: erase_due(services.database, services.layout, services.places, services.log),
            True,
        ),
        ("finish removals", _HOUR, remover.finish_interrupted, True),
        ("sweep", _HOUR, services.recovery.sweep, True),
        ("empty the trash", 60, lambda: services.trash.purge_due(datetime.now(UTC)), True),
        ("forget old keys", _HOUR, lambda: saves.forget_old_keys(services.database), False),
    ]
    return [Job(name, every, work, services, at_once) for name, every, work, at_once in table]
