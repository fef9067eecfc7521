"""Interim answers on real connections: whole or not at all, to those who asked, never late and never in the way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from backend.web.interim import Interim

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends of a connection: the server's and the client's, with the smallest buffers."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = socket.create_connection(listener.getsockname(), timeout=10)
        server, _ = listener.accept()
    server.settimeout(10)
    with client, server:
        yield server, client


def _environ(server: object, protocol: str = "HTTP/1.1") -> dict[str, Any]:
    return {"gunicorn.socket": server, "SERVER_PROTOCOL": protocol}


def _all(server: socket.socket, client: socket.socket) -> str:
    """Everything that the client gets until the server ends its side."""
    server.shutdown(socket.SHUT_WR)
    got = b""
    while piece := client.recv(65_536):
        got += piece
    return got.decode()


def test_the_address_comes_with_the_version_that_the_client_announced(pair: Pair) -> None:
    with Interim(_environ(pair[0]), 6) as interim:
        interim.created("http://x/uploads/1", "max-size=5")
    assert _all(*pair) == (
        "HTTP/1.1 104 Upload Resumption Supported\r\nUpload-Draft-Interop-Version: 6\r\n"
        "Location: http://x/uploads/1\r\nUpload-Limit: max-size=5\r\n\r\n"
    )


def test_offsets_that_were_told_never_shrink(pair: Pair) -> None:
    with Interim(_environ(pair[0]), 8) as interim:
        for offset in (1, 2, 2, 1, 9):
            interim.reached(offset)
    assert [line for line in _all(*pair).split("\r\n") if "Offset" in line] == [
        "Upload-Offset: 1", "Upload-Offset: 2", "Upload-Offset: 9",
    ]  # fmt: skip


@pytest.mark.parametrize(("version", "protocol"), [(None, "HTTP/1.1"), (8, "HTTP/1.0"), (8, "HTTP/2")])
def test_nobody_else_gets_any(pair: Pair, version: int | None, protocol: str) -> None:
    with Interim(_environ(pair[0], protocol), version) as interim:
        interim.created("/x", "max-size=5")
        interim.reached(5)
    assert _all(*pair) == ""


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP"])
def test_none_goes_through_a_proxy_that_would_take_it_for_the_final_answer(pair: Pair, header: str) -> None:
    with Interim(_environ(pair[0]) | {header: "198.51.100.7"}, 8) as interim:
        interim.created("http://x/uploads/1", "max-size=5")
        interim.reached(5)
    assert _all(*pair) == ""


def test_none_without_a_connection_of_our_own() -> None:
    for environ in ({}, _environ(None), _environ(object())):
        with Interim(environ, 8) as interim:
            interim.reached(5)


def test_none_after_the_final_answer_may_begin(pair: Pair) -> None:
    with Interim(_environ(pair[0]), 8) as interim:
        pass
    interim.created("/x", "max-size=5")
    interim.reached(5)
    assert _all(*pair) == ""


def test_a_client_that_reads_nothing_holds_nobody_up_and_gets_nothing_in_between(pair: Pair) -> None:
    server, client = pair
    server.setblocking(False)
    with suppress(BlockingIOError):
        while server.send(b"x" * 10_000):
            pass
    server.settimeout(10)
    with Interim(_environ(server), 8) as interim:
        telling = threading.Thread(target=interim.reached, args=(5,), daemon=True)
        telling.start()
        telling.join(5)
        assert not telling.is_alive(), "telling an offset must never wait for the client"
    assert set(_all(server, client)) == {"x"}


def test_one_to_a_client_that_is_gone_harms_nobody(pair: Pair) -> None:
    server, client = pair
    with Interim(_environ(server), 8) as interim:
        client.close()
        interim.created("/x", "max-size=5")
        interim.reached(5)
        server.close()
        interim.created("/x", "max-size=5")
