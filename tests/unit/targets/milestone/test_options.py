"""Promises of backend/targets/milestone/options.py: what cannot work stops the start, and no secret is repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.targets.config_table import read_table
from backend.targets.registry import build_target


def problems_of(**options: Any) -> list[str]:
    problems: list[str] = []
    read_table({"name": "vms", "kind": "milestone", **options}, "test", problems)
    return problems


def test_an_empty_target_may_be_filled_in_later_and_builds_without_a_connection() -> None:
    problems: list[str] = []
    config = read_table({"name": "vms", "kind": "milestone"}, "test", problems)
    assert config is not None
    assert problems == []
    assert (config.required, config.ephemeral) == (True, False)
    assert build_target(config).kind == "milestone"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "vms.example.org"}, "must be an address such as https://vms.example.org"),
        ({"url": "https://vms.example.org/api"}, "without a path"),
        ({"url": "https://me:geheim@vms.example.org"}, "may hold no name and password"),
        ({"url": "http://vms.example.org"}, "unprotected; http:// is taken of 127.0.0.1 and localhost alone"),
        ({"url": "https://vms.example.org:99999"}, "must be an address"),
        ({"edge_address": "http://10.0.0.5:8580"}, "host or host:port"),
        ({"edge_address": "10.0.0.5:port"}, "host or host:port"),
        ({"edge_address": "a@b"}, "host or host:port"),
        ({"link": "video.example.org"}, "option “link” must be an address"),
        ({"watch_url": "vms.example.org"}, "an address of http:// or https://"),
        ({"watch_url": "javascript:alert(1)//geheim"}, "an address of http:// or https://"),
        ({"watch_url": "https://vms.example.org/ geheim"}, "an address of http:// or https://"),
        ({"watch_url": "https://vms.example.org:99999"}, "an address of http:// or https://"),
        ({"watch_url": "https://me:geheim@vms.example.org"}, "may hold no name, password or token"),
        ({"watch_url": "https://vms.example.org/?access_token=geheim"}, "may hold no name, password or token"),
        ({"watch_url": "https://vms.example.org/#password=geheim"}, "may hold no name, password or token"),
        ({"watch_url": "https://vms.example.org/{camera}"}, "takes {camera_id}, {start}, {end} behind the host"),
        ({"watch_url": "https://{camera_id}.example.org/"}, "takes {camera_id}, {start}, {end} behind the host"),
        ({"ca_file": "/no/such/file.pem"}, "option “ca_file” names no file: there is none at /no/such/file.pem"),
        ({"camera_by": "room"}, "must be one of: camera, project, uploader"),
        ({"tolerance_seconds": 61}, "at most 60"),
        ({"task_hours": 0}, "at least 0.001"),
        ({"poll_seconds": 30}, "at most 20"),
    ],
)
def test_what_cannot_work_is_told(options: dict[str, Any], words: str) -> None:
    found = problems_of(**options)
    assert len(found) == 1
    assert words in found[0]
    assert "geheim" not in found[0]


@pytest.mark.parametrize(
    "options",
    [
        {"url": "https://vms.example.org:8443/"},
        {"url": "http://127.0.0.1:8080"},
        {"watch_url": "https://vms.example.org:8082/"},
        {"watch_url": "https://viewer.example.org/play?camera={camera_id}&from={start}#{end}"},
        {"edge_address": "10.0.0.5"},
        {"edge_address": "[fd00::1]:8580"},
        {"edge_address": "holdfast.lan:8580"},
    ],
)
def test_what_can_work_is_taken(options: dict[str, Any]) -> None:
    assert problems_of(**options) == []


def test_a_file_of_certificates_is_found(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    assert problems_of(ca_file=str(tmp_path / "ca.pem")) == []
