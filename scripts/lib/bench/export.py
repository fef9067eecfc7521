"""An export by stream copy: ours, confined, proved and hashed, against the single ffmpeg commands that only copy.

Ours runs at the low priority that all media work has: only a machine that is quiet otherwise compares them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from backend.catalog.gaps import Stretch
from backend.confine import Confinement
from backend.exports.making import Allowance, ExportWork, make
from backend.exports.sources import describe, list_frames
from backend.exports.wish import Recording, Wish
from scripts.lib.bench.measure import MEMORY_DISK, Result

_CLIP_SECONDS = 20
_SEGMENTS = 6
_CAMERA = "11111111-1111-4111-8111-111111111111"
# One for all rounds, as a worker has one: it finds out once how far this machine can confine.
_TOOLS = Confinement()
_BEGIN = datetime(2026, 11, 21, 10, tzinfo=UTC)
_OURS = "Holdfast, confined, every frame's time checked, SHA-256"
_PLAIN = "`ffmpeg -f concat -i list -c copy`"
_FASTER = "`ffmpeg -f concat -auto_convert 0 -i list -c copy`"


def export(seconds: int, rounds: int) -> Result:
    """Milliseconds until the file of `seconds` is there."""
    title = f"Export by stream copy of {seconds // 60} minutes of 1080p (H.264, AAC) in {_SEGMENTS} segments"
    result = Result(title, "ms")
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=MEMORY_DISK) as place:
        folder = Path(place)
        clip = _clip(folder)
        result.figures = _measured(folder, clip, "mp4", seconds, rounds)
        streams = _measured(folder, clip, "ts", seconds, rounds)
    middle = {name: statistics.median(figures) for name, figures in streams.items()}
    best = min(middle[_PLAIN], middle[_FASTER])
    result.note = (
        f"{_TOOLS.describe()} The others run free, check nothing and hash nothing. From transport streams: "
        f"{middle[_OURS]:.0f} ms, {middle[_OURS] / best:.2f} × the better of the two"
    )
    return result


def _measured(folder: Path, clip: Path, extension: str, seconds: int, rounds: int) -> dict[str, list[float]]:
    segments = _segments(folder, clip, extension, seconds // _SEGMENTS)
    ways: dict[str, Callable[[Path], None]] = {
        _OURS: lambda into: _ours(segments, into),
        _PLAIN: lambda into: _single(segments, into, []),
        _FASTER: lambda into: _single(segments, into, ["-auto_convert", "0"]),
    }
    figures: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        for name, run in ways.items():
            with tempfile.TemporaryDirectory(dir=folder) as into:
                started = time.perf_counter()
                run(Path(into))
                took = time.perf_counter() - started
            if number:  # the first round warms up
                figures.setdefault(name, []).append(1000 * took)
    for path in segments:
        path.unlink()
    return figures


def _clip(folder: Path) -> Path:
    """A moving, noisy picture with B-frames, and a tone."""
    clip = folder / "clip.mp4"
    _ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=1920x1080:r=25:d={_CLIP_SECONDS}", "-f", "lavfi", "-i",
            f"sine=r=48000:d={_CLIP_SECONDS}", "-vf", "noise=alls=10:allf=t,hue=h=18*t", "-c:v", "libx264",
            "-preset", "superfast", "-bf", "3", "-b:v", "6M", "-g", "50", "-sc_threshold", "0", "-pix_fmt", "yuv420p",
            "-c:a", "aac", clip)  # fmt: skip
    return clip


def _segments(folder: Path, clip: Path, extension: str, seconds: int) -> list[Path]:
    """As many names of one file: what is read lies in memory either way."""
    first = folder / f"segment-0.{extension}"
    _ffmpeg("-stream_loop", seconds // _CLIP_SECONDS, "-i", clip, "-c", "copy", "-t", seconds, first)
    others = [folder / f"segment-{number}.{extension}" for number in range(1, _SEGMENTS)]
    for path in others:
        path.hardlink_to(first)
    return [first, *others]


@cache
def _length(segment: Path) -> timedelta:
    """What a recorder would write down: as long as its frames last."""
    work = _work(segment.parent)
    listing = list_frames(segment, describe(segment, work), work)
    ticks = listing.runs[-1].end - listing.begin
    return timedelta(microseconds=round(ticks * listing.tick * 1_000_000))


def _work(workspace: Path) -> ExportWork:
    allowance = Allowance(threads=2, memory_bytes=2 * 1024**3, longest_seconds=600)
    return ExportWork(workspace, _TOOLS, allowance, lambda *_: None, lambda: False)


def _ours(segments: list[Path], into: Path) -> None:
    each, recordings = _length(segments[0]), []
    for number, path in enumerate(segments):
        bounds = Stretch(_BEGIN + number * each, _BEGIN + (number + 1) * each)
        size = path.stat().st_size
        recordings.append(Recording(str(number), _CAMERA, bounds, path, path.name, "", size))
    made = make(Wish((_CAMERA,), Stretch(_BEGIN, _BEGIN + _SEGMENTS * each)), recordings, _work(into))
    assert made.files[0].sha256
    assert not made.cameras[0].encoded, made.cameras[0].why_encoded
    assert not made.cameras[0].gaps


def _single(segments: list[Path], into: Path, options: list[str]) -> None:
    (into / "list").write_text("ffconcat version 1.0\n" + "".join(f"file '{path}'\n" for path in segments))
    _ffmpeg("-f", "concat", "-safe", "0", *options, "-i", into / "list", "-c", "copy", into / "a.mp4")


def _ffmpeg(*words: object) -> None:
    # As ours runs: what steps back for others is not compared with what does not.
    command = ["nice", "-n", "10", "ffmpeg", "-nostdin", "-loglevel", "error", "-y", *map(str, words)]
    subprocess.run(command, check=True, env={**os.environ, "LC_ALL": "C"})
