"""Thumbnail and storyboard of one video: ours, confined, against single ffmpeg commands that make both.

Ours runs at the low priority that all media work has: only a machine that is quiet otherwise compares them.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from backend.confine import Confinement
from backend.media.facts import Facts
from backend.media.pictures import pictures
from backend.media.probe import probe
from backend.media.work import Allowance, Work
from scripts.lib.bench.measure import MEMORY_DISK, Result

_CLIP_SECONDS = 20
_TILES = 100
# What nearly everybody writes: one graph.
_GRAPH = (
    "[0:v]fps=1/{interval},split[a][b];[a]scale=192:-2,tile=10x10[sheet];[b]scale=640:-2,thumbnail={tiles}[thumbnail]"
)


def media(seconds: int, rounds: int) -> Result:
    """Milliseconds until both pictures are there."""
    result = Result(f"Thumbnail and storyboard of {seconds // 60} minutes of 1080p (H.264, a keyframe every 2 s)", "ms")
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=MEMORY_DISK) as place:
        folder = Path(place)
        video = _video(folder, seconds)
        work = _work(video)
        ways: dict[str, Callable[[Path], None]] = {
            "Holdfast, confined": lambda into: _ours(work, into),
            "`ffmpeg -discard nokey -skip_frame nokey`, a chain for each picture": lambda into: _chains(
                video, seconds, into
            ),
            "`ffmpeg -skip_frame nokey`, one graph": lambda into: _graph(video, seconds, into),
        }
        for number in range(rounds + 1):
            for name, make in ways.items():
                with tempfile.TemporaryDirectory(dir=folder) as into:
                    started = time.perf_counter()
                    make(Path(into))
                    took = time.perf_counter() - started
                    assert len(list(Path(into).iterdir())) == 2, f"{name} did not make both"
                if number:  # the first round warms up
                    result.figures.setdefault(name, []).append(1000 * took)
        result.note = f"{work.tools.describe()} The others run free"
    return result


def _video(folder: Path, seconds: int) -> Path:
    """A moving, noisy picture with B-frames; a short clip is encoded, the rest is its copies."""
    clip, video = folder / "clip.mp4", folder / "video.mp4"
    moving = "noise=alls=10:allf=t,hue=h=18*t"
    _ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=1920x1080:r=25:d={_CLIP_SECONDS}", "-vf", moving, "-c:v", "libx264",
            "-preset", "superfast", "-bf", "3", "-b:v", "6M", "-g", "50", "-sc_threshold", "0", "-pix_fmt", "yuv420p",
            clip)  # fmt: skip
    _ffmpeg("-stream_loop", seconds // _CLIP_SECONDS, "-i", clip, "-c", "copy", "-t", seconds, video)
    clip.unlink()
    return video


def _work(video: Path) -> Work:
    allowance = Allowance(threads=2, memory_bytes=2 * 1024**3, longest_seconds=600)
    work = Work(video, video.parent, Confinement(), allowance, "", None, lambda _: None, lambda: False)
    return replace(work, facts=Facts.from_json(probe(work)))


def _ours(work: Work, into: Path) -> None:
    made = pictures(replace(work, workspace=into))
    assert made["storyboard"]["count"] == _TILES


def _chains(video: Path, seconds: int, into: Path) -> None:
    every = f"fps=1/{seconds / _TILES:g}"
    _ffmpeg("-discard", "nokey", "-skip_frame", "nokey", "-threads", 2, "-i", video,
            "-map", "0:v", "-vf", f"{every},scale=192:-2,tile=10x10", "-frames:v", 1, "-q:v", 4, into / "sheet.jpg",
            "-map", "0:v", "-vf", f"{every},scale=640:-2,thumbnail={_TILES}", "-frames:v", 1, "-q:v", 3,
            into / "thumbnail.jpg")  # fmt: skip


def _graph(video: Path, seconds: int, into: Path) -> None:
    graph = _GRAPH.format(interval=f"{seconds / _TILES:g}", tiles=_TILES)
    _ffmpeg("-skip_frame", "nokey", "-threads", 2, "-i", video, "-filter_complex", graph,
            "-map", "[sheet]", "-frames:v", 1, "-q:v", 4, into / "sheet.jpg",
            "-map", "[thumbnail]", "-frames:v", 1, "-q:v", 3, into / "thumbnail.jpg")  # fmt: skip


def _ffmpeg(*words: object) -> None:
    # As ours runs: what steps back for others is not compared with what does not.
    command = ["nice", "-n", "10", "ffmpeg", "-nostdin", "-loglevel", "error", "-y", *map(str, words)]
    subprocess.run(command, check=True, env={**os.environ, "LC_ALL": "C"})
