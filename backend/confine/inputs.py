"""What a run may read, by the tokens that stand for it in the arguments, and how each is told to ffmpeg.

Files are given by the caller. The other kinds are texts and pixels that only this door writes, in its own folder: a
list of files that follow each other, chapters, and a picture of raw pixels. Lists before each input hold for them too,
and again for each file that a list names, so that a playlist dressed as a video still reads nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.confine.allowed import DEMUXERS

# Behind each `-i` stands a token: this one, or it with words behind it (SOURCE0, SOURCE_WORDS).
SOURCE = "SOURCE"
_TOKEN = re.compile(r"SOURCE[A-Z0-9_]*")
_MILLION = 1_000_000


@dataclass(frozen=True)
class Follower:
    """A file in a list. `inpoint_us` is on the file's own clock: it is read from the keyframe before that, and that
    instant is put where the file's turn begins. It is read up to `outpoint_us`, on the same clock. The next one's turn
    is `duration_us` after its own."""

    path: Path
    inpoint_us: int | None = None
    outpoint_us: int | None = None
    duration_us: int | None = None


@dataclass(frozen=True)
class Following:
    """Files that follow each other, read as one. `converts`: H.264 is brought into the form that needs no header."""

    files: tuple[Follower, ...]
    converts: bool = True


@dataclass(frozen=True)
class Chapter:
    start_us: int
    end_us: int
    title: str


@dataclass(frozen=True)
class Chapters:
    """To be taken over with `-map_chapters` and `-map_metadata`; holds neither picture nor sound."""

    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class Picture:
    """One grey picture, a byte for each pixel, as one frame of a video of one frame a second."""

    width: int
    height: int
    pixels: bytes


Input = Path | Following | Chapters | Picture
Inputs = Mapping[str, Input]


def is_token(word: str) -> bool:
    return _TOKEN.fullmatch(word) is not None


def files_of(inputs: Inputs) -> list[Path]:
    """Every file that is read, each once, in order."""
    found: dict[Path, None] = {}
    for given in inputs.values():
        if isinstance(given, Path):
            found[given] = None
        elif isinstance(given, Following):
            found.update(dict.fromkeys(one.path for one in given.files))
    return list(found)


def before(given: Input) -> Sequence[str]:
    """What stands before `-i`."""
    if isinstance(given, Path):
        return _lists(DEMUXERS)
    if isinstance(given, Following):
        return [*_lists("concat"), "-f", "concat", "-safe", "0", "-auto_convert", str(int(given.converts))]
    if isinstance(given, Chapters):
        return [*_lists("ffmetadata"), "-f", "ffmetadata"]
    size = f"{given.width}x{given.height}"
    return [*_lists("rawvideo"), "-f", "rawvideo", "-pixel_format", "gray", "-video_size", size, "-framerate", "1"]


def content(given: Following | Chapters | Picture, names: Mapping[Path, str]) -> bytes:
    """What is in the file that the door writes; `names` are the paths by which ffmpeg finds the listed files."""
    if isinstance(given, Following):
        return _script(given, names).encode()
    return _metadata(given).encode() if isinstance(given, Chapters) else given.pixels


def _lists(formats: str) -> list[str]:
    return ["-format_whitelist", formats, "-protocol_whitelist", "file"]


def _script(given: Following, names: Mapping[Path, str]) -> str:
    # https://ffmpeg.org/ffmpeg-formats.html#concat-1: a list hands its own white lists on, so each file gets others.
    lines = ["ffconcat version 1.0"]
    for one in given.files:
        lines.append(f"file {_quoted(f'file:{names[one.path]}')}")
        lines.append(f"option format_whitelist {DEMUXERS}")
        lines.append("option protocol_whitelist file")
        if one.inpoint_us is not None:
            lines.append(f"inpoint {_seconds(one.inpoint_us)}")
        if one.outpoint_us is not None:
            lines.append(f"outpoint {_seconds(one.outpoint_us)}")
        if one.duration_us is not None:
            lines.append(f"duration {_seconds(one.duration_us)}")
    return "\n".join([*lines, ""])


def _quoted(name: str) -> str:
    if "\n" in name or "\r" in name:
        raise ValueError(f"a line's end in {name!r}")
    return "'" + name.replace("'", "'\\''") + "'"


def _seconds(microseconds: int) -> str:
    sign, amount = "-" if microseconds < 0 else "", abs(microseconds)
    return f"{sign}{amount // _MILLION}.{amount % _MILLION:06}"


def _metadata(given: Chapters) -> str:
    # https://ffmpeg.org/ffmpeg-formats.html#Metadata-2
    lines = [";FFMETADATA1"]
    for one in given.chapters:
        title = re.sub(r"([=;#\\\n])", r"\\\1", one.title)
        lines += ["[CHAPTER]", f"TIMEBASE=1/{_MILLION}", f"START={one.start_us}", f"END={one.end_us}", f"title={title}"]
    return "\n".join([*lines, ""])
