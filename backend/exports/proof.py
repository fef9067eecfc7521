"""Reads a result back: every frame that was to be in it is stored once, at its time, and no other one is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

from backend.errors import MediaError
from backend.exports.listing import Listing
from backend.exports.sources import describe, list_frames
from backend.exports.takes import Layout, Take
from backend.exports.work import ExportWork

_MILLION = 1_000_000
# Matroska counts milliseconds.
_WITHIN_US = 2_000
_CHUNK_BYTES = 1024**2


class Unproved(MediaError):
    """What was made is not what was promised. It is not given to anybody."""


def prove(path: Path, expected_us: Sequence[int], *, sound: bool, work: ExportWork) -> str:
    """The SHA-256 of `path`, which has frames at exactly these times. Raises Unproved, or a MediaError.

    Both read the whole file; the one does not wait for the other.
    """
    with ThreadPoolExecutor(1) as thread:
        digest = thread.submit(_digest, path, work)
        found = describe(path, work)
        listing = list_frames(path, found, work)
        if sound and found.sound is None:
            raise Unproved("The sound is missing in what was made.")
        check(listing, expected_us)
        return digest.result()


def check(listing: Listing, expected_us: Sequence[int]) -> None:
    """Raises Unproved unless these are its frames."""
    if listing.hidden:
        raise Unproved(f"{len(listing.hidden)} frames were stored that are not shown.")
    made = times_us(listing)
    if len(made) != len(expected_us):
        raise Unproved(f"{len(made)} frames were stored, and {len(expected_us)} should be.")
    late = max((abs(one - other) for one, other in zip(made, expected_us, strict=True)), default=0)
    if late > _WITHIN_US:
        raise Unproved(f"A frame is {late / 1000:.0f} ms away from where it should be.")


def times_us(listing: Listing) -> list[int]:
    """When its frames are shown, in microseconds after the beginning of the file."""
    return _in_us(listing.shown, listing.tick)


def expected(takes: Sequence[Take], layout: Layout) -> list[int]:
    """The time of each frame in the result, in microseconds."""
    found: list[int] = []
    for take, start in zip(takes, layout.starts_us, strict=True):
        source = take.source
        frames = source.listing.between(take.first, take.end)
        found += [start + later for later in _in_us([pts - take.first for pts in frames], source.tick)]
    return found


def _in_us(ticks: Sequence[int], tick: Fraction) -> list[int]:
    """In microseconds, to the nearest: in whole numbers, as there are millions of them."""
    up, down = 2 * _MILLION * tick.numerator, tick.denominator
    return [(one * up + down) // (2 * down) for one in ticks]


def _digest(path: Path, work: ExportWork) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            work.check()
    return digest.hexdigest()
