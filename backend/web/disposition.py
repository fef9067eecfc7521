"""The file's name in a Content-Disposition header: of a form's part (RFC 7578), of a request, of an answer (RFC 6266).

What came is read verbatim.
Not the form parser's own reading: it knows no `filename*`, and makes `a.mp4` of a name that begins like `C:\\`.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from multipart import content_disposition_unquote

# WHATWG's and RFC 7578's quoting (the parser's own pattern), and RFC 8187's charset'language'value.
_PLAIN_NAME = re.compile(r""";\s*filename\s*=\s*("[^\\"]*"|[\w!#$%&'*+.^`|~-]+|"(?:\\.|[^\\"])*")""", re.IGNORECASE)
_EXTENDED_NAME = re.compile(r""";\s*filename\*\s*=\s*"?([\w-]+)'[^']*'([^;"\s]*)""", re.IGNORECASE)

_NOT_IN_A_NAME = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST_NAME_BYTES, _LONGEST_EXTENSION_BYTES = 255, 32


def name_of_part(header: str) -> str:
    """`filename*` counts only where no plain name came: in a form it should not be there, yet some clients send it."""
    return _plain(header) or _extended(header)


def name_of_request(header: str) -> str:
    """`filename*` first, as RFC 6266 asks: the plain name beside it is for those who cannot read it."""
    return _extended(header) or _plain(header)


def decoded(header: str) -> str:
    """A header's bytes, which came as latin-1: UTF-8 where they are UTF-8."""
    raw = header.encode("latin1")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return header


def _plain(header: str) -> str:
    found = _PLAIN_NAME.search(header)
    return decoded(content_disposition_unquote(found[1])) if found else ""


def _extended(header: str) -> str:
    found = _EXTENDED_NAME.search(header)
    if not found:
        return ""
    raw = unquote_to_bytes(found[2].encode("latin1"))
    return raw.decode("latin1") if found[1].lower() == "iso-8859-1" else decoded(raw.decode("latin1"))


def written(kind: str, filename: str) -> str:
    """The header for an answer (RFC 6266): an ASCII name for old clients, and the whole one in `filename*`."""
    name = for_saving(filename)
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"%' else "_" for c in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def for_saving(filename: str) -> str:
    """The name as it may be written to anybody's disk and shown to anybody: itself, but for what no file can be
    called everywhere (separators, control characters), what makes it look like another one (marks that turn the
    direction of writing), what hides it (leading dots), and what no file system takes (more than 255 bytes)."""
    name = _NOT_IN_A_NAME.sub("_", filename).strip()
    name = re.sub(r"^\.+", "_", name) or "video"
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > _LONGEST_EXTENSION_BYTES:
        stem, dot, extension = name, "", ""
    left = _LONGEST_NAME_BYTES - len(f"{dot}{extension}".encode())
    return stem.encode()[:left].decode(errors="ignore") + dot + extension
