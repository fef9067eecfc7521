"""The counters of one process: begun once, before it does anything that is counted.

prometheus-client decides at its import, from the environment, whether processes share their counters. So it is
imported here, when the folder is known, and by nobody else before: no command waits for it, and none counts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.metrics.folder import Folder
from backend.services import Services
from backend.settings import Settings, hand_to_libraries

if TYPE_CHECKING:
    from backend.metrics.counting import Counting
    from backend.metrics.families import Families

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_NO_ROOM = "there is no room for this process's counters: what it does is not counted until it starts again"
_begun: list[Families] = []


def folder_of(settings: Settings) -> Folder:
    """Where the processes of this installation keep their counters."""
    path = settings.prometheus_multiproc_dir or settings.storage_path / "metadata" / "metrics"
    return Folder(Path(path).absolute())


def bound_for(settings: Settings) -> str:
    """Where segments go, in seed 001's word."""
    return settings.segment_backend


def begin(services: Services) -> None:
    """Count from now on what this process's log is told of. Once in a process, after it was forked."""
    if _begun:
        raise RuntimeError("this process counts already")
    try:
        families = _open(folder_of(services.settings))
    except OSError as error:
        # A full disk is no reason not to serve what is there, and Prometheus still hears how full it is.
        services.log.write("warning", "metrics_off", error=error.strerror, why=_NO_ROOM)
        return
    from backend.metrics.counting import Counting

    _begun.append(families)
    backend = bound_for(services.settings)
    counting = Counting(families, services.settings.storage_mode, backend, services.places.kinds)
    services.log.tell(_never_raising(counting))


def beat() -> None:
    """A sign of life of the worker."""
    for families in _begun:
        families.heartbeat.set(time.time())


def _open(folder: Folder) -> Families:
    hand_to_libraries(VARIABLE, str(folder.path))
    from backend.metrics import store
    from backend.metrics.families import Families

    with folder.locked():
        folder.fold(store.read, store.write)
        store.count_as(folder.begin())
        return Families()


def _never_raising(counting: Counting) -> Callable[[str, str, Mapping[str, Any]], None]:
    """A figure is lost rather than an upload; told once for each step, as it would be lost at each of them."""
    told: set[str] = set()

    def hear(level: str, step: str, facts: Mapping[str, Any]) -> None:
        try:
            counting.hear(level, step, facts)
        except Exception:
            if step not in told:
                told.add(step)
                logging.getLogger("holdfast.metrics").exception("'%s' is not counted", step)

    return hear
