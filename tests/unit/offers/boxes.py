"""MP4 files that ffmpeg does not write: boxes of one are taken apart and put together anew."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

_INNER = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
Change = Callable[[bytes], bytes]


def changed(data: bytes, changes: dict[bytes, Change]) -> bytes:
    """The same boxes, those inside of `changes` with other content."""
    made, place = b"", 0
    while place < len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        content = data[place + 8 : place + size]
        if kind in _INNER:
            content = changed(content, changes)
        elif kind in changes:
            content = changes[kind](content)
        made += struct.pack(">I4s", len(content) + 8, kind) + content
        place += size
    return made


def with_two_descriptions(path: Path, first_frames: int, other: Path) -> Path:
    """The film at `path` goes on, after its first frames, with those of `other`, by that one's sample description. Both
    are of one chunk, with as many frames of the same times."""
    ours, theirs = _Table(path), _Table(other)
    sizes = [*ours.sizes[:first_frames], *theirs.sizes[first_frames:]]
    begins = theirs.place + sum(theirs.sizes[:first_frames])
    frames = theirs.data[begins : begins + sum(theirs.sizes[first_frames:])]
    runs = [(1, first_frames, 1), (2, len(sizes) - first_frames, 2)]
    tables: dict[bytes, Change] = {
        b"stsd": lambda content: content[:4] + struct.pack(">I", 2) + content[8:] + theirs.contents[b"stsd"][8:],
        b"stsc": lambda content: content[:4] + struct.pack(">I6I", 2, *runs[0], *runs[1]),
        b"stsz": lambda content: content[:12] + struct.pack(f">{len(sizes)}I", *sizes),
        b"stco": lambda content: content[:4] + struct.pack(">3I", 2, ours.place, 0),
    }
    last = len(changed(ours.data, tables)) + 8
    tables[b"stco"] = lambda content: content[:4] + struct.pack(">3I", 2, ours.place, last)
    path.write_bytes(changed(ours.data, tables) + struct.pack(">I4s", len(frames) + 8, b"mdat") + frames)
    return path


class _Table:
    """Where the frames of a film of one chunk lie."""

    def __init__(self, path: Path) -> None:
        self.data, self.contents = path.read_bytes(), dict[bytes, bytes]()
        changed(self.data, {kind: partial(self._note, kind) for kind in (b"stsd", b"stsz", b"stco")})
        count = struct.unpack_from(">I", self.contents[b"stsz"], 8)[0]
        self.sizes: tuple[int, ...] = struct.unpack_from(f">{count}I", self.contents[b"stsz"], 12)
        chunks, self.place = struct.unpack_from(">2I", self.contents[b"stco"], 4)
        assert chunks == 1

    def _note(self, kind: bytes, content: bytes) -> bytes:
        self.contents[kind] = content
        return content
