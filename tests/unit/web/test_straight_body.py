"""The body straight from the socket, against gunicorn's own parser on real sockets."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser
from hypothesis import given
from hypothesis import strategies as st

from backend.web.straight_body import StraightBody, straighten

_CHUNKED = b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
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


@pytest.mark.parametrize("is_chunked", [False, True])
def test_what_came_before_a_stall_is_handed_on_first(
    ends: tuple[socket.socket, socket.socket], is_chunked: bool
) -> None:
    ours, theirs = ends
    theirs.sendall(_CHUNKED + b"2710\r\n" if is_chunked else _request(50_000))
    theirs.sendall(bytes(10_000))
    body = _straight(next(RequestParser(Config(), ours, ("127.0.0.1", 1))))
    ours.settimeout(0.05)
    came = b""
    while len(came) < 10_000:
        came += body.read(1024 * 1024)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            body.read(1024 * 1024)


def test_crumbs_are_gathered_but_not_waited_for(ends: tuple[socket.socket, socket.socket]) -> None:
    """A slow line's bytes must become durable, and be seen to come, long before a quarter of a mebibyte is there."""
    ours, theirs = ends
    theirs.sendall(_request(50_000) + b"crumb")
    body = _straight(next(RequestParser(Config(), ours, ("127.0.0.1", 1))))
    assert body.read(1024 * 1024) == b"crumb"
    for _ in range(20):
        theirs.sendall(b"crumbs")
    assert len(body.read(1024 * 1024)) > 6


@given(st.lists(st.binary(min_size=1, max_size=20_000), max_size=5), st.integers(1, 30_000), st.integers(1, 30_000))
def test_body_in_chunks_is_read_whole_and_the_next_request_is_found_behind_it(
    chunks: list[bytes], step: int, cut: int
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sent = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n" + _NEXT
        theirs.sendall(_CHUNKED + sent[:cut])
        parser = RequestParser(Config(), ours, ("127.0.0.1", 1))
        body = _straight(next(parser))
        theirs.sendall(sent[cut:])
        assert _all_of(body, step) == b"".join(chunks)
        assert body.read(step) == b""
        assert next(parser).path == "/after"


def test_chunks_that_are_cut_raise_after_what_came(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(_CHUNKED + b"3\r\nabc\r\n5\r\nde")
    theirs.close()
    parser = RequestParser(Config(), ours, ("127.0.0.1", 1))
    body = _straight(next(parser))
    assert body.read(2) + body.read(100) in (b"abc", b"abcde")
    with pytest.raises(NoMoreData):
        _all_of(body, 100)
    assert not parser.finish_body()


def test_another_servers_body_is_left_alone() -> None:
    environ = {"wsgi.input": io.BytesIO(b"abc")}
    straighten(environ)
    assert environ["wsgi.input"].read() == b"abc"
