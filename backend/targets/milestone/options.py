"""The options of the kind `milestone`, and what is wrong with them before anything is asked of the VMS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from backend.targets.config import Option, Shape
from backend.targets.milestone import watching

_TEXT, _WHOLE, _NUMBER, _FLAG = (Shape.TEXT,), (Shape.WHOLE,), (Shape.WHOLE, Shape.NUMBER), (Shape.FLAG,)
BY_CAMERA, BY_PROJECT, BY_UPLOADER = "camera", "project", "uploader"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

MILESTONE_OPTIONS = (
    Option("url", _TEXT, "address of the management server: https://vms.example.org; MILESTONE_URL", default=""),
    Option("username", _TEXT, "a basic user of the VMS with the role Administrators", default=""),
    Option("password", _TEXT, "that user's password", default=""),
    Option("edge_address", _TEXT, "host or host:port at which the VMS reaches our edge device", default=""),
    Option("edge_username", _TEXT, "with what the VMS signs in to our edge device; EDGE_USERNAME", default=""),
    Option("edge_password", _TEXT, "the same; EDGE_PASSWORD", default=""),
    Option("recording_server", _TEXT, "name of the recording server; not needed where there is one", default=""),
    Option("driver", _TEXT, "name of the device driver; the one for ONVIF if not given", default=""),
    Option(
        "camera_by",
        _TEXT,
        "camera, project or uploader: what each camera in the VMS stands for; without a recorder's camera the project",
        default=BY_CAMERA,
        choices=(BY_CAMERA, BY_PROJECT, BY_UPLOADER),
    ),
    Option(
        "tolerance_seconds",
        _NUMBER,
        "how much of a recording's time may be missing at each end, and in all its holes together",
        default=2,
        least=0,
        most=60,
    ),
    Option("bookmark", _FLAG, "set a bookmark at each recording", default=True),
    Option("evidence_lock", _FLAG, "a hold here is an evidence lock there (XProtect Corporate)", default=True),
    Option("event", _TEXT, "name of a user-defined event of the VMS, triggered once for each recording", default=""),
    Option("link", _TEXT, "address of our page, to which bookmarks and events lead; PUBLIC_URL", default=""),
    Option(
        "watch_url",
        _TEXT,
        "address of the VMS's own web page, shown where a copy is: {camera_id}, {start}, {end} are filled in",
        default="",
    ),
    Option(
        "free_with_sound",
        _FLAG,
        "in mode MILESTONE local files with sound go too, though the VMS has their picture alone",
        default=False,
    ),
    Option("h265", _FLAG, "hand over H.265 as it is; else it becomes H.264", default=False),
    Option("ca_file", _TEXT, "certificates to trust instead of this machine's", default=""),
    Option("verify_tls", _FLAG, "false takes any certificate: only for a trial", default=True),
    Option("timeout_seconds", _NUMBER, "how long one answer may take", default=30, least=0.1, most=600),
    Option("task_hours", _NUMBER, "how long one retrieval may take", default=24, least=0.001, most=720),
    Option("poll_seconds", _NUMBER, "how often a running retrieval is asked about", default=2, least=0.01, most=20),
)


def option_problems(options: Mapping[str, Any]) -> list[str]:
    """What is wrong beyond the shape of each option. Empty ones may be filled in from the environment."""
    found = []
    if options["url"] and (problem := _url_problem(options["url"])):
        found.append(problem)
    if options["link"] and not _is_address(options["link"]):
        found.append("option “link” must be an address such as https://video.example.org")
    if options["watch_url"] and (problem := watching.problem(options["watch_url"])):
        found.append(problem)
    if options["edge_address"] and not _is_host(options["edge_address"]):
        found.append("option “edge_address” is a host or host:port at which the VMS reaches this machine, no URL")
    if options["ca_file"] and not Path(options["ca_file"]).is_file():
        found.append(f"option “ca_file” names no file: there is none at {options['ca_file']}")
    return found


def _url_problem(url: str) -> str:
    if not _is_address(url):
        return "option “url” must be an address such as https://vms.example.org"
    if "@" in _split(url).netloc:
        return "option “url” may hold no name and password; write them in “username” and “password”"
    if _split(url).path.strip("/"):
        return "option “url” is the management server's address without a path: https://vms.example.org"
    if _split(url).scheme == "http" and _split(url).hostname not in _LOOPBACK:
        return (
            "option “url” must begin with https://, or the password would travel unprotected; http:// is taken of "
            "127.0.0.1 and localhost alone"
        )
    return ""


def _split(url: str) -> SplitResult:
    return urlsplit(url)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:
        return False


def _is_host(address: str) -> bool:
    try:
        parts = urlsplit(f"//{address}")
        return bool(parts.hostname) and parts.netloc == address and "@" not in address and parts.port != 0
    except ValueError:
        return False
