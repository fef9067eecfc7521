"""The RTSP server at its edges: a client of bare words, silent, slow or hostile."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Self

import pytest

from backend.edge.digest_auth import parameters
from backend.edge.rtsp_server import MOST_CLIENTS
from tests.contract.edge_site import PASSWORD, START, USER, Shelf, film, serving
from tests.services.waiting import wait_until

TCP = "RTP/AVP/TCP;unicast;interleaved=2-3"
OPEN = "clock=20200227T081350.25Z-"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("rtsp")
    shelf = Shelf()
    shelf.put("yard", film(folder, "yard.mp4"), START)
    with serving(shelf, folder) as listening:
        yield listening.rtsp_port


class Client:
    """Signs by MD5, and keeps what comes on the channels."""

    def __init__(self, port: int, path: str = "replay/yard") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")
        self.url = f"rtsp://127.0.0.1:{port}/{path}"
        self.session = self.challenge = ""
        self.number = 0
        self.packets: list[tuple[int, bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def ask(self, method: str, url: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer; signed once there is a challenge."""
        self.number += 1
        target = url or self.url
        lines = [f"{method} {target} RTSP/1.0", f"CSeq: {self.number}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"Session: {self.session}"] if self.session and "Session" not in headers else []
        lines += [f"Authorization: {self._signed(method, target)}"] if self.challenge else []
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        status, told, body = self.answer()
        if status == 401 and not self.challenge:
            self.challenge = told["www-authenticate"]
            return self.ask(method, url, **headers)
        return status, told, body

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        while (first := self.file.read(1)) == b"$":
            channel, length = struct.unpack(">BH", self.file.read(3))
            self.packets.append((channel, self.file.read(length)))
        status = int((first + self.file.readline()).split()[1])
        told: dict[str, str] = {}
        while line := self.file.readline().strip().decode():
            name, _, value = line.partition(": ")
            told[name.lower()] = value  # of two challenges the last one, MD5
        return status, told, self.file.read(int(told.get("content-length", 0)))

    def set_up(self) -> None:
        status, told, _ = self.ask("SETUP", f"{self.url}/track1", Transport=TCP, Require="onvif-replay")
        assert status == 200
        assert "interleaved=2-3" in told["transport"]
        self.session = told["session"].partition(";")[0]

    def play(self, **headers: str) -> tuple[int, dict[str, str], bytes]:
        return self.ask("PLAY", Require="onvif-replay", **{"Rate_Control": "no", **headers})

    def frames(self, count: int) -> list[bytes]:
        """The first packets of so many more frames."""
        found: list[bytes] = []
        while len(found) < count:
            assert self.file.read(1) == b"$"
            channel, length = struct.unpack(">BH", self.file.read(3))
            packet = self.file.read(length)
            if channel == 2 and packet[0] & 0x10:
                found.append(packet)
        return found

    def _signed(self, method: str, url: str) -> str:
        shown = parameters(self.challenge)
        account = hashlib.md5(f"{USER}:{shown['realm']}:{PASSWORD}".encode()).hexdigest()
        request = hashlib.md5(f"{method}:{url}".encode()).hexdigest()
        response = hashlib.md5(f"{account}:{shown['nonce']}:{request}".encode()).hexdigest()
        said = {"username": USER, "realm": shown["realm"], "nonce": shown["nonce"], "uri": url, "response": response}
        return "Digest " + ", ".join(f'{name}="{value}"' for name, value in said.items())


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


def test_backwards_is_refused(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range=OPEN, Scale="-1.0")[0] == 456


def test_only_keyframes_come_when_asked_for(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range=OPEN, Frames="intra/1500")[0] == 200
        assert [packet[24] & 0x80 for packet in client.frames(2)] == [0x80, 0x80]


def test_play_goes_on_where_it_was_paused(port: int) -> None:
    with Client(port) as client:
        client.set_up()
        assert client.play(Range=OPEN, Rate_Control="yes")[0] == 200
        client.frames(3)
        before = client.packets
        assert client.ask("PAUSE")[0] == 200
        status, told, _ = client.play(Rate_Control="yes")
        assert status == 200
        sent = 3 + sum(bool(channel == 2 and packet[0] & 0x10) for channel, packet in before)
        assert told["range"].startswith(f"clock=20200227T081350.{250_000 + sent * 40_000:06}Z")
        timestamps = [int.from_bytes(packet[4:8], "big") for packet in client.frames(2)]
        assert (timestamps[1] - timestamps[0]) % 2**32 == 3600


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


def test_one_client_too_many_is_sent_away_and_room_comes_back(port: int) -> None:
    clients = [Client(port) for _ in range(MOST_CLIENTS)]
    try:
        for one in clients:
            assert one.ask("OPTIONS")[0] == 200
        with Client(port) as more:
            assert more.answer()[0] == 453
    finally:
        for one in clients:
            one.__exit__()

    def served() -> bool:
        with Client(port) as again, closing(again.socket):
            try:
                return again.ask("OPTIONS")[0] == 200
            except OSError:
                return False

    wait_until(served, "room for another client")


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
    with serving(shelf, tmp_path, stalled_seconds=0.5) as listening, Client(listening.rtsp_port) as slow:
        slow.set_up()
        assert slow.play(Range=OPEN)[0] == 200
        wait_until(lambda: "edge_client_lost" in (tmp_path / "video_uploads.log").read_text(), "it to be let go")
        with Client(listening.rtsp_port) as quick:
            quick.set_up()
            assert quick.play(Range=OPEN)[0] == 200
            assert quick.frames(2000)[-1][24] & 0x50 == 0x50
