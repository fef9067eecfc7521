"""Who knows no password, or has gone: neither keeps a connection, and so nobody keeps the VMS out."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from backend.edge.clients import MOST_CLIENTS, Patience
from backend.edge.device import Listening
from tests.contract.edge_rtsp_client import OPEN, Client
from tests.contract.edge_site import START, Shelf, film, serving
from tests.services.waiting import wait_until

_LONG = 3600.0
_DEVICE = "http://www.onvif.org/ver10/device/wsdl"


def open_call(operation: str, inner: str = "") -> bytes:
    """What everybody may ask by SOAP."""
    called = f'<d:{operation} xmlns:d="{_DEVICE}">{inner}</d:{operation}>'
    envelope = f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{called}</s:Body></s:Envelope>'
    return f"POST /onvif/device HTTP/1.1\r\nHost: x\r\nContent-Length: {len(envelope)}\r\n\r\n{envelope}".encode()


TIME = open_call("GetSystemDateAndTime")
SERVICES = open_call("GetServices", "<d:IncludeCapability>true</d:IncludeCapability>")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    shelf = Shelf()
    shelf.put("yard", film(tmp_path_factory.mktemp("films"), "yard.mp4"), START)
    return shelf


@contextmanager
def device(shelf: Shelf, folder: Path, **patience: float) -> Iterator[Listening]:
    with serving(shelf, folder, patience=Patience(**patience)) as listening:
        yield listening


def connected(port: int, *, receive_bytes: int = 0) -> socket.socket:
    line = socket.socket()
    if receive_bytes:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    line.connect(("127.0.0.1", port))
    line.setblocking(False)
    return line


def sockets() -> int:
    """Of this process, which is the server's as well."""
    found = 0
    for one in Path("/proc/self/fd").iterdir():
        try:
            found += str(one.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue  # that of the listing itself
    return found


def ended(line: socket.socket) -> bool:
    try:
        while line.recv(65536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


def _asks_time(line: socket.socket) -> bool:
    line.setblocking(True)
    line.settimeout(20)
    line.sendall(TIME)
    return b" 200 " in line.recv(64)


def _asks_options(line: socket.socket) -> bool:
    line.setblocking(True)
    line.settimeout(20)
    line.sendall(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
    return b" 200 " in line.recv(64)


def test_who_asks_and_takes_no_answer_keeps_no_connection(shelf: Shelf, tmp_path: Path) -> None:
    with device(shelf, tmp_path, request=0.3, stranger=_LONG) as listening, ExitStack() as lines:
        before = sockets()
        stalled = lines.enter_context(connected(listening.soap_port, receive_bytes=1))
        assert _asks_time(stalled)  # it is taken in
        stalled.setblocking(False)

        def only_its_own() -> bool:
            with suppress(BlockingIOError, ConnectionError):
                stalled.send(SERVICES * 50)
            return sockets() == before + 1

        wait_until(only_its_own, "the server's end to be closed")


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("rtsp", b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        ("rtsp", b"DESCRIBE rtsp://x/replay/yard RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        ("rtsp", b"\r"),
        ("rtsp", b"$\1\0\4abcd"),
        ("rtsp", b"O"),
        ("soap", TIME),
        ("soap", b"POST /onvif/device HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("soap", b"\r\n"),
    ],
)
def test_whatever_a_stranger_says_it_has_to_go(shelf: Shelf, tmp_path: Path, service: str, said: bytes) -> None:
    with device(shelf, tmp_path, stranger=0.5) as listening:
        port = listening.rtsp_port if service == "rtsp" else listening.soap_port
        with connected(port) as line:

            def sent_away() -> bool:
                if ended(line):
                    return True
                try:
                    line.send(said)
                except (BlockingIOError, ConnectionError):
                    return ended(line)
                return False

            wait_until(sent_away, "the stranger to be sent away", seconds=15)


def test_who_has_shown_the_password_stays(shelf: Shelf, tmp_path: Path) -> None:
    with device(shelf, tmp_path, stranger=0.3) as listening, Client(listening.rtsp_port) as known:
        known.set_up()
        with connected(listening.rtsp_port) as later:
            wait_until(lambda: ended(later), "a stranger who came later to be sent away")
        assert known.ask("GET_PARAMETER")[0] == 200


@pytest.mark.parametrize("asks", [_asks_time, _asks_options])
def test_the_stranger_who_came_first_makes_room(
    shelf: Shelf, tmp_path: Path, caplog: pytest.LogCaptureFixture, asks: Callable[[socket.socket], bool]
) -> None:
    with device(shelf, tmp_path, stranger=_LONG) as listening, ExitStack() as lines:
        port = listening.soap_port if asks is _asks_time else listening.rtsp_port
        strangers = [lines.enter_context(connected(port)) for _ in range(MOST_CLIENTS)]
        assert all(asks(one) for one in strangers)
        with connected(port) as newcomer:
            assert asks(newcomer)
        assert strangers[0].recv(1 << 20)  # the rest of its answer
        wait_until(lambda: ended(strangers[0]), "the first one to be sent away")
        assert "edge_full" in (tmp_path / "video_uploads.log").read_text()
    assert not caplog.records, "a stranger can fill the log"


def test_one_too_many_is_sent_away_when_all_are_known_and_room_comes_back(shelf: Shelf, tmp_path: Path) -> None:
    with device(shelf, tmp_path) as listening:
        with ExitStack() as lines:
            for _ in range(MOST_CLIENTS):
                lines.enter_context(Client(listening.rtsp_port)).set_up()
            with Client(listening.rtsp_port) as more:
                assert more.answer()[0] == 453

        def served() -> bool:
            with Client(listening.rtsp_port) as again:
                try:
                    return again.ask("OPTIONS")[0] == 200
                except (OSError, IndexError):
                    return False

        wait_until(served, "room for another client")


def test_who_is_silent_after_the_streams_end_is_let_go_and_not_before(shelf: Shelf, tmp_path: Path) -> None:
    with device(shelf, tmp_path, silent=0.3) as listening, Client(listening.rtsp_port) as client:
        client.set_up()
        assert client.play(Range="clock=20200227T081353.25Z-", Rate_Control="yes")[0] == 200
        assert client.frames(25)[-1][24] & 0x50 == 0x50  # a second of them
        assert client.file.read()[:1] == b"$"  # the goodbye, and the end of the connection


def test_who_is_silent_while_it_is_paused_is_let_go(shelf: Shelf, tmp_path: Path) -> None:
    with device(shelf, tmp_path, silent=0.3) as listening, Client(listening.rtsp_port) as client:
        client.set_up()
        assert client.play(Range=OPEN, Rate_Control="yes")[0] == 200
        assert client.ask("PAUSE")[0] == 200
        assert client.file.read() == b""
