"""How a file's keyframes are read without the rest, and how far the times that ffmpeg then tells can be trusted. Pure.

Measured with ffmpeg 5.1 on files with B-frames, each keyframe's time against the packet's own:
- `-skip_frame nokey` alone is right in MP4, Matroska, WebM and transport streams;
- `-discard nokey`, which keeps the rest of an MP4 from being read at all and so is twice as fast, makes its reader take
  the offset between decoding and showing from another frame: some frames off;
- where packets have no time of showing (AVI) a decoder that waits for B-frames tells the time of a later keyframe.
  `-flags low_delay` keeps MPEG-1, 2 and 4 from waiting. H.264 and HEVC wait all the same, and with it no longer decode
  several frames at once, which costs them half their speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.media.facts import Facts

# What lies between decoding and showing a frame: at most a group of pictures in pyramids, of 32 in any encoder in use.
_OFFSET_FRAMES = 32
_USUAL_FPS = 25.0
# From here on a tile is not brought out of its interval by it.
_FAR_BEYOND = 3
_WAITING = {"h264", "hevc"}
_WITHOUT_TIMES = {"avi", "mpeg", "mpegvideo", "h264", "hevc", "m4v"}


@dataclass(frozen=True)
class Reading:
    """Options of an input, and by how much the times of its frames may be wrong."""

    only_keyframes: bool
    unsure_seconds: float = 0.0
    options: Mapping[str, str] = field(default_factory=dict)


EVERYTHING = Reading(only_keyframes=False)
# All that other frames are made from; what is left out lasts some frames, and decoding takes two thirds of the time.
REFERENCES = Reading(only_keyframes=False, options={"skip_frame": "noref"})
_SKIPPING = {"skip_frame": "nokey"}


def keyframes(facts: Facts, interval_seconds: float) -> Reading | None:
    """The fastest way to keyframes every `interval_seconds` or more; None when their times cannot be trusted."""
    if facts.container in _WITHOUT_TIMES and facts.video_codec in _WAITING:
        return None
    skipping = _SKIPPING if facts.video_codec in _WAITING else {**_SKIPPING, "flags": "low_delay"}
    unsure = _OFFSET_FRAMES / (facts.fps or _USUAL_FPS)
    if facts.container == "mov" and interval_seconds >= _FAR_BEYOND * unsure:
        return Reading(True, unsure, {"discard": "nokey", **skipping})
    return Reading(True, 0.0, skipping)
