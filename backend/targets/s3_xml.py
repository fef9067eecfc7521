"""Reads the XML replies of S3 and writes the one request that is XML. Pure.

Services differ in namespace and in whether names come url-encoded, so neither is relied upon.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus


class Garbled(Exception):
    """A reply that is not the XML it should be."""


@dataclass(frozen=True)
class StoredPart:
    """A part as the service lists it."""

    number: int
    size_bytes: int
    etag: str


@dataclass(frozen=True)
class PartsPage:
    parts: tuple[StoredPart, ...]
    next_marker: str | None


@dataclass(frozen=True)
class UploadsPage:
    """Ids of one key's unfinished uploads, and where the listing goes on: (key, id), or None at its end."""

    upload_ids: tuple[str, ...]
    next_markers: tuple[str, str] | None


def read_reply(data: bytes, wanted: str) -> ET.Element:
    """The root element `wanted`, without namespaces; Garbled if it is another one."""
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        raise Garbled(f"not XML: {error}") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag != wanted:
        raise Garbled(f"<{root.tag[:40]}> instead of <{wanted}>")
    return root


def error_in(data: bytes) -> tuple[str, str] | None:
    """Code and message if the reply is an <Error>, which may also come with HTTP 200; else None."""
    try:
        root = read_reply(data, "Error")
    except Garbled:
        return None
    return _text(root, "Code") or "UnknownError", _text(root, "Message")


def read_upload_id(data: bytes) -> str:
    upload_id = _text(read_reply(data, "InitiateMultipartUploadResult"), "UploadId")
    if not upload_id:
        raise Garbled("no UploadId")
    return upload_id


def read_parts(data: bytes) -> PartsPage:
    root = read_reply(data, "ListPartsResult")
    try:
        parts = tuple(
            StoredPart(int(_text(p, "PartNumber")), int(_text(p, "Size")), plain_etag(_text(p, "ETag")))
            for p in root.findall("Part")
        )
    except ValueError as error:
        raise Garbled("a part without number or size") from error
    more = _text(root, "IsTruncated") == "true"
    return PartsPage(parts, _text(root, "NextPartNumberMarker") if more else None)


def read_uploads(data: bytes, key: str) -> UploadsPage:
    """The uploads of exactly `key`; a listing by prefix holds longer names too."""
    root = read_reply(data, "ListMultipartUploadsResult")
    uploads = root.findall("Upload")
    ids = tuple(_text(upload, "UploadId") for upload in uploads if _is_key(upload.findtext("Key") or "", key))
    if _text(root, "IsTruncated") != "true" or not uploads:
        return UploadsPage(ids, None)
    return UploadsPage(ids, (_text(root, "NextKeyMarker"), _text(root, "NextUploadIdMarker")))


def write_completion(etags: Mapping[int, str]) -> bytes:
    """The body of CompleteMultipartUpload: every part in order with the ETag the service gave it."""
    root = ET.Element("CompleteMultipartUpload", xmlns="http://s3.amazonaws.com/doc/2006-03-01/")
    for number in sorted(etags):
        part = ET.SubElement(root, "Part")
        ET.SubElement(part, "PartNumber").text = str(number)
        ET.SubElement(part, "ETag").text = f'"{etags[number]}"'
    return ET.tostring(root, encoding="unicode").encode()


def plain_etag(value: str) -> str:
    return value.strip().removeprefix("W/").strip('"')


def _is_key(listed: str, key: str) -> bool:
    return key in (listed, unquote(listed), unquote_plus(listed))


def _text(element: ET.Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()
