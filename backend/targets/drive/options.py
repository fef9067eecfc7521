"""The options of the kind `drive`, and what is wrong with them before anything is asked of Google."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from backend.targets.config import Option, Shape

_TEXT, _WHOLE, _NUMBER = (Shape.TEXT,), (Shape.WHOLE,), (Shape.WHOLE, Shape.NUMBER)
GOOGLE = "https://www.googleapis.com/"
LAYOUTS = ("project", "project/month", "project/day", "flat")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_FOLDER_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

DRIVE_OPTIONS = (
    Option(
        "credentials",
        _TEXT,
        "file of a service account's key, or of a sign-in that `video_manager targets login` made",
        required=True,
    ),
    Option("folder_id", _TEXT, "the folder or shared drive that gets the copies, from its address"),
    Option("folder_name", _TEXT, "folder that is made when there is no folder_id", default="Holdfast"),
    Option("subject", _TEXT, "address of the person for whom the service account acts (domain-wide delegation)"),
    Option("layout", _TEXT, "folders below it: by project, and by month or day", "project", choices=LAYOUTS),
    Option("root_url", _TEXT, "address of the service; another one only for a local stand-in", default=GOOGLE),
    Option("chunk_mib", _WHOLE, "size of one request of a large file", default=16, least=1, most=256),
    Option("read_timeout_seconds", _NUMBER, "time to wait for an answer", default=60, least=0.1, most=3600),
)


def option_problems(options: Mapping[str, Any]) -> list[str]:
    """What is wrong beyond the shape of each option. A missing credentials file is not: signing in makes it."""
    found = []
    folder_id, root = options["folder_id"], urlsplit(options["root_url"])
    if folder_id is not None and not _FOLDER_ID.fullmatch(folder_id):
        found.append("option “folder_id” is the last part of the folder's address: letters, digits, - and _")
    if not options["folder_name"].strip():
        found.append("option “folder_name” is empty")
    if root.scheme not in ("http", "https") or not root.hostname or root.query or root.fragment:
        found.append(f"option “root_url” must be an address such as {GOOGLE}")
    elif root.scheme == "http" and root.hostname not in LOOPBACK:
        found.append("option “root_url” must begin with https://, or the credentials would travel unprotected")
    if options["credentials"].lstrip().startswith("{") and not _is_object(options["credentials"]):
        found.append("option “credentials” begins like JSON and is none")
    return found


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
