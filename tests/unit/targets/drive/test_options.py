"""Promises of backend/targets/drive/options.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.targets.config_table import read_table
from backend.targets.drive.options import LAYOUTS, option_problems

_LEAST = {"name": "d", "kind": "drive", "credentials": "key.json"}


def problems_of(**options: Any) -> list[str]:
    found: list[str] = []
    read_table({**_LEAST, **options}, "targets.toml", found)
    return found


def test_credentials_alone_are_enough_and_the_rest_is_googles_own_service_with_chunks_of_16_mib() -> None:
    found: list[str] = []
    config = read_table(_LEAST, "targets.toml", found)
    assert (config is not None, found) == (True, [])
    assert config is not None
    options = config.options
    assert (options["root_url"], options["chunk_mib"]) == ("https://www.googleapis.com/", 16)
    assert (options["folder_name"], options["layout"], options["folder_id"]) == ("Holdfast", "project", None)


@pytest.mark.parametrize(
    "good",
    [
        *({"layout": layout} for layout in LAYOUTS),
        {"root_url": "http://127.0.0.1:8080/"},
        {"root_url": "http://localhost"},
        {"root_url": "http://[::1]:1/"},
        {"root_url": "https://drive.example.org/"},
        {"folder_id": "0AFx-_9PVA"},
        {"credentials": json.dumps({"type": "service_account"})},
        {"chunk_mib": 1},
        {"chunk_mib": 256},
    ],
)
def test_what_can_work_is_taken(good: dict[str, Any]) -> None:
    assert problems_of(**good) == []


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({"layout": "year"}, "layout"),
        ({"root_url": "http://drive.example.org/"}, "unprotected"),
        ({"root_url": "ftp://127.0.0.1/"}, "root_url"),
        ({"root_url": "https://"}, "root_url"),
        ({"root_url": "https://x/?key=1"}, "root_url"),
        ({"root_url": "https://x/#a"}, "root_url"),
        ({"folder_id": "https://drive.google.com/drive/folders/1abc"}, "folder_id"),
        ({"folder_id": "a/b"}, "folder_id"),
        ({"folder_id": ""}, "folder_id"),
        ({"folder_name": "  "}, "folder_name"),
        ({"credentials": "{not json"}, "credentials"),
        ({"chunk_mib": 0}, "chunk_mib"),
        ({"chunk_mib": 257}, "chunk_mib"),
        ({"chunk_mib": 1.5}, "chunk_mib"),
        ({"read_timeout_seconds": 0}, "read_timeout_seconds"),
        ({"folder": "x"}, "folder"),
    ],
)
def test_what_cannot_work_stops_the_start_with_the_name_of_the_option(bad: dict[str, Any], word: str) -> None:
    found = problems_of(**bad)
    assert found
    assert word in " ".join(found)


def test_no_problem_repeats_what_is_in_the_credentials() -> None:
    assert "S3CR3T" not in " ".join(problems_of(credentials='{"private_key": "S3CR3T"'))


@given(st.text(), st.text(), st.text())
def test_any_text_is_either_taken_or_explained(folder_id: str, folder_name: str, credentials: str) -> None:
    options = {"folder_id": folder_id, "folder_name": folder_name, "credentials": credentials}
    for words in option_problems({**options, "root_url": "https://www.googleapis.com/"}):
        assert words.startswith("option “")
