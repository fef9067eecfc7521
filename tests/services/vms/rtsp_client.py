"""The driver's RTSP half: interleaved in one TCP connection, signed by digest, as ONVIF's replay wants it."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BufferedReader
from typing import Self
from urllib.parse import urljoin, urlsplit

from tests.services.vms.digest_client import DigestClient
from tests.services.vms.onvif_client import DeviceTrouble

_SECONDS = 15.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    challenges: list[str]
    body: bytes


@dataclass(frozen=True)
class Track:
    """The video of a session's description."""

    url: str
    codec: str  # "H264" or "H265"
    payload_type: int


@dataclass
class RtspClient:
    """One connection. `with` it; raises DeviceTrouble for whatever goes wrong on it."""

    url: str
    user: str
    password: str = field(repr=False)
    _line: socket.socket = field(init=False)
    _from: BufferedReader = field(init=False)
    _packets: deque[tuple[int, bytes]] = field(default_factory=deque)
    _number: int = 0
    _session: str = ""
    _alive_seconds: float = 30.0

    def __enter__(self) -> Self:
        parts = urlsplit(self.url)
        try:
            self._line = socket.create_connection((parts.hostname or "", parts.port or 554), _SECONDS)
        except OSError as error:
            raise DeviceTrouble(f"The device's replay does not answer ({type(error).__name__}).") from None
        self._from = self._line.makefile("rb")
        self._digest = DigestClient(self.user, self.password)
        return self

    def __exit__(self, *_: object) -> None:
        self._from.close()
        self._line.close()

    def describe(self) -> Track:
        self._must("OPTIONS", self.url)
        answer = self._must("DESCRIBE", self.url, Accept="application/sdp")
        return _track(answer.body.decode("utf-8", "replace"), answer.headers.get("content-base", self.url))

    def set_up(self, track: Track) -> None:
        transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
        answer = self._must("SETUP", track.url, Transport=transport, Require="onvif-replay")
        if "interleaved=0-1" not in answer.headers.get("transport", ""):
            raise DeviceTrouble("SETUP did not give the channels that were asked for.")
        self._session, _, rest = answer.headers.get("session", "").partition(";")
        name, _, seconds = rest.partition("=")
        if name.strip() == "timeout" and seconds.strip().isdigit():
            self._alive_seconds = int(seconds) / 2

    def play(self, start: datetime, end: datetime | None = None) -> int:
        """As fast as it goes. The number of the request, which the frames carry."""
        span = f"clock={_clock(start)}-{_clock(end) if end else ''}"
        more = {"Range": span, "Require": "onvif-replay", "Rate-Control": "no", "Session": self._session}
        answer = self._must("PLAY", self.url, **more)
        if answer.headers.get("rate-control", "").lower() != "no":
            raise DeviceTrouble("The device did not say that it plays without control of the rate.")
        return self._number

    def tear_down(self) -> None:
        self._must("TEARDOWN", self.url, Session=self._session)

    def packets(self) -> Iterator[tuple[int, bytes]]:
        """Channel and content, until the device ends the connection. Its session is kept alive meanwhile."""
        told = time.monotonic()
        while True:
            while self._packets:
                yield self._packets.popleft()
            if time.monotonic() - told > self._alive_seconds:
                told = time.monotonic()
                self._send("GET_PARAMETER", self.url, {"Session": self._session})
            try:
                if self._next() is None:
                    return
            except OSError as error:
                raise DeviceTrouble(f"The replay broke off ({type(error).__name__}).") from None

    def _must(self, method: str, url: str, **headers: str) -> Answer:
        answer = self._request(method, url, headers)
        if answer.status == 401 and self._digest.take(answer.challenges):
            answer = self._request(method, url, headers)
        if answer.status != 200:
            raise DeviceTrouble(f"{method} was answered with {answer.status}.")
        return answer

    def _request(self, method: str, url: str, headers: dict[str, str]) -> Answer:
        try:
            self._send(method, url, headers)
            while True:
                answer = self._next()
                if answer is None:
                    raise DeviceTrouble(f"The device ended the connection at {method}.")
                if isinstance(answer, Answer) and answer.headers.get("cseq") == str(self._number):
                    return answer
        except OSError as error:
            raise DeviceTrouble(f"The device did not answer {method} ({type(error).__name__}).") from None

    def _send(self, method: str, url: str, headers: dict[str, str]) -> None:
        self._number += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._number}", "User-Agent: driver"]
        if shown := self._digest.header(method, url):
            lines.append(f"Authorization: {shown}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._line.sendall("\r\n".join([*lines, "", ""]).encode())

    def _next(self) -> Answer | bool | None:
        """One thing read: an answer, or True for a packet that waits now; None at the end of the connection."""
        first = self._from.read(1)
        if not first:
            return None
        if first == b"$":
            head = self._exactly(3)
            self._packets.append((head[0], self._exactly(int.from_bytes(head[1:], "big"))))
            return True
        return self._answer(first + self._from.readline())

    def _answer(self, line: bytes) -> Answer:
        version, _, rest = line.decode("latin-1").partition(" ")
        if version != "RTSP/1.0" or not rest[:3].isdigit():
            raise DeviceTrouble("Something that is no RTSP came.")
        headers: dict[str, str] = {}
        challenges: list[str] = []
        while line := self._from.readline().strip():
            name, _, value = line.decode("utf-8", "replace").partition(":")
            headers[name.strip().lower()] = value.strip()
            if name.strip().lower() == "www-authenticate":
                challenges.append(value.strip())
        body = self._exactly(int(headers.get("content-length", "0")))
        return Answer(int(rest[:3]), headers, challenges, body)

    def _exactly(self, count: int) -> bytes:
        found = self._from.read(count)
        if len(found) < count:
            raise DeviceTrouble("The replay broke off within a packet.")
        return found


def _track(description: str, base: str) -> Track:
    lines = [line.strip() for line in description.splitlines()]
    places = [place for place, line in enumerate(lines) if line.startswith("m=video ")]
    if len(places) != 1:
        raise DeviceTrouble("The description has not one video track.")
    later = (place for place in range(places[0] + 1, len(lines)) if lines[place].startswith("m="))
    mine = lines[places[0] : next(later, len(lines))]
    told = dict(line[2:].partition(":")[::2] for line in mine if line.startswith("a="))
    fields = mine[0].split()
    number, _, codec = told.get("rtpmap", "").partition(" ")
    if fields[2] != "RTP/AVP" or number != fields[3] or codec.upper() not in ("H264/90000", "H265/90000"):
        raise DeviceTrouble("The description's video is of no kind that can be recorded.")
    if not told.get("x-onvif-track"):
        raise DeviceTrouble("The description does not say which track of the recording it is.")
    return Track(urljoin(base, told.get("control", "")), codec[:4].upper(), int(number))


def _clock(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.") + f"{at.microsecond // 1000:03}Z"
