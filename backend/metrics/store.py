"""prometheus-client's files: read, written and added up. Importing this imports prometheus-client."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prometheus_client import values
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

# Of each key: its length, what makes it end at eight bytes, a value and a time.
_AROUND_BYTES = 4 + 8 + 16
_BROKEN = (RuntimeError, ValueError, IndexError, struct.error)


def count_as(name: str) -> None:
    """This process's metrics are kept in the files of this name, from here on."""
    values.ValueClass = values.MultiProcessValue(lambda: name)


def read(path: Path) -> dict[str, float]:
    """What a file holds; nothing, if it is broken: a machine that lost its power may leave such."""
    with suppress(*_BROKEN):
        return {key: value for key, value, *_ in MmapedDict.read_all_values_from_file(str(path))}
    return {}


def write(path: Path, kept: dict[str, float]) -> None:
    """Make a file that holds this. Raises OSError: there is no room."""
    room_bytes = 8 + sum(len(key.encode()) + _AROUND_BYTES for key in kept)
    with path.open("wb") as file:
        # As in folder.py: what is mapped into memory must have its room.
        os.posix_fallocate(file.fileno(), 0, room_bytes)
    new = MmapedDict(str(path))
    for key, value in kept.items():
        new.write_value(key, value, 0.0)
    new.close()


def added_up(paths: Iterable[Path]) -> Iterable[Metric]:
    """The sums over all files; those that are broken are left out."""
    files = [str(path) for path in paths]
    try:
        return list(MultiProcessCollector.merge(files))
    except _BROKEN:
        return list(MultiProcessCollector.merge([file for file in files if read(Path(file))]))
