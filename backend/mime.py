"""The type of a file by its content, from its first bytes; by its extension when the content does not tell."""

from __future__ import annotations

HEAD_BYTES = 4096
UNKNOWN = "application/octet-stream"

_BY_EXTENSION = {
    "mp4": "video/mp4",
    "m4v": "video/x-m4v",
    "mov": "video/quicktime",
    "avi": "video/x-msvideo",
    "webm": "video/webm",
    "mkv": "video/x-matroska",
    "mpg": "video/mpeg",
    "mpeg": "video/mpeg",
    "ts": "video/mp2t",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
    "flac": "audio/flac",
}
KNOWN = frozenset(_BY_EXTENSION.values())
_EXTENSION_OF = {kind: extension for extension, kind in reversed(_BY_EXTENSION.items())}
_TS_PACKET_BYTES = 188


def by_content(head: bytes) -> str | None:
    """The media type that the first bytes show, or None. Signatures from the formats' own specifications."""
    if head[4:8] == b"ftyp":
        return _iso_brand(head[8:12])
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free"):
        return "video/quicktime"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[:4] == b"RIFF":
        return {b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}.get(head[8:12])
    if head[:4] in (b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3"):
        return "video/mpeg"
    if head[:4] == b"fLaC":
        return "audio/flac"
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2):
        return "audio/mpeg"
    if len(head) > 2 * _TS_PACKET_BYTES and all(head[n * _TS_PACKET_BYTES] == 0x47 for n in range(3)):
        return "video/mp2t"
    return None


def media_type(head: bytes, extension: str) -> str:
    """The type to serve: content first, then extension, else a type that no browser runs."""
    return by_content(head) or _BY_EXTENSION.get(extension, UNKNOWN)


def extension_for(media_type: str) -> str | None:
    """The usual extension of a type, for files that came without a name."""
    return _EXTENSION_OF.get(media_type)


def _iso_brand(brand: bytes) -> str:
    if brand == b"qt  ":
        return "video/quicktime"
    if brand.startswith((b"M4A", b"M4B")):
        return "audio/mp4"
    return "video/x-m4v" if brand.startswith(b"M4V") else "video/mp4"
