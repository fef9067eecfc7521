"""A multipart form as it arrives: the file goes straight to its sink, text fields are kept, nothing is spooled.

`multipart`'s push parser is fed 1 MiB at a time from the request's own stream (measured: smaller reads from
gunicorn are several times slower). A cut body is told from a whole one twice: by the closing boundary and by
Content-Length; gunicorn passes the end of a cut body as a normal end of file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote_to_bytes

from flask import Request
from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    content_disposition_unquote,
    parse_options_header,
)

from backend.errors import BadField, BodyTimeout, IncompleteBody, TooLarge
from backend.web.connections import BadFraming
from backend.web.straight_body import straighten

_STEP_BYTES = 1024 * 1024
_FIELD_BYTES = 64 * 1024
_MOST_PARTS = 200
FILE_NAMES = ("video", "file")
# WHATWG's and RFC 7578's quoting (the parser's own pattern), and RFC 8187's charset'language'value.
_PLAIN_NAME = re.compile(r""";\s*filename\s*=\s*("[^\\"]*"|[\w!#$%&'*+.^`|~-]+|"(?:\\.|[^\\"])*")""", re.IGNORECASE)
_EXTENDED_NAME = re.compile(r""";\s*filename\*\s*=\s*"?([\w-]+)'[^']*'([^;"\s]*)""", re.IGNORECASE)


class FileSink(Protocol):
    """Where the file part goes."""

    def write(self, piece: bytes | bytearray) -> None: ...


# Gets the file's original name and its part's own Content-Length, if any.
OpenSink = Callable[[str, int | None], FileSink]


@dataclass
class Form:
    """The text fields of a form, in the order they came, and whether the file was among the parts."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    has_file: bool = False


def read_form(request: Request, open_sink: OpenSink) -> Form:
    """Read the whole body. Raises `IncompleteBody`, `BodyTimeout`, `BadField`, `TooLarge`, or what the sink raises."""
    content_type, options = parse_options_header(request.headers.get("Content-Type", ""))
    if content_type != "multipart/form-data" or not options.get("boundary"):
        raise BadField(
            "Send the file as multipart/form-data, in a part named 'video' or 'file', for example: "
            "curl -F video=@holiday.mp4 …",
            detail={"content_type": content_type},
        )
    straighten(request.environ)
    form = Form()
    try:
        # Names arrive in any encoding; latin-1 takes every byte, and _decoded makes UTF-8 of what is UTF-8.
        with PushMultipartParser(options["boundary"], max_segment_count=_MOST_PARTS, header_charset="latin1") as parser:
            _Reader(form, open_sink).read(event for piece in _pieces(request) for event in parser.parse(piece))
    except MultipartError as error:
        raise _cut_or_bad(error) from error
    if not form.has_file:
        raise BadField("The form has no file: name its part 'video' or 'file'.", detail={"field": "video"})
    return form


class _Reader:
    """Sorts the parser's events: a segment, then its bytes, then None."""

    def __init__(self, form: Form, open_sink: OpenSink) -> None:
        self._form = form
        self._open_sink = open_sink
        self._sink: FileSink | None = None
        self._name = ""
        self._text = bytearray()

    def read(self, events: Iterator[MultipartSegment | bytearray | bytes | None]) -> None:
        for event in events:
            if event is None:
                self._end()
            elif isinstance(event, MultipartSegment):
                self._begin(event)
            elif self._sink is not None:
                self._sink.write(event)
            else:
                self._add_text(event)

    def _begin(self, segment: MultipartSegment) -> None:
        self._name = _decoded(segment.name)
        if self._name not in FILE_NAMES:
            return
        if self._form.has_file:
            raise BadField("The form has a second file; send one file per request.", detail={"field": self._name})
        self._form.has_file = True
        declared = segment.header("Content-Length")
        self._sink = self._open_sink(_filename(segment), _length(declared))

    def _add_text(self, piece: bytes | bytearray) -> None:
        if len(self._text) + len(piece) > _FIELD_BYTES:
            raise TooLarge(
                f"The field '{self._name}' is longer than {_FIELD_BYTES // 1024} KiB; shorten it. "
                "A file belongs in the part 'video' or 'file'.",
                detail={"field": self._name, "limit_bytes": _FIELD_BYTES},
            )
        self._text += piece

    def _end(self) -> None:
        if self._sink is None:
            try:
                value = self._text.decode("utf-8")
            except UnicodeDecodeError:
                raise BadField(f"The field '{self._name}' is not UTF-8 text.", detail={"field": self._name}) from None
            self._form.fields.setdefault(self._name, []).append(value)
        self._sink = None
        self._text = bytearray()


def _pieces(request: Request) -> Iterator[bytes]:
    """The body in steps of 1 MiB, compared with Content-Length at its end."""
    declared, received = request.content_length, 0
    while piece := _read_step(request):
        received += len(piece)
        yield piece
    if declared is not None and received != declared:
        raise IncompleteBody(
            f"The upload was cut off: {declared} bytes were declared, {received} arrived. "
            "Nothing was saved. Send it again.",
            detail={"declared_bytes": declared, "received_bytes": received},
        )


def _read_step(request: Request) -> bytes:
    try:
        return request.stream.read(_STEP_BYTES)
    except TimeoutError as error:
        raise BodyTimeout(
            "The upload stood still for too long and was cut off. Nothing was saved. Send it again."
        ) from error
    except BadFraming as error:
        raise IncompleteBody("The upload's chunks do not fit together. Nothing was saved. Send it again.") from error
    except OSError as error:
        raise IncompleteBody("The connection broke during the upload. Nothing was saved. Send it again.") from error


def _cut_or_bad(error: MultipartError) -> Exception:
    if "Unexpected end" in str(error) or "does not match Content-Length" in str(error):
        return IncompleteBody("The upload was cut off before its end. Nothing was saved. Send it again.")
    return BadField(f"The form cannot be read: {error}.")


def _filename(segment: MultipartSegment) -> str:
    """The file's name, verbatim; `filename*` (RFC 8187) counts where no plain one came, as some clients send it.

    Not the parser's own reading: it knows no `filename*`, and makes `a.mp4` of a name that begins like `C:\\`.
    """
    header = segment.header("Content-Disposition") or ""
    if plain := _PLAIN_NAME.search(header):
        return _decoded(content_disposition_unquote(plain[1]))
    if extended := _EXTENDED_NAME.search(header):
        raw = unquote_to_bytes(extended[2].encode("latin1"))
        return raw.decode("latin1") if extended[1].lower() == "iso-8859-1" else _decoded(raw.decode("latin1"))
    return ""


def _decoded(header: str) -> str:
    raw = header.encode("latin1")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return header


def _length(header: str | None) -> int | None:
    return int(header) if header is not None and header.isascii() and header.isdigit() else None
