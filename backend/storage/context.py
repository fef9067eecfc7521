"""Which storage a program works with just now, without passing it around.

    with use_storage(MemoryVideoStorage()):
        get_storage().store_video(…)

Each thread and each asyncio task has its own: what one chooses, others do not see. A task begins with what was chosen
where it was made, a thread with nothing chosen. Without a choice it is one AutoStorage() for the whole process: the
installation that the environment names; when somebody closed that, the next who asks gets a new one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from backend.storage.base import StorageEngine

if TYPE_CHECKING:
    from backend.storage.auto import AutoStorage

Engine = TypeVar("Engine", bound=StorageEngine)


@dataclass(frozen=True, eq=False)
class _Choice:
    storage: StorageEngine


# All choices that hold now, the innermost last. Each is taken out by itself: generators end in any order, and perhaps
# in another context than they began in.
_chosen: ContextVar[tuple[_Choice, ...]] = ContextVar("holdfast_storage", default=())
_making = threading.Lock()
_own: list[AutoStorage] = []  # the process's own, once somebody asked for it


def get_storage() -> StorageEngine:
    """The storage chosen by the innermost `use_storage`, else the process's own."""
    chosen = _chosen.get()
    return chosen[-1].storage if chosen else _process_s_own()


@contextmanager
def use_storage(storage: Engine) -> Iterator[Engine]:
    """What happens inside works with `storage`. It is not closed at the end: who made it closes it."""
    if not isinstance(storage, StorageEngine):
        raise ValueError(f"use_storage takes a StorageEngine, not {type(storage).__name__}.")
    mine = _Choice(storage)
    _chosen.set((*_chosen.get(), mine))
    try:
        yield storage
    finally:
        _chosen.set(tuple(choice for choice in _chosen.get() if choice is not mine))


def _process_s_own() -> StorageEngine:
    from backend.storage.auto import AutoStorage

    with _making:
        if not _own or _own[0].closed:
            _own[:] = [AutoStorage()]
        return _own[0]
