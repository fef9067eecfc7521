"""What a POST at the tus door asks for, read from its headers and refused before a byte of its body is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Request
from werkzeug.exceptions import Forbidden, UnsupportedMediaType

from backend.errors import EmptyFile
from backend.intake import checks
from backend.intake.resumable import Checksum, Wish
from backend.web import tus_headers
from backend.web.access import Person
from backend.web.cors import TUS_PATH
from backend.web.tus_headers import Concat
from backend.web.upload_body import refuse_content_coding

PROTOCOL = "tus"
BASE = f"{TUS_PATH}/"
BYTES_TYPE = "application/offset+octet-stream"
VERBATIM = ("Upload-Metadata", "Upload-Concat")


@dataclass(frozen=True)
class Creation:
    """`part_ids`: the finished uploads that this one is made of, in order; none for any other upload."""

    wish: Wish
    part_ids: tuple[str, ...]
    has_bytes: bool
    checksum: Checksum | None


def read_creation(request: Request, person: Person) -> Creation:
    headers = request.headers
    concat = tus_headers.concat(headers.get("Upload-Concat"), BASE)
    is_final = concat is not None and concat.is_final
    length = tus_headers.length_of(headers.get("Upload-Length"), headers.get("Upload-Defer-Length"), is_final=is_final)
    checksum = tus_headers.checksum(headers.get("Upload-Checksum"))
    wish = _wish(request, person, length, concat)
    return Creation(wish, concat.part_ids if concat else (), _has_bytes(request, is_final=is_final), checksum)


def check_content_type(request: Request) -> None:
    if request.mimetype != BYTES_TYPE:
        raise UnsupportedMediaType(f"Bytes of an upload are sent as Content-Type: {BYTES_TYPE}.")
    refuse_content_coding(request)


def _has_bytes(request: Request, *, is_final: bool) -> bool:
    """Whether bytes come with it. Who says that they do and sends none wants to hear an offset too."""
    is_chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if not request.content_length and not is_chunked:
        return request.mimetype == BYTES_TYPE and not is_final
    if is_final:
        raise Forbidden("An upload made of parts takes no bytes of its own.")
    check_content_type(request)
    return True


def _wish(request: Request, person: Person, length: int | None, concat: Concat | None) -> Wish:
    metadata = tus_headers.metadata(request.headers.get("Upload-Metadata", ""))
    name, fields = tus_headers.original_filename(metadata), tus_headers.fields(metadata)
    if length == 0:
        raise EmptyFile(f"'{name}' is empty (0 bytes); no empty video is kept.", detail={"filename": name})
    is_part = concat is not None and not concat.is_final
    if not is_part:
        # A part has no project: the video that is made of it has one.
        person.check_project(checks.read_facts(fields, datetime.now(UTC)).project_id)
    words = {name: request.headers[name] for name in VERBATIM if request.headers.get(name)}
    return Wish(PROTOCOL, person.caller, name, fields, length, is_part, words)
