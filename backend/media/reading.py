"""Facts from what ffprobe printed. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from backend import captured
from backend.media import playable
from backend.media.facts import Facts
from backend.media.ffprobe_json import Printed, Stream, number
from backend.media.timing import Pace

_HDR = {"smpte2084", "arib-std-b67"}
_INTERLACED = {"tt", "bb", "tb", "bt"}
_DEPTH = re.compile(r"^(?:yuvj?a?\d{3}p|gray|gbra?p|p0|p2|p4|x2rgb|x2bgr)(\d{1,2})(?:le|be)$")
_MAKE = ("com.apple.quicktime.make", "com.android.manufacturer", "make")
_MODEL = ("com.apple.quicktime.model", "com.android.model", "model")
_MOST_ASPECT = 20.0


def facts_of(
    printed: Printed,
    *,
    pace: Pace | None,
    duration_seconds: float | None,
    faststart: bool | None,
    media_type: str,
    now: datetime,
    trouble: str = "",
) -> Facts:
    """All of it, with the verdict whether browsers play the file as it is, served as `media_type`."""
    video, audio = printed.video or Stream(), printed.audio or Stream()
    rotation, aspect = rotation_of(video, printed.is_mp4), _aspect(video)
    width, height = _shown(video, rotation, aspect)
    known: dict[str, Any] = {
        "container": printed.container.format_name.partition(",")[0],
        "duration_seconds": duration_seconds,
        "bit_rate": printed.container.bit_rate,
        "video_codec": video.codec_name,
        "audio_codec": audio.codec_name,
        "width": width,
        "height": height,
        "coded_width": video.width,
        "coded_height": video.height,
        "pixel_aspect": aspect,
        "rotation": rotation,
        "fps": pace.fps if pace else None,
        "variable_rate": bool(pace and pace.variable),
        "pixel_format": video.pix_fmt,
        "bits_per_sample": _bits(video),
        "profile": video.profile,
        "interlaced": video.field_order in _INTERLACED,
        "hdr": video.color_transfer in _HDR,
        "channels": audio.channels,
        "sample_rate": audio.sample_rate,
        "recorded_at": recorded_at(printed, now),
        "camera": _camera(printed),
        "faststart": faststart,
        "trouble": trouble,
        "silent": printed.is_silent,
        "further_tracks": printed.further_tracks,
    }
    why_not = playable.why_not(Facts(**known, browser_plays=False, why_not=""), media_type)
    return Facts(**known, browser_plays=not why_not, why_not=why_not)


def rotation_of(video: Stream, is_mp4: bool) -> int:
    """Degrees clockwise, in quarter turns.

    The `rotate` tag counts where ffmpeg before 5.0 wrote it beside the matrix, in MP4 and QuickTime. In other files it
    is a word that neither ffmpeg nor browsers heed.
    """
    turns = (number(data.get("rotation")) for data in video.side_data_list)
    counterclockwise = next((turn for turn in turns if turn is not None), None)
    if counterclockwise is None and is_mp4:
        counterclockwise = -(number(video.tags.get("rotate")) or 0.0)
    return round(-(counterclockwise or 0.0) / 90) * 90 % 360


def recorded_at(printed: Printed, now: datetime) -> datetime | None:
    """The first of the file's dates that makes sense. One without a zone is taken as UTC."""
    all_tags = [printed.container.tags, *(stream.tags for stream in printed.streams)]
    return captured.recorded_at(all_tags, now)


def _aspect(video: Stream) -> float:
    aspect = video.sample_aspect_ratio or 1.0
    return aspect if 1 / _MOST_ASPECT <= aspect <= _MOST_ASPECT else 1.0


def _shown(video: Stream, rotation: int, aspect: float) -> tuple[int | None, int | None]:
    if video.width is None or video.height is None:
        return None, None
    width, height = max(1, round(video.width * aspect)), video.height
    return (height, width) if rotation in (90, 270) else (width, height)


def _bits(video: Stream) -> int | None:
    """Of one colour component, by the pixel format's name: 8 when it names no number."""
    if not video.pix_fmt:
        return video.bits_per_raw_sample if (video.bits_per_raw_sample or 99) <= 16 else None
    named = _DEPTH.match(video.pix_fmt)
    return int(named[1]) if named else 16 if video.pix_fmt.startswith(("rgb48", "rgba64", "bgr48")) else 8


def _camera(printed: Printed) -> str:
    all_tags = [printed.container.tags, *(stream.tags for stream in printed.streams)]

    def first(names: tuple[str, ...]) -> str:
        return next((tags[name] for name in names for tags in all_tags if tags.get(name)), "")

    make, model = first(_MAKE), first(_MODEL)
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()
