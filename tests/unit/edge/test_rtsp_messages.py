"""RTSP messages: read within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.edge.rtsp_messages import Malformed, Response, parse_head


def test_a_request_is_read_whatever_the_case_of_its_headers() -> None:
    head = b"PLAY rtsp://host/replay/yard RTSP/1.0\r\ncseq: 7\r\nREQUIRE: onvif-replay\r\nContent-length:3\r\n\r\n"
    request, length = parse_head(head)
    assert (request.method, request.url, request.number, length) == ("PLAY", "rtsp://host/replay/yard", 7, 3)
    assert request.header("Require") == "onvif-replay"


def test_what_comes_twice_is_joined() -> None:
    head = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: a\r\nRequire: b\r\n\r\n"
    assert parse_head(head)[0].header("require") == "a, b"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"PLAY rtsp://host RTSP/2.0\r\n\r\n", 505),
        (b"PLAY rtsp://host RTSP/1.0\r\nno colon\r\n\r\n", 400),
        (b"PLAY rtsp://host RTSP/1.0\r\nContent-Length: -1\r\n\r\n", 400),
        (b"PLAY rtsp://host RTSP/1.0\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"\x00\xff\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_malformed(head: bytes, status: int) -> None:
    with pytest.raises(Malformed) as caught:
        parse_head(head)
    assert caught.value.status == status


@given(st.binary(max_size=400))
def test_any_bytes_are_a_request_or_malformed(data: bytes) -> None:
    status = 0
    try:
        parse_head(data)
    except Malformed as error:
        status = error.status
    assert status in (0, 400, 413, 505)


def test_a_response_tells_the_length_of_its_body() -> None:
    written = Response(200, (("CSeq", "1"),), b"abc").as_bytes()
    assert written == b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nabc"
