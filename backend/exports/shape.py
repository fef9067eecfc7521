"""What the picture and the sound of a file are like, and whether files are alike enough to be copied as one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backend.errors import Unreadable
from backend.exports.wish import Format

# What players expect in each, not all that ffmpeg would write.
_PICTURES: dict[Format, frozenset[str]] = {
    "mp4": frozenset({"h264", "hevc", "av1", "vp9", "mpeg4"}),
    "mkv": frozenset({"h264", "hevc", "av1", "vp9", "vp8", "mpeg4", "mjpeg", "mpeg2video"}),
}
_SOUNDS: dict[Format, frozenset[str]] = {
    "mp4": frozenset({"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"}),
    "mkv": frozenset(
        {"aac", "mp3", "mp2", "ac3", "eac3", "opus", "flac", "alac", "vorbis", "pcm_s16le", "pcm_mulaw", "pcm_alaw"}
    ),
}


@dataclass(frozen=True)
class Picture:
    """Of a stream of pictures, as ffprobe tells it. What it does not tell is "" or 0."""

    index: int
    codec: str
    profile: str
    width: int
    height: int
    pixels: str
    time_base: Fraction
    extradata: str  # a digest
    aspect: str
    rotation: int
    colour: tuple[str, str, str, str]  # range, matrix, transfer, primaries
    fields: str
    frame_seconds: Fraction  # from one frame to the next, as told
    told_frames: int  # by an index; 0 where there is none


@dataclass(frozen=True)
class Sound:
    index: int
    codec: str
    profile: str
    rate: int
    channels: int
    time_base: Fraction
    extradata: str


@dataclass(frozen=True)
class Shape:
    container: str
    begin_seconds: float  # of the whole file, on its own clock
    picture: Picture
    sound: Sound | None


def read(printed: bytes) -> Shape:
    """From ffprobe's JSON. Raises Unreadable when there is no moving picture."""
    found = json.loads(printed)
    streams = [stream for stream in found.get("streams", []) if isinstance(stream, dict)]
    pictures = [stream for stream in streams if _is_picture(stream)]
    if not pictures:
        raise Unreadable("There is no moving picture in it.")
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio" and _number(stream, "channels")]
    whole = found.get("format", {})
    return Shape(
        container=str(whole.get("format_name", "")),
        begin_seconds=_seconds(whole.get("start_time")),
        picture=_picture(pictures[0]),
        sound=_sound(sounds[0]) if sounds else None,
    )


def why_not_copied(shapes: Sequence[Shape], format_: Format) -> str:
    """Why these cannot be copied one behind the other into one file, in words; "" when they can."""
    first = shapes[0]
    if first.picture.codec not in _PICTURES[format_]:
        return f"{first.picture.codec} is not put into {format_}."
    if first.sound is not None and first.sound.codec not in _SOUNDS[format_]:
        return f"Sound as {first.sound.codec} is not put into {format_}."
    for other in shapes[1:]:
        if words := _difference(first, other):
            return f"The recordings differ: {words}."
    return ""


def _difference(one: Shape, other: Shape) -> str:
    if (one.sound is None) != (other.sound is None):
        return "some have sound and some have none"
    for name, before, after in _told(one, other):
        if before != after:
            return f"{name} ({before or 'not told'} and {after or 'not told'})"
    same_header = one.picture.extradata == other.picture.extradata
    if not same_header or (one.sound and other.sound and one.sound.extradata != other.sound.extradata):
        return "how they were encoded"
    return ""


def _told(one: Shape, other: Shape) -> list[tuple[str, object, object]]:
    pairs: list[tuple[str, object, object]] = [("the kind of file", one.container, other.container)]
    names = {
        "codec": "the codec", "profile": "the profile", "size": "the size of the picture", "pixels": "the pixels",
        "aspect": "the shape of the pixels", "rotation": "how it is turned", "time_base": "the clock",
        "index": "the order of picture and sound",
    }  # fmt: skip
    before, after = one.picture, other.picture
    for field, name in names.items():
        if field == "size":
            pairs.append((name, f"{before.width}×{before.height}", f"{after.width}×{after.height}"))
        else:
            pairs.append((name, getattr(before, field), getattr(after, field)))
    if one.sound and other.sound:
        first, second = one.sound, other.sound
        fields = ("codec", "profile", "rate", "channels", "time_base", "index")
        pairs += [(f"the sound's {field}", getattr(first, field), getattr(second, field)) for field in fields]
    return pairs


def _is_picture(stream: dict[str, Any]) -> bool:
    still = stream.get("disposition", {}).get("attached_pic")
    known = bool(stream.get("codec_name")) and _number(stream, "width") and _number(stream, "height")
    return stream.get("codec_type") == "video" and not still and bool(known)


def _picture(stream: dict[str, Any]) -> Picture:
    rate = _fraction(stream.get("avg_frame_rate")) or _fraction(stream.get("r_frame_rate"))
    return Picture(
        index=_number(stream, "index"),
        codec=str(stream.get("codec_name", "")),
        profile=str(stream.get("profile", "")),
        width=_number(stream, "width"),
        height=_number(stream, "height"),
        pixels=str(stream.get("pix_fmt", "")),
        time_base=_time_base(stream),
        extradata=str(stream.get("extradata_hash", "")),
        aspect=_aspect(stream),
        rotation=_rotation(stream),
        colour=tuple(_colour(stream, name) for name in ("range", "space", "transfer", "primaries")),  # type: ignore[arg-type]  # four of them
        fields=str(stream.get("field_order", "")),
        frame_seconds=1 / rate if rate else Fraction(1, 25),
        told_frames=_number(stream, "nb_frames"),
    )


def _sound(stream: dict[str, Any]) -> Sound:
    return Sound(
        index=_number(stream, "index"),
        codec=str(stream.get("codec_name", "")),
        profile=str(stream.get("profile", "")),
        rate=_number(stream, "sample_rate"),
        channels=_number(stream, "channels"),
        time_base=_time_base(stream),
        extradata=str(stream.get("extradata_hash", "")),
    )


def _colour(stream: dict[str, Any], name: str) -> str:
    told = str(stream.get("color_range" if name == "range" else f"color_{name}", ""))
    return "" if told in ("unknown", "reserved") else told


def _aspect(stream: dict[str, Any]) -> str:
    told = str(stream.get("sample_aspect_ratio", ""))
    return "" if told in ("0:1", "1:1", "N/A") else told


def _rotation(stream: dict[str, Any]) -> int:
    for side in stream.get("side_data_list", []):
        if isinstance(side, dict) and "rotation" in side:
            return round(float(side["rotation"])) % 360
    return 0


def _time_base(stream: dict[str, Any]) -> Fraction:
    return _fraction(stream.get("time_base")) or Fraction(1, 90_000)


def _fraction(told: object) -> Fraction:
    try:
        return max(Fraction(0), Fraction(str(told)))
    except (ValueError, ZeroDivisionError):
        return Fraction(0)


def _number(stream: dict[str, Any], name: str) -> int:
    told = str(stream.get(name, ""))
    return int(told) if told.isdecimal() and len(told) < 16 else 0


def _seconds(told: object) -> float:
    try:
        return float(str(told))
    except ValueError:
        return 0.0
