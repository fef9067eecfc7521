"""Which streams may be copied as they are: those that play everywhere, and that decode without an error."""

from __future__ import annotations

import math

import ffmpeg

from backend.errors import Unreadable
from backend.media import encoding
from backend.media.facts import Facts
from backend.media.work import Work

# AVI and raw streams tell no times for showing; frames that refer to later ones would come in a wrong order.
_TIMED = frozenset({"mov", "mp4", "matroska", "webm", "mpegts", "flv"})
_PLAYED_PROFILES = frozenset(
    {"Constrained Baseline", "Baseline", "Main", "High", "Progressive High", "Constrained High", "Profile 0"}
)
_PLAYED_PIXELS = frozenset({"yuv420p", "yuvj420p"})
_SQUARE_WITHIN = 0.01
_MOST_CHANNELS = 2

# Decoding costs a fifth of encoding. Up to ten minutes of 1080p30 it is decoded whole before it is copied, beyond that
# only its keyframes are: a copy of hours is to be there in a minute.
_WHOLE_PIXELS = 1920 * 1080 * 30 * 600
# What ffmpeg says of damage. Not "invalid DTS": Matroska tells none, ffmpeg guesses.
_DAMAGE = (
    "corrupt", "error while", "concealing", "invalid data", "invalid nal", "non-monoton", "non monoton", "splitting",
)  # fmt: skip


def may_copy_picture(facts: Facts, codec: str, *, turned: bool) -> bool:
    """`turned`: whether the new file tells players to turn the picture, as the old one does."""
    return (
        facts.container in _TIMED
        and facts.video_codec == codec
        and facts.profile in _PLAYED_PROFILES
        and facts.pixel_format in _PLAYED_PIXELS
        and abs(facts.pixel_aspect - 1) < _SQUARE_WITHIN
        and (turned or not facts.rotation)
        and not (facts.variable_rate or facts.interlaced or facts.hdr)
    )


def may_copy_sound(facts: Facts, codec: str) -> bool:
    return facts.container in _TIMED and facts.audio_codec == codec and 0 < (facts.channels or 0) <= _MOST_CHANNELS


def is_whole(work: Work, *, picture: bool, sound: bool, share: tuple[float, float]) -> bool:
    """Whether the streams that are to be copied decode without an error.

    ffmpeg conceals damage and goes on; a browser's decoder may stop there for good.
    """
    facts = work.known()
    only_keyframes = picture and not _is_short(facts)
    source = encoding.source(work.allowance, **({"skip_frame": "nokey"} if only_keyframes else {}))
    streams = [*([source["V:0"]] if picture else []), *([source["a:0"]] if sound else [])]
    output = ffmpeg.output(*streams, "-", format="null")
    try:
        # The null format writes nothing; the bound is a formality.
        bounds = encoding.limits(work.allowance, 1024**2)
        said = work.ffmpeg(encoding.arguments(output), bounds, seconds=facts.duration_seconds, share=share)
    except Unreadable:
        return False
    return not tells_damage(said)


def tells_damage(said: str) -> bool:
    return any(sign in said.lower() for sign in _DAMAGE)


def _is_short(facts: Facts) -> bool:
    frame = (facts.width or 0) * (facts.height or 0)
    return frame * (facts.fps or 30) * (facts.duration_seconds or math.inf) <= _WHOLE_PIXELS
