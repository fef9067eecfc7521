"""Films of a second or two, what is told of them as the worker tells it, and what ffmpeg says is in them."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

START = datetime(2024, 3, 5, 10, 20, 30, 250_000, tzinfo=UTC)
_QUICK = ["-pix_fmt", "yuv420p", "-preset", "ultrafast"]
PLAIN = [*_QUICK, "-g", "10", "-bf", "0"]
REORDERED = [*_QUICK, "-g", "10", "-bf", "2", "-x264-params", "b-adapt=0"]


@dataclass(frozen=True)
class Told:
    """What `backend.offers.offering.Recorded` asks."""

    path: Path
    video_id: str = "0a1b"
    original_filename: str = "yard.mp4"
    camera_id: str = ""
    start_at: datetime | None = START
    end_at: datetime | None = None
    sha256: str = ""

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size


def film(path: Path, *options: str, picture: str = "testsrc2=s=96x64:r=10:d=2", sound: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    inputs = [word for source in (picture, sound) if source for word in ("-f", "lavfi", "-i", source)]
    command = ["ffmpeg", "-v", "error", "-y", *inputs, *(options or PLAIN), str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


@lru_cache
def _bytes_of(options: tuple[str, ...]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return film(Path(folder) / "film.mp4", *options).read_bytes()


def kept_film(path: Path, *options: str) -> Path:
    """As `film`, an MP4 that is made once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_bytes_of(options))
    return path


def copied(source: Path, path: Path, *options: str, before: tuple[str, ...] = ()) -> Path:
    """The same streams in another file."""
    command = ["ffmpeg", "-v", "error", "-y", *before, "-i", str(source), "-c", "copy", *options, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


def times(path: Path) -> list[Fraction]:
    """Of each picture as it is shown, in seconds, exactly; from the container's own beginning."""
    entries = ["-show_entries", "frame=best_effort_timestamp:stream=time_base:format=start_time"]
    command = ["ffprobe", "-v", "error", "-select_streams", "V:0", *entries, "-of", "json", str(path)]
    told = json.loads(subprocess.run(command, check=True, timeout=60, capture_output=True).stdout)
    tick = Fraction(told["streams"][0]["time_base"])
    begins = Fraction(told["format"]["start_time"])
    return [one["best_effort_timestamp"] * tick - begins for one in told["frames"]]


def instants(path: Path, start: datetime = START) -> list[datetime]:
    return [start + timedelta(microseconds=round(one * 1_000_000)) for one in times(path)]


def near(got: list[datetime], wanted: list[datetime], within: timedelta = timedelta(microseconds=1)) -> bool:
    return len(got) == len(wanted) and all(abs(one - other) <= within for one, other in zip(got, wanted, strict=True))


def decoded(path: Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough", "-f", "md5", "-"]
    return subprocess.run(command, check=True, timeout=60, capture_output=True).stdout
