"""RTP packets of H.264 (RFC 6184) and H.265 (RFC 7798) back to frames with ONVIF's wall clock on each."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tests.services.vms.footage import Frame
from tests.services.vms.onvif_client import DeviceTrouble

_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)
_EXTENSION = 0xABAC
_START = b"\0\0\0\1"


class Arrived(NamedTuple):
    """A frame, and what the device said of it."""

    frame: Frame
    discontinuity: bool
    terminal: bool  # nothing comes after it
    request_number: int  # the lowest byte of it


@dataclass(frozen=True)
class _Extension:
    at: datetime
    clean: bool
    discontinuity: bool
    terminal: bool
    number: int


@dataclass
class Depacketiser:
    """One track. `take` each packet; complete frames come out."""

    codec: str
    payload_type: int
    _sequence: int | None = None
    _timestamp: int | None = None
    _extension: _Extension | None = None
    _units: list[bytes] = field(default_factory=list)
    _piece: bytearray | None = None

    def take(self, packet: bytes) -> Arrived | None:
        """Raises DeviceTrouble for what is lost, out of order, or breaks the rules of its format."""
        if len(packet) < 12 or packet[0] >> 6 != 2:
            raise DeviceTrouble("Something that is no RTP came.")
        first, second, sequence, timestamp = struct.unpack(">BBHI", packet[:8])
        if second & 0x7F != self.payload_type:
            raise DeviceTrouble("A packet of another payload type came.")
        if self._sequence is not None and sequence != (self._sequence + 1) & 0xFFFF:
            raise DeviceTrouble("A packet is missing.")
        self._sequence = sequence
        place, extension = _head(packet, first)
        if self._timestamp is None:
            if extension is None:
                raise DeviceTrouble("A frame's first packet has no time.")
            self._extension, self._timestamp = extension, timestamp
        elif timestamp != self._timestamp or extension is not None:
            raise DeviceTrouble("A frame began before the one before it had ended.")
        end = len(packet) - packet[-1] if first & 0x20 else len(packet)
        self._payload(packet[place:end])
        return self._frame() if second & 0x80 else None

    def _payload(self, payload: bytes) -> None:
        # The shortest unit is a delimiter's: its head, and one byte at most.
        if len(payload) < 2:
            raise DeviceTrouble("A packet is too short.")
        kind, together, pieces = (
            (payload[0] & 0x1F, 24, 28) if self.codec == "H264" else (payload[0] >> 1 & 0x3F, 48, 49)
        )
        head_bytes = 1 if self.codec == "H264" else 2
        if kind == pieces:
            self._take_piece(payload, head_bytes)
            return
        if self._piece is not None or kind > pieces or together < kind < pieces:
            raise DeviceTrouble("A unit was left unfinished, or is of no known kind.")
        if kind != together:
            self._units.append(payload)
            return
        place = head_bytes
        while place < len(payload):
            length = int.from_bytes(payload[place : place + 2], "big")
            unit = payload[place + 2 : place + 2 + length]
            if not length or len(unit) < length:
                raise DeviceTrouble("An aggregated packet makes no sense.")
            self._units.append(unit)
            place += 2 + length

    def _take_piece(self, payload: bytes, head_bytes: int) -> None:
        if len(payload) < head_bytes + 2:
            raise DeviceTrouble("A packet is too short.")
        told = payload[head_bytes]
        begins, ends = told & 0x80, told & 0x40
        if bool(begins) != (self._piece is None):
            raise DeviceTrouble("A piece of a unit came at the wrong place.")
        if begins:
            if self.codec == "H264":
                head = bytes([payload[0] & 0xE0 | told & 0x1F])
            else:
                head = bytes([payload[0] & 0x81 | (told & 0x3F) << 1, payload[1]])
            self._piece = bytearray(head)
        assert self._piece is not None
        self._piece += payload[head_bytes + 1 :]
        if ends:
            self._units.append(bytes(self._piece))
            self._piece = None

    def _frame(self) -> Arrived:
        told = self._extension
        if told is None or self._piece is not None or not self._units:
            raise DeviceTrouble("A frame ended before it was whole.")
        units, self._units, self._timestamp, self._extension = self._units, [], None, None
        kinds = {unit[0] & 0x1F if self.codec == "H264" else unit[0] >> 1 & 0x3F for unit in units}
        key = 5 in kinds if self.codec == "H264" else bool(kinds & set(range(16, 22)))
        if key != told.clean:
            raise DeviceTrouble("A frame's mark does not say whether it is a keyframe.")
        sets = {7, 8} if self.codec == "H264" else {32, 33, 34}
        if key and not sets <= kinds:
            raise DeviceTrouble("A keyframe came without its parameter sets.")
        body = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units if self._kind(unit) not in sets)
        content = b"".join(_START + unit for unit in units)
        frame = Frame(told.at, len(body), hashlib.sha256(body).hexdigest(), key, content)
        return Arrived(frame, told.discontinuity, told.terminal, told.number)

    def _kind(self, unit: bytes) -> int:
        return unit[0] & 0x1F if self.codec == "H264" else unit[0] >> 1 & 0x3F


def _head(packet: bytes, first: int) -> tuple[int, _Extension | None]:
    """Where the payload begins, and ONVIF's extension."""
    place = 12 + 4 * (first & 0x0F)
    if not first & 0x10:
        return place, None
    name, words = struct.unpack(">HH", packet[place : place + 4])
    if name != _EXTENSION or words != 3:
        raise DeviceTrouble("A header extension of another kind came.")
    seconds, fraction, flags, number = struct.unpack(">IIBB", packet[place + 4 : place + 14])
    # After 2036 the seconds begin again (RFC 4330 section 3).
    whole = seconds if seconds & 0x80000000 else seconds + 2**32
    at = _EPOCH + timedelta(seconds=whole, microseconds=round(fraction * 1_000_000 / 2**32))
    clean, discontinuity, terminal = (bool(flags & bit) for bit in (0x80, 0x20, 0x10))
    return place + 16, _Extension(at, clean, discontinuity, terminal, number)
