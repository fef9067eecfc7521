"""The perceptual hash of small grey frames: 256 bits that stay nearly the same however a picture is encoded. Pure.

As PDQ is described (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019): of
64 x 64 points of light, smoothed, the 16 x 16 lowest waves of a cosine transform without those that do not move along a
side; each is one bit, whether it is above their median. A quality from 0 to 100 tells how much there was to see. Our
own: black bars around the whole video are left out, so that a letterboxed copy has the hashes of its original.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.media.fingerprint import SIDE

HASH_BYTES = 32

_WAVES = 16
# At once: a few MiB of floats.
_CHUNK = 256
# PDQ's own measure: steps of less than about one per cent of all light do not count, and this many are enough.
_STEP_SHARE, _ENOUGH = 100 / 255, 90
# A bar is dark and has nothing in it but what encoding left. No more than this share of either side is one.
_DARK, _FLAT, _MOST_BAR = 40, 12, 0.3
# Both bars of a pair are equally wide, but for a line at the edge that shows half of each.
_UNEQUAL = 2

Frames = NDArray[np.uint8]


@dataclass(frozen=True)
class Bars:
    """How many points on each side belong to bars."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0


@dataclass
class Extremes:
    """The darkest and brightest that each point ever was; fed frame by frame, so that a long video needs no memory."""

    darkest: NDArray[np.uint8]
    brightest: NDArray[np.uint8]

    @classmethod
    def none(cls) -> Extremes:
        return cls(np.full((SIDE, SIDE), 255, np.uint8), np.zeros((SIDE, SIDE), np.uint8))

    def see(self, frames: Frames) -> None:
        self.darkest = np.minimum(self.darkest, frames.min(axis=0))
        self.brightest = np.maximum(self.brightest, frames.max(axis=0))

    def bars(self) -> Bars:
        """Bars that were there all the time. A video that is dark all over has none."""
        bar = (self.brightest <= _DARK) & (self.brightest - np.minimum(self.darkest, self.brightest) <= _FLAT)
        if bar.all():
            return Bars()
        rows: NDArray[np.bool_] = np.logical_and.reduce(bar, axis=1)
        columns: NDArray[np.bool_] = np.logical_and.reduce(bar, axis=0)
        top, bottom = _pair(rows)
        left, right = _pair(columns)
        return Bars(top, bottom, left, right)


def _pair(is_bar: NDArray[np.bool_]) -> tuple[int, int]:
    """How wide the bars at both ends of a side are; none when they are no pair."""
    first, last = int(np.argmin(is_bar)), int(np.argmin(is_bar[::-1]))
    if not first or not last or abs(first - last) > _UNEQUAL or max(first, last) > _MOST_BAR * SIDE:
        return 0, 0
    return first, last


def hashes(frames: Frames, bars: Bars) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """`frames`: n x 64 x 64. The hashes, n x 32 bytes, and the qualities, n of 0 to 100."""
    inside = frames[:, bars.top : SIDE - bars.bottom, bars.left : SIDE - bars.right]
    down, across = _waves(inside.shape[1]), _waves(inside.shape[2])
    found, qualities = [np.empty((0, HASH_BYTES), np.uint8)], [np.empty(0, np.uint8)]
    for start in range(0, len(inside), _CHUNK):
        light = _smoothed(inside[start : start + _CHUNK].astype(np.float32))
        # Not `@`: that takes all processors, which are the pictures' at that time.
        waves = np.einsum("nuc,vc->nuv", np.einsum("ur,nrc->nuc", down, light), across).reshape(len(light), -1)
        bits = waves > np.median(waves, axis=1, keepdims=True)
        found.append(np.packbits(bits, axis=1))
        qualities.append(_quality(light))
    return np.concatenate(found), np.concatenate(qualities)


def _waves(length: int) -> NDArray[np.float32]:
    """The cosine waves 1 to 16 along a side of `length` points; wave 0 is the mean, which brightness changes."""
    points = 2 * np.arange(length) + 1
    waves: NDArray[np.float64] = np.cos(np.pi / (2 * length) * np.outer(np.arange(1, _WAVES + 1), points))
    return waves.astype(np.float32)


def _smoothed(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each point mixed with its neighbours, along both sides: 1, 2, 1."""
    for axis in (1, 2):
        ends = [(0, 0), (0, 0), (0, 0)]
        ends[axis] = (1, 1)
        wide = np.pad(light, ends, mode="edge")
        here = [slice(None)] * 3
        before, after = list(here), list(here)
        here[axis], before[axis], after[axis] = slice(1, -1), slice(None, -2), slice(2, None)
        light = ((wide[tuple(before)] + 2 * wide[tuple(here)] + wide[tuple(after)]) / 4).astype(np.float32)
    return light


def _quality(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    across, down = (np.trunc(np.abs(np.diff(light, axis=axis)) * _STEP_SHARE).sum(axis=(1, 2)) for axis in (1, 2))
    capped: NDArray[np.float64] = np.minimum(100, (across + down) / _ENOUGH)
    return capped.astype(np.uint8)
