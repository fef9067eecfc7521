"""RTP packets of H.264 (RFC 6184) and H.265 (RFC 7798), with ONVIF's wall clock on each frame, and RTCP's reports."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from backend.offers.entries import Codec
from backend.offers.nal import is_parameter_set

PAYLOAD_TYPE = 96
CLOCK_RATE = 90_000
_PAYLOAD_BYTES = 1400  # fits Ethernet with all headers: some clients copy packets on, by UDP
_NTP_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)
_STAP_A, _FU_A = 24, 28
_AP, _FU = 48, 49
# ONVIF Streaming Specification, section "RTP header extension".
_REPLAY_EXTENSION = 0xABAC
_CLEAN, _END, _DISCONTINUITY, _TERMINAL = 0x80, 0x40, 0x20, 0x10


@dataclass(frozen=True)
class Marks:
    """What the extension says of a frame."""

    clean: bool = False  # decoding can begin here
    end: bool = False  # the last frame before a gap, or of all
    discontinuity: bool = False  # not the frame after the one sent before: the first after a seek, or after a gap
    terminal: bool = False  # nothing comes after it

    def as_byte(self) -> int:
        return _CLEAN * self.clean + _END * self.end + _DISCONTINUITY * self.discontinuity + _TERMINAL * self.terminal


def ntp(at: datetime) -> int:
    """64 bits: seconds since 1900 and their fraction (RFC 5905). After 2036 the seconds begin again, as they must."""
    microseconds = (at - _NTP_EPOCH) // timedelta(microseconds=1)
    seconds, rest = divmod(microseconds, 1_000_000)
    return (seconds & 0xFFFFFFFF) << 32 | (rest << 32) // 1_000_000


def ticks(at: datetime) -> int:
    """An instant on RTP's 32 bit clock. Between two instants lie as many ticks as were recorded, gaps included."""
    microseconds = (at - _NTP_EPOCH) // timedelta(microseconds=1)
    return microseconds * CLOCK_RATE // 1_000_000 & 0xFFFFFFFF


@dataclass
class Packetiser:
    """One track's sequence. Not thread-safe: a session has its own."""

    codec: Codec
    ssrc: int
    sequence: int = 0
    packets: int = field(default=0, init=False)
    payload_bytes: int = field(default=0, init=False)

    def packets_of(
        self, units: Sequence[bytes], timestamp: int, at: datetime, marks: Marks, request_number: int
    ) -> list[bytes]:
        """One access unit. The extension stands on its first packet, the marker bit on its last.

        `request_number` is the CSeq of the PLAY that asked for it.
        """
        payloads = list(_payloads(self.codec, units))
        extension = struct.pack(">HHQBBH", _REPLAY_EXTENSION, 3, ntp(at), marks.as_byte(), request_number & 0xFF, 0)
        made = []
        for number, payload in enumerate(payloads):
            first, last = number == 0, number == len(payloads) - 1
            header = struct.pack(
                ">BBHII", 0x90 if first else 0x80, PAYLOAD_TYPE | 0x80 * last, self.sequence, timestamp, self.ssrc
            )
            made.append(header + (extension if first else b"") + payload)
            self.sequence = self.sequence + 1 & 0xFFFF
            self.payload_bytes += len(payload)
        self.packets += len(made)
        return made

    def sender_report(self, at: datetime, timestamp: int) -> bytes:
        """RTCP: `timestamp` of the stream was `at` on the wall (RFC 3550 section 6.4.1)."""
        report = struct.pack(
            ">BBHIQIII", 0x80, 200, 6, self.ssrc, ntp(at), timestamp, self.packets, self.payload_bytes & 0xFFFFFFFF
        )
        return report + self._description()

    def goodbye(self, at: datetime, timestamp: int) -> bytes:
        """RTCP: nothing more comes."""
        return self.sender_report(at, timestamp) + struct.pack(">BBHI", 0x81, 203, 1, self.ssrc)

    def _description(self) -> bytes:
        name = b"holdfast"
        chunk = struct.pack(">IBB", self.ssrc, 1, len(name)) + name
        chunk += bytes(4 - len(chunk) % 4)
        return struct.pack(">BBH", 0x81, 202, len(chunk) // 4) + chunk


def _payloads(codec: Codec, units: Sequence[bytes]) -> Iterator[bytes]:
    """Parameter sets ride together in one packet; what is too long is cut; all else is a packet by itself."""
    together: list[bytes] = []
    for unit in units:
        if is_parameter_set(codec, unit) and sum(len(u) + 2 for u in [*together, unit]) < _PAYLOAD_BYTES:
            together.append(unit)
            continue
        yield from _aggregated(codec, together)
        together = []
        yield from _fragments(codec, unit) if len(unit) > _PAYLOAD_BYTES else (unit,)
    yield from _aggregated(codec, together)


def _aggregated(codec: Codec, units: Sequence[bytes]) -> Iterator[bytes]:
    if len(units) == 1:
        yield units[0]
    elif units:
        # The importance that a packet claims is the highest of those in it; layer 0, as all of ours.
        head = bytes([max(u[0] & 0x60 for u in units) | _STAP_A]) if codec == "H264" else bytes([_AP << 1, 1])
        yield head + b"".join(struct.pack(">H", len(u)) + u for u in units)


def _fragments(codec: Codec, unit: bytes) -> Iterator[bytes]:
    if codec == "H264":
        head, kind, body = bytes([unit[0] & 0xE0 | _FU_A]), unit[0] & 0x1F, memoryview(unit)[1:]
    else:
        head, kind, body = bytes([unit[0] & 0x81 | _FU << 1, unit[1]]), unit[0] >> 1 & 0x3F, memoryview(unit)[2:]
    room = _PAYLOAD_BYTES - len(head) - 1
    for place in range(0, len(body), room):
        first, last = place == 0, place + room >= len(body)
        yield head + bytes([0x80 * first | 0x40 * last | kind]) + body[place : place + room]
