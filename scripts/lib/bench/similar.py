"""How well copies are known again, what else is taken for one, and how long a search of a million hashes takes."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from backend.catalog.fingerprints import HASH_BYTES, Hashed
from backend.confine import Confinement
from backend.likeness.index import Rows
from backend.likeness.matching import Prints, bits_apart, match
from backend.media.facts import Facts
from backend.media.fingerprint import fingerprint
from backend.media.pictures import pictures
from backend.media.probe import probe
from backend.media.work import Allowance, Work
from scripts.lib.bench.measure import MEMORY_DISK, Result
from tests.services.moving_pictures import film

_SECONDS = 16
_ENCODED = ("-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-an")
_LAVFI = "s=320x180:r=10"
_DRAWN = (
    f"testsrc2={_LAVFI}", f"mandelbrot={_LAVFI}", f"sierpinski={_LAVFI}:seed=3", f"cellauto={_LAVFI}:seed=9:rule=110",
    "life=s=32x18:r=10:seed=5:mold=10,scale=320:180",
    "life=s=32x18:r=10:seed=6:mold=10,scale=320:180",
)  # fmt: skip
_CHANGES: dict[str, tuple[str, ...]] = {
    "encoded anew at a very low bitrate": ("-crf", "40"),
    "scaled to a quarter": ("-vf", "scale=160:90"),
    "MPEG-4 in place of H.264": ("-c:v", "mpeg4", "-q:v", "12"),
    "another frame rate": ("-r", "6"),
    "brighter, with more contrast": ("-vf", "eq=brightness=0.12:contrast=1.2"),
    "without colours": ("-vf", "hue=s=0"),
    "cropped to 97 % of width and height": ("-vf", "crop=iw*0.97:ih*0.97"),
    "cropped to 95 %": ("-vf", "crop=iw*0.95:ih*0.95"),
    "cropped to 90 %": ("-vf", "crop=iw*0.9:ih*0.9"),
    "letterboxed": ("-vf", "pad=iw:ih*4/3:0:(oh-ih)/2"),
    "a logo over 2 % of it": ("-vf", "drawbox=x=12:y=12:w=48:h=24:color=white:t=fill"),
    "trimmed to 6 s from 3.3 s on": ("-ss", "3.3", "-t", "6"),
    "mirrored": ("-vf", "hflip"),
}
_INSIDE = "as a clip inside a longer video"
_ROWS = 1_000_000
_MINUTE, _HOUR = 120, 3600


@dataclass
class Found:
    """One kind of change: how much of each copy was found in its original, and what else was."""

    shares: list[float] = field(default_factory=list)
    wrong: int = 0
    compared: int = 0

    @property
    def row(self) -> str:
        known, middle = sum(share > 0 for share in self.shares), 100 * statistics.median(self.shares)
        return f"{known} of {len(self.shares)} | {middle:.0f} % | {self.wrong} of {self.compared}"


def similar(films: int, rounds: int) -> Result:
    result = Result(
        f"What looks alike: {films + len(_DRAWN)} videos of {_SECONDS} s in {len(_CHANGES) + 1} changes", ""
    )
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=MEMORY_DISK) as place:
        folder = Path(place)
        originals = list(_originals(folder, films))
        prints = [_prints(path, folder) for path in originals]
        told = {name: _judged(prints, list(_changed(originals, folder, *how))) for name, how in _CHANGES.items()}
        told[_INSIDE] = _judged(prints, list(_inside(originals, folder)))
        among = Found()
        least = _compare_all(prints, among)
        cpu = _processor_seconds(folder)
    searched = _search(rounds)
    result.table = (
        "| copy | known again | of the copy, median | told of others |",
        "|---|---|---|---|",
        *(f"| {name} | {found.row} |" for name, found in told.items()),
        "",
        f"Of the {among.compared} pairs of originals {among.wrong} were told; nearest frames differ in {least} bits.",
        "",
        f"| search of {_ROWS:,} frames in memory | milliseconds, median | processor |",
        "|---|---|---|",
        *(f"| {name} | {wall:,.1f} | {used:,.1f} |" for name, (wall, used) in searched.items()),
    )
    result.note = (
        f"a minute of 720p30 takes {cpu['fingerprint']:.1f} s of processor time to fingerprint and "
        f"{cpu['pictures']:.1f} s for its pictures"
    )
    return result


def _originals(folder: Path, films: int) -> Iterator[Path]:
    for seed in range(films):
        yield film(folder / f"film-{seed}.mp4", *range(10 * seed, 10 * seed + 4), seconds=_SECONDS / 4)
    for number, source in enumerate(_DRAWN):
        path = folder / f"drawn-{number}.mp4"
        _ffmpeg("-f", "lavfi", "-i", source, "-t", _SECONDS, *_ENCODED, path)
        yield path


def _changed(originals: list[Path], folder: Path, *how: str) -> Iterator[Prints]:
    for original in originals:
        path = folder / "changed.mp4"
        _ffmpeg("-i", original, *_ENCODED, *how, path)
        yield _prints(path, folder)


def _inside(originals: list[Path], folder: Path) -> Iterator[Prints]:
    """Eight seconds of each original between others of another video: what is measured is the clip's share."""
    around = film(folder / "around.mp4", 9001, 9002, 9003, seconds=8)
    for original in originals:
        path = folder / "inside.mp4"
        parts = "[1:v]scale=320:180,setsar=1,fps=10,format=yuv420p"
        graph = (
            f"[0:v]trim=0:12,setpts=PTS-STARTPTS,fps=10,setsar=1[a];{parts},trim=4:12,setpts=PTS-STARTPTS[b];"
            "[0:v]trim=12:24,setpts=PTS-STARTPTS,fps=10,setsar=1[c];[a][b][c]concat=n=3[v]"
        )
        _ffmpeg("-i", around, "-i", original, "-filter_complex", graph, "-map", "[v]", *_ENCODED, path)
        yield _prints(path, folder)


def _judged(originals: list[Prints], copies: list[Prints]) -> Found:
    found = Found()
    for number, copy in enumerate(copies):
        for other, original in enumerate(originals):
            matched = match(copy, original)
            if number == other:
                found.shares.append(matched.share_of_this if matched.worth_telling else 0.0)
            else:
                found.compared += 1
                found.wrong += bool(matched.ranges) and matched.worth_telling
    return found


def _compare_all(prints: list[Prints], found: Found) -> int:
    least = 256
    for number, one in enumerate(prints):
        for other in prints[:number]:
            matched = match(one, other)
            found.compared += 1
            found.wrong += bool(matched.ranges) and matched.worth_telling
            apart = bits_apart(one.words[one.seen][:, None], other.words[other.seen][None])
            least = min(least, int(apart.min(initial=256)))
    return least


def _search(rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds by the clock and of the processor: frames asked for, of which a tenth are near to some."""
    chance = np.random.default_rng(1)
    rows, each = Rows(), 1000
    for number in range(_ROWS // each):
        rows.add(Hashed(str(number), 0.5, chance.bytes(each * HASH_BYTES), b"\x64" * each))
    taken: dict[str, tuple[float, float]] = {}
    for name, count in (("one frame", 1), ("a video of a minute", _MINUTE), ("a video of an hour", _HOUR)):
        figures = []
        for _ in range(rounds if count < _HOUR else 1):
            asked = np.frombuffer(chance.bytes(count * HASH_BYTES), np.uint64).reshape(-1, 4)
            wall, used = time.perf_counter(), time.process_time()
            rows.near(asked, lambda: False)
            figures.append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - used)))
        taken[name] = statistics.median(f[0] for f in figures), statistics.median(f[1] for f in figures)
    return taken


def _processor_seconds(folder: Path) -> dict[str, float]:
    """Of both jobs on one minute of 720p30, with all that they start."""
    video = folder / "minute.mp4"
    _ffmpeg("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=10", *_ENCODED, "-b:v", "3M", "-g", 60, folder / "ten.mp4")
    _ffmpeg("-stream_loop", 5, "-i", folder / "ten.mp4", "-c", "copy", "-t", 60, video)
    makers: dict[str, Callable[[Work], object]] = {"fingerprint": fingerprint, "pictures": pictures}
    taken = {}
    for name, make in makers.items():
        # What runs in bubblewrap is not among the children whose time is known.
        work = replace(_work(video, folder), tools=Confinement(bubblewrap=False))
        before = _used()
        make(work)
        taken[name] = _used() - before
    return taken


def _used() -> float:
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(one.ru_utime + one.ru_stime for one in both)


def _prints(path: Path, folder: Path) -> Prints:
    work = _work(path, folder)
    result = fingerprint(work)
    raw, cut = (work.workspace / result["file"]).read_bytes(), result["frames"] * HASH_BYTES
    return Prints.of(raw[:cut], raw[cut:], result["interval_seconds"])


def _work(path: Path, folder: Path) -> Work:
    allowance = Allowance(threads=2, memory_bytes=2 * 1024**3, longest_seconds=600)
    workspace = Path(tempfile.mkdtemp(dir=folder))
    work = Work(path, workspace, _TOOLS, allowance, "", None, lambda _: None, lambda: False)
    return replace(work, facts=Facts.from_json(probe(work)))


def _ffmpeg(*arguments: object) -> None:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(os.fspath, map(str, arguments))]
    subprocess.run(command, check=True)


_TOOLS = Confinement()
