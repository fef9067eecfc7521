"""The first look at a long file takes minutes: who waits for it, or gave up waiting, is in nobody's way."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from backend.edge.footage import Frame, NotYet, Recording
from tests.contract.edge_rtsp_client import OPEN, Client
from tests.contract.edge_site import RATE, SECONDS, START, Shelf, film, serving
from tests.contract.test_edge_strangers import TIME, sockets
from tests.services.waiting import wait_until

COUNT = SECONDS * RATE


@dataclass
class Looking(Shelf):
    """Some of its recordings are known only when their look is done."""

    looks: dict[str, Future[None]] = field(default_factory=dict)
    asked: int = 0

    def look(self, recording: Recording) -> Future[None]:
        """One under way."""
        return self.looks.setdefault(recording.id, Future())

    def frames(self, camera_token: str, recording: Recording, since: datetime) -> Iterator[Frame]:
        look = self.looks.get(recording.id)
        if look is not None and not look.done():
            self.asked += 1
            raise NotYet(look)
        return super().frames(camera_token, recording, since)


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("films"), "yard.mp4")


def begins(client: Client, method: str, **headers: str) -> None:
    """Ask, signed, and leave the answer for later."""
    client.number += 1
    lines = [f"{method} {client.url} RTSP/1.0", f"CSeq: {client.number}", f"Session: {client.session}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines.append(f"Authorization: {client.signed(method, client.url)}")
    client.socket.sendall("\r\n".join([*lines, "", ""]).encode())


def test_those_who_wait_keep_nobody_from_being_served_and_nothing_when_they_give_up(yard: Path, tmp_path: Path) -> None:
    shelf = Looking()
    look = shelf.look(shelf.put("yard", yard, START))
    shelf.put("hall", yard, START)
    with serving(shelf, tmp_path) as listening:
        before = sockets()
        with ExitStack() as clients:
            for _ in range(40):
                client = clients.enter_context(Client(listening.rtsp_port))
                client.set_up()
                begins(client, "DESCRIBE")
            wait_until(lambda: shelf.asked >= 40, "all of them to wait")
            address = f"http://127.0.0.1:{listening.soap_port}/onvif/device"
            assert httpx.post(address, content=TIME.partition(b"\r\n\r\n")[2], timeout=20).status_code == 200
            with Client(listening.rtsp_port, "replay/hall") as other:
                other.set_up()
                assert other.play(Range=OPEN)[0] == 200
                assert other.frames(COUNT)[-1][24] & 0x50 == 0x50
        wait_until(lambda: sockets() == before, "the server's ends to be closed", seconds=20)
        assert not look.done()


def test_all_who_wait_are_answered_when_it_is_known(yard: Path, tmp_path: Path) -> None:
    shelf = Looking()
    look = shelf.look(shelf.put("yard", yard, START))
    with serving(shelf, tmp_path) as listening, Client(listening.rtsp_port) as one, Client(listening.rtsp_port) as two:
        for client in (one, two):
            client.set_up()
        begins(one, "DESCRIBE")
        begins(two, "PLAY", Range=OPEN, Rate_Control="no")
        begins(one, "GET_PARAMETER")
        wait_until(lambda: shelf.asked == 2, "both to wait")
        look.set_result(None)
        status, _, body = one.answer()
        assert (status, b"sprop-parameter-sets" in body) == (200, True)
        assert one.answer()[0] == 200
        assert two.answer()[0] == 200
        assert len(two.frames(COUNT)) == COUNT


def test_a_look_in_the_middle_of_a_stream_delays_what_comes_after_it_alone(yard: Path, tmp_path: Path) -> None:
    shelf = Looking()
    shelf.put("yard", yard, START)
    look = shelf.look(shelf.put("yard", yard, START + timedelta(seconds=SECONDS)))
    with serving(shelf, tmp_path) as listening, Client(listening.rtsp_port) as client:
        client.set_up()
        assert client.play(Range=OPEN)[0] == 200
        client.frames(COUNT - 1)  # whether the last one has the mark of a gap depends on what follows
        wait_until(lambda: shelf.asked, "it to wait")
        assert client.ask("GET_PARAMETER")[0] == 200
        look.set_result(None)
        rest = client.frames(COUNT + 1)
        assert [one[24] & 0x70 for one in rest] == [0] * COUNT + [0x50]
        sequences = {int.from_bytes(one[4:8], "big") for one in rest}
        assert len(sequences) == COUNT + 1


def test_the_device_stops_at_once_while_clients_wait(yard: Path, tmp_path: Path) -> None:
    shelf = Looking()
    shelf.look(shelf.put("hall", yard, START))
    shelf.put("yard", yard, START)
    shelf.look(shelf.put("yard", yard, START + timedelta(seconds=SECONDS)))
    with ExitStack() as clients, serving(shelf, tmp_path) as listening:
        waiting = clients.enter_context(Client(listening.rtsp_port, "replay/hall"))
        waiting.set_up()
        begins(waiting, "PLAY", Range=OPEN)
        playing = clients.enter_context(Client(listening.rtsp_port))
        playing.set_up()
        assert playing.play(Range=OPEN)[0] == 200
        playing.frames(COUNT - 1)
        wait_until(lambda: shelf.asked >= 2, "both to wait")
