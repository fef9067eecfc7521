"""The RTSP server at its edges: a client of bare words, silent, slow or hostile."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.edge.clients import Patience
from tests.contract.edge_rtsp_client import OPEN, TCP, Client
from tests.contract.edge_site import START, Shelf, film, serving
from tests.services.waiting import wait_until


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("rtsp")
    shelf = Shelf()
    shelf.put("yard", film(folder, "yard.mp4"), START)
    with serving(shelf, folder) as listening:
        yield listening.rtsp_port


def test_what_it_needs_and_cannot_do_is_said(port: int) -> None:
    with Client(port) as client:
        assert client.ask("OPTIONS", Require="onvif-replay")[0] == 200
        status, told, _ = client.ask("DESCRIBE", Require="onvif-replay, play.scale")
        assert (status, told["unsupported"]) == (551, "play.scale")
        assert client.ask("SETUP", f"{client.url}/track1", Transport="RTP/AVP;unicast;client_port=5000-5001")[0] == 461
        assert client.ask("SETUP", f"{client.url}/track2", Transport=TCP)[0] == 404
        assert client.ask("DESCRIBE", client.url.replace("yard", "nowhere"))[0] == 404
        assert client.ask("ANNOUNCE")[0] == 405
        assert client.ask("PLAY", Session="made-up")[0] == 454


def test_the_answer_to_play_tells_where_it_begins(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        status, told, _ = client.play(Range="clock=20200227T081352.0Z-")
        assert status == 200
        # 1.75 s after the start: the keyframe before it is at 1 s.
        assert told["range"] == "clock=20200227T081351.250000Z-"
        assert told["rate-control"] == "no"
        info = re.fullmatch(r"url=(\S+);seq=(\d+);rtptime=(\d+)", told["rtp-info"])
        assert info is not None
        sequence, timestamp = struct.unpack(">HI", client.frames(1)[0][2:8])
        assert (info[1], int(info[2]), int(info[3])) == (f"{client.url}/track1", sequence, timestamp)


@pytest.mark.parametrize(
    "wanted", ["clock=20300101T000000Z-", "clock=20200227T081352Z-20200227T081351Z", "npt=3-", "smpte=0-"]
)
def test_a_span_that_cannot_be_is_refused(port: int, wanted: str) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range=wanted)[0] == 457
        assert client.play(Range=OPEN)[0] == 200


@pytest.mark.parametrize("pace", ["-1.0", "0", "0.0", "nan", "inf", "1e9", "0x10", "fast", "9999999"])
@pytest.mark.parametrize("header", ["Scale", "Speed"])
def test_backwards_and_what_is_no_pace_is_refused(port: int, header: str, pace: str) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(**{"Range": OPEN, header: pace})[0] == 456
        assert client.play(**{"Range": OPEN, header: "1.0"})[0] == 200


@pytest.mark.parametrize("channels", ["256-257", "999-1", "3-3", "-1-2", "1-2-3", "99999999999-1", "a-b"])
def test_channels_that_cannot_be_are_never_used(port: int, channels: str) -> None:
    with Client(port) as client:
        transport = f"RTP/AVP/TCP;unicast;interleaved={channels}"
        status, told, _ = client.ask("SETUP", f"{client.url}/track1", Transport=transport)
        assert status == 461 or "interleaved=0-1" in told["transport"]


def test_a_second_set_up_is_refused_while_it_plays_and_replaces_the_first_one_else(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        client.set_up()
        assert client.play(Range=OPEN, Rate_Control="yes")[0] == 200
        assert client.ask("SETUP", f"{client.url}/track1", Transport=TCP)[0] == 455
        client.frames(2)
        assert client.ask("PAUSE")[0] == 200
        client.set_up()
        assert client.play(Range=OPEN)[0] == 200
        assert client.frames(1)[0][24] & 0xA0 == 0xA0


def test_only_keyframes_come_when_asked_for(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range=OPEN, Frames="intra/1500")[0] == 200
        assert [packet[24] & 0x80 for packet in client.frames(2)] == [0x80, 0x80]


@pytest.mark.parametrize("headers", [{}, {"Range": "npt=now-"}])
def test_play_goes_on_where_it_was_paused(port: int, headers: dict[str, str]) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range="clock=20200227T081352.0Z-", Rate_Control="yes")[0] == 200
        client.frames(3)
        assert client.ask("PAUSE")[0] == 200
        before = client.packets
        status, told, _ = client.play(Rate_Control="yes", **headers)
        assert status == 200
        sent = 3 + sum(bool(channel == 2 and packet[0] & 0x10) for channel, packet in before)
        assert told["range"].startswith(f"clock=20200227T081351.{250_000 + sent * 40_000:06}Z")
        packets = client.frames(2)
        assert (int.from_bytes(packets[1][4:8], "big") - int.from_bytes(packets[0][4:8], "big")) % 2**32 == 3600
        assert [packet[25] for packet in packets] == [client.number & 0xFF] * 2


def test_play_without_a_range_leaves_what_plays_as_it_is(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range=OPEN, Rate_Control="yes")[0] == 200
        number = client.number
        client.frames(2)
        assert client.play()[0] == 200
        assert client.frames(1)[0][25] == number & 0xFF


def test_what_was_paused_begins_anew_at_npt_0(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range="clock=20200227T081352.0Z-", Rate_Control="yes")[0] == 200
        client.frames(1)
        assert client.ask("PAUSE")[0] == 200
        assert client.play(Range="npt=0.000-")[1]["range"].startswith("clock=20200227T081350.250000Z-")


def test_what_was_paused_goes_on_from_its_keyframe_up_to_an_end(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range="clock=20200227T081352.0Z-", Rate_Control="yes")[0] == 200
        client.frames(1)
        assert client.ask("PAUSE")[0] == 200
        status, told, _ = client.play(Range="clock=-20200227T081353.0Z")
        assert (status, told["range"]) == (200, "clock=20200227T081351.250000Z-20200227T081353.000000Z")


def test_after_its_end_there_is_nothing_to_go_on_with(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range="clock=20200227T081353.25Z-")[0] == 200
        client.frames(25)
        assert client.ask("PAUSE")[0] == 200
        status, told, _ = client.play(Range="npt=now-")
        assert (status, "range" in told) == (200, False)
        assert client.play(Range="clock=-20200227T081453Z")[0] == 457
        assert client.ask("TEARDOWN")[0] == 200
        assert not [packet for channel, packet in client.packets if channel == 2 and packet[0] & 0x10]


def test_a_new_place_while_it_plays_is_taken_at_once(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range=OPEN, Rate_Control="yes")[0] == 200
        number = client.number
        client.frames(2)
        assert client.play(Range="clock=20200227T081353.5Z-")[0] == 200
        packet = client.frames(1)[0]
        assert packet[24] & 0xA0 == 0xA0
        assert packet[25] == (number + 1) & 0xFF


def test_the_session_plays_again_after_its_end(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        for _ in range(2):
            assert client.play(Range="clock=20200227T081353.25Z-")[0] == 200
            last = client.frames(25)[-1]
            assert last[24] & 0x50 == 0x50
        assert client.ask("TEARDOWN")[0] == 200


def test_live_is_set_up_and_stays_silent(port: int) -> None:
    with Client(port, "live/yard") as client:
        client.set_up()
        assert client.ask("PLAY")[0] == 200
        assert client.ask("GET_PARAMETER")[0] == 200
        assert not client.packets


def test_each_answer_in_the_middle_of_a_stream_stands_between_whole_packets(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range=OPEN)[0] == 200
        for _ in range(20):
            assert client.ask("GET_PARAMETER")[0] == 200
        client.socket.sendall(b"$\x03\x00\x08" + bytes(8))
        assert client.ask("GET_PARAMETER")[0] == 200
        assert {channel for channel, _ in client.packets} <= {2, 3}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 413),
        (b"OPTIONS * RTSP/1.0\r\nContent-Length: 999999\r\n\r\n", 413),
    ],
)
def test_what_is_no_rtsp_is_answered_and_the_connection_closed(port: int, sent: bytes, status: int) -> None:
    with Client(port) as client:
        client.socket.sendall(sent)
        assert client.answer()[0] == status
        assert client.file.read() == b""


def test_it_stops_at_once_while_clients_are_playing_and_one_takes_nothing(tmp_path: Path) -> None:
    shelf = Shelf()
    path = film(tmp_path, "yard.mp4", options=["-qp", "1"])
    for number in range(20):
        shelf.put("yard", path, START.replace(minute=20 + number))
    with serving(shelf, tmp_path) as listening:
        slow, quick = Client(listening.rtsp_port), Client(listening.rtsp_port)
        for one in (slow, quick):
            one.set_up()
            assert one.play(Range=OPEN)[0] == 200
        quick.frames(200)
    for one in (slow, quick):
        one.__exit__()


def test_who_takes_nothing_is_let_go_and_others_are_served(tmp_path: Path) -> None:
    shelf = Shelf()
    path = film(tmp_path, "yard.mp4", options=["-qp", "1"])
    for number in range(20):
        shelf.put("yard", path, START.replace(minute=20 + number))
    with serving(shelf, tmp_path, patience=Patience(stalled=0.5)) as listening, Client(listening.rtsp_port) as slow:
        slow.set_up()
        assert slow.play(Range=OPEN)[0] == 200
        wait_until(lambda: "edge_client_lost" in (tmp_path / "video_uploads.log").read_text(), "it to be let go")
        with Client(listening.rtsp_port) as quick:
            quick.set_up()
            assert quick.play(Range=OPEN)[0] == 200
            assert quick.frames(2000)[-1][24] & 0x50 == 0x50


def test_the_end_of_a_stream_in_the_middle_is_answered(tmp_path: Path) -> None:
    shelf = Shelf()
    path = film(tmp_path, "yard.mp4", options=["-qp", "1"])
    for number in range(20):
        shelf.put("yard", path, START.replace(minute=20 + number))
    with serving(shelf, tmp_path) as listening, Client(listening.rtsp_port, receive_bytes=4096) as slow:
        slow.set_up()
        assert slow.play(Range=OPEN)[0] == 200
        slow.frames(20)
        assert slow.ask("TEARDOWN")[0] == 200
        assert slow.packets, "nothing was on its way"
        assert slow.file.read() == b""
