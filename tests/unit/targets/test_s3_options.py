"""Promises of backend/targets/s3_options.py."""

from __future__ import annotations

from typing import Any

import pytest

from backend.targets.config_table import read_table
from backend.targets.s3_options import bucket_names, connection_of

_TABLE = {
    "name": "cloud",
    "kind": "s3",
    "endpoint": "s3.example.org",
    "access_key": "name",
    "secret_key": "secret",
    "bucket": "videos",
}


def _read(**changes: Any) -> tuple[dict[str, Any] | None, list[str]]:
    problems: list[str] = []
    config = read_table({**_TABLE, **changes}, "test", problems)
    return (dict(config.options) if config else None), problems


@pytest.mark.parametrize(
    ("endpoint", "secure", "host", "https"),
    [
        ("s3.example.org", None, "s3.example.org", True),
        ("s3.example.org:9000", None, "s3.example.org:9000", True),
        ("127.0.0.1:9000", False, "127.0.0.1:9000", False),
        ("http://127.0.0.1:9000", None, "127.0.0.1:9000", False),
        ("https://s3.example.org/", None, "s3.example.org", True),
        ("https://s3.example.org", True, "s3.example.org", True),
        ("[::1]:9000", False, "[::1]:9000", False),
    ],
)
def test_an_endpoint_is_taken_with_or_without_its_scheme(
    endpoint: str, secure: bool | None, host: str, https: bool
) -> None:
    options, problems = _read(endpoint=endpoint, **({} if secure is None else {"secure": secure}))

    assert problems == []
    assert options is not None
    connection = connection_of(options, max_concurrent=2)
    assert (connection.endpoint, connection.secure) == (host, https)


@pytest.mark.parametrize("endpoint", ["ftp://x", "http://x/path", "x:port", "x:99999", "x y", "user:pw@host", "x?y"])
def test_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    _, problems = _read(endpoint=endpoint)

    assert ["endpoint" in problem for problem in problems] == [True]


def test_an_endpoint_and_secure_that_contradict_each_other_are_refused() -> None:
    assert "contradict" in _read(endpoint="http://x", secure=True)[1][0]


@pytest.mark.parametrize("bucket", ["ab", "Upper", "under_score", "-start", "end-", "a..b", "192.168.1.1", "x" * 64])
def test_a_bucket_name_that_s3_does_not_allow_is_refused(bucket: str) -> None:
    assert "bucket_exports" in _read(bucket_exports=bucket)[1][0]


def test_a_part_size_below_the_least_of_s3_is_refused() -> None:
    assert "at least 5" in _read(part_mib=4)[1][0]


def test_a_certificate_file_that_is_not_there_is_refused() -> None:
    assert "ca_file" in _read(ca_file="/nowhere/ca.pem")[1][0]


def test_keys_are_never_shown() -> None:
    options, _ = _read(access_key="key-nobody-sees", secret_key="secret-nobody-sees")
    assert options is not None

    assert "nobody-sees" not in repr(connection_of(options, 1))


def test_each_bucket_is_named_once() -> None:
    options, _ = _read(bucket_exports="exports", bucket_thumbnails="videos")
    assert options is not None

    assert bucket_names(options) == ["videos", "exports"]
