"""Frames of a stored MP4 file: where each one lies is known, its bytes are read from the file itself.

Nothing is demuxed in this process, and nothing is copied: of the file's structure only numbers came here, and each is
checked against the bytes it leads to.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from backend.edge.footage import Frame
from backend.errors import MediaError, Unreadable
from backend.offers.index import Index
from backend.offers.nal import ParameterSets, is_delimiter, is_parameter_set, kind, split


def frames(path: Path, found: Index, started_at: datetime, since: datetime) -> Generator[Frame]:
    """The file's frames from the keyframe at or before `since`; its first keyframe was recorded at `started_at`.

    Raises a MediaError in the middle when the file is not what was looked at.
    """
    number = found.keyframe_before(since - started_at)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise MediaError(f"The stored file cannot be opened ({error.strerror}).") from error
    try:
        keyframes = set(found.keyframes)
        for one in range(number, len(found.shown)):
            yield _frame(handle, found, one, one in keyframes, started_at)
    finally:
        os.close(handle)


def _frame(handle: int, found: Index, number: int, is_keyframe: bool, started_at: datetime) -> Frame:
    try:
        sample = os.pread(handle, found.sizes[number], found.places[number])
    except OSError as error:
        raise MediaError(f"The stored file cannot be read ({error.strerror}).") from error
    if len(sample) < found.sizes[number]:
        raise Unreadable("The file ends within a frame.")
    units = split(sample, found.sets.length_bytes)
    if is_keyframe:
        units = _with_sets(units, found.sets)
    shown_at = started_at + _offset(found.shown[number], found.time_base)
    order_at = started_at + _offset(found.decoded[number], found.time_base)
    return Frame(shown_at, order_at, is_keyframe, units)


def _with_sets(units: tuple[bytes, ...], sets: ParameterSets) -> tuple[bytes, ...]:
    """The units of a keyframe, and before them, but for its delimiter, those kinds of parameter sets that it does not
    bring itself."""
    kinds = {kind(sets.codec, unit) for unit in units}
    lacking = [unit for unit in sets.units if kind(sets.codec, unit) not in kinds]
    if not lacking:
        return units
    # In the order of their kinds: each is understood by those before it.
    own = [unit for unit in units if is_parameter_set(sets.codec, unit)]
    others = [unit for unit in units if not is_parameter_set(sets.codec, unit)]
    begins = [others.pop(0)] if others and is_delimiter(sets.codec, others[0]) else []
    return (*begins, *sorted([*lacking, *own], key=lambda unit: kind(sets.codec, unit)), *others)


def _offset(units: int, time_base: Fraction) -> timedelta:
    # Whole numbers throughout: a day of frames must not drift by a rounding each.
    return timedelta(microseconds=round(units * time_base * 1_000_000))
