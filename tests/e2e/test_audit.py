"""The audit of a running server: written by several processes, signed by the worker, whole after they are killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.services.app import RunningApp
from tests.services.waiting import wait_until

pytestmark = pytest.mark.executed


def head(app: RunningApp) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((app.storage_path / "metadata" / "audit-head.json").read_text())["payload"]
    return told


def upload(app: RunningApp, number: int) -> int:
    form = {"video": (f"{number}.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes([number]) * 4096)}
    return app.request("POST", "/api/upload-video", fields=form).status


def test_lines_of_all_processes_are_one_chain_that_survives_their_death(
    running_app: Callable[..., RunningApp],
) -> None:
    app = running_app()
    # Signed at the worker's start, after the line of the first admin's token.
    wait_until(lambda: head(app)["line"] >= 1, "the signed head")
    with ThreadPoolExecutor(8) as pool:
        made = [pool.submit(app.cli, "token", "create", "--name", name, "--role", "viewer") for name in ("a", "b")]
        assert set(pool.map(lambda number: upload(app, number), range(24))) == {201}
        assert [one.result().returncode for one in made] == [0, 0]
    for name in ("web", "worker"):
        app.kill9(name)
    verified = app.cli("audit", "verify", "--json")
    assert verified.returncode == 0, verified
    told = json.loads(verified.stdout)
    assert (told["lines"] >= 27, told["troubles"]) == (True, [])
    app.start("web", "worker")
    listed = app.request("GET", "/api/audit?action=video.saved&limit=500").json()["audit"]
    assert len(listed) == 24
    assert {line["who"] for line in listed} == {"admin"}
    exported = app.request("GET", "/api/audit?format=jsonl").data.decode().splitlines()
    assert len(exported) == told["lines"]
