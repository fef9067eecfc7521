"""The scheduled jobs: a table of thin functions over the use cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from backend.catalog import saves
from backend.outbox.dispatch import Dispatcher
from backend.outbox.erase import Eraser
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
    layout, database, places, log = services.layout, services.database, services.places, services.log
    remover, eraser = Remover(layout, database, places, log), Eraser(database, layout, places, log)
    table: list[tuple[str, float, Callable[[], object], bool]] = [
        ("delete remote copies", 5, eraser.erase_due, True),
        ("finish removals", _HOUR, remover.finish_interrupted, True),
        ("sweep", _HOUR, services.recovery.sweep, True),
        ("empty the trash", 60, lambda: services.trash.purge_due(datetime.now(UTC)), True),
        ("mend clocks", 60, dispatcher.mend_clock, True),
        ("forget old keys", _HOUR, lambda: saves.forget_old_keys(database), False),
        # Each on its own: one that hangs must not keep the others from being asked.
        *((f"probe {name}", 1, partial(dispatcher.probe, name), True) for name in places.by_name),
    ]
    return [Job(name, every, work, services, at_once) for name, every, work, at_once in table]
