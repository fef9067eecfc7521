"""The forms in which a program may hand over a video, and streams that behave as real ones do."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from backend.storage.base import VideoData


class Trickle:
    """A stream that cannot be sought and gives a few bytes at a time, as a socket may; it counts what it gave."""

    def __init__(self, content: bytes, step: int = 7) -> None:
        self._content = io.BytesIO(content)
        self._step = step
        self.given_bytes = 0

    def read(self, size: int, /) -> bytes:
        got = self._content.read(min(size, self._step))
        self.given_bytes += len(got)
        return got


class Endless:
    """A stream that never ends, unless nobody asks for more."""

    def __init__(self) -> None:
        self.given_bytes = 0

    def read(self, size: int, /) -> bytes:
        assert 0 < size <= 16 * 1024 * 1024, "read whole, or in pieces too large"
        self.given_bytes += size
        return bytes(size)


def _file(content: bytes, folder: Path) -> Path:
    path = folder / "form.mp4"
    path.write_bytes(content)
    return path


FORMS: dict[str, Callable[[bytes, Path], VideoData]] = {
    "bytes": lambda content, _: content,
    "bytearray": lambda content, _: bytearray(content),
    "memoryview": lambda content, _: memoryview(content),
    "a slice of a memoryview": lambda content, _: memoryview(b"before" + content + b"behind")[6:-6],
    "Path": _file,
    "str": lambda content, folder: str(_file(content, folder)),
    "BytesIO": lambda content, _: io.BytesIO(content),
    "a file opened": lambda content, folder: _file(content, folder).open("rb"),
    "a stream that trickles": lambda content, _: Trickle(content),
}
