"""What small grey pictures tell of the frames they were shrunk from: which one shows most of the video. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul, sub

# Grey, 8 bits, full range; the same shape for every video, as only differences within one video count.
WIDTH, HEIGHT = 64, 36
BYTES = WIDTH * HEIGHT

# A flat picture has a spread of 0, one black with a camera's noise (shrunk away nearly) of 1 to 2.
_FLAT = 4.0
# Sharpening and rounding differ between decoders and sizes, and one frame from the next.
_ALIKE = 8.0
# From here on more contrast is no better picture.
_RICH = 48.0
# Well exposed lies between; towards the ends it is worth less, down to a tenth.
_DARK, _BRIGHT = 50.0, 205.0
# What a video shows, it shows after its titles and before its end.
_BEST_SHARE = (0.1, 0.5)
_ELSEWHERE, _AT_THE_ENDS = 0.8, 0.6
_END_SHARE = 0.02


@dataclass(frozen=True)
class Look:
    """One frame: mean and spread of its light, 0 to 255, and how sharp it is (mean step between neighbours)."""

    light: float
    spread: float
    steps: float

    @property
    def is_blank(self) -> bool:
        """Black, white or any one colour."""
        return self.spread < _FLAT

    def is_like(self, other: Look) -> bool:
        """Whether both may be of one frame, decoded twice."""
        return abs(self.light - other.light) < _ALIKE and abs(self.spread - other.spread) < _ALIKE

    @property
    def exposure(self) -> float:
        off = max(_DARK - self.light, self.light - _BRIGHT, 0.0)
        return max(0.1, 1 - off / _DARK)


def look(frame: bytes) -> Look:
    """`frame` has BYTES bytes."""
    light = sum(frame) / BYTES
    variance = sum(map(mul, frame, frame)) / BYTES - light * light
    steps = sum(map(abs, map(sub, frame, frame[1:]))) / BYTES
    return Look(light, math.sqrt(max(0.0, variance)), steps)


def looks(frames: bytes) -> list[Look]:
    """Of frames one behind the other; a last one that was cut off is none."""
    seen: dict[bytes, Look] = {}
    starts = range(0, len(frames) - BYTES + 1, BYTES)
    each = (frames[start : start + BYTES] for start in starts)
    # Where keyframes are rare the same one fills many intervals.
    return [seen.get(frame) or seen.setdefault(frame, look(frame)) for frame in each]


def best_first(seen: Sequence[Look], shares: Sequence[float]) -> list[int]:
    """The numbers of the frames, the best picture of the video first. `shares`: where each stands, 0 to 1.

    Sharpness counts by the video's own measure: a frame within a blend or a fast pan has less than its others.
    """
    lively = sorted(one.steps for one in seen if not one.is_blank)
    usual = lively[len(lively) // 2] if lively else 0.0

    def worth(number: int) -> float:
        one = seen[number]
        sharp = min(1.0, one.steps / usual) if usual else 0.0
        return min(one.spread / _RICH, 1.0) * one.exposure * (0.3 + 0.7 * sharp) * _place(shares[number])

    # Equally good ones: the earlier. Blank ones come last, whatever else they are.
    return sorted(range(len(seen)), key=lambda n: (seen[n].is_blank, -round(worth(n), 4), n))


def _place(share: float) -> float:
    if _BEST_SHARE[0] <= share <= _BEST_SHARE[1]:
        return 1.0
    return _ELSEWHERE if _END_SHARE <= share <= 1 - _END_SHARE else _AT_THE_ENDS
