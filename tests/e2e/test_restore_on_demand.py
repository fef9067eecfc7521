"""Bytes that are elsewhere come back once for all who ask, whoever leaves, whatever is killed, and nobody hangs."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import pytest

from tests.e2e.delivering import MIB, Site, video_bytes
from tests.services.app import RunningApp
from tests.services.s3 import S3Server
from tests.services.s3_faults import StallReply
from tests.services.waiting import wait_until

# `scripts/torture` asks for 200 MB.
SIZE_BYTES = (200 if os.environ.get("TORTURE") else 24) * MIB
VIDEO = video_bytes(SIZE_BYTES, "restore")
READERS = 50

MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(running_app: Callable[..., RunningApp], s3_server: S3Server) -> Iterator[MakeSite]:
    made: list[Site] = []

    def make(env: dict[str, str] | None = None) -> Site:
        made.append(Site.make(running_app, s3_server, {"WEB_WORKERS": "2", **(env or {})}))
        return made[-1]

    yield make
    for site in made:
        site.close()


def pruned(site: Site, content: bytes = VIDEO) -> str:
    site.app.start("web", "worker")
    video_id = site.upload(content)
    site.wait_for(video_id, "delivered")
    site.app.stop("worker")
    done = site.app.cli("cleanup-exec", "0", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    return video_id


def fetched_bytes(site: Site) -> int:
    """Bytes of objects that crossed the wire to us."""
    return sum(
        request.reply_bytes for request in site.proxy.requests if request.method == "GET" and ".mp4" in request.target
    )


def progress(site: Site, video_id: str) -> dict[str, Any]:
    found: dict[str, Any] = site.app.request("GET", f"/api/videos/{video_id}/restore").json()["restore"]
    return found


def leave_early(site: Site, video_id: str) -> None:
    """Ask for the bytes, and go away."""
    with socket.create_connection(("127.0.0.1", site.app.port)) as connection:
        head = [
            f"GET /api/videos/{video_id}/content HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {site.app.admin_token}",
        ]
        connection.sendall("\r\n".join([*head, "", ""]).encode())


def test_fifty_readers_of_two_processes_share_one_fetch_and_each_gets_the_right_bytes(make_site: MakeSite) -> None:
    site = make_site({"RESTORE_WAIT_SECONDS": "60"})
    video_id = pruned(site)
    before = fetched_bytes(site)

    def ask(_: int) -> tuple[int, str]:
        answer = site.app.request("GET", f"/api/videos/{video_id}/content", preload_content=False, timeout=120)
        digest = sha256()
        for piece in answer.stream(MIB):
            digest.update(piece)
        return answer.status, digest.hexdigest()

    with ThreadPoolExecutor(READERS) as readers:
        answers = set(readers.map(ask, range(READERS)))
    assert answers == {(200, sha256(VIDEO).hexdigest())}
    assert fetched_bytes(site) - before == SIZE_BYTES, "one fetch, to the byte"


def test_who_waits_too_long_is_told_how_far_it_is_and_the_fetch_goes_on_without_readers(make_site: MakeSite) -> None:
    site = make_site({"RESTORE_WAIT_SECONDS": "0.2"})
    video_id = pruned(site)
    before = fetched_bytes(site)
    stall = StallReply(method="GET", has=".mp4", at_bytes=8 * MIB)
    with site.proxy.broken(stall):
        leave_early(site, video_id)
        assert stall.stalled.wait(60)
        answer = site.content(video_id)
        assert (answer.status, answer.json()["code"]) == (503, "restoring")
        assert 2 <= int(answer.headers["Retry-After"]) <= 30
        assert "Refresh" not in answer.headers
        path = f"/api/videos/{video_id}/download"
        assert "Refresh" in site.app.request("GET", path, headers={"Sec-Fetch-Mode": "navigate"}).headers
        detail = answer.json()["detail"]
        assert (detail["video_id"], detail["bytes_total"]) == (video_id, SIZE_BYTES)
        assert 0 < detail["bytes_done"] <= 8 * MIB
        shown = progress(site, video_id)
        assert (shown["state"], shown["bytes_total"]) == ("running", SIZE_BYTES)
        assert 0 < shown["bytes_done"] <= 8 * MIB
    wait_until(lambda: progress(site, video_id)["state"] == "here", "the fetch to end by itself")
    assert site.content(video_id).data == VIDEO
    assert fetched_bytes(site) - before == SIZE_BYTES


def test_a_fetch_that_is_killed_in_the_middle_leaves_nothing_wrong_and_begins_again(make_site: MakeSite) -> None:
    site = make_site({"RESTORE_WAIT_SECONDS": "0"})
    video_id = pruned(site)
    stall = StallReply(method="GET", has=".mp4", at_bytes=8 * MIB)
    with site.proxy.broken(stall):
        begun = site.app.request("POST", f"/api/videos/{video_id}/restore")
        assert (begun.status, begun.json()["restore"]["state"]) == (202, "running")
        assert stall.stalled.wait(60)
        site.app.kill9("web")
    assert list((site.app.storage_path / "uploads").rglob("*.mp4")) == [], "nothing half-done is in its place"
    site.app.start("web")
    assert site.app.request("GET", f"/api/videos/{video_id}").json()["video"]["status"] == "remote-only"
    assert site.content(video_id).status == 503
    wait_until(lambda: progress(site, video_id)["state"] == "here", "the second fetch")
    assert site.content(video_id).data == VIDEO
    assert list((site.app.storage_path / "incoming").iterdir()) == []


def test_whoever_asks_for_no_bytes_has_none_fetched(make_site: MakeSite) -> None:
    site = make_site()
    video_id = pruned(site, video_bytes(100_000, "small"))
    before, path = fetched_bytes(site), f"/api/videos/{video_id}/content"
    head = site.app.request("HEAD", path)
    assert (head.status, head.headers["Content-Length"]) == (200, "100000")
    assert site.app.request("GET", path, headers={"If-None-Match": head.headers["ETag"]}).status == 304
    site.app.request("GET", f"/api/videos/{video_id}/thumbnail")
    assert fetched_bytes(site) == before
    assert progress(site, video_id)["state"] == "away"


def test_viewers_see_how_far_it_is_and_only_operators_begin_it(make_site: MakeSite) -> None:
    site = make_site()
    video_id = pruned(site, video_bytes(100_000, "small"))
    viewer = site.app.cli("token", "create", "--name", "eve", "--role", "viewer", "--json")
    assert viewer.returncode == 0, viewer.stderr
    token = next(word.strip('",') for word in viewer.stdout.split() if word.strip('",').startswith("hf_"))
    path = f"/api/videos/{video_id}/restore"
    assert site.app.request("GET", path, token=token).status == 200
    assert site.app.request("POST", path, token=token).status == 403
    site.proxy.pause()
    assert site.app.request("POST", path).status == 202
    failed = wait_until(lambda: (p := progress(site, video_id))["state"] == "failed" and p, "the failure to be told")
    assert "could not be fetched back just now" in failed["error"]
    site.proxy.resume()
    assert site.app.request("POST", path).status == 202
    wait_until(lambda: progress(site, video_id)["state"] == "here", "the fetch")
    assert site.app.request("POST", path).status == 200
