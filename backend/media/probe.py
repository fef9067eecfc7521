"""Kind `probe`: asks ffprobe what a file is, and tells it as Facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backend.confine import SOURCE, Limits
from backend.errors import MediaStopped, OverLimit, ToolsMissing, Unreadable
from backend.media import timing
from backend.media.atoms import index_is_first, is_cut_off
from backend.media.ffprobe_json import Printed, read
from backend.media.reading import facts_of
from backend.media.work import Work
from backend.mime import HEAD_BYTES, by_content, media_type

# Headers are at the front or, in MP4, at an offset that is told. 20 MB and 20 s into the file find late streams of
# broadcast recordings too, and a file of any size is answered within a second or two.
_BOUNDS = ["-probesize", str(20_000_000), "-analyzeduration", str(20_000_000)]
_SECONDS = 60
_PRINTED_BYTES = 8 * 1024**2
_SHORT_LOOK_SECONDS = 20
# One line per packet of one stream: some twenty hours of video.
_LINES_BYTES = 64 * 1024**2
# Flash, Ogg, Windows Media, MXF: served as no type of their own, and media all the same.
_OTHER_MEDIA = (b"FLV", b"OggS", b"0&\xb2u", b"\x06\x0e+4")
# Formats whose length is the difference of two readings of a clock, and what one second of a picture takes at least.
_BY_CLOCK = {"mpegts", "mpeg"}
_LEAST_BYTES_PER_SECOND = 1000
_TIMES = ["-show_entries", "packet=pts_time,dts_time,duration_time"]


def probe(work: Work) -> dict[str, Any]:
    """The facts of the file as JSON. Raises Unreadable when there is neither picture nor sound in it."""
    asked = ["-v", "error", *_BOUNDS, "-print_format", "json", "-show_format", "-show_streams", "-i", SOURCE]
    with work.source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    try:
        printed = read(work.ffprobe(asked, _limits(work, _SECONDS, _PRINTED_BYTES)))
    except Unreadable as error:
        # ffmpeg takes the name for the kind when the content shows none, and then misses what that kind has.
        if not head.startswith(_OTHER_MEDIA) and by_content(head) is None and "whitelist" not in str(error.detail):
            raise Unreadable(_no_media(head), detail=error.detail) from error
        raise
    if printed.video is None and printed.audio is None:
        raise Unreadable(_nothing(printed))
    served_as = media_type(head, work.source.suffix.lstrip(".").lower())
    duration = _duration(work, printed)
    found = facts_of(
        printed,
        pace=_pace(work, printed),
        duration_seconds=duration,
        faststart=index_is_first(work.source) if printed.is_mp4 else None,
        media_type=served_as,
        now=datetime.now(UTC),
        trouble=_trouble(work, printed, duration),
    )
    return found.as_json()


def _no_media(head: bytes) -> str:
    if head and not any(head):
        return "Its beginning is empty: it holds nothing but zeros."
    return "This is not a video or sound file, whatever its name says."


def _nothing(printed: Printed) -> str:
    if any(stream.codec_type in ("video", "audio") and not stream.is_cover for stream in printed.streams):
        return "What this file holds is of a kind that ffmpeg does not know, or too damaged to tell."
    return "There is neither video nor sound in this file."


def _duration(work: Work, printed: Printed) -> float | None:
    """As the file tells; else by the time of its last packet, when that is found in a minute."""
    told = timing.told_length(
        printed.container.duration, [stream.duration for stream in (printed.video, printed.audio) if stream]
    )
    if told and not _is_absurd(work, printed, told):
        return told
    # A live recording's header was written before anybody knew how long it would be: read on to its end.
    found = timing.packets(_packets(work, printed, _TIMES, _SECONDS))
    if told:
        return timing.length_without_jumps(found) or told
    return timing.end_of(found)


def _is_absurd(work: Work, printed: Printed, told_seconds: float) -> bool:
    """Whether a stream without a length of its own holds far too little for what its clock tells."""
    by_clock = printed.container.format_name in _BY_CLOCK and printed.video is not None
    return by_clock and work.source.stat().st_size < told_seconds * _LEAST_BYTES_PER_SECOND


def _trouble(work: Work, printed: Printed, duration_seconds: float | None) -> str:
    """What the file tells to be in it and is not, in words; "" when nothing is known to be missing."""
    if not printed.is_mp4 or not is_cut_off(work.source):
        return ""
    there = timing.end_of(timing.packets(_packets(work, printed, _TIMES, _SHORT_LOOK_SECONDS)))
    if there is None or duration_seconds is None or there >= duration_seconds:
        return "The file was cut off: a part of it is missing."
    return f"The file was cut off: only about {_about(there)} s of {_about(duration_seconds)} s are in it."


def _about(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}".removesuffix(".0")


def _pace(work: Work, printed: Printed) -> timing.Pace | None:
    """How regular the frames come; packets are looked at only where the rates do not tell. None without video."""
    video = printed.video
    if video is None:
        return None
    if timing.rates_agree(video.r_frame_rate, video.avg_frame_rate):
        return timing.Pace(video.avg_frame_rate, variable=False)
    some = timing.SOME_PACKETS
    middle = (printed.container.duration or 0.0) / 2
    places = f"%+#{some},{middle:.3f}%+#{some}" if middle > _SHORT_LOOK_SECONDS else f"%+#{2 * some}"
    asked = [*_TIMES, "-read_intervals", places]
    lines = _packets(work, printed, asked, _SHORT_LOOK_SECONDS)
    return timing.pace_of(timing.packets(lines), told=video.avg_frame_rate or video.r_frame_rate)


def _packets(work: Work, printed: Printed, asked: list[str], seconds: float) -> bytes:
    """One line per packet of the picture, else of the sound; nothing when that cannot be had within the limits."""
    stream = "V:0" if printed.video else "a:0"
    # The same bounds: streams that are found late have to be found here too.
    asked = ["-v", "error", *_BOUNDS, "-select_streams", stream, "-of", "csv=p=0", *asked, "-i", SOURCE]
    try:
        return work.ffprobe(asked, _limits(work, seconds, _LINES_BYTES))
    except (MediaStopped, ToolsMissing):
        raise
    except (OverLimit, Unreadable):
        return b""


def _limits(work: Work, seconds: float, output_bytes: int) -> Limits:
    return Limits(seconds, seconds, work.allowance.memory_bytes, output_bytes)
