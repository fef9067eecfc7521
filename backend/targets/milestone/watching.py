"""Where people watch footage in the VMS: the address of its own web page, as an operator wrote it. Pure.

No document names an address that leads to a camera and an instant in Milestone's web client. So a plain address will
do, and for a page that takes them `{camera_id}` (the VMS's own), `{start}` and `{end}` are filled in.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from backend.targets.milestone.soap import moment
from backend.targets.milestone.spans import Span

_FIELDS = ("{camera_id}", "{start}", "{end}")
_SECRET = re.compile(r"[^/?#&;=]*(?:passw|token|secret|api_?key)[^/?#&;=]*=", re.IGNORECASE)


def address(pattern: str, camera_id: str, span: Span) -> str:
    """The pattern with what is known of one recording; "" where there is none."""
    for name, value in zip(_FIELDS, (camera_id, moment(span.start_at), moment(span.end_at)), strict=True):
        pattern = pattern.replace(name, quote(value, safe=""))
    return pattern


def problem(pattern: str) -> str:
    """Why nobody could be sent there, or ""; nothing of it is repeated, it may hold what is to stay unknown."""
    if not _is_web_address(pattern):
        return "option “watch_url” must be an address of http:// or https://, such as https://vms.example.org:8082/"
    if "@" in urlsplit(pattern).netloc or _SECRET.search(pattern):
        return "option “watch_url” may hold no name, password or token: everybody who sees a video is shown it"
    plain = pattern
    for name in _FIELDS:
        plain = plain.replace(name, "")
    if "{" in plain or "}" in plain or "{" in urlsplit(pattern).netloc:
        return f"option “watch_url” takes {', '.join(_FIELDS)} behind the host, and no others"
    return ""


def _is_web_address(pattern: str) -> bool:
    if not pattern.isprintable() or " " in pattern:
        return False
    try:
        parts = urlsplit(pattern)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
