"""Looks into each recording: what it is like, which frames it really has, and when they were on the wall's clock.

The first frame was at the instant at which the segment begins, as its row says; each other one as much later as the
file's own clock says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from backend.catalog.gaps import Stretch, gaps
from backend.confine import SOURCE, Limits
from backend.errors import MediaStopped, OverLimit, Unreadable
from backend.exports import shape, tables
from backend.exports.boxes import Odd
from backend.exports.listing import Listing, Run, listing_of
from backend.exports.shape import Shape
from backend.exports.wish import Problem, Recording
from backend.exports.work import ExportWork

_MILLION = 1_000_000
# As the probe of uploads: streams that begin late in a broadcast recording are found too.
_BOUNDS = ["-probesize", str(20_000_000), "-analyzeduration", str(20_000_000)]
_ENTRIES = (
    "stream=index,codec_type,codec_name,profile,width,height,pix_fmt,time_base,sample_aspect_ratio,avg_frame_rate"
    ",r_frame_rate,nb_frames,channels,sample_rate,extradata_hash,field_order,color_range,color_space,color_transfer"
    ",color_primaries:stream_disposition=attached_pic:stream_side_data=rotation:format=format_name,start_time"
)
_PRINTED_BYTES = 4 * 1024**2
_SECONDS = 120
# A line of at least fifteen bytes for each frame: days of one camera in one file.
_LINES_BYTES = 256 * 1024**2
# A recorder's row and its file may differ by so much before anything is said to be missing.
_SLACK_FRAMES, _SLACK_SECONDS = 2.5, 0.1
# Many recorders write whole seconds into their rows. What lacks less than that is told as a gap, and is no damage.
_ROUNDED = timedelta(seconds=1)
_AT_ONCE = 2


@dataclass(frozen=True)
class Source:
    """A recording that can be read."""

    recording: Recording
    path: Path
    shape: Shape
    listing: Listing

    @property
    def tick(self) -> Fraction:
        return self.shape.picture.time_base

    @property
    def interval(self) -> timedelta:
        """From one frame to the next, usually."""
        return self.length(self.listing.interval)

    @property
    def slack(self) -> timedelta:
        return max(_SLACK_FRAMES * self.interval, timedelta(seconds=_SLACK_SECONDS))

    def length(self, ticks: int) -> timedelta:
        return timedelta(microseconds=round(ticks * self.tick * _MILLION))

    def at(self, pts: int) -> datetime:
        """When the frame with this time was on the wall's clock."""
        return self.recording.bounds.start + self.length(pts - self.listing.begin)

    def first_at(self, instant: datetime) -> int:
        """The least tick that is not before `instant`, both to the microsecond."""
        since = (instant - self.recording.bounds.start) // timedelta(microseconds=1)
        return self.listing.begin + math.ceil((since - Fraction(1, 2)) / (self.tick * _MILLION))

    def footage(self) -> list[tuple[Run, Stretch]]:
        """What it really shows within its bounds."""
        bounds, found = self.recording.bounds, []
        for run in self.listing.runs:
            start, end = self.at(run.first), self.at(run.end)
            start = bounds.start if abs(start - bounds.start) <= self.slack else start
            end = bounds.end if abs(end - bounds.end) <= self.slack else end
            inside = Stretch(start, end).within(bounds) if start < end else None
            if inside is not None:
                found.append((run, inside))
        return found

    def footage_in(self, asked: Stretch) -> bool:
        """Whether it shows anything of `asked`, be it a part of one frame."""
        return any(stretch.within(asked) for _, stretch in self.footage())

    def problems(self, asked: Stretch) -> list[Problem]:
        """What it should show of `asked` and does not."""
        lacking = gaps([stretch for _, stretch in self.footage()], self.recording.bounds)
        found = []
        for one in lacking:
            inside = one.within(asked)
            if inside is not None and one.end - one.start >= max(self.slack, _ROUNDED):
                found.append(problem(self.recording, "corrupt", inside, self._words(one)))
        return found

    def _words(self, lacking: Stretch) -> str:
        bounds, missing = self.recording.bounds, _told(lacking.end - lacking.start)
        if lacking == bounds:
            return f"No frame of it can be shown, although it should hold {missing} s."
        if lacking.end == bounds.end:
            held, told = lacking.start - bounds.start, bounds.end - bounds.start
            return f"It holds only {_told(held)} s of the {_told(told)} s that it should: its end is missing."
        where = "at its beginning" if lacking.start == bounds.start else "in the middle"
        return f"It has no frames that can be shown for {missing} s {where}."


def problem(recording: Recording, kind: str, bounds: Stretch, words: str) -> Problem:
    return Problem(kind, recording.camera_id, recording.segment_id, recording.filename, bounds, words)


def look_into(
    recordings: Sequence[Recording], asked: Stretch, work: ExportWork, looked: Callable[[], None]
) -> tuple[list[Source], list[Problem]]:
    """Those that can be read, in the order given, and what is wrong with the others and with parts of these."""

    def look(recording: Recording) -> Source | Problem:
        work.check()
        found = _look(recording, asked, work)
        looked()
        return found

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        found = list(threads.map(look, recordings))
    sources = [one for one in found if isinstance(one, Source)]
    problems = [one for one in found if isinstance(one, Problem)]
    return sources, problems + [one for source in sources for one in source.problems(asked)]


def _look(recording: Recording, asked: Stretch, work: ExportWork) -> Source | Problem:
    bounds = recording.bounds.within(asked) or recording.bounds
    if recording.trouble_kind or recording.path is None:
        kind, words = recording.trouble_kind or "missing", recording.trouble or "Its file is not here."
        return problem(recording, kind, bounds, words)
    try:
        found = describe(recording.path, work)
        listing = list_frames(recording.path, found, work)
    except (Unreadable, OverLimit) as error:
        return problem(recording, "corrupt", bounds, error.message)
    if not listing.runs:
        return problem(recording, "corrupt", bounds, "No frame of it can be shown.")
    return Source(recording, recording.path, found, listing)


def describe(path: Path, work: ExportWork) -> Shape:
    """What a file is like. Raises a MediaError."""
    asked = [*_BOUNDS, "-show_entries", _ENTRIES, "-show_data_hash", "sha256", "-of", "json", "-i", SOURCE]
    limits = Limits(_SECONDS, _SECONDS, work.allowance.memory_bytes, _PRINTED_BYTES)
    return shape.read(work.tools.ffprobe(asked, source=path, limits=limits, should_stop=work.should_stop))


def list_frames(path: Path, found: Shape, work: ExportWork) -> Listing:
    """The time of each frame, without decoding any. Raises a MediaError.

    By the index of a plain mp4 alone. Of any other file ffprobe lists the packets, for which it reads all of it: where
    that is an mp4, it is told why.
    """
    work.check()
    if "mp4" in found.container.split(","):
        try:
            return tables.frames_of(path, found.picture, _told_interval(found))
        except Odd as why:
            work.tell(0.0, f"listing each packet of one that is no plain mp4: {why}")
    return list_packets(path, found, work)


def list_packets(path: Path, found: Shape, work: ExportWork) -> Listing:
    """As `list_frames`, by ffprobe, of every kind of file."""
    asked = [*_BOUNDS, "-select_streams", str(found.picture.index), "-show_entries", "packet=pts,flags"]
    seconds = work.allowance.longest_seconds
    limits = Limits(seconds, seconds, work.allowance.memory_bytes, _LINES_BYTES)
    printed = work.tools.ffprobe(
        [*asked, "-of", "csv=p=0", "-i", SOURCE], source=path, limits=limits, should_stop=work.should_stop
    )
    if work.should_stop():
        raise MediaStopped("It was stopped before it was done.")
    return listing_of(printed.decode().splitlines(), found.picture.time_base, _told_interval(found))


def _told_interval(found: Shape) -> int:
    return round(found.picture.frame_seconds / found.picture.time_base)


def _told(length: timedelta) -> str:
    return f"{length.total_seconds():.2f}".rstrip("0").rstrip(".")
