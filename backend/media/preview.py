"""Makes the short moving preview: a few moments spread over the video, small, without sound, as animated WebP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import ffmpeg

from backend.confine import SOURCE
from backend.errors import OverLimit, Unreadable
from backend.media import encoding
from backend.media.encoding import Size
from backend.media.facts import Facts
from backend.media.work import Work

NAME = "preview.webp"
MOST_BYTES = 1_000_000

_RATE = Fraction(10)
_MOMENTS = 5
_MOMENT_SECONDS = 0.8
# A clip up to this length is its own preview.
_WHOLE_SECONDS = 6.0
# Films begin and end with black and with titles.
_EDGE = 0.05
# Long side in pixels and WebP quality: the next one is taken when the preview came out too large.
_RUNGS = ((320, 60), (320, 20), (240, 10))
# Seeks only: five times the frames between two keyframes, even of a slow codec, take less.
_SECONDS = 600.0
_OUTPUT_BYTES = 64 * 1024**2
_ONLY_BLACK = 0.9
_DRAFT = "draft.webp"
_BLACK = re.compile(r"black_duration:\s*([0-9.]+)")

Moments = list[tuple[float, float]]  # (begin, length) in seconds


def preview(work: Work) -> dict[str, Any]:
    """Make `preview.webp`. Raises a MediaError."""
    found: dict[str, Any] | None = None
    failure = Unreadable("No moment of this video could be decoded.")
    for moments in choices(work.known().duration_seconds):
        try:
            found, only_black = _take(work, moments)
        except (Unreadable, OverLimit) as error:
            # One moment is damaged, or all at once take too much memory: another choice may do.
            failure = Unreadable(error.message, detail=error.detail)
        else:
            if not only_black:
                return found
    if found is None:
        raise failure
    return found


def choices(duration_seconds: float | None) -> Iterator[Moments]:
    """Which moments to show, the best first; the next ones are for when those are black or cannot be decoded."""
    if duration_seconds and duration_seconds > _WHOLE_SECONDS:
        yield spread(duration_seconds, 0.5)
        yield spread(duration_seconds, 0.0)
    whole = _MOMENTS * _MOMENT_SECONDS if not duration_seconds else min(duration_seconds, _WHOLE_SECONDS)
    yield [(0.0, whole)]


def spread(duration_seconds: float, phase: float) -> Moments:
    """One moment in each fifth of the video between its edges; `phase` is where in its fifth, 0 to 1."""
    first, last = _EDGE * duration_seconds, (1 - _EDGE) * duration_seconds - _MOMENT_SECONDS
    every = (last - first) / _MOMENTS
    return [(round(first + (number + phase) * every, 3), _MOMENT_SECONDS) for number in range(_MOMENTS)]


def _take(work: Work, moments: Moments) -> tuple[dict[str, Any], bool]:
    """Made of these moments, small enough; and whether all of it is black."""
    seconds = sum(length for _, length in moments)
    made = work.workspace / _DRAFT
    for long_side, quality in _RUNGS:
        size = encoding.size_within(work.known(), long_side, long_side)
        bounds = encoding.limits(work.allowance, _OUTPUT_BYTES, seconds=_SECONDS)
        said = work.ffmpeg(_arguments(work, moments, size, quality), bounds)
        if not made.is_file() or not made.stat().st_size:
            raise Unreadable("No moment of this video could be decoded.")
        if made.stat().st_size <= MOST_BYTES:
            made.rename(work.workspace / NAME)
            black = sum(map(float, _BLACK.findall(said)))
            shown = {"file": NAME, "width": size.width, "height": size.height, "seconds": round(seconds, 3)}
            return shown, black > _ONLY_BLACK * seconds
    made.unlink()
    raise OverLimit("The moving preview would be too large.", detail={"limit": "output"})


def _arguments(work: Work, moments: Moments, size: Size, quality: int) -> list[str]:
    pieces = [_moment(work.known(), begin, length, size) for begin, length in moments]
    joined = ffmpeg.concat(*pieces, v=1, a=0) if len(pieces) > 1 else pieces[0]
    # Told in what ffmpeg says: players ask WebP for the colours of standard definition.
    joined = joined.filter("blackdetect", d=0.01, pic_th=0.98).filter("scale", out_color_matrix="bt601")
    options = {"c:v": "libwebp_anim", "quality": quality, "loop": 0, "threads": work.allowance.threads}
    output = ffmpeg.output(joined, _DRAFT, format="webp", map_metadata=-1, **options)
    return encoding.arguments(output.global_args("-loglevel", "info"))


def _moment(facts: Facts, begin: float, length: float, size: Size) -> Any:
    # One thread each: every further one holds frames of its own, and there are five decoders at once.
    stream = ffmpeg.input(SOURCE, ss=begin, t=length, threads=1)["V:0"]
    for name, options in encoding.picture_steps(facts, size, _RATE):
        stream = stream.filter(name, **options)
    return stream
