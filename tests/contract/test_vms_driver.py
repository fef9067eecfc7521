"""The emulated VMS's driver takes no nonsense: devices that lose packets, hide times or stop in the middle fail."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import IO

import pytest

from tests.services.vms.depacketise import Arrived, Depacketiser
from tests.services.vms.footage import Frame
from tests.services.vms.onvif_client import DeviceTrouble
from tests.services.vms.pulling import frames_until
from tests.services.vms.rtsp_client import RtspClient

AT = datetime(2026, 2, 27, 8, 13, 50, 500_000, tzinfo=UTC)
KEY, OTHER, SPS, PPS = b"\x65key", b"\x41other", b"\x67sps", b"\x68pps"


@dataclass(frozen=True)
class Packet:
    """As RFC 3550 has it, with ONVIF's extension when `at` is set."""

    payload: bytes
    sequence: int
    timestamp: int = 0
    marker: bool = True
    at: datetime | None = None
    flags: int = 0
    request: int = 4

    def as_bytes(self) -> bytes:
        head = struct.pack(
            ">BBHII", 0x80 | 0x10 * (self.at is not None), 96 | 0x80 * self.marker, self.sequence, self.timestamp, 7
        )
        if self.at is None:
            return head + self.payload
        since = self.at - datetime(1900, 1, 1, tzinfo=UTC)
        seconds, fraction = since // timedelta(seconds=1) % 2**32, since % timedelta(seconds=1)
        parts = (fraction // timedelta(microseconds=1) << 32) // 1_000_000
        told = struct.pack(">HHIIBBH", 0xABAC, 3, seconds, parts, self.flags, self.request, 0)
        return head + told + self.payload


def together(*units: bytes) -> bytes:
    """An aggregation packet (STAP-A)."""
    return b"\x78" + b"".join(len(one).to_bytes(2, "big") + one for one in units)


KEYFRAME = Packet(together(SPS, PPS, KEY), 1, at=AT, flags=0x80)
NEXT = Packet(OTHER, 2, 3600, at=AT + timedelta(milliseconds=40))


def taken(packets: Sequence[Packet], codec: str = "H264") -> list[Arrived]:
    track = Depacketiser(codec, 96)
    return [found for one in packets if (found := track.take(one.as_bytes()))]


def test_frames_come_with_their_times_and_without_parameter_sets_in_their_digest() -> None:
    first, second = taken([KEYFRAME, NEXT])
    assert (first.frame.at, first.frame.is_keyframe, first.frame.size_bytes) == (AT, True, 4 + len(KEY))
    assert first.frame.content == b"".join(b"\0\0\0\1" + unit for unit in (SPS, PPS, KEY))
    assert (second.frame.at, second.frame.is_keyframe) == (AT + timedelta(milliseconds=40), False)


def test_a_unit_in_pieces_is_put_together() -> None:
    pieces = [b"\x7c\x81aaa", b"\x7c\x01bbb", b"\x7c\x41ccc"]  # FU-A: begins, goes on, ends; of kind 1
    packets = [Packet(one, 2 + n, 3600, marker=n == 2) for n, one in enumerate(pieces)]
    packets[0] = replace(packets[0], at=NEXT.at)
    _, found = taken([KEYFRAME, *packets])
    assert found.frame.content == b"\0\0\0\1\x61aaabbbccc"


def test_hevc_too() -> None:
    sets = [bytes([kind << 1, 1]) + b"set" for kind in (32, 33, 34)]
    key, piece = bytes([19 << 1, 1]) + b"key", bytes([49 << 1, 1])
    joined = bytes([48 << 1, 1]) + b"".join(len(one).to_bytes(2, "big") + one for one in (*sets, key))
    cut = [piece + bytes([0x80 | 1]) + b"aa", piece + bytes([0x40 | 1]) + b"bb"]
    packets = [
        replace(KEYFRAME, payload=joined),
        Packet(cut[0], 2, 3600, marker=False, at=NEXT.at),
        Packet(cut[1], 3, 3600),
    ]
    first, second = taken(packets, "H265")
    assert (first.frame.is_keyframe, first.frame.size_bytes) == (True, 4 + len(key))
    assert second.frame.content == b"\0\0\0\1" + bytes([1 << 1, 1]) + b"aabb"


def test_times_go_on_after_the_seconds_since_1900_have_begun_again() -> None:
    late = datetime(2040, 5, 1, 12, tzinfo=UTC)
    (found,) = taken([replace(KEYFRAME, at=late)])
    assert found.frame.at == late


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (replace(NEXT, sequence=3), "missing"),
        (replace(NEXT, at=None), "no time"),
        (replace(NEXT, flags=0x80), "mark"),
        (replace(NEXT, payload=KEY), "mark"),
        (replace(NEXT, payload=KEY, flags=0x80), "without its parameter sets"),
        (replace(NEXT, payload=b"\x7c\x01bbb"), "wrong place"),
        (replace(NEXT, payload=b"\x7c\x81bbb"), "before it was whole"),
        (replace(NEXT, payload=together(OTHER)[:-1]), "aggregated"),
        (replace(NEXT, payload=b"\x7d" + OTHER), "no known kind"),
        (replace(NEXT, payload=b"\x41"), "too short"),
    ],
)
def test_what_breaks_the_rules_is_refused(second: Packet, words: str) -> None:
    with pytest.raises(DeviceTrouble, match=words):
        taken([KEYFRAME, second])


def test_a_frame_that_begins_within_another_is_refused() -> None:
    with pytest.raises(DeviceTrouble, match="had ended"):
        taken([replace(KEYFRAME, marker=False), NEXT])


def _head(lines: IO[bytes]) -> list[str]:
    found: list[str] = []
    while line := lines.readline().decode().strip():
        found.append(line)
    return found


@contextmanager
def device(packets: Sequence[Packet]) -> Iterator[str]:
    """Plays these, and hangs up if that is not their own end. The address of its replay."""
    sdp = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\na=x-onvif-track:V\r\n"
    more = {
        "DESCRIBE": f"Content-Length: {len(sdp)}\r\n\r\n{sdp}",
        "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1;timeout=60\r\n\r\n",
        "PLAY": "Rate-Control: no\r\n\r\n",
    }

    def serve() -> None:
        line, _ = server.accept()
        with line, line.makefile("rb") as lines:
            while head := _head(lines):
                method, number = head[0].partition(" ")[0], next(one for one in head if one.startswith("CSeq"))
                line.sendall(f"RTSP/1.0 200 OK\r\n{number}\r\n{more.get(method, chr(13) + chr(10))}".encode())
                if method == "PLAY":
                    for one in packets:
                        line.sendall(b"$\0" + len(one.as_bytes()).to_bytes(2, "big") + one.as_bytes())
                    if not packets[-1].flags & 0x10:
                        return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"rtsp://127.0.0.1:{server.getsockname()[1]}/replay"
        thread.join(10)


def played(packets: Sequence[Packet], kept: list[Frame]) -> None:
    with device(packets) as url, RtspClient(url, "user", "password") as line:
        track = line.describe()
        line.set_up(track)
        number = line.play(AT)
        end = AT + timedelta(seconds=9)
        kept.extend(one.frame for one in frames_until(line, Depacketiser(track.codec, 96), number, end))


@pytest.mark.parametrize(
    ("packets", "words"),
    [
        ([KEYFRAME, NEXT], "ended the replay"),
        ([KEYFRAME, replace(NEXT, at=AT)], "Time went back"),
        ([KEYFRAME, replace(NEXT, request=5)], "another request"),
        ([replace(NEXT, sequence=1)], "no keyframe"),
    ],
)
def test_a_replay_that_breaks_the_rules_fails(packets: list[Packet], words: str) -> None:
    kept: list[Frame] = []
    with pytest.raises(DeviceTrouble, match=words):
        played(packets, kept)


def test_a_replay_that_says_where_it_ends_is_whole() -> None:
    kept: list[Frame] = []
    played([KEYFRAME, replace(NEXT, flags=0x50)], kept)
    assert [one.at for one in kept] == [KEYFRAME.at, NEXT.at]
