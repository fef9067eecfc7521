"""The line from our device to the VMS breaks within a frame: whole frames are kept, and the rest comes later."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.contract.edge_site import PASSWORD, SECONDS, START, USER, Shelf, film, serving
from tests.contract.test_vms_pull import LENGTH, held
from tests.services.vms import pulling
from tests.services.vms.caller import Caller
from tests.services.vms.onvif_search import replay_uri
from tests.services.vms.server import Vms, running_vms

AFTER_FRAMES = 25 * SECONDS // 4


@dataclass
class BreakingLine:
    """Stands before the device's replay. The first stream on it breaks after `after_frames` frames or more, in the
    middle of the first one that has more than one packet: `within` its first packet, else behind that."""

    upstream_port: int
    within: bool
    after_frames: int = AFTER_FRAMES
    whole_frames: int = 0  # that passed before it broke
    was_cut: bool = False

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # close alone would leave a thread in accept, and with it the port.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                device = socket.create_connection(("127.0.0.1", self.upstream_port))
                threading.Thread(target=self._ask, args=(client, device), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, device), daemon=True).start()

    def _ask(self, client: socket.socket, device: socket.socket) -> None:
        with suppress(OSError):
            while piece := client.recv(65536):
                device.sendall(piece)
            device.shutdown(socket.SHUT_WR)

    def _answer(self, client: socket.socket, device: socket.socket) -> None:
        with suppress(OSError), device, client, device.makefile("rb") as answers:
            while piece := _next(answers):
                if piece[:2] == b"$\0" and self._breaks(piece):
                    client.sendall(piece[: len(piece) // 2] if self.within else piece)
                    break
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)

    def _breaks(self, packet: bytes) -> bool:
        """By the marker of RTP, which the last packet of each frame has."""
        is_last = bool(packet[5] & 0x80)
        if self.was_cut or is_last or self.whole_frames < self.after_frames:
            self.whole_frames += is_last and not self.was_cut
            return False
        self.was_cut = True
        return True


def _next(answers: BufferedReader) -> bytes:
    """A packet of either channel with its head, or a line or more of an answer; b"" at the end."""
    first = answers.read(1)
    if first != b"$":
        return first + answers.readline() if first else b""
    head = answers.read(3)
    return first + head + answers.read(int.from_bytes(head[1:], "big"))


@pytest.fixture
def vms() -> Iterator[Vms]:
    with running_vms() as found:
        yield found


@pytest.mark.parametrize(
    ("within", "said"),
    [(True, "The replay broke off within a packet."), (False, "The device ended the replay before its end.")],
    ids=["in a packet", "between the packets of a frame"],
)
def test_a_frame_that_came_in_part_is_not_kept_and_the_next_pull_brings_it(
    vms: Vms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, within: bool, said: str
) -> None:
    path, shelf, caller = film(tmp_path, "one.mp4"), Shelf(), Caller(vms)
    shelf.put("yard", path, START)
    with serving(shelf, tmp_path) as listening, BreakingLine(listening.rtsp_port, within) as line:
        monkeypatch.setattr(
            pulling, "replay_uri", lambda *of: replay_uri(*of).replace(f":{listening.rtsp_port}/", f":{line.port}/")
        )
        (yard,) = caller.enable(caller.add_hardware(listening.soap_port, USER, PASSWORD)["path"]["id"])
        task = caller.finished(caller.retrieve(yard, START, START + LENGTH))
        assert (task["state"], task["errorText"]) == ("Error", said)
        assert AFTER_FRAMES <= line.whole_frames < len(held(path, START))
        assert vms.frames(yard) == held(path, START)[: line.whole_frames]
        # From the last frame on, as what is missing is asked for.
        reached = vms.frames(yard)[-1].at
        task = caller.finished(caller.retrieve(yard, reached, START + LENGTH))
    caller.close()
    assert (task["state"], task["errorText"]) == ("Success", "")
    assert vms.frames(yard) == held(path, START)
