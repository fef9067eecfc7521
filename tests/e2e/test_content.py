"""Reading over a real gunicorn: players' patterns byte by byte, the kernel's own sending, readers that stall or go."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.holding import House, video_bytes
from tests.services.app import AppFactory
from tests.services.strace import traced
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

BODY_TIMEOUT_SECONDS = 1
WEB_THREADS = 3
# More than the buffers of both sides of a connection hold: whoever does not read stops the server's sending.
CONTENT = video_bytes(7, 24_000_000)
N = len(CONTENT)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("reading"), hearth)
    env = {"BODY_TIMEOUT_SECONDS": str(BODY_TIMEOUT_SECONDS), "WEB_THREADS": str(WEB_THREADS)}
    yield House(factory(env, processes=["web"]))
    factory.close()


@pytest.fixture(scope="module")
def path(house: House) -> str:
    status, saved = house.upload(CONTENT)
    assert status == 201
    return f"/api/videos/{saved['video_id']}/content"


@pytest.fixture(autouse=True)
def nothing_is_written_of_it(house: House) -> Iterator[None]:
    """Readers come and go all day: no line of it in the server's log of mistakes."""
    log = house.app.home / "web.log"
    before = len(log.read_text())
    yield
    assert house.app.request("GET", "/healthz").status == 200
    assert log.read_text()[before:] == ""


class Reader:
    """A connection of its own, kept open until it is told otherwise."""

    def __init__(self, house: House, path: str) -> None:
        self._token, self._path = house.app.admin_token, path
        self._connection = http.client.HTTPConnection("127.0.0.1", house.app.port, timeout=60)

    def ask(self, asked: str = "", method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named |= {"Range": asked} if asked else {}
        self._connection.request(method, self._path, headers={"Authorization": f"Bearer {self._token}", **named})
        return self._connection.getresponse()

    def leave(self) -> None:
        """As a player does that seeks: what is still on its way is not taken."""
        self._connection.close()


@contextmanager
def reader(house: House, path: str) -> Iterator[Reader]:
    one = Reader(house, path)
    try:
        yield one
    finally:
        one.leave()


def test_chromiums_seeking_gets_the_very_bytes(house: House, path: str) -> None:
    """`bytes=0-`, broken off; `bytes=N-` at each place that is jumped to; the end is read to its last byte."""
    for first in (0, 11_534_336, 3_000_001, N - 65_536, 0, N - 1):
        with reader(house, path) as player:
            part = player.ask(f"bytes={first}-", Accept_Encoding="identity;q=1, *;q=0")
            assert (part.status, part.getheader("Content-Range")) == (206, f"bytes {first}-{N - 1}/{N}")
            assert part.read(300_000) == CONTENT[first : first + 300_000]
    with reader(house, path) as player:
        assert player.ask("bytes=12000000-").read() == CONTENT[12_000_000:]


def test_firefoxes_search_for_the_index_at_the_end_gets_the_very_bytes(house: House, path: str) -> None:
    """`bytes=0-`, broken off after the head; the end, where the index may be; then on from where it was, If-Range."""
    with reader(house, path) as player:
        start = player.ask("bytes=0-")
        etag = start.getheader("ETag", "")
        assert start.read(32_768) == CONTENT[:32_768]
    for first in (N - 8_192, 32_768):
        with reader(house, path) as player:
            part = player.ask(f"bytes={first}-", If_Range=etag)
            assert part.status == 206
            assert part.read() == CONTENT[first:]
    with reader(house, path) as player:
        assert player.ask("bytes=32768-", If_Range='"another file"').read() == CONTENT


def test_one_connection_carries_many_parts_and_what_is_no_part(house: House, path: str) -> None:
    with reader(house, path) as player:
        for first in range(0, N, 1_700_000):
            last = min(first + 1_048_575, N - 1)
            part = player.ask(f"bytes={first}-{last}")
            assert (part.status, part.read()) == (206, CONTENT[first : last + 1])
            assert player.ask(f"bytes={N}-").read().startswith(b"{")
            assert player.ask(method="HEAD").read() == b""
            assert player.ask(If_None_Match=part.getheader("ETag", "")).read() == b""
        assert player.ask().read() == CONTENT


def test_whole_files_and_parts_are_sent_by_the_kernel_and_hashed_by_nobody(
    house: House, path: str, tmp_path: Path
) -> None:
    output = tmp_path / "calls"
    worker = house.app.pids("web")[1]
    with traced(worker, output, ["sendfile", "read", "pread64"]), reader(house, path) as player:
        assert player.ask().read() == CONTENT
        assert player.ask("bytes=1000000-4999999").read() == CONTENT[1_000_000:5_000_000]
    calls = output.read_text()
    sent = [int(n) for n in re.findall(r"sendfile\(.*\) = (\d+)", calls)]
    read = [int(n) for n in re.findall(r"(?:read|pread64)\(\d+<[^>]*/uploads/.*\) = (\d+)", calls)]
    assert (sum(sent), sum(read)) == (N + 4_000_000, 0)


def test_readers_that_stall_lose_their_connection_and_free_their_threads(house: House, path: str) -> None:
    with ExitStack() as readers:
        for _ in range(3 * WEB_THREADS):
            _stall(readers, house, path)
        assert house.app.request("GET", "/healthz", timeout=3 * (BODY_TIMEOUT_SECONDS + 3)).status == 200


def test_readers_that_go_away_free_their_threads_at_once(house: House, path: str) -> None:
    with ExitStack() as readers:
        for _ in range(WEB_THREADS):
            _stall(readers, house, path)
    assert house.app.request("GET", "/healthz", timeout=BODY_TIMEOUT_SECONDS).status == 200


def test_a_slow_reader_that_keeps_reading_is_served_to_the_end(house: House, path: str) -> None:
    """Each pause is shorter than the limit, all of them together are longer."""
    with reader(house, path) as player:
        answer, got, pause = player.ask(), bytearray(), threading.Event()
        while piece := answer.read(4_000_000):
            got += piece
            pause.wait(BODY_TIMEOUT_SECONDS / 2)
        assert bytes(got) == CONTENT


def test_a_file_that_becomes_shorter_on_its_way_ends_the_connection(house: House) -> None:
    """Else the client would take the next answer for the missing bytes."""
    _, saved = house.upload(video_bytes(8, N))
    path = f"/api/videos/{saved['video_id']}/content"
    with reader(house, path) as player:
        answer = player.ask()
        place = house.storage / saved["local_backup"]
        place.chmod(0o644)
        with place.open("r+b") as file:
            file.truncate(N - 1_000_000)
        with pytest.raises(http.client.IncompleteRead):
            answer.read()


def _stall(readers: ExitStack, house: House, path: str) -> None:
    """A client that asks for everything and takes nothing."""
    client = readers.enter_context(socket.create_connection(("127.0.0.1", house.app.port), timeout=60))
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.app.admin_token}\r\nRange: bytes=0-\r\n\r\n"
    client.sendall(head.encode())
