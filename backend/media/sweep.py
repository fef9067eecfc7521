"""One pass over a whole video: storyboard sheets, and small grey pictures to choose the thumbnail by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from backend.confine import Limits
from backend.errors import Unreadable
from backend.media import looks
from backend.media.encoding import TONE_MAP, Size, arguments, as_text, source
from backend.media.facts import Facts
from backend.media.looks import Look
from backend.media.skipping import Reading
from backend.media.tiling import Plan
from backend.media.work import Work

# Three hours of 4K have some 5,400 keyframes, and two slow cores take 0.05 s for each: three times that, for busy ones.
LONGEST_SECONDS = 15 * 60.0
# Sheets weigh a megabyte at most; times take 60 bytes a keyframe, and a file of keyframes only has 10,000 in minutes.
_OUTPUT_BYTES = 128 * 1024**2
_SHEETS, _LOOKS, _TIMES = "storyboard-%d.jpg", "looks.raw", "times.txt"
# 2 is the best JPEG that ffmpeg makes, 31 the worst.
_SHEET_QUALITY = 4
GREY = f"scale={looks.WIDTH}:{looks.HEIGHT}:flags=area,format=gray"


@dataclass(frozen=True)
class Sweep:
    """What was seen, one look for each interval as far as the video decodes.

    `times`: of every frame that was decoded, when only keyframes were; else none.
    """

    plan: Plan
    reading: Reading
    seen: list[Look]
    times: list[float]

    def as_json(self, facts: Facts) -> dict[str, Any]:
        """The storyboard: of a file that is known to end early, without the tiles behind its end."""
        return self.plan.as_json(len(self.seen) if facts.trouble else None)


def sweep(work: Work, plan: Plan, how: Reading, *, sheets: bool = True, seconds: float = LONGEST_SECONDS) -> Sweep:
    """Decode what `how` says, and leave the sheets in the workspace.

    What decodes of a damaged file counts. Raises OverLimit, ToolsMissing or MediaStopped; Unreadable when nothing of
    everything decodes.
    """
    # A size that changes on the way is scaled; anew begun filters would lose what they hold.
    read = source(work.allowance, **how.options, reinit_filter=0)["V:0"]
    outputs = [_looks(read, plan)]
    if sheets:
        outputs.append(_sheets(read, plan, work.known()))
    if how.only_keyframes:
        outputs.append(_times(read))
    grey, times = work.workspace / _LOOKS, work.workspace / _TIMES
    failed: Unreadable | None = None
    if sheets:
        # An earlier pass, with another plan, may have left more of them than this one makes.
        remove_sheets(work)
    with removed(grey, times):
        try:
            run = arguments(ffmpeg.merge_outputs(*outputs))
            work.ffmpeg(run, limits(work, seconds), seconds=plan.count * plan.interval_seconds, share=(0, 0.9))
        except Unreadable as error:
            failed = error
        seen = looks.looks(grey.read_bytes()) if grey.exists() else []
        if not seen and not how.only_keyframes:
            raise failed or Unreadable("Nothing of this file's picture could be decoded.")
        return Sweep(plan, how, seen, _read_times(times))


def limits(work: Work, seconds: float = LONGEST_SECONDS) -> Limits:
    """Decoding and scaling have their threads each; no run of these makes more than some sheets."""
    cpu = seconds * (2 * work.allowance.threads + 1)
    return Limits(seconds, cpu, work.allowance.memory_bytes, _OUTPUT_BYTES)


def remove_sheets(work: Work) -> None:
    for sheet in work.workspace.glob(_SHEETS.replace("%d", "*")):
        sheet.unlink()


def shrunk(facts: Facts, size: Size) -> str:
    """Filters that make a frame this size, in the colours of usual screens and with JPEG's own way of storing them."""
    tone_map = TONE_MAP if facts.hdr else ()
    jpeg = {"out_color_matrix": "bt601", "out_range": "pc"}
    return as_text([("scale", {"w": size.width, "h": size.height}), *tone_map, ("scale", jpeg), ("setsar", {"sar": 1})])


@contextmanager
def removed(*paths: Path) -> Iterator[None]:
    """The workspace is what is published: what was only for us goes, however this is left."""
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def _at_intervals(plan: Plan) -> str:
    # Rounded to the nearest: tile n shows the last frame before the middle of its interval. The trim is for files in
    # which one time stamp jumps far ahead.
    return f"fps=fps=1000/{plan.interval_ms}:start_time=0:round=near,trim=end_frame={plan.count}"


def _sheets(read: Any, plan: Plan, facts: Facts) -> Any:
    cells = plan.columns * plan.rows
    # Chains of their own behind `-vf`, not branches of one graph: ffmpeg reads everything for a graph, discard or not.
    graph = (
        f"{_at_intervals(plan)},{shrunk(facts, plan.tile)},"
        f"tpad=stop_mode=clone:stop={cells * plan.sheets},tile={plan.columns}x{plan.rows}"
    )
    return read.output(
        _SHEETS, vf=graph, **{"frames:v": plan.sheets, "start_number": 0, "q:v": _SHEET_QUALITY, "f": "image2"}
    )


def _looks(read: Any, plan: Plan) -> Any:
    return read.output(_LOOKS, vf=f"{_at_intervals(plan)},{GREY}", f="rawvideo")


def _times(read: Any) -> Any:
    """A line for each frame, by the muxer that writes little else; four pixels are enough for it."""
    return read.output(_TIMES, vf="crop=2:2:0:0,format=gray", f="framemd5")


def _read_times(path: Path) -> list[float]:
    times, base = [], 0.0
    for line in path.read_text().splitlines() if path.exists() else []:
        with suppress(ValueError, IndexError, ZeroDivisionError):
            if line.startswith("#tb 0:"):
                top, _, bottom = line.partition(":")[2].partition("/")
                base = int(top) / int(bottom)
            elif not line.startswith("#"):
                times.append(int(line.split(",")[2]) * base)
    return sorted(times)
