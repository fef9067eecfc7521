"""Makes an HLS stream of several heights in one run: MPEG-TS segments, a playlist each, and the master over them.

MPEG-TS and not fragmented mp4, as every player since HLS's first version reads it, and as each segment stands alone:
it can be checked, and played, without another file. It costs some 5 % of size.

    hls/master.m3u8    hls/720p/index.m3u8    hls/720p/00000.ts …
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import ffmpeg

from backend.errors import ToolsMissing, Unreadable
from backend.media import encoding, verdict
from backend.media.encoding import Options, Size
from backend.media.facts import Facts
from backend.media.work import Work

FOLDER = "hls"
MASTER = f"{FOLDER}/master.m3u8"
MIME_TYPE = "application/vnd.apple.mpegurl"

_INDEX = "index.m3u8"
_SEGMENT_SECONDS = 6
# Half of what a file may have: a network carries it while it is watched.
_BITS_PER_PIXEL = 0.1
_LEAST_BITS = 200_000


@dataclass(frozen=True)
class Segment:
    file: str
    seconds: float
    size_bytes: int


@dataclass(frozen=True)
class Variant:
    """One height of the stream, as it was made."""

    size: Size
    rate: Fraction
    codecs: str  # RFC 6381
    segments: tuple[Segment, ...]

    @property
    def seconds(self) -> float:
        return sum(s.seconds for s in self.segments)

    @property
    def peak_bits(self) -> int:
        """RFC 8216, 4.3.4.2: of the greatest segment."""
        return max(ceil(s.size_bytes * 8 / s.seconds) for s in self.segments)

    @property
    def average_bits(self) -> int:
        return ceil(sum(s.size_bytes for s in self.segments) * 8 / self.seconds)


def stream(work: Work, heights: Sequence[int]) -> dict[str, Any]:
    """Make the folder `hls`. Raises a MediaError; Unreadable also when a part would be missing."""
    work = verdict.corrected(work)
    facts = work.known()
    sizes = [encoding.size_of_height(facts, height) for height in heights]
    for size in sizes:
        (work.workspace / _folder(size)).mkdir(parents=True)
    try:
        _encode(work, sizes, tone_map=True)
    except (Unreadable, ToolsMissing):
        # An ffmpeg without zscale still converts plainly.
        if not facts.hdr:
            raise
        _encode(work, sizes, tone_map=False)
    variants = [_made(work, size) for size in sizes]
    _check(work, variants)
    (work.workspace / MASTER).write_text(master(variants), encoding="ascii")
    written = (path for path in (work.workspace / FOLDER).rglob("*") if path.is_file())
    return {
        "file": MASTER,
        "heights": list(heights),
        "mime_type": MIME_TYPE,
        "width": sizes[0].width,
        "height": sizes[0].height,
        "size_bytes": sum(path.stat().st_size for path in written),
    }


def master(variants: Sequence[Variant]) -> str:
    """The master playlist, the greatest first: players that do not measure begin with the first one."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for v in variants:
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={v.peak_bits},AVERAGE-BANDWIDTH={v.average_bits},"
            f'RESOLUTION={v.size.width}x{v.size.height},FRAME-RATE={float(v.rate):.3f},CODECS="{v.codecs}"'
        )
        lines.append(f"{v.size.height}p/{_INDEX}")
    return "\n".join(lines) + "\n"


def read_playlist(playlist: Path) -> tuple[Segment, ...]:
    """The segments of one height. Raises Unreadable when the playlist is not whole or a segment is not there."""
    try:
        lines = playlist.read_text(encoding="ascii").split()
        names = [line for line in lines if not line.startswith("#")]
        durations = [float(line[8:].rstrip(",")) for line in lines if line.startswith("#EXTINF:")]
        files = [playlist.parent / name for name in names]
        found = tuple(
            Segment(file.name, seconds, file.stat().st_size) for file, seconds in zip(files, durations, strict=True)
        )
    except (FileNotFoundError, ValueError) as error:
        raise Unreadable("The stream was not written whole.") from error
    if not found or lines[-1] != "#EXT-X-ENDLIST" or any(s.size_bytes == 0 or s.seconds <= 0 for s in found):
        raise Unreadable("The stream was not written whole.")
    return found


def _encode(work: Work, sizes: Sequence[Size], *, tone_map: bool) -> None:
    facts, rate = work.known(), encoding.frame_rate(work.known())
    source = encoding.source(work.allowance)
    streams = [source["V:0"]] * len(sizes) + [source["a:0"]] * (len(sizes) if facts.has_audio else 0)
    options = _options(facts, sizes, rate, tone_map=tone_map) | encoding.only_time(facts)
    options |= encoding.common(work.allowance)
    output = ffmpeg.output(*streams, f"{FOLDER}/%v/{_INDEX}", **options)
    bits = sum(_most_bits(size, rate) + encoding.SOUND_BITS for size in sizes)
    limits = encoding.limits(work.allowance, encoding.output_bytes(facts, work.source.stat().st_size, bits))
    work.ffmpeg(encoding.arguments(output), limits, seconds=facts.duration_seconds)


def _options(facts: Facts, sizes: Sequence[Size], rate: Fraction, *, tone_map: bool) -> Options:
    """Keyframes at the same instants in every height, so that a player may change over at each segment."""
    options: Options = {
        "format": "hls",
        "hls_time": _SEGMENT_SECONDS,
        "hls_playlist_type": "vod",
        "hls_flags": "independent_segments",
        "hls_segment_filename": f"{FOLDER}/%v/%05d.ts",
        "var_stream_map": _variants(sizes, facts),
        "force_key_frames": f"expr:gte(t,n_forced*{encoding.KEYFRAME_SECONDS})",
        "sc_threshold": 0,
    } | encoding.h264(sizes[0], rate)
    for number, size in enumerate(sizes):
        most = _most_bits(size, rate)
        steps = encoding.picture_steps(facts, size, rate, tone_map=tone_map)
        options |= {
            f"filter:v:{number}": encoding.as_text(steps),
            f"maxrate:v:{number}": most,
            f"bufsize:v:{number}": 2 * most,
        }
    return options | (encoding.aac(facts) if facts.has_audio else {})


def _variants(sizes: Sequence[Size], facts: Facts) -> str:
    return " ".join(
        f"v:{number},a:{number},name:{size.height}p" if facts.has_audio else f"v:{number},name:{size.height}p"
        for number, size in enumerate(sizes)
    )


def _made(work: Work, size: Size) -> Variant:
    folder = work.workspace / _folder(size)
    segments = read_playlist(folder / _INDEX)
    seen = verdict.look(work, folder / segments[0].file)
    facts = work.known()
    verdict.check_codecs(seen, facts, "h264", "aac", size)
    assert seen.picture is not None
    # RFC 6381: profile (High is 100), constraints (none), level, as x264 writes them for 8-bit 4:2:0.
    codecs = [f"avc1.6400{seen.picture.level:02x}", *(["mp4a.40.2"] if facts.has_audio else [])]
    return Variant(size, encoding.frame_rate(facts), ",".join(codecs), segments)


def _check(work: Work, variants: Sequence[Variant]) -> None:
    """Raises Unreadable when a part is missing or the heights differ in their segments."""
    # Segments are as long as the picture is, which may be shorter than its sound.
    picture = verdict.look_at_source(work).picture
    told = picture.seconds if picture and picture.seconds else work.known().duration_seconds
    if told:
        verdict.check_seconds("the picture", told, min(v.seconds for v in variants))
    if len({tuple(s.seconds for s in v.segments) for v in variants}) > 1:
        raise Unreadable("The heights of the stream came out with different segments.")


def _most_bits(size: Size, rate: Fraction) -> int:
    return max(_LEAST_BITS, round(size.pixels * rate * _BITS_PER_PIXEL))


def _folder(size: Size) -> str:
    return f"{FOLDER}/{size.height}p"
