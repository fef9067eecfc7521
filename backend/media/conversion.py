"""Conversions on request: which there are, how they are spelled as a job's parameters, and their maker."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backend.errors import BadField
from backend.media import encoding, hls
from backend.media.facts import Facts
from backend.media.rendition import MP4, WEBM, film
from backend.media.work import Work

FORMATS = ("mp4", "webm", "hls")
LOWEST, HIGHEST = 144, 4320
MOST_HEIGHTS = 6

_FILES = {"mp4": MP4, "webm": WEBM}
# Whatever number somebody asks for is a height to be judged; int() takes no more digits than these.
_SPELLED = re.compile(r"([a-z0-9]+)-(-?[0-9]{1,4000}(?:,-?[0-9]{1,4000})*)")


@dataclass(frozen=True)
class Plan:
    """One job: one file of one height, or one stream of several, the greatest first."""

    format: str
    heights: tuple[int, ...]


def spell(format_: str, heights: Iterable[int]) -> str:
    """One spelling for one wish: `hls-1080,720`. At most 64 characters with at most six heights."""
    return f"{format_}-{','.join(map(str, sorted(set(heights), reverse=True)))}"


def split(format_: str, heights: Iterable[int]) -> list[str]:
    """The parameters of the jobs that one request becomes: a stream is one job, of files each is its own."""
    if format_ in _FILES:
        return [spell(format_, [height]) for height in sorted(set(heights), reverse=True)]
    return [spell(format_, heights)]


def parse(parameters: str, facts: Facts) -> Plan:
    """What a job's parameters ask for. Raises BadField, in words for people, when it cannot be made of this video."""
    spelled = _SPELLED.fullmatch(parameters)
    if spelled is None:
        raise _bad(f"A conversion is asked for as a format and heights, such as mp4-720, not as {parameters!r:.80}.")
    format_ = spelled[1]
    heights = tuple(sorted({int(height) for height in spelled[2].split(",")}, reverse=True))
    if format_ not in FORMATS:
        raise _bad(f"There is no conversion to {format_!r:.80}; the formats are {', '.join(FORMATS)}.")
    if format_ in _FILES and len(heights) > 1:
        raise _bad(f"A file of format {format_} has one height; ask for each height by itself.")
    if len(heights) > MOST_HEIGHTS:
        raise _bad(f"At most {MOST_HEIGHTS} heights at once; {len(heights)} were asked for.")
    for height in heights:
        _check_height(height, facts)
    return Plan(format_, heights)


def convert(work: Work) -> dict[str, Any]:
    """`720p.mp4`, `480p.webm` or `hls/master.m3u8`."""
    plan = parse(work.parameters, work.known())
    if plan.format == "hls":
        return hls.stream(work, plan.heights)
    form = _FILES[plan.format]
    (height,) = plan.heights
    return film(work, f"{height}p.{form.suffix}", form, encoding.size_of_height(work.known(), height))


def _check_height(height: int, facts: Facts) -> None:
    if not facts.has_video or not facts.height:
        raise _bad("This file has no picture, so there is nothing to convert to another height.")
    if not LOWEST <= height <= HIGHEST or height % 2:
        raise _bad(f"{_limits(facts.height)}, not {height!s:.20}.")
    if height > facts.height:
        raise _bad(f"This video has {facts.height} lines; more than it has ({height}) would only make it larger.")


def _limits(lines: int) -> str:
    if lines < LOWEST:
        return f"This video has {lines} lines, and copies in other heights have at least {LOWEST}"
    return f"A height is a whole, even number of lines from {LOWEST} to {min(lines, HIGHEST) // 2 * 2}"


def _bad(words: str) -> BadField:
    return BadField(words, detail={"formats": list(FORMATS), "lowest": LOWEST, "highest": HIGHEST})
