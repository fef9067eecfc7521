"""How moving pictures and sound are encoded: sizes, frame rates, filters, codecs' options, and what a run may use."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import ffmpeg

from backend.confine import SOURCE, Limits
from backend.errors import Unreadable
from backend.media.facts import Facts
from backend.media.work import Allowance

# As ffmpeg-python takes them: option names without the dash.
Options = dict[str, Any]
# A filter's name and its options.
Step = tuple[str, Options]

# A player can begin at a keyframe only; at two seconds seeking feels immediate and costs few per cent of size.
KEYFRAME_SECONDS = 2
SOUND_BITS = 160_000

_HIGHEST_RATE = 60
_STANDARD_RATES = (
    Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50),
    Fraction(60000, 1001), Fraction(60),
)  # fmt: skip
_UNKNOWN_RATE = Fraction(25)
# Recordings of a screen show few frames a second on average and many while something moves.
_LEAST_VARIABLE_RATE = 24
# Beyond this share of the pixels' information H.264 at these rates is as good as its source.
_BITS_PER_PIXEL = 0.2
_LEAST_BITS = 400_000
# Ten minutes of 720p30.
_MANY_PIXELS = 1280 * 720 * 30 * 600
# No sound layout with a default downmix has more.
_MOST_CHANNELS = 8

TONE_MAP: tuple[Step, ...] = (
    # Files often tell the transfer only; zscale finds no way from an unknown matrix.
    ("setparams", {"colorspace": "bt2020nc", "color_primaries": "bt2020"}),
    ("zscale", {"t": "linear", "npl": 100}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "hable", "desat": 0}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
)


@dataclass(frozen=True)
class Size:
    """In square pixels, upright; both even, as 4:2:0 needs."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height


def shown(facts: Facts) -> tuple[int, int]:
    """Width and height as shown. Raises Unreadable when the file does not tell them."""
    if not facts.width or not facts.height:
        raise Unreadable("This file does not say how large its picture is.")
    return facts.width, facts.height


def size_within(facts: Facts, long_side: int, short_side: int) -> Size:
    """The size as shown, made smaller until it fits; never larger."""
    width, height = shown(facts)
    factor = min(1.0, long_side / max(width, height), short_side / min(width, height))
    return Size(_even(width * factor), _even(height * factor))


def size_of_height(facts: Facts, height: int) -> Size:
    width, whole = shown(facts)
    return Size(_even(width * height / whole), height)


def frame_rate(facts: Facts) -> Fraction:
    """A constant rate: the average, or the standard rate within one per cent of it; at most 60."""
    if not facts.fps:
        return _UNKNOWN_RATE
    if facts.variable_rate and facts.fps < _LEAST_VARIABLE_RATE:
        return Fraction(30)
    told = Fraction(facts.fps).limit_denominator(1001)
    nearest = min(_STANDARD_RATES, key=lambda rate: abs(rate - told))
    return nearest if abs(nearest - told) <= nearest / 100 else min(told, Fraction(_HIGHEST_RATE))


def picture_steps(facts: Facts, size: Size, rate: Fraction, *, tone_map: bool = True) -> list[Step]:
    """From what is decoded (ffmpeg has turned it upright by then) to 8-bit 4:2:0 at a constant rate from second 0.

    `start_time=0` shows the first frame until the second one comes when the picture begins after the sound: players
    do not agree about files in which nothing is to be shown yet.
    """
    return [
        *([("bwdif", {"mode": "send_frame", "deint": "interlaced"})] if facts.interlaced else []),
        ("fps", {"fps": rate, "start_time": 0}),
        ("scale", {"w": size.width, "h": size.height, "out_range": "tv"}),
        *(TONE_MAP if facts.hdr and tone_map else ()),
        ("setsar", {"sar": 1}),
        ("format", {"pix_fmts": "yuv420p"}),
    ]


def as_text(steps: Iterable[Step]) -> str:
    """For `-vf`. No value of ours has a character that ffmpeg would want escaped."""
    return ",".join(f"{name}={':'.join(f'{key}={value}' for key, value in options.items())}" for name, options in steps)


def sound_filters(facts: Facts, sample_rate: int) -> str:
    """Silence where the sound begins late or has holes, so that it stays in step with the picture."""
    first_two = ["pan=stereo|c0=c0|c1=c1"] if (facts.channels or 0) > _MOST_CHANNELS else []
    return ",".join([*first_two, f"aresample={sample_rate}:async=1:first_pts=0"])


def most_bits(size: Size, rate: Fraction) -> int:
    """Bits per second that the picture never exceeds, whatever it shows."""
    return max(_LEAST_BITS, round(size.pixels * rate * _BITS_PER_PIXEL))


def h264(size: Size, rate: Fraction, _seconds: float | None = None) -> Options:
    """Plays everywhere, fast at any length. Constant quality, with a ceiling so that noise cannot fill the disk."""
    most = most_bits(size, rate)
    return {
        "c:v": "libx264", "preset": "veryfast", "crf": 22, "profile:v": "high",
        "maxrate": most, "bufsize": 2 * most, "g": _keyframe_distance(rate),
    }  # fmt: skip


def vp9(size: Size, rate: Fraction, seconds: float | None) -> Options:
    """Constrained quality. Short ones are made well; of long ones that would take hours, a fifth of the work
    gives the same picture in one and a half times the size (measured: 10 and 50 frames a second of 720p per core).
    """
    many = size.pixels * rate * (seconds or math.inf) > _MANY_PIXELS
    return {
        "c:v": "libvpx-vp9", "crf": 33, "b:v": most_bits(size, rate), "row-mt": 1, "g": _keyframe_distance(rate),
        "deadline": "realtime" if many else "good", "cpu-used": 6 if many else 5,
    }  # fmt: skip


def aac(facts: Facts) -> Options:
    # 44.1 kHz stays as it is; all other rates become the one that every player knows.
    sample_rate = 44_100 if facts.sample_rate == 44_100 else 48_000
    return {"c:a": "aac", "b:a": SOUND_BITS, "ac": _channels(facts), "af": sound_filters(facts, sample_rate)}


def opus(facts: Facts) -> Options:
    return {"c:a": "libopus", "b:a": 128_000, "ac": _channels(facts), "af": sound_filters(facts, 48_000)}


def only_time(facts: Facts) -> Options:
    """No words, places or chapters of the source are copied (they may tell where somebody lives); its time is."""
    dropped: Options = {"map_metadata": -1, "map_chapters": -1}
    return dropped | ({"metadata": f"creation_time={facts.recorded_at.isoformat()}"} if facts.recorded_at else {})


def common(allowance: Allowance) -> Options:
    """Of every output. Streams that begin far apart wait for each other in memory, so many packets may wait.

    When more than half of what is read cannot be decoded, ffmpeg gives up instead of holding single frames for minutes.
    """
    return {"threads": allowance.threads, "max_muxing_queue_size": 4096, "max_error_rate": 0.5}


def source(allowance: Allowance, **options: Any) -> Any:
    """The file as ffmpeg-python's input, decoded with as many threads as is allowed."""
    return ffmpeg.input(SOURCE, threads=allowance.threads, **options)


def arguments(output: Any) -> list[str]:
    """What stands behind the program's name."""
    words: list[str] = ffmpeg.compile(output)[1:]
    return words


def output_bytes(facts: Facts, source_bytes: int, bits: int) -> int:
    """No output of `bits` per second, or copied, can be longer in earnest.

    Durations that files tell can be too short, so the source's own size counts too: it is re-encoded to more than four
    times of itself only when it is tiny, which the constant covers.
    """
    seconds = facts.duration_seconds
    if not seconds:
        return 16 * source_bytes + 1024**3
    return round(1.5 * seconds * bits / 8) + 4 * source_bytes + 64 * 1024**2


def limits(allowance: Allowance, output_bytes: int, *, seconds: float | None = None) -> Limits:
    """Of one run. Decoding and encoding have their threads each; one more is for reading, filters and writing."""
    longest = min(seconds or allowance.longest_seconds, allowance.longest_seconds)
    return Limits(
        seconds=longest,
        cpu_seconds=longest * (2 * allowance.threads + 1),
        memory_bytes=allowance.memory_bytes,
        output_bytes=output_bytes,
    )


def _channels(facts: Facts) -> int:
    return min(2, facts.channels or 2)


def _keyframe_distance(rate: Fraction) -> int:
    return math.ceil(rate * KEYFRAME_SECONDS)


def _even(length: float) -> int:
    # Halves go down: an odd side loses a line and is never made larger.
    return max(2, 2 * math.ceil(length / 2 - 0.5))
