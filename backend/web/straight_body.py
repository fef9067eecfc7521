"""A request's body straight from the socket: what one recv(2) brings is passed on without a copy.

gunicorn's own body object copies each byte three to five times between its buffers, all under the interpreter
lock: a sixth of the processor time of a large upload (measured, gunicorn 27.0). It also waits for as much as was asked
for, and throws away what it has when the line breaks meanwhile; resumable uploads are to keep every byte that came.
gunicorn's count of what is still to come is kept right, so that it finds the next request on the connection.
"""

from __future__ import annotations

import select
import time
from abc import ABC, abstractmethod
from typing import Any

from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.unreader import SocketUnreader

# From a slow line bytes come in crumbs: they are gathered for a moment, as each piece has its price on the way to the
# disk.
_WORTH_BYTES = 256 * 1024
_GATHER_SECONDS = 0.1


class StraightBody(ABC):
    """Stands in for a gunicorn body. A read may return less than asked, b"" only at the end."""

    def __init__(self, body: Body, source: SocketUnreader) -> None:
        self._body = body
        self._source = source
        self._poll: select.poll | None = None
        self._trouble: Exception | None = None

    def read(self, size: int) -> bytes:
        """At most `size` bytes; a cut body of known length simply ends. What recv raises comes after what came."""
        if self._trouble is not None:
            raise self._trouble
        pieces: list[bytes] = []
        got, until = 0, time.monotonic() + _GATHER_SECONDS
        while got < min(size, _WORTH_BYTES) and (not pieces or self._is_more_there(until)):
            piece = self._next_or_trouble(size - got, is_first=not pieces)
            if not piece:
                break
            if not pieces:
                until = time.monotonic() + _GATHER_SECONDS
            pieces.append(piece)
            got += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @abstractmethod
    def _next(self, wanted: int) -> bytes:
        """At most `wanted` bytes, as soon as there are any; b"" at the end."""

    def _next_or_trouble(self, wanted: int, *, is_first: bool) -> bytes:
        try:
            return self._next(wanted)
        except Exception as error:
            # Where the next request would start is unknown now: gunicorn then closes the connection.
            self._body.failed = True
            self._trouble = error
            if is_first:
                raise
            return b""

    def _is_more_there(self, until: float) -> bool:
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._source.sock, select.POLLIN)
        return bool(self._poll.poll(max(0.0, until - time.monotonic()) * 1000))


class _OfKnownLength(StraightBody):
    def __init__(self, body: Body) -> None:
        super().__init__(body, body.reader.unreader)
        self._rest: LengthReader = body.reader

    def _next(self, wanted: int) -> bytes:
        wanted = min(wanted, self._rest.length)
        if wanted == 0:
            return b""
        piece: bytes = self._source.take_buffered() or self._source.chunk(wanted)
        if len(piece) > wanted:
            self._source.unread(piece[wanted:])
            piece = piece[:wanted]
        self._rest.length -= len(piece)
        return piece

    def _is_more_there(self, until: float) -> bool:
        return self._rest.length > 0 and super()._is_more_there(until)


class _InChunks(StraightBody):
    def __init__(self, body: Body) -> None:
        super().__init__(body, body.reader.req.unreader)
        self._chunks: ChunkedReader = body.reader

    def _next(self, wanted: int) -> bytes:
        held = self._chunks.buf
        piece: bytes = held.getvalue() or self._from_parser()
        held.seek(0)
        held.truncate()
        held.write(piece[wanted:])
        return piece[:wanted]

    def _is_more_there(self, until: float) -> bool:
        # No waiting: the next chunk, or the last one, may lie in the parser's hands already.
        return super()._is_more_there(0.0)

    def _from_parser(self) -> bytes:
        if self._chunks.parser is None:
            return b""
        # Where a chunk's head came without its bytes the parser yields nothing once; that is not the end.
        piece: bytes = next((piece for piece in self._chunks.parser if piece), b"")
        if not piece:
            self._chunks.parser = None
        return piece


def straighten(environ: dict[str, Any]) -> None:
    """Put one in the place of `wsgi.input`, before anybody reads from it; any other server's body is left alone."""
    body: Any = environ["wsgi.input"]
    # Not isinstance: a subclass may count in its own way.
    if type(body) is not Body:
        return
    if type(body.reader) is LengthReader and type(body.reader.unreader) is SocketUnreader:
        environ["wsgi.input"] = _OfKnownLength(body)
    elif type(body.reader) is ChunkedReader and type(body.reader.req.unreader) is SocketUnreader:
        environ["wsgi.input"] = _InChunks(body)
