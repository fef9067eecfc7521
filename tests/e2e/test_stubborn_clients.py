"""Clients that stall, trickle or do not read: each loses its connection in time, and others are served."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from urllib3.exceptions import HTTPError

from tests.services.app import RunningApp
from tests.services.waiting import wait_until

_FEW_THREADS = {"WEB_WORKERS": "1", "WEB_THREADS": "3", "BODY_TIMEOUT_SECONDS": "2"}
_STALLED = {
    "small body": b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{",
    "chunk": b"POST /api/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5",
}


@pytest.mark.parametrize("what", sorted(_STALLED))
def test_strangers_who_stall_hold_no_thread_for_long(running_app: Callable[..., RunningApp], what: str) -> None:
    app = running_app(_FEW_THREADS, processes=["web"])
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(_opened(app)).sendall(_STALLED[what])
        wait_until(lambda: _answers(app), "the server to answer others")


def test_a_body_that_trickles_ends_in_time(running_app: Callable[..., RunningApp]) -> None:
    app = running_app(_FEW_THREADS, processes=["web"])
    with ExitStack() as stack:
        clients = [stack.enter_context(_opened(app)) for _ in range(4)]
        for client in clients:
            client.sendall(_STALLED["small body"])

        def trickled_to_the_end() -> bool:
            ended = 0
            for client in clients:
                try:
                    client.send(b" ")
                except OSError:
                    ended += 1
            return ended == len(clients)

        wait_until(trickled_to_the_end, "all trickling clients to be cut off")
        assert _answers(app)


def test_readers_who_do_not_read_hold_no_thread_for_long(running_app: Callable[..., RunningApp]) -> None:
    app = running_app(_FEW_THREADS, processes=["web"])
    body = b"\x00\x00\x00\x18ftypmp42" + bytes(30_000_000)
    saved = app.request("POST", "/api/upload-video", fields={"video": ("a.mp4", body)}).json()
    asked = (
        f"GET /api/videos/{saved['video_id']}/content HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {app.admin_token}\r\n\r\n"
    )
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(_opened(app, receive_bytes=4096)).sendall(asked.encode())
        wait_until(lambda: _answers(app), "the server to answer others")
    assert app.request("GET", f"/api/videos/{saved['video_id']}/content").data == body


def _opened(app: RunningApp, receive_bytes: int | None = None) -> socket.socket:
    client = socket.socket()
    if receive_bytes:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.settimeout(5)
    client.connect(("127.0.0.1", app.port))
    return client


def _answers(app: RunningApp) -> bool:
    try:
        return app.request("GET", "/healthz", token="", timeout=1.5).status == 200
    except (OSError, HTTPError):
        return False
