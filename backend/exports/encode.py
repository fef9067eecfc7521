"""`exact`: frames are decoded and encoded anew, so that none outside the bounds is stored and each inside is, once.

Each take becomes a film of its own, with sound that is not compressed yet and exactly as long as the take; then all are
joined as they are, and the sound is encoded in one go. Without B-frames each film begins at its first frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

from backend.confine import Chapters, Follower, Following, Inputs, Picture
from backend.exports.cut import dated
from backend.exports.proof import check
from backend.exports.shape import Shape
from backend.exports.sources import Source, describe, list_frames
from backend.exports.takes import Take, microseconds
from backend.exports.wish import Format
from backend.exports.work import ExportWork

_MILLION = 1_000_000
# The clock of transport streams: frames of every usual rate fall on whole ticks of it.
CLOCK = 90_000
SOUND_RATE = 48_000
_SOUND_BITS = 128_000
_KEYFRAME_SECONDS = 2
_BITS_PER_PIXEL = Fraction(1, 4)
_LEAST_BITS = 1_000_000
_HIGHEST_RATE = Fraction(60)
# Read from so long before the keyframe that is needed: transport streams are not entered exactly.
_EARLIER_SECONDS = 3
_SIDEWAYS = (90, 270)


@dataclass(frozen=True)
class Target:
    """What all films of one result are like."""

    width: int
    height: int
    sound: bool
    rate: Fraction  # frames a second, usually
    crf: int = 20

    @property
    def sound_bytes_per_second(self) -> int:
        return 2 * 2 * SOUND_RATE if self.sound else 0

    def video_bits(self) -> int:
        return max(_LEAST_BITS, round(self.width * self.height * min(self.rate, _HIGHEST_RATE) * _BITS_PER_PIXEL))


@dataclass(frozen=True)
class Film:
    """A part of the result, alone in a file: `length_us` until the next one begins."""

    path: Path
    length_us: int


def target_of(sources: Sequence[Source]) -> Target:
    """Large enough for the largest, so that no detail is lost."""
    sizes = [shown_size(source.shape) for source in sources]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return Target(
        width=width + width % 2,
        height=height + height % 2,
        sound=any(source.shape.sound for source in sources),
        rate=max(_rate(source) for source in sources),
    )


def shown_size(shape: Shape) -> tuple[int, int]:
    """In square pixels, upright."""
    picture = shape.picture
    width, height = picture.width, picture.height
    if picture.aspect:
        across, _, down = picture.aspect.partition(":")
        width = round(width * Fraction(int(across or 1), int(down or 1)))
    return (height, width) if picture.rotation in _SIDEWAYS else (width, height)


def film(take: Take, target: Target, name: str, length_us: int, *, late_us: int, work: ExportWork) -> Film:
    """Encode one take. `late_us`: so much earlier than its first frame the result begins, which is shown from there on.

    Raises Unproved when not all of its frames could be decoded, or a MediaError.
    """
    graph = _picture_graph(take, target, late_us)
    if target.sound:
        graph += ";" + _sound_graph(take, length_us, late_us)
    arguments = ["-threads", str(work.allowance.threads), "-copyts", *_entered(take), "-i", "SOURCE"]
    arguments += ["-filter_complex", graph, "-map", "[picture]", *(["-map", "[sound]"] if target.sound else [])]
    arguments += [*encoded(target, work), "-max_error_rate", "1", name]
    seconds = length_us / _MILLION
    work.ffmpeg(
        arguments, {"SOURCE": take.source.path}, seconds=seconds, phase="encoding", output_bytes=room(target, seconds)
    )
    made = Film(work.workspace / name, length_us)
    _check(take, made, late_us, work)
    return made


def slate(picture: Picture, target: Target, name: str, length_us: int, work: ExportWork) -> Film:
    """A still picture for so long, at a frame a second."""
    seconds = length_us / _MILLION
    frames = max(1, -(-length_us // _MILLION))
    graph = f"[0:v]loop=loop=-1:size=1:start=0,trim=end_frame={frames},settb=1/{CLOCK},setpts=N*{CLOCK},format=yuv420p"
    graph += "[picture]"
    if target.sound:
        graph += f";anullsrc=r={SOUND_RATE}:cl=stereo,atrim=end_sample={samples(length_us)}[sound]"
    arguments = ["-i", "SOURCE_SLATE", "-filter_complex", graph, "-map", "[picture]"]
    arguments += [*(["-map", "[sound]"] if target.sound else []), *encoded(target, work), name]
    work.ffmpeg(
        arguments, {"SOURCE_SLATE": picture}, seconds=seconds, phase="encoding", output_bytes=room(target, seconds)
    )
    return Film(work.workspace / name, length_us)


def join(
    films: Sequence[Film], takes: Sequence[Take], chapters: Chapters, target: Target, format_: Format, name: str,
    times_us: Sequence[int], work: ExportWork,
) -> None:  # fmt: skip
    """Make `name` of the films, whose frames come at these times, and remove them."""
    inputs: Inputs = {"SOURCE_FILMS": followed(films), "SOURCE_CHAPTERS": chapters}
    length = sum(one.length_us for one in films)
    arguments = ["-i", "SOURCE_FILMS", "-i", "SOURCE_CHAPTERS", "-map", "0:v:0", "-c:v", "copy"]
    if target.sound:
        arguments += ["-map", "0:a:0", "-c:a", "aac", "-b:a", str(_SOUND_BITS)]
        arguments += ["-af", "aresample=async=1:first_pts=0"]
    # Encoded sound begins a little before zero, and is told to; all else stays where it is.
    arguments += ["-avoid_negative_ts", "disabled", "-map_chapters", "1", "-map_metadata", "1", *dated(takes)]
    arguments += [*(["-movflags", "+faststart"] if format_ == "mp4" else []), "-max_muxing_queue_size", "4096", name]
    arguments[-1:-1] = ending(times_us[-1], length, format_)
    seconds = length / _MILLION
    work.ffmpeg(arguments, inputs, seconds=seconds, phase="joining", output_bytes=2 * room(target, seconds))
    for one in films:
        one.path.unlink(missing_ok=True)


def ending(last_us: int, length_us: int, format_: Format) -> list[str]:
    """The last frame, which is at `last_us`, is shown until everything is over."""
    # ffmpeg filters packets by the clock of the file that it writes; Matroska's counts milliseconds.
    clock = CLOCK if format_ == "mp4" else 1000
    last, end = (round(one * clock / _MILLION) for one in (last_us, length_us))
    told = ["-video_track_timescale", str(CLOCK)] if format_ == "mp4" else []
    return [*told, "-bsf:v", f"'setts=duration=if(gte(PTS,{last - 1}),{max(1, end - last)},min(DURATION,{end}-PTS))'"]


def followed(films: Sequence[Film]) -> Following:
    return Following(tuple(Follower(one.path, duration_us=one.length_us) for one in films))


def encoded(target: Target, work: ExportWork) -> list[str]:
    """How a film is encoded; its sound is left as it is heard."""
    sound = ["-c:a", "pcm_s16le"] if target.sound else []
    return [
        *pictures(target, work), "-video_track_timescale", str(CLOCK), *sound,
        "-map_metadata", "-1", "-map_chapters", "-1",
    ]  # fmt: skip


def pictures(target: Target, work: ExportWork) -> list[str]:
    """How pictures are encoded: each frame at its own time, none added or left out."""
    most, distance = target.video_bits(), max(1, round(min(target.rate, _HIGHEST_RATE) * _KEYFRAME_SECONDS))
    return [
        "-fps_mode", "passthrough", "-enc_time_base:v", f"1:{CLOCK}", "-c:v", "libx264", "-preset", "veryfast",
        "-crf", str(target.crf), "-maxrate", str(most), "-bufsize", str(2 * most), "-bf", "0", "-g", str(distance),
        "-threads", str(work.allowance.threads),
    ]  # fmt: skip


def room(target: Target, seconds: float) -> int:
    """What a film may take at most."""
    return round(seconds * (target.video_bits() / 8 + target.sound_bytes_per_second) * 1.5) + 16 * 1024**2


def fitted(target: Target) -> str:
    """Filters that bring any picture to the target's size, its shape kept."""
    size = f"{target.width}:{target.height}"
    return (
        "scale=w=trunc(iw*sar/2+0.5)*2:h=ih,setsar=1,"
        f"scale={size}:force_original_aspect_ratio=decrease:force_divisible_by=2:out_range=tv,"
        f"pad={size}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p"
    )


def samples(length_us: int) -> int:
    return round(length_us * SOUND_RATE / _MILLION)


def _picture_graph(take: Take, target: Target, late_us: int) -> str:
    tick = take.source.tick
    late = round(Fraction(late_us, _MILLION) / tick)
    # The frame that the result begins with is shown from its very beginning.
    moved = f"setpts=PTS-{take.first}" if not late else f"setpts=if(eq(N\\,0)\\,0\\,PTS-{take.first}+{late})"
    index = take.source.shape.picture.index
    return (
        f"[0:{index}]trim=start_pts={take.first}:end_pts={take.end},{moved},settb=1/{CLOCK},{fitted(target)}[picture]"
    )


def _sound_graph(take: Take, length_us: int, late_us: int) -> str:
    count = samples(length_us)
    silence = f"anullsrc=r={SOUND_RATE}:cl=stereo,atrim=end_sample={count}"
    sound = take.source.shape.sound
    if sound is None:
        return f"{silence}[sound]"
    first = float(take.first * take.source.tick)
    end = first + (length_us - late_us) / _MILLION
    return (
        f"[0:{sound.index}]atrim=start={first:.6f}:end={end:.6f},asetpts=PTS-({first - late_us / _MILLION:.6f})/TB,"
        f"aresample={SOUND_RATE}:async=1:first_pts=0,aformat=channel_layouts=stereo[heard];"
        f"{silence}[silent];[silent][heard]amix=inputs=2:duration=first:dropout_transition=0:normalize=0[sound]"
    )


def _entered(take: Take) -> list[str]:
    """Reading begins before the keyframe that its first frame needs."""
    listing = take.source.listing
    needed = max((tick for tick in listing.entries if tick <= take.first), default=listing.pts[0])
    seconds = float(needed * take.source.tick) - take.source.shape.begin_seconds - _EARLIER_SECONDS
    return ["-noaccurate_seek", "-ss", f"{seconds:.3f}"] if seconds > 0 else []


def _check(take: Take, made: Film, late_us: int, work: ExportWork) -> None:
    tick = take.source.tick
    frames = take.source.listing.between(take.first, take.end)
    times = [late_us + round((pts - take.first) * tick * _MILLION) for pts in frames]
    times[0] = 0
    check(list_frames(made.path, describe(made.path, work), work), times)


def _rate(source: Source) -> Fraction:
    seconds = Fraction(microseconds(max(source.interval, timedelta(microseconds=1))), _MILLION)
    return min(Fraction(_HIGHEST_RATE), 1 / seconds)
