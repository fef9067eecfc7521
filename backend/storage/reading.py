"""The bytes of a video that a program hands over, whatever form they have: in pieces, and never more than is allowed.

with reading.opened(video_data, limit) as source:
    for piece in source.pieces():
        …
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from backend.mime import HEAD_BYTES
from backend.storage.given import MIB

_NO_SUCH_PATH = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)
_SHOWN_LETTERS = 255


@dataclass(frozen=True)
class Limit:
    """How large a video may be, and the name of the option that says so."""

    most_bytes: int
    option: str = "max_video_size_mb"


class _Reads(Protocol):
    def read(self, size: int, /) -> Any: ...


class Source:
    """A video on its way in. `head` and `size_bytes` are right once all pieces were taken."""

    def __init__(self, stream: _Reads, limit: Limit, filename: str | None = None, known: bytes | None = None):
        self.filename = filename
        self.head = b""
        self.size_bytes = 0
        self._stream = stream
        self._limit = limit
        self._known = known

    def whole(self) -> bytes:
        """All of it; bytes that are bytes already are not copied."""
        if self._known is not None:
            self.size_bytes, self.head = len(self._known), self._known[:HEAD_BYTES]
            return self._known
        gathered = io.BytesIO()
        for piece in self.pieces():
            gathered.write(piece)
        return gathered.getvalue()

    def pieces(self, piece_bytes: int = MIB) -> Iterator[bytes]:
        """Pieces of exactly `piece_bytes` but the last, whatever the stream gives at a time.

        `ValueError` as soon as there are more bytes than allowed, or at the end when there was none.
        """
        while piece := self._piece(piece_bytes):
            if not self.size_bytes:
                self.head = piece[:HEAD_BYTES]
            self.size_bytes += len(piece)
            yield piece
            if len(piece) < piece_bytes:
                return
        if not self.size_bytes:
            raise empty()

    def _piece(self, piece_bytes: int) -> bytes:
        gathered = bytearray()
        while wanted := piece_bytes - len(gathered):
            # One byte more than allowed is enough to know.
            left = self._limit.most_bytes - self.size_bytes - len(gathered)
            got = _checked(self._stream.read(min(wanted, left + 1)))
            if not got:
                break
            if len(got) > left:
                raise too_large(None, self._limit)
            if len(got) > wanted:
                raise ValueError(f"The stream gave {len(got)} bytes where {wanted} were asked for. It cannot be read.")
            if not gathered and len(got) == piece_bytes:
                return bytes(got)
            gathered += got
        return bytes(gathered)


@contextmanager
def opened(video_data: object, limit: Limit) -> Iterator[Source]:
    """Open what a caller gave. A size that can be known is checked before the first byte is read."""
    if isinstance(video_data, bytes | bytearray | memoryview):
        yield _of_bytes(video_data, limit)
    elif isinstance(video_data, str | os.PathLike):
        with _open_file(Path(video_data), limit) as file:
            yield Source(file, limit, _name_of(video_data))
    elif callable(getattr(video_data, "read", None)):
        yield Source(video_data, limit, _name_of(getattr(video_data, "name", None)))  # type: ignore[arg-type] # it was just asked for
    else:
        raise ValueError(
            f"video_data is of type {type(video_data).__name__}. Give bytes, bytearray, memoryview, a path, "
            'or a file opened with "rb".'
        )


def empty() -> ValueError:
    return ValueError("Video data cannot be empty. Nothing was stored; give at least one byte.")


def too_large(size_bytes: int | None, limit: Limit) -> ValueError:
    told = "Video size" if size_bytes is None else f"Video size {size_bytes / MIB:.2f} MB"
    return ValueError(
        f"{told} exceeds maximum allowed size of {limit.most_bytes / MIB:g} MB. Nothing was stored; "
        f"cut the video, or raise {limit.option}."
    )


def _of_bytes(data: bytes | bytearray | memoryview, limit: Limit) -> Source:
    size_bytes = data.nbytes if isinstance(data, memoryview) else len(data)
    _check_size(size_bytes, limit)
    known = data if type(data) is bytes else bytes(data)
    return Source(io.BytesIO(known), limit, known=known)


def _open_file(path: Path, limit: Limit) -> io.FileIO:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_SUCH_PATH:
            raise
        raise ValueError(
            f"There is no file {_shortened(str(path))!r}. A text given as video_data is read as a path; give contents "
            "as bytes."
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{str(path)!r} is no file. Give the path of a file, or an opened stream.")
    _check_size(status.st_size, limit)
    # Unbuffered: pieces are large.
    return io.FileIO(path)


def _shortened(path: str) -> str:
    return path if len(path) <= _SHOWN_LETTERS else f"{path[:_SHOWN_LETTERS]}…"


def _check_size(size_bytes: int, limit: Limit) -> None:
    if not size_bytes:
        raise empty()
    if size_bytes > limit.most_bytes:
        raise too_large(size_bytes, limit)


def _checked(got: object) -> bytes | bytearray:
    if isinstance(got, bytes | bytearray):
        return got
    if got is None:
        raise ValueError("The stream does not wait for its bytes. Open it in blocking mode.")
    raise ValueError(f'The stream gave {type(got).__name__} instead of bytes. Open it with "rb".')


def _name_of(path: object) -> str | None:
    """The last part of a path; a name in an unknown encoding becomes readable text."""
    if not isinstance(path, str | bytes | os.PathLike):
        return None  # an open file's name may be its number
    name = os.fsencode(Path(os.fsdecode(path)).name).decode(errors="replace")
    return name[:255] or None
