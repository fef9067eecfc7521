"""Where people watch footage in the VMS: the address of its own web page, as an operator wrote it. Pure.

No document names an address that leads to a camera and an instant in Milestone's web client. So a plain address will
do, and for a page that takes them `{camera_id}` (the VMS's own), `{start}` and `{end}` are filled in. They are taken
from a copy's proof whenever somebody asks: an address that is written later, or another one, holds for every copy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

# What may stand in an address, and what a proof calls it.
_FIELDS = {"{camera_id}": "vms_camera_id", "{start}": "start", "{end}": "end"}
_SECRET = re.compile(r"[^/?#&;=]*(?:passw|token|secret|api_?key)[^/?#&;=]*=", re.IGNORECASE)


def address(pattern: str, proof: Mapping[str, Any]) -> str:
    """The pattern with what a copy's proof says of the recording; "" where there is none, or the proof lacks what it
    asks for."""
    for name, known in _FIELDS.items():
        if name not in pattern:
            continue
        value = proof.get(known)
        if not isinstance(value, str) or not value:
            return ""
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
