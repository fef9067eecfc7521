"""The picture of a file that has sound only: its waveform.

A cover that an MP3 may carry is not used: it is a foreign picture with a foreign decoder, may show anything, and is the
same for all of an album, while the waveform tells a long silence from a talk.
"""

from __future__ import annotations

from typing import Any

from backend.confine import Limits
from backend.errors import Unreadable
from backend.media.encoding import arguments, source
from backend.media.facts import Facts
from backend.media.thumbnail import NAME
from backend.media.work import Work

_WIDTH, _HEIGHT, _WAVE_HEIGHT = 640, 360, 240
# The page's accent on the neutral ground of its cards; both are readable beside light and dark.
_COLOUR, _GROUND = "0x0f766e", "0xeef3f3"
_QUALITY = 3
# ffmpeg keeps all samples until it draws: this many, of two bytes.
_MOST_SAMPLES = 40_000_000
_HIGHEST_RATE, _LOWEST_RATE = 44_100, 100
_UNKNOWN_SECONDS = 12 * 3600.0
_SECONDS = 10 * 60.0
_OUTPUT_BYTES = 4 * 1024**2


def waveform(work: Work) -> dict[str, Any]:
    """Make it. Raises Unreadable when no sound can be decoded."""
    rate = _rate(work.known())
    middle = (_HEIGHT - _WAVE_HEIGHT) // 2
    graph = (
        # One channel: two would be drawn over each other.
        f"aresample={rate},aformat=sample_fmts=s16:channel_layouts=mono,"
        f"showwavespic=s={_WIDTH}x{_WAVE_HEIGHT}:colors={_COLOUR}:scale=sqrt:draw=full:filter=peak,"
        # Not drawbox, to paint the ground: ffmpeg 5.1 crashes when that fills a picture that split shares.
        f"split[wave][under];[under]lutrgb={_ground()}[ground];"
        # A line in the middle is what silence looks like.
        f"[ground][wave]overlay=format=rgb,drawbox=y={_WAVE_HEIGHT // 2 - 1}:h=2:c={_COLOUR}:t=fill,"
        f"pad={_WIDTH}:{_HEIGHT}:0:{middle}:color={_GROUND},setsar=1"
    )
    # Without a label of its own the first sound would have to be named twice; `-map` cannot lead into a graph.
    picture = source(work.allowance, vn=None).output(
        NAME, filter_complex=f"[0:a:0]{graph}", **{"frames:v": 1, "update": 1, "q:v": _QUALITY, "f": "image2"}
    )
    bounds = Limits(_SECONDS, 3 * _SECONDS, work.allowance.memory_bytes, _OUTPUT_BYTES)
    work.ffmpeg(arguments(picture), bounds)
    if not (work.workspace / NAME).exists():
        raise Unreadable("The sound of this file could not be decoded.")
    return {"file": NAME, "width": _WIDTH, "height": _HEIGHT, "at_seconds": None, "waveform": True}


def _ground() -> str:
    red, green, blue = bytes.fromhex(_GROUND.removeprefix("0x"))
    return f"r={red}:g={green}:b={blue}:a=255"


def _rate(facts: Facts) -> int:
    """Samples per second: enough for each of the picture's columns, and few enough for the memory."""
    affordable = _MOST_SAMPLES / (facts.duration_seconds or _UNKNOWN_SECONDS)
    return int(max(_LOWEST_RATE, min(_HIGHEST_RATE, facts.sample_rate or _HIGHEST_RATE, affordable)))
