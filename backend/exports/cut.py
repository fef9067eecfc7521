"""`fast`: copies packets as they are, in one run over all files, and only those that are to be shown.

All files are read as one, each in a region of time of its own, so that packets of one cannot be taken for another's.
What is not wanted is dropped by its time, the rest is brought together. No packet is stored that is not shown: nothing
stands before the first keyframe, and no edit list hides anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from backend.confine import Chapters, Follower, Following, Inputs
from backend.errors import OverLimit
from backend.exports.takes import Layout, Take
from backend.exports.wish import Format
from backend.exports.work import ExportWork

_MILLION = 1_000_000
# Read from so many seconds before the first frame, as transport streams are not entered exactly; and on so many after
# the last one, as sound may be stored far behind its picture.
_LEAD, _TAIL = 2, 3
# Linux takes 128 KiB as one argument.
_LONGEST_WORDS = 120_000
_UNTOLD = "-1e15"
_MATROSKA = Fraction(1, 1000)  # its clock


def copy(
    takes: Sequence[Take], layout: Layout, chapters: Chapters, format_: Format, name: str, work: ExportWork
) -> None:
    """Make `name` of the takes, whose parameters were compared. Raises a MediaError."""
    places = _places(takes, layout)
    first = takes[0].source.shape
    arguments = ["-copyts", "-i", "SOURCE_TAKES", "-i", "SOURCE_CHAPTERS", "-map", f"0:{first.picture.index}"]
    clock = first.picture.time_base.denominator
    drops = not all(_is_whole(take) for take in takes)
    filters = ["-bsf:v", _filters(places, Fraction(1, clock) if format_ == "mp4" else _MATROSKA, drops=drops)]
    filters += ["-video_track_timescale", str(clock)] if format_ == "mp4" else []
    if first.sound is not None:
        arguments += ["-map", f"0:{first.sound.index}"]
        tick = Fraction(1, first.sound.rate) if format_ == "mp4" else _MATROSKA
        filters += ["-bsf:a", _filters(places, tick, drops=True)]
    if max(map(len, filters)) > _LONGEST_WORDS:
        raise OverLimit("It would be joined from too many parts for one file. Ask for a shorter time.")
    if first.picture.codec == "hevc" and format_ == "mp4":
        filters += ["-tag:v", "hvc1"]  # the name by which players know it
    arguments += ["-c", "copy", *filters, "-map_chapters", "1", "-map_metadata", "1", *dated(takes)]
    arguments += ["-avoid_negative_ts", "disabled", "-max_muxing_queue_size", "4096", name]
    inputs: Inputs = {
        "SOURCE_TAKES": Following(tuple(place.follower() for place in places), converts=False),
        "SOURCE_CHAPTERS": chapters,
    }
    files = {take.source.path: take.source.path.stat().st_size for take in takes}
    most = 2 * sum(files.values()) + 64 * 1024**2
    work.ffmpeg(arguments, inputs, seconds=layout.length_us / _MILLION, phase="copying", output_bytes=most)


def dated(takes: Sequence[Take]) -> list[str]:
    return ["-metadata", f"creation_time={takes[0].bounds.start.isoformat()}"]


def _is_whole(take: Take) -> bool:
    """Whether no picture of its file is left out: then none needs to be looked for."""
    listing = take.source.listing
    return not listing.untimed and take.first <= min(listing.pts) and max(listing.pts) < take.end


class _Place:
    """Where one take lies while it is read, in a region that begins at `region` whole seconds."""

    def __init__(self, take: Take, region: int, span: int, start_us: int) -> None:
        tick = take.source.tick
        self._take, self._region, self._span = take, region, span
        self._inpoint = math.floor(take.first * tick) - _LEAD
        # Whole seconds are whole ticks of every clock that is used for media: nothing is rounded on the way.
        self.shift = region - self._inpoint
        self.first_seconds = take.first * tick + self.shift
        self.end_seconds = take.end * tick + self.shift
        self.start_us = start_us

    def follower(self) -> Follower:
        outpoint = math.ceil(self._take.end * self._take.source.tick) + _TAIL
        inpoint = self._inpoint * _MILLION
        return Follower(self._take.source.path, inpoint, outpoint * _MILLION, self._span * _MILLION)

    def first(self, tick: Fraction) -> int:
        return _nearest(self.first_seconds / tick)

    def last(self, tick: Fraction) -> int:
        return _nearest(self.end_seconds / tick) - 1

    def back(self, tick: Fraction) -> int:
        """How many ticks it is put back, from its region to where it belongs."""
        return _nearest((self.first_seconds - Fraction(self.start_us, _MILLION)) / tick)


def _nearest(ticks: Fraction) -> int:
    """As ffmpeg rounds."""
    return math.floor(ticks + Fraction(1, 2))


def _places(takes: Sequence[Take], layout: Layout) -> list[_Place]:
    longest = max(math.ceil((take.end - take.first) * take.source.tick) for take in takes)
    span = longest + _LEAD + _TAIL + 10
    return [
        _Place(take, number * span, span, start)
        for number, (take, start) in enumerate(zip(takes, layout.starts_us, strict=True))
    ]


def _filters(places: Sequence[_Place], tick: Fraction, *, drops: bool) -> str:
    """What drops packets outside the takes if any may come, and moves the others to where they belong.

    By the clock of the file that is written: ffmpeg puts packets on it before it filters them.
    """
    firsts = [place.first(tick) for place in places]
    within = [f"lte(pts,{place.last(tick)})" for place in places]
    within[0] = f"gte(pts,{firsts[0]})*{within[0]}"
    moved = _by_region("PTS", firsts, [str(place.back(tick)) for place in places])
    # Looked up once: the first filter leaves how much earlier a packet is decoded than shown in the place of when.
    filters = [f"setts=pts=PTS-{moved}:dts=if(gt(DTS,{_UNTOLD}),DTS-PTS,{_UNTOLD})"]
    # Where two takes meet, packets may be decoded at once; each one only has to come a tick after the one before.
    filters.append(f"setts=pts=PTS:dts=max(if(gt(DTS,{_UNTOLD}),PTS+DTS,PREV_OUTDTS+1),PREV_OUTDTS+1)")
    if drops:
        # Reads each byte that it lets pass, for a purpose that is not ours: it costs as much as a digest.
        filters.insert(0, f"noise=drop=not({_by_region('pts', firsts, within)})")
    return ",".join(f"'{one}'" for one in filters)


def _by_region(time: str, firsts: Sequence[int], values: Sequence[str]) -> str:
    """The one of `values` in whose region a packet is. Halved again and again: of many takes few are looked at."""
    if len(values) == 1:
        return values[0]
    half = len(values) // 2
    earlier, later = (_by_region(time, firsts[part], values[part]) for part in (slice(half), slice(half, None)))
    return f"if(gte({time},{firsts[half]}),{later},{earlier})"
