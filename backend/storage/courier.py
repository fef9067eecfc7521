"""Sends copies to the targets that a program brought along, in the background: the worker does not know those.

It claims deliveries as every worker does, so several programs and workers may run at once. What is not sent when the
program ends is sent by the next one that brings the same target.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from backend.outbox.dispatch import Dispatcher
from backend.services import Services

_PROBE_SECONDS = 1.0


class Courier:
    """Two threads: one delivers, one asks paused targets whether they are well again."""

    def __init__(self, services: Services, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._log = services.log
        mine = {name: services.places.get(name) for name in names}
        self._dispatcher = Dispatcher(
            database=services.database,
            layout=services.layout,
            places=replace(services.places, by_name=mine, rules=(), default=()),
            log=services.log,
            node=services.settings.node_name,
            stop_seconds=services.settings.stop_seconds,
        )
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._dispatcher.run, name="courier", daemon=True),
            threading.Thread(target=self._probe, name="courier-probe", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """What moves gets its time (STOP_SECONDS) and is given back then: the ledger keeps how far it came."""
        self._stopped.set()
        self._dispatcher.ask_to_stop()
        for thread in self._threads:
            thread.join()
        self._dispatcher.finish()

    def _probe(self) -> None:
        while not self._stopped.wait(_PROBE_SECONDS):
            for name in self._names:
                try:
                    self._dispatcher.probe(name)
                except Exception as error:
                    self._log.broke("probe_failed", error, target=name)
