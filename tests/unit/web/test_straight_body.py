"""The body straight from the socket, against gunicorn's own parser on real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from hypothesis import given
from hypothesis import strategies as st

from backend.web.straight_body import StraightBody, straighten

_NEXT = b"GET /after HTTP/1.1\r\nHost: here\r\n\r\n"


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        theirs.settimeout(10)
        yield ours, theirs


def _request(length: int) -> bytes:
    return f"POST /here HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n\r\n".encode()


def _straight(message: Any) -> StraightBody:
    environ = {"wsgi.input": message.body}
    straighten(environ)
    assert isinstance(environ["wsgi.input"], StraightBody)
    return environ["wsgi.input"]


def _all_of(body: StraightBody, step: int) -> bytes:
    return b"".join(iter(lambda: body.read(step), b""))


@given(st.binary(max_size=60_000), st.integers(1, 30_000))
def test_body_is_read_whole_and_the_next_request_is_found_behind_it(content: bytes, step: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(_request(len(content)) + content + _NEXT)
        parser = RequestParser(Config(), ours, ("127.0.0.1", 1))
        body = _straight(next(parser))
        assert _all_of(body, step) == content
        assert body.read(step) == b""
        assert next(parser).path == "/after"


def test_part_of_a_body_read_leaves_the_rest_to_gunicorn(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(_request(50_000) + bytes(50_000) + _NEXT)
    parser = RequestParser(Config(), ours, ("127.0.0.1", 1))
    assert _straight(next(parser)).read(20_000) == bytes(20_000)
    assert parser.finish_body()
    assert next(parser).path == "/after"


def test_cut_body_ends_early(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(_request(50_000) + bytes(10_000))
    theirs.close()
    body = _straight(next(RequestParser(Config(), ours, ("127.0.0.1", 1))))
    assert _all_of(body, 1024 * 1024) == bytes(10_000)


def test_stalled_body_raises_and_its_connection_is_not_used_again(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(_request(50_000) + bytes(10_000))
    parser = RequestParser(Config(), ours, ("127.0.0.1", 1))
    body = _straight(next(parser))
    ours.settimeout(0.05)
    with pytest.raises(TimeoutError):
        _all_of(body, 1024 * 1024)
    assert not parser.finish_body()


def test_body_of_unknown_length_stays_gunicorns_own(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    message: Any = next(RequestParser(Config(), ours, ("127.0.0.1", 1)))
    environ = {"wsgi.input": message.body}
    straighten(environ)
    assert environ["wsgi.input"] is message.body
    assert message.body.read(10) == b"abc"
