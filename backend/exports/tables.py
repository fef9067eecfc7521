"""The frames of a plain mp4 or QuickTime file by its index alone: the same list that ffprobe makes of all packets.

It reads what recorders and ffmpeg write: one index, H.264 or H.265, one edit at most that hides nothing. For all else
it raises `Odd`, and ffprobe, which reads the whole file, has to be asked. Every frame that is told lies within the
file, and every keyframe says itself that it is one: where an index promises what the file does not hold, ffprobe tells
what there is.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, chain, pairwise, repeat
from pathlib import Path

from backend.exports import keyframes
from backend.exports.boxes import Boxes, Odd, Span, boxes, index_of, numbers, offsets, unsigned
from backend.exports.keyframes import Frame
from backend.exports.listing import Listing
from backend.exports.shape import Picture

_CODECS = {b"avc1": "h264", b"avc3": "h264", b"hvc1": "hevc", b"hev1": "hevc"}
_KNOWN_TABLES = {b"stsd", b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stco", b"co64", b"sdtp", b"free"}
# As many frames as two days have at 25 a second.
_MOST_FRAMES = 4_320_000
# ffmpeg takes a longer way from decoding to showing for a mistake; and one that is not positive.
_MOST_DELAY, _MOST_STEP = 2**28, 2**31 - 1
_SELF_CONTAINED = b"\0\0\0\x01"


def frames_of(path: Path, picture: Picture, told_interval: int) -> Listing:
    """Every frame of that picture. Raises `Odd`."""
    index, media = index_of(path)
    if index.all(b"mvex"):
        raise Odd("its index is in fragments")
    tracks = index.all(b"trak")
    if picture.index >= len(tracks):
        raise Odd("its picture is not in its index")
    track = boxes(tracks[picture.index])
    told = track.within(b"mdia")
    scale = _scale(told.one(b"mdhd"))
    if bytes(told.one(b"hdlr")[8:12]) != b"vide" or Fraction(1, scale) != picture.time_base:
        raise Odd("its picture is not where it is told to be")
    described = told.within(b"minf")
    _check_place(described)
    tables = described.within(b"stbl")
    prefix = keyframes.length_bytes(_description(tables, picture))
    sizes = _sizes(tables.one(b"stsz"))
    if not sizes or len(sizes) != picture.told_frames:
        raise Odd("it does not tell how many frames it has")
    places = _places(tables, sizes, media)
    decoded, steps = _decoded(tables, len(sizes))
    pts = _shown(tables, decoded)
    keys = _keys(tables, len(sizes))
    keyframes.check(path, picture.codec, prefix, (Frame(places[key], sizes[key]) for key in keys))
    shift = _shift(track, pts, keys, steps, scale, _scale(index.one(b"mvhd")))
    if shift:
        pts = array("q", (one + shift for one in pts))
    return Listing(picture.time_base, pts, keys, told_interval=told_interval)


def _scale(content: memoryview) -> int:
    """Ticks a second, by a header of a track or of the whole."""
    place = {0: 12, 1: 20}.get(content[0] if content else -1)
    if place is None or len(content) < place + 4:
        raise Odd("its clock is not told")
    scale: int = struct.unpack_from(">I", content, place)[0]
    if not scale:
        raise Odd("its clock is not told")
    return scale


def _check_place(described: Boxes) -> None:
    """Its media data is in the same file."""
    places = described.within(b"dinf").one(b"dref")
    if bytes(places[4:8]) != b"\0\0\0\x01":
        raise Odd("its media data lies in several places")
    [(_, place)] = _single(places[8:])
    if bytes(place[:4]) != _SELF_CONTAINED:
        raise Odd("its media data lies elsewhere")


def _description(tables: Boxes, picture: Picture) -> memoryview:
    unknown = {name for name, _ in tables.found} - _KNOWN_TABLES
    if unknown:
        names = ", ".join(sorted(name.decode("latin-1") for name in unknown))
        raise Odd(f"its index has tables that are not known here ({names})")
    described = tables.one(b"stsd")
    if bytes(described[4:8]) != b"\0\0\0\x01":
        raise Odd("its picture changes its kind")
    [(kind, content)] = _single(described[8:])
    if _CODECS.get(kind) != picture.codec:
        raise Odd(f"its picture is kept as '{kind.decode('latin-1')}'")
    return content


def _single(content: memoryview) -> Sequence[tuple[bytes, memoryview]]:
    found = boxes(content).found
    if len(found) != 1:
        raise Odd("its index is not built as usual")
    return found


def _sizes(content: memoryview) -> Sequence[int]:
    """How many bytes each frame has."""
    if len(content) < 12:
        raise Odd("a table of its index is too short")
    every, count = struct.unpack_from(">II", content, 4)
    if count > _MOST_FRAMES:
        raise Odd("it has unusually many frames")
    sizes = array("I", repeat(every, count)) if every else unsigned(content[12:], count)
    if not all(sizes):
        raise Odd("it has empty frames")
    return sizes


def _places(tables: Boxes, sizes: Sequence[int], media: Sequence[Span]) -> array[int]:
    """Where each frame lies in the file, all of it within the media data."""
    chunks, large = tables.maybe(b"stco"), tables.maybe(b"co64")
    if (chunks is None) == (large is None):
        raise Odd("its index does not tell where its frames are")
    starts = numbers(chunks, 1) if chunks is not None else offsets(large) if large is not None else array("Q")
    ends = [0, *accumulate(sizes)]
    spans = sorted(media)
    begins = [span.start for span in spans]
    places, number = array("Q"), 0
    for start, count in zip(starts, _counts(tables.one(b"stsc"), len(starts)), strict=True):
        if number + count > len(sizes):
            raise Odd("its index holds more than it tells")
        end = start + ends[number + count] - ends[number]
        at = bisect_right(begins, start) - 1
        if at < 0 or end > spans[at].end:
            raise Odd("its index tells of frames that are not in it")
        places.extend(start - ends[number] + before for before in ends[number : number + count])
        number += count
    if number != len(sizes):
        raise Odd("its index does not tell where all its frames are")
    return places


def _counts(content: memoryview, chunks: int) -> array[int]:
    """How many frames each chunk has."""
    told = numbers(content, 3)
    firsts = [*told[0::3], chunks + 1]
    if firsts[0] != 1 or any(after <= before for before, after in pairwise(firsts)):
        raise Odd("its index does not tell where its frames are")
    if not all(told[1::3]) or any(kind != 1 for kind in told[2::3]):
        raise Odd("its picture changes its kind")
    if max(told[1::3]) > _MOST_FRAMES or chunks > _MOST_FRAMES:
        raise Odd("it has unusually many frames")
    runs = zip(told[1::3], pairwise(firsts), strict=True)
    return array("q", chain.from_iterable(repeat(count, after - before) for count, (before, after) in runs))


def _decoded(tables: Boxes, count: int) -> tuple[array[int], array[int]]:
    """When each frame is decoded, and how long that is before the next one."""
    told = numbers(tables.one(b"stts"), 2)
    if sum(told[0::2]) != count or not all(0 < step <= _MOST_STEP for step in told[1::2]):
        raise Odd("it does not tell the time of each frame")
    steps = array("q", chain.from_iterable(map(repeat, told[1::2], told[0::2])))
    return array("q", accumulate(steps[:-1], initial=0)), steps


def _shown(tables: Boxes, decoded: array[int]) -> array[int]:
    """When each frame is shown, on the clock of the media data."""
    content = tables.maybe(b"ctts")
    if content is None:
        return decoded
    told = numbers(content, 2)
    # Signed in the one version, and read as signed by everybody in the other.
    delays = [one - 2**32 if one >= 2**31 else one for one in told[1::2]]
    if sum(told[0::2]) != len(decoded) or any(not 0 <= one < _MOST_DELAY for one in delays):
        raise Odd("it does not tell plainly when each frame is shown")
    later = chain.from_iterable(map(repeat, delays, told[0::2]))
    return array("q", map(int.__add__, decoded, later))


def _keys(tables: Boxes, count: int) -> array[int]:
    """Where keyframes are; each is one where that is not told."""
    content = tables.maybe(b"stss")
    if content is None:
        return array("q", range(count))
    told = numbers(content, 1)
    if not told or told[0] != 1 or told[-1] > count or any(after <= before for before, after in pairwise(told)):
        raise Odd("it does not tell plainly which frames are keyframes")
    return array("q", (one - 1 for one in told))


def _shift(
    track: Boxes, pts: Sequence[int], keys: Sequence[int], steps: Sequence[int], scale: int, whole_scale: int
) -> int:
    """How much later frames are shown than by the clock of the media data, as an edit list says."""
    if track.maybe(b"edts") is None:
        return 0
    content = track.within(b"edts").one(b"elst")
    edits = _edits(content)
    empty = edits.pop(0)[0] if edits and edits[0][1] == -1 else 0
    if len(edits) != 1:
        raise Odd("it has several edits")
    [(length, begin)] = edits
    end = begin + _nearest(length * scale, whole_scale)
    # The first one is shown first, at the edit's beginning; none is shown after its end, and no keyframe ends it.
    last = keys[-1]
    ended = last + 1 < len(pts) and pts[last] + steps[last] >= end
    if not begin == pts[0] == min(pts) or max(pts) >= end or ended:
        raise Odd("it holds frames that it does not show")
    return _nearest(empty * scale, whole_scale) - begin


def _edits(content: memoryview) -> list[tuple[int, int]]:
    """The length of each, in ticks of the whole, and where it begins in the media data."""
    form = {0: ">IihH", 1: ">QqhH"}.get(content[0] if content else -1)
    if form is None or len(content) < 8:
        raise Odd("its edits are not told plainly")
    count, each = struct.unpack_from(">I", content, 4)[0], struct.calcsize(form)
    if not 1 <= count <= 2 or len(content) != 8 + count * each:
        raise Odd("it has several edits")
    found = [struct.unpack_from(form, content, 8 + number * each) for number in range(count)]
    if any(not length or begin < -1 or (speed, part) != (1, 0) for length, begin, speed, part in found):
        raise Odd("its edits are not plain")
    return [(length, begin) for length, begin, _, _ in found]


def _nearest(ticks: int, of: int) -> int:
    """As ffmpeg rounds."""
    return (2 * ticks + of) // (2 * of)
