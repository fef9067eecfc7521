"""Footage of cameras whose every frame carries, as blocks of light, the instant at which it was recorded.

A frame is read by its light, wherever and however large it is shown: so a test can tell of a result which instants are
in it, how often, and in which order.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.catalog.gaps import Stretch
from backend.exports.wish import Recording
from tests.services.made_once import made_once
from tests.services.process import find_program

# Of all footage; instants are told in milliseconds after it.
ZERO = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
CAMERA = "11111111-1111-4111-8111-111111111111"
WIDTH, HEIGHT = 160, 96
_COLUMNS, _ROWS = 8, 4
_BITS = 24
_LIGHT, _DARK, _MIDDLE = 220, 30, 125
Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class Shot:
    """How a segment is recorded."""

    fps: float = 10
    size: tuple[int, int] = (WIDTH, HEIGHT)
    codec: str = "libx264"
    gop: int = 10
    bframes: int = 0
    audio: bool = False
    extra: tuple[str, ...] = ()


_USUAL = Shot()


def at(seconds: float) -> datetime:
    return ZERO + timedelta(milliseconds=round(seconds * 1000))


def between(start: float, end: float) -> Stretch:
    return Stretch(at(start), at(end))


def stamp(milliseconds: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Grey:
    """A frame that carries this number and, in its last eight blocks, a check of it."""
    check = _check(milliseconds)
    bits = [milliseconds >> bit & 1 for bit in range(_BITS)] + [check >> bit & 1 for bit in range(8)]
    blocks = np.array(bits, np.uint8).reshape(_ROWS, _COLUMNS) * (_LIGHT - _DARK) + _DARK
    width, height = size
    return np.kron(blocks, np.ones((height // _ROWS, width // _COLUMNS), np.uint8)).astype(np.uint8)


def read(frame: Grey) -> int | None:
    """What is stamped on it; None when it is nothing that can be relied on."""
    height, width = frame.shape
    tall, wide = height / _ROWS, width / _COLUMNS
    bits = []
    for row in range(_ROWS):
        for column in range(_COLUMNS):
            block = frame[
                round((row + 0.3) * tall) : round((row + 0.7) * tall),
                round((column + 0.3) * wide) : round((column + 0.7) * wide),
            ]
            bits.append(int(block.mean() > _MIDDLE))
    number = sum(bit << place for place, bit in enumerate(bits[:_BITS]))
    check = sum(bit << place for place, bit in enumerate(bits[_BITS:]))
    return number if check == _check(number) else None


def _check(number: int) -> int:
    # Neither black nor white is a stamp.
    return sum(number >> shift & 0xFF for shift in (0, 8, 16)) + 0x5A & 0xFF


def record(path: Path, start: float, end: float, shot: Shot = _USUAL, *, without: Sequence[float] = ()) -> Path:
    """A segment from `start` to `end`, in seconds after ZERO; `without`: the frames at these seconds are left out."""
    words = start, end, shot, tuple(without)
    return made_once(path, words, lambda: _record(path, start, end, shot, without))


def _record(path: Path, start: float, end: float, shot: Shot, without: Sequence[float]) -> None:
    count = round((end - start) * shot.fps)
    instants = [start + number / shot.fps for number in range(count)]
    frames = b"".join(stamp(round(instant * 1000), shot.size).tobytes() for instant in instants)
    width, height = shot.size
    command = [find_program("ffmpeg", package="ffmpeg"), "-hide_banner", "-loglevel", "error", "-y"]
    command += ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-r", str(shot.fps), "-i", "-"]
    if shot.audio:
        command += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={end - start}"]
    if without:
        kept = "*".join(f"not(between(t,{skip - start - 0.001},{skip - start + 0.001}))" for skip in without)
        command += ["-vf", f"select='{kept}'", "-fps_mode", "passthrough"]
    command += ["-c:v", shot.codec, "-pix_fmt", "yuv420p", "-g", str(shot.gop), "-bf", str(shot.bframes)]
    command += ["-threads", "1", *_quick(shot), *(["-c:a", "aac", "-b:a", "64k"] if shot.audio else []), *shot.extra]
    subprocess.run([*command, str(path)], input=frames, check=True, timeout=60)


def _quick(shot: Shot) -> list[str]:
    if shot.codec == "libx264":
        return ["-preset", "veryfast", "-x264-params", f"scenecut=0:keyint={shot.gop}:min-keyint={shot.gop}"]
    if shot.codec == "libx265":
        return ["-preset", "ultrafast", "-x265-params", f"log-level=error:keyint={shot.gop}:bframes={shot.bframes}"]
    return []


def recording(path: Path | None, start: float, end: float, *, name: str = "", camera_id: str = CAMERA) -> Recording:
    """As its row has it."""
    size = path.stat().st_size if path else 0
    called = name or (path.name if path else "gone.mp4")
    return Recording(called, camera_id, between(start, end), path, called, "", size)


@dataclass(frozen=True)
class Film:
    """What a result shows: (seconds after its beginning, seconds after ZERO or None) of each frame, in order."""

    frames: list[tuple[float, float | None]]
    stored: int  # packets of its picture
    seconds: float
    streams: list[dict[str, object]]
    chapters: list[tuple[float, float, str]]

    def instants(self) -> list[float]:
        """Stamps, without frames that carry none."""
        return [round(instant, 3) for _, instant in self.frames if instant is not None]

    def has_sound(self) -> bool:
        return any(stream["codec_type"] == "audio" for stream in self.streams)


def watch(path: Path, *, crop: str = "") -> Film:
    """Decode all of it. `crop`: only this part of the picture (width:height:left:top)."""
    told = _told(path)
    picture = next(stream for stream in told["streams"] if stream["codec_type"] == "video")
    width, height = (map(int, crop.split(":")[:2])) if crop else (picture["width"], picture["height"])
    shown = subprocess.run(
        [find_program("ffmpeg", package="ffmpeg"), "-hide_banner", "-loglevel", "error", "-i", str(path),
         "-map", "0:v:0", *(["-vf", f"crop={crop}"] if crop else []),
         "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert shown.stderr == b"", shown.stderr.decode()
    frames = np.frombuffer(shown.stdout, np.uint8).reshape(-1, height, width)
    times = [float(frame["best_effort_timestamp_time"]) for frame in told["frames"]]
    assert len(times) == len(frames)
    stamps = [read(frame) for frame in frames]
    return Film(
        frames=[(time, None if number is None else number / 1000) for time, number in zip(times, stamps, strict=True)],
        stored=int(picture["nb_read_packets"]),
        seconds=float(told["format"]["duration"]),
        streams=told["streams"],
        chapters=[(float(one["start_time"]), float(one["end_time"]), one["tags"]["title"]) for one in told["chapters"]],
    )


def _told(path: Path) -> dict[str, Any]:
    command = [find_program("ffprobe", package="ffmpeg"), "-v", "error", "-print_format", "json", "-show_format",
               "-show_streams", "-show_chapters", "-count_packets"]  # fmt: skip
    told: dict[str, Any] = json.loads(subprocess.run([*command, str(path)], capture_output=True, check=True).stdout)
    times = ["-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time", str(path)]
    shown = subprocess.run([*command[:5], *times], capture_output=True, check=True, timeout=60)
    return told | {"frames": json.loads(shown.stdout)["frames"]}


def loudness(path: Path, start: float, end: float) -> float:
    """How loud it is between two seconds: 0 for silence, about 0.06 for the tone of `record`."""
    heard = subprocess.run(
        [find_program("ffmpeg", package="ffmpeg"), "-hide_banner", "-loglevel", "error", "-i", str(path),
         "-map", "0:a:0", "-af", f"atrim={start}:{end}", "-f", "f32le", "-ac", "1", "-"],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    samples = np.frombuffer(heard.stdout, np.float32)
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
