"""The headers of tus 1.0.0 read to the letter: what does not fit the protocol's grammar is 400, and never echoed. Pure.

Chapters named here are those of the protocol's text (tus.io/protocols/resumable-upload, version 1.0.0).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from werkzeug.exceptions import BadRequest

from backend.errors import BadField
from backend.intake.checks import Fields
from backend.intake.resumable import Checksum
from backend.web.openapi import FIELDS

# The form's text fields, as the metadata of an upload may name them; an upload by pieces waits for no copies.
FIELD_NAMES = frozenset({*FIELDS, "contentType"} - {"wait"})
DIGEST_BYTES = {"sha1": 20, "sha256": 32}
_NAME_KEYS = ("filename", "name")
# Longer than any size; Python refuses to read numbers of thousands of digits.
_MOST_DIGITS = 30
_KEY = re.compile(r"[!-+\--~]+")
_URL = re.compile(r"[!-~]+")
_FINAL = "final;"


@dataclass(frozen=True)
class Concat:
    """Upload-Concat: one of several parts, or the whole that is made of `part_ids` in that order."""

    is_final: bool
    part_ids: tuple[str, ...] = ()


def natural(name: str, value: str) -> int:
    """A non-negative integer in decimal digits, nothing else. One that is absurdly large is only told as large."""
    if not (value.isascii() and value.isdigit()):
        raise BadRequest(f"{name} must be a non-negative whole number.")
    digits = value.lstrip("0")
    return int(digits or "0") if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS


def length_of(length: str | None, defer: str | None, *, is_final: bool) -> int | None:
    """Upload-Length at creation; None where Upload-Defer-Length says that it comes later, or where parts make it."""
    if defer is not None and defer != "1":
        raise BadRequest("Upload-Defer-Length can only be 1.")
    if is_final and (length is not None or defer is not None):
        raise BadRequest("The length of an upload made of parts is theirs; send no Upload-Length.")
    if not is_final and (length is None) == (defer is None):
        raise BadRequest("Send exactly one of Upload-Length and Upload-Defer-Length: 1.")
    return None if length is None else natural("Upload-Length", length)


def metadata(header: str) -> dict[str, bytes]:
    """Upload-Metadata: pairs of a key and a Base64 value, separated by commas; keys are unique, values may be empty."""
    found: dict[str, bytes] = {}
    if not header.strip(" \t"):
        return found
    for pair in header.split(","):
        key, _, encoded = pair.strip(" \t").partition(" ")
        if not _KEY.fullmatch(key):
            raise BadRequest("Upload-Metadata holds a key that is empty or has other than plain ASCII characters.")
        if key in found:
            raise BadRequest(f"Upload-Metadata names the key {key} twice.")
        found[key] = _base64(f"Upload-Metadata: the value of {key}", encoded)
    return found


def original_filename(found: Mapping[str, bytes]) -> str:
    """The file's name, verbatim, in UTF-8 or else in the one encoding that takes every byte; "" for none."""
    raw = next((found[key] for key in _NAME_KEYS if found.get(key)), b"")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def fields(found: Mapping[str, bytes]) -> Fields:
    """The form's fields among the metadata; what else a client sends, `filetype` too, is none of our business."""
    return {name: [_text(name, raw)] for name, raw in found.items() if name in FIELD_NAMES}


def checksum(header: str | None) -> Checksum | None:
    """Upload-Checksum: an algorithm that we know, and its digest in Base64."""
    if header is None:
        return None
    algorithm, _, encoded = header.partition(" ")
    size = DIGEST_BYTES.get(algorithm)
    if size is None:
        raise BadRequest(f"Upload-Checksum must name one of: {', '.join(DIGEST_BYTES)}.")
    digest = _base64("Upload-Checksum", encoded)
    if len(digest) != size:
        raise BadRequest(f"Upload-Checksum: a digest of {algorithm} has {size} bytes, not {len(digest)}.")
    return Checksum(algorithm, digest)


def concat(header: str | None, base: str) -> Concat | None:
    """Upload-Concat: "partial", or "final;" and the URLs of the parts, absolute or relative to `base`."""
    if header is None or header == "partial":
        return None if header is None else Concat(is_final=False)
    urls = [url for url in header.removeprefix(_FINAL).split(" ") if url]
    if not header.startswith(_FINAL) or not urls:
        raise BadRequest('Upload-Concat must be "partial", or "final;" and the URLs of the parts.')
    return Concat(is_final=True, part_ids=tuple(_id_in(url, base) for url in urls))


def _id_in(url: str, base: str) -> str:
    if not _URL.fullmatch(url):
        raise BadRequest("Upload-Concat holds a character that no URL has.")
    try:
        path = urlsplit(urljoin(base, url)).path
    except ValueError:
        path = ""
    folder, _, part_id = path.rpartition("/")
    if f"{folder}/" != base or not part_id:
        raise BadRequest(f"Upload-Concat must name uploads of this server, such as {base}24e533e02ec3bc40.")
    return part_id


def _base64(what: str, encoded: str) -> bytes:
    try:
        return b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise BadRequest(f"{what} is not Base64.") from None


def _text(name: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadField(f"The field '{name}' is not UTF-8 text.", detail={"field": name}) from None
