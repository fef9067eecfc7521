"""Looks at what was made before it is called made: right codec and size, and nothing of the length is missing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backend.confine import SOURCE, Limits
from backend.errors import OverLimit, Unreadable
from backend.media.encoding import Size
from backend.media.facts import Facts
from backend.media.work import Work

_SHOWN = (
    "stream=codec_type,codec_name,profile,level,width,height,start_time,duration,nb_frames"
    ":stream_tags=DURATION:stream_disposition=attached_pic:format=start_time,duration"
)
# Reads headers, and in formats without an index the two ends of the file.
_PROBE_SECONDS = 120
_PRINTED_BYTES = 4 * 1024**2
# The last frame's duration, sound that ends a little before the picture, headers rounded to a second.
_MISSING_SHARE = 0.02
_MISSING_SECONDS = 1.0
_LATE_SECONDS = 0.25
_HIDDEN_FRAMES = 2
# Formats that tell no length, so that ffmpeg takes it from their clocks.
_JUMPING = frozenset({"mpegts", "mpeg"})
# At the speed of a slow disk, enough for a quarter of a terabyte.
_COUNT_SECONDS = 3600


@dataclass(frozen=True)
class Stream:
    """The picture or the sound of a file."""

    codec: str
    profile: str
    level: int
    width: int
    height: int
    begin: float  # after the beginning of the file, in seconds
    seconds: float | None
    frames: int | None


@dataclass(frozen=True)
class Seen:
    picture: Stream | None  # a cover is none
    sound: Stream | None
    seconds: float | None  # of all of it


def look(work: Work, path: Path) -> Seen:
    """What ffprobe sees in `path`. Raises a MediaError."""
    bounds = Limits(_PROBE_SECONDS, _PROBE_SECONDS, work.allowance.memory_bytes, _PRINTED_BYTES)
    asked = ["-show_entries", _SHOWN, "-of", "json", "-i", SOURCE]
    found = json.loads(work.tools.ffprobe(asked, source=path, limits=bounds, should_stop=work.should_stop))
    streams = found.get("streams", [])
    whole = found.get("format", {})
    begin = _seconds(whole.get("start_time")) or 0.0
    return Seen(_first(streams, "video", begin), _first(streams, "audio", begin), _seconds(whole.get("duration")))


def look_at_source(work: Work) -> Seen:
    """What can be relied on of what the source tells about itself."""
    seen = look(work, work.source)
    if work.known().container not in _JUMPING:
        return seen
    return Seen(None, replace(seen.sound, seconds=None) if seen.sound else None, None)


def corrected(work: Work) -> Work:
    """With facts that hold for what is in the file: what its headers tell may be another thing.

    A camera may declare sound and send none. Where recordings were joined, the clock of a transport stream may jump by
    days, and what is told as its length is the difference of two readings: there, frames are counted.
    """
    facts = work.known()
    if facts.has_audio and not facts.channels:
        facts = replace(facts, audio_codec="")
    if facts.container in _JUMPING and facts.has_video and facts.fps and (frames := _count(work)):
        seconds = frames / facts.fps
        facts = replace(facts, duration_seconds=min(seconds, facts.duration_seconds or seconds))
    return replace(work, facts=facts)


def _count(work: Work) -> int:
    """Frames of the picture, by reading the file through without decoding it; 0 when that takes too long."""
    seconds = min(_COUNT_SECONDS, work.allowance.longest_seconds)
    bounds = Limits(seconds, seconds, work.allowance.memory_bytes, _PRINTED_BYTES)
    asked = ["-select_streams", "V:0", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "json"]
    try:
        found = json.loads(work.ffprobe([*asked, "-i", SOURCE], bounds))
        return int(found["streams"][0]["nb_read_packets"])
    except (OverLimit, Unreadable, LookupError, ValueError):
        return 0


def check_codecs(made: Seen, facts: Facts, picture: str, sound: str, size: Size | None) -> None:
    """Raises Unreadable unless `made` has what `facts` has, in these codecs and, if given, this size."""
    for wanted, codec, stream, name in (
        (facts.has_video, picture, made.picture, "picture"),
        (facts.has_audio, sound, made.sound, "sound"),
    ):
        if wanted and stream is None:
            raise Unreadable(f"The {name} of this file could not be decoded.")
        if wanted and stream is not None and stream.codec != codec:
            raise Unreadable(f"The {name} came out as {stream.codec or 'nothing known'}, not as {codec}.")
    if size and made.picture and (made.picture.width, made.picture.height) != (size.width, size.height):
        found = f"{made.picture.width}×{made.picture.height}"
        raise Unreadable(f"The picture came out as {found}, not as {size.width}×{size.height}.")


def check_lengths(source: Seen, made: Seen, told_seconds: float | None) -> None:
    """Raises Unreadable when a part is missing: of picture or sound, as far as both files tell, and of the whole."""
    for name, before, after in (
        ("the picture", source.picture, made.picture),
        ("the sound", source.sound, made.sound),
    ):
        if before is not None and before.seconds and after is not None:
            check_seconds(name, before.seconds, after.seconds)
    if told_seconds:
        check_seconds("the file", told_seconds, made.seconds)


def check_copy(picture: Stream, fps: float | None) -> None:
    """Raises Unreadable when a copied picture begins late or holds frames that are not to be shown.

    Players do not agree about either: what a cut left before its beginning flashes up in some of them.
    """
    if picture.begin > _LATE_SECONDS:
        raise Unreadable("Its picture begins later than its sound.")
    if fps and picture.seconds and picture.frames:
        hidden = picture.frames - picture.seconds * fps
        if hidden > _HIDDEN_FRAMES + _MISSING_SHARE * picture.frames:
            raise Unreadable("It holds frames that are not to be shown.")


def check_seconds(name: str, wanted: float, made: float | None) -> None:
    if (made or 0.0) < wanted * (1 - _MISSING_SHARE) - _MISSING_SECONDS:
        raise Unreadable(f"Only {made or 0:.0f} s of {wanted:.0f} s of {name} could be decoded.")


def _first(streams: Sequence[dict[str, Any]], kind: str, begin: float) -> Stream | None:
    for stream in streams:
        if stream.get("codec_type") == kind and not stream.get("disposition", {}).get("attached_pic"):
            return Stream(
                codec=stream.get("codec_name", ""),
                profile=stream.get("profile", ""),
                level=stream.get("level", 0),
                width=stream.get("width", 0),
                height=stream.get("height", 0),
                begin=(_seconds(stream.get("start_time")) or 0.0) - begin,
                seconds=_seconds(stream.get("duration")) or _clock(stream.get("tags", {}).get("DURATION", "")),
                frames=int(stream["nb_frames"]) if str(stream.get("nb_frames", "")).isdecimal() else None,
            )
    return None


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _clock(text: str) -> float | None:
    """Matroska tells the length of a stream as 00:01:02.345000000."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None
