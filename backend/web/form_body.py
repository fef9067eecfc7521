"""A multipart form as it arrives: the file goes straight to its sink, text fields are kept, nothing is spooled.

`multipart`'s push parser is fed from the request's own stream. A cut body is told from a whole one twice: by the
closing boundary and by Content-Length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from flask import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from backend.errors import BadField, IncompleteBody, TooLarge
from backend.web.disposition import decoded, name_of_part
from backend.web.upload_body import NOTHING_SAVED, pieces

_FIELD_BYTES = 64 * 1024
_MOST_PARTS = 200
FILE_NAMES = ("video", "file")


class FileSink(Protocol):
    """Where the file part goes."""

    def write(self, piece: bytes | bytearray) -> None: ...


# Gets the file's original name and its part's own Content-Length, if any.
OpenSink = Callable[[str, int | None], FileSink]
# Gets each text field as soon as it is whole: its name and its text.
Hear = Callable[[str, str], None]


@dataclass
class Form:
    """The text fields of a form, in the order they came, and whether the file was among the parts."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    has_file: bool = False


def read_form(request: Request, open_sink: OpenSink, hear: Hear) -> Form:
    """Read the whole body. Raises `IncompleteBody`, `BodyTimeout`, `BadField`, `TooLarge`, or what the sink raises."""
    content_type, options = parse_options_header(request.headers.get("Content-Type", ""))
    if content_type != "multipart/form-data" or not options.get("boundary"):
        raise BadField(
            "Send the file as multipart/form-data, in a part named 'video' or 'file', for example: "
            "curl -F video=@holiday.mp4 …",
            detail={"content_type": content_type},
        )
    form = Form()
    try:
        # Names arrive in any encoding; latin-1 takes every byte, and `decoded` makes UTF-8 of what is UTF-8.
        with PushMultipartParser(options["boundary"], max_segment_count=_MOST_PARTS, header_charset="latin1") as parser:
            _Reader(form, open_sink, hear).read(
                event for piece in pieces(request, NOTHING_SAVED) for event in parser.parse(piece)
            )
    except MultipartError as error:
        raise _cut_or_bad(error) from error
    if not form.has_file:
        raise BadField("The form has no file: name its part 'video' or 'file'.", detail={"field": "video"})
    return form


class _Reader:
    """Sorts the parser's events: a segment, then its bytes, then None."""

    def __init__(self, form: Form, open_sink: OpenSink, hear: Hear) -> None:
        self._form = form
        self._hear = hear
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
        self._name = decoded(segment.name)
        if self._name not in FILE_NAMES:
            return
        if self._form.has_file:
            raise BadField("The form has a second file; send one file per request.", detail={"field": self._name})
        self._form.has_file = True
        declared = segment.header("Content-Length")
        self._sink = self._open_sink(name_of_part(segment.header("Content-Disposition") or ""), _length(declared))

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
            self._hear(self._name, value)
        self._sink = None
        self._text = bytearray()


def _cut_or_bad(error: MultipartError) -> Exception:
    if "Unexpected end" in str(error) or "does not match Content-Length" in str(error):
        return IncompleteBody(f"The upload was cut off before its end. {NOTHING_SAVED}")
    return BadField(f"The form cannot be read: {error}.")


def _length(header: str | None) -> int | None:
    return int(header) if header is not None and header.isascii() and header.isdigit() else None
