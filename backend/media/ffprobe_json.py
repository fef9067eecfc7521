"""What ffprobe prints, made safe to use: every field is foreign, and one that makes no sense counts as missing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

# Longer is not a recording but a damaged header.
LONGEST_SECONDS = 366 * 24 * 3600.0
_WIDEST_PIXELS = 65_535
_TEXT_LENGTH = 200
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a1-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U000effff]+")
_MOST_TAGS = 200
_MOST_STREAMS = 200


def number(found: object) -> float | None:
    """A finite number, whether ffprobe wrote it as a number or as text."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        value = float(found)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def seconds(found: object) -> float | None:
    """A duration of more than nothing."""
    value = number(found)
    return value if value is not None and 0 < value <= LONGEST_SECONDS else None


def fraction(found: object) -> float | None:
    """`30000/1001` or `4:3` as a number; None for `0/0`, `N/A` and what else makes no rate or ratio."""
    top, _, bottom = re.sub(":", "/", str(found)[:40]).partition("/")
    if not (top.isascii() and top.isdecimal() and bottom.isascii() and bottom.isdecimal()):
        return None
    return float(Fraction(int(top), int(bottom))) if int(top) and int(bottom) else None


def text(found: object) -> str:
    """Words on one line, without what cannot be shown."""
    return (
        " ".join(_UNPRINTABLE.sub(" ", found[: 4 * _TEXT_LENGTH]).split())[:_TEXT_LENGTH]
        if isinstance(found, str)
        else ""
    )


def _whole_up_to(most: int) -> Callable[[object], int | None]:
    def whole(found: object) -> int | None:
        value = number(found)
        return int(value) if value is not None and 1 <= value <= most else None

    return whole


def _tags(found: object) -> dict[str, str]:
    pairs = list(found.items())[:_MOST_TAGS] if isinstance(found, dict) else []
    return {str(key)[:_TEXT_LENGTH].lower(): text(value) for key, value in pairs}


def _objects(found: object) -> list[dict[str, Any]]:
    return [one for one in found[:_MOST_STREAMS] if isinstance(one, dict)] if isinstance(found, list) else []


def _object(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


Text = Annotated[str, BeforeValidator(text)]
Seconds = Annotated[float | None, BeforeValidator(seconds)]
Rate = Annotated[float | None, BeforeValidator(fraction)]
Pixels = Annotated[int | None, BeforeValidator(_whole_up_to(_WIDEST_PIXELS))]
Count = Annotated[int | None, BeforeValidator(_whole_up_to(10**12))]
Tags = Annotated[dict[str, str], BeforeValidator(_tags)]
Objects = Annotated[list[dict[str, Any]], BeforeValidator(_objects)]


class _Foreign(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Stream(_Foreign):
    """One stream. Text fields are "" and numbers None where ffprobe told nothing that makes sense."""

    codec_type: Text = ""
    codec_name: Text = ""
    profile: Text = ""
    width: Pixels = None
    height: Pixels = None
    pix_fmt: Text = ""
    field_order: Text = ""
    color_transfer: Text = ""
    sample_aspect_ratio: Rate = None
    r_frame_rate: Rate = None
    avg_frame_rate: Rate = None
    bits_per_raw_sample: Count = None
    channels: Count = None
    sample_rate: Count = None
    duration: Seconds = None
    disposition: Annotated[dict[str, Any], BeforeValidator(_object)] = Field(default_factory=dict)
    tags: Tags = Field(default_factory=dict)
    side_data_list: Objects = Field(default_factory=list)

    @property
    def is_cover(self) -> bool:
        """A still picture beside the sound or the video."""
        return bool(self.disposition.get("attached_pic"))

    @property
    def is_video(self) -> bool:
        """A moving picture that can be decoded: of a codec and a size that ffmpeg could tell."""
        known = bool(self.codec_name) and self.width is not None and self.height is not None
        return self.codec_type == "video" and known and not self.is_cover

    @property
    def is_audio(self) -> bool:
        return self.codec_type == "audio" and bool(self.codec_name)


# By the first of ffmpeg's names for them. In others a track is known when its first packet comes, however late.
_LISTS_ITS_TRACKS = {"mov", "matroska", "avi", "asf", "mpegts"}


class Container(_Foreign):
    format_name: Text = ""
    duration: Seconds = None
    bit_rate: Count = None
    tags: Tags = Field(default_factory=dict)


class Printed(_Foreign):
    """All of it."""

    container: Annotated[Container, BeforeValidator(_object)] = Field(default_factory=Container, alias="format")
    streams: Annotated[list[Stream], BeforeValidator(_objects)] = Field(default_factory=list)

    @property
    def is_mp4(self) -> bool:
        """MP4, QuickTime and their kin, which ffmpeg reads by one reader."""
        return self.container.format_name.startswith("mov,")

    @property
    def video(self) -> Stream | None:
        return next((stream for stream in self.streams if stream.is_video), None)

    @property
    def audio(self) -> Stream | None:
        return next((stream for stream in self.streams if stream.is_audio), None)

    @property
    def is_silent(self) -> bool:
        """No track of sound, not even of a kind that ffmpeg does not know."""
        return all(stream.codec_type != "audio" for stream in self.streams)

    @property
    def further_tracks(self) -> int | None:
        """How many there are beside the first picture, sound and cover pictures, of whatever kind. None where nobody
        can tell, nor whether there is sound: such a file has no list of its tracks, and the probe ends early."""
        if self.container.format_name.partition(",")[0] not in _LISTS_ITS_TRACKS:
            return None
        others = sum(one.codec_type != "audio" and not one.is_cover for one in self.streams)
        return max(0, others - (self.video is not None))


def read(printed: bytes) -> Printed:
    """Never fails: what cannot be understood is missing."""
    try:
        found = json.loads(printed)
    except (ValueError, RecursionError):
        found = {}
    return Printed.model_validate(_object(found))
