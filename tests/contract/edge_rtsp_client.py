"""An RTSP client of bare words, for what well-behaved ones never do."""

from __future__ import annotations

import hashlib
import socket
import struct
from typing import Self

from backend.edge.digest_auth import parameters
from tests.contract.edge_site import PASSWORD, USER

TCP = "RTP/AVP/TCP;unicast;interleaved=2-3"
OPEN = "clock=20200227T081350.25Z-"


class Client:
    """Signs by MD5, and keeps what comes on the channels."""

    def __init__(self, port: int, path: str = "replay/yard", *, receive_bytes: int = 0) -> None:
        """`receive_bytes`: how much may wait to be read, if it is to be little."""
        self.socket = socket.socket()
        self.socket.settimeout(20)
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.connect(("127.0.0.1", port))
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
        lines += [f"Authorization: {self.signed(method, target)}"] if self.challenge else []
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

    def signed(self, method: str, url: str) -> str:
        shown = parameters(self.challenge)
        account = hashlib.md5(f"{USER}:{shown['realm']}:{PASSWORD}".encode()).hexdigest()
        request = hashlib.md5(f"{method}:{url}".encode()).hexdigest()
        response = hashlib.md5(f"{account}:{shown['nonce']}:{request}".encode()).hexdigest()
        said = {"username": USER, "realm": shown["realm"], "nonce": shown["nonce"], "uri": url, "response": response}
        return "Digest " + ", ".join(f'{name}="{value}"' for name, value in said.items())
