"""RTP packets: put together again, they are the units that went in."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.edge.rtp import Marks, Packetiser, ntp, ticks
from backend.offers.entries import Codec

AT = datetime(2020, 2, 27, 8, 13, 50, 500_000, tzinfo=UTC)


def unpacked(codec: Codec, packets: list[bytes]) -> list[bytes]:
    """The units, by RFC 6184 and RFC 7798."""
    units: list[bytes] = []
    cut = b""
    size = 1 if codec == "H264" else 2
    for packet in packets:
        body = packet[12 + 16 * bool(packet[0] & 0x10) :]
        kind = body[0] & 0x1F if codec == "H264" else body[0] >> 1 & 0x3F
        if kind in {"H264": {24}, "H265": {48}}[codec]:
            place = size
            while place < len(body):
                length = int.from_bytes(body[place : place + 2], "big")
                units.append(body[place + 2 : place + 2 + length])
                place += 2 + length
        elif kind in {"H264": {28}, "H265": {49}}[codec]:
            part = body[size]
            if part & 0x80:
                head = (
                    bytes([body[0] & 0xE0 | part & 0x1F])
                    if size == 1
                    else bytes([body[0] & 0x81 | (part & 63) << 1, body[1]])
                )
                cut = head
            cut += body[size + 1 :]
            if part & 0x40:
                units.append(cut)
        else:
            units.append(body)
    return units


def made(codec: Codec, kinds: list[int], sizes: list[int]) -> list[bytes]:
    heads = [bytes([0x60 | kind % 24]) if codec == "H264" else bytes([(kind % 48) << 1, 1]) for kind in kinds]
    return [head + bytes(number % 251 for number in range(size)) for head, size in zip(heads, sizes, strict=False)]


@given(
    st.sampled_from(["H264", "H265"]),
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.lists(st.sampled_from([1, 30, 700, 1398, 1399, 1400, 1401, 2797, 9000]), min_size=6, max_size=6),
    st.integers(0, 65535),
)
def test_any_units_come_out_as_they_went_in(codec: Codec, kinds: list[int], sizes: list[int], sequence: int) -> None:
    units = made(codec, kinds, sizes)
    packetiser = Packetiser(codec, 7, sequence)
    packets = packetiser.packets_of(units, 99, AT, Marks(), 3)
    assert unpacked(codec, packets) == units
    heads = [struct.unpack(">BBHII", packet[:12]) for packet in packets]
    assert [one[2] for one in heads] == [(sequence + number) % 65536 for number in range(len(packets))]
    assert [bool(one[1] & 0x80) for one in heads] == [False] * (len(packets) - 1) + [True]
    assert [bool(one[0] & 0x10) for one in heads] == [True] + [False] * (len(packets) - 1)
    assert all(len(packet) <= 1400 + 28 for packet in packets)


@pytest.mark.parametrize(
    ("marks", "flags"),
    [
        (Marks(), 0),
        (Marks(clean=True), 0x80),
        (Marks(end=True), 0x40),
        (Marks(discontinuity=True), 0x20),
        (Marks(terminal=True), 0x10),
        (Marks(clean=True, end=True, discontinuity=True, terminal=True), 0xF0),
    ],
)
def test_the_extension_stands_as_onvif_draws_it(marks: Marks, flags: int) -> None:
    packet = Packetiser("H264", 7).packets_of([b"\x65" + bytes(10)], 99, AT, marks, 0x1FE)[0]
    assert packet[12:16] == b"\xab\xac\x00\x03"
    seconds, fraction, told, number, padding = struct.unpack(">IIBBH", packet[16:28])
    assert seconds == 3_791_780_030
    assert fraction == 0x80000000
    assert (told, number, padding) == (flags, 0xFE, 0)


def test_time_goes_on_after_its_seconds_and_ticks_begin_again() -> None:
    assert ntp(datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC)) == 0
    later = datetime(2036, 2, 8, tzinfo=UTC)
    assert (ticks(later) - ticks(AT)) % 2**32 == int((later - AT).total_seconds() * 90_000) % 2**32


def test_reports_are_whole_rtcp_packets() -> None:
    packetiser = Packetiser("H264", 7)
    packetiser.packets_of([b"\x65" + bytes(3000)], 99, AT, Marks(), 1)
    compound = packetiser.goodbye(AT, 99)
    kinds = []
    while compound:
        kind, words = struct.unpack(">BH", compound[1:4])
        kinds.append(kind)
        assert len(compound) >= 4 * (words + 1)
        compound = compound[4 * (words + 1) :]
    assert kinds == [200, 202, 203]
