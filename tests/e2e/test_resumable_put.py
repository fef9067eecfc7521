"""PUT of a file against the real server: curl -T as people type it, and what is cut leaves nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.holding import House, video_bytes
from tests.e2e.rufh_wire import RufhWire
from tests.services.app import AppFactory
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

VIDEO = video_bytes(4, 2_000_000)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("put"), hearth)
    yield House(factory(processes=["web"]))
    factory.close()


def _curl(house: House, file: str | bytes, address: str, *more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["curl", "-sS", "-T", file, "-H", f"Authorization: Bearer {house.app.admin_token}", *more,
         house.app.base_url + address],
        capture_output=True, check=False, timeout=60, input=VIDEO,
    )  # fmt: skip


@pytest.mark.parametrize(
    "name", [b"plain.mp4", "Ü – 日本 & 100%.mp4".encode(), b"caf\xe9.mp4", b"a b;c?d#e.mp4", b"-x.mp4"]
)
def test_curl_prints_what_was_saved(house: House, tmp_path: Path, name: bytes) -> None:
    path = bytes(tmp_path) + b"/" + name
    Path(path.decode("utf-8", "surrogateescape")).write_bytes(VIDEO)
    done = _curl(house, path, "/uploads/")
    saved = json.loads(done.stdout)
    try:
        assert saved["original_filename"] == name.decode("utf-8")
    except UnicodeDecodeError:
        assert saved["original_filename"] == name.decode("latin-1")
    assert house.bytes_of(saved["video_id"]) == VIDEO


def test_curl_sends_a_stream_of_unknown_length(house: House) -> None:
    done = _curl(house, "-", "/uploads/piped.mp4?title=piped", "-H", "Want-Repr-Digest: sha-256=1", "-i")
    head, _, body = done.stdout.rpartition(b"\r\n\r\n")
    assert b"Repr-Digest: sha-256=:" in head
    assert house.bytes_of(json.loads(body)["video_id"]) == VIDEO


def test_curl_of_an_upload_that_is_refused_prints_why(house: House, tmp_path: Path) -> None:
    (tmp_path / "a.exe").write_bytes(VIDEO)
    done = _curl(house, str(tmp_path / "a.exe"), "/uploads/", "--fail-with-body")
    assert done.returncode == 22
    assert b'"code":"extension-not-allowed"' in done.stdout.replace(b": ", b":")


def test_a_put_that_is_cut_leaves_nothing(house: House) -> None:
    for ending in (RufhWire.end_sending, RufhWire.close, RufhWire.reset):
        with RufhWire(house.app.port, house.app.admin_token) as wire:
            wire.ask("PUT", "/uploads/cut.mp4", body=VIDEO[:100_000], length=len(VIDEO))
            ending(wire)
            if ending is RufhWire.end_sending:
                assert wire.hear().json["code"] == "incomplete-body"
    assert "cut.mp4" not in [v["original_filename"] for v in house.check()]
