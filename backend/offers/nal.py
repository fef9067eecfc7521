"""NAL units: how an MP4 file keeps them and their parameter sets, and what a session description says of those."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from backend.errors import Unreadable
from backend.offers.entries import Codec

_H264_SPS, _H264_PPS, _H264_DELIMITER = 7, 8, 9
_H264_SLICES, _H264_IDR = (1, 2, 5), 5
_H264_INTRA, _SLICE_FORMS = (2, 4), 5  # I and SI of P, B, I, SP, SI; five more is the same of all slices of a picture
_H265_ENTRIES = range(16, 24)
_H265_VPS, _H265_SPS, _H265_PPS, _H265_DELIMITER = 32, 33, 34, 35


@dataclass(frozen=True)
class ParameterSets:
    """What a decoder must have before the first keyframe, and how long the length before each unit is."""

    codec: Codec
    length_bytes: int
    units: tuple[bytes, ...]

    def in_sdp(self) -> str:
        """The value of `a=fmtp`, behind the payload type (RFC 6184 section 8.1, RFC 7798 section 7.1)."""
        if self.codec == "H264":
            profile = next((u[1:4].hex().upper() for u in self.units if kind(self.codec, u) == _H264_SPS), "42E01F")
            sets = ",".join(base64.b64encode(unit).decode() for unit in self.units)
            more = f";sprop-parameter-sets={sets}" if sets else ""
            return f"packetization-mode=1;profile-level-id={profile}{more}"
        named = {_H265_VPS: "vps", _H265_SPS: "sps", _H265_PPS: "pps"}
        found: dict[str, list[str]] = {"vps": [], "sps": [], "pps": []}
        for unit in self.units:
            if name := named.get(kind(self.codec, unit)):
                found[name].append(base64.b64encode(unit).decode())
        return ";".join(f"sprop-{name}={','.join(sets)}" for name, sets in found.items() if sets)


def kind(codec: Codec, unit: bytes) -> int:
    """The type that a unit's header tells."""
    return unit[0] & 0x1F if codec == "H264" else (unit[0] >> 1) & 0x3F


def is_parameter_set(codec: Codec, unit: bytes) -> bool:
    wanted = (_H264_SPS, _H264_PPS) if codec == "H264" else (_H265_VPS, _H265_SPS, _H265_PPS)
    return kind(codec, unit) in wanted


def is_delimiter(codec: Codec, unit: bytes) -> bool:
    """Whether it says that an access unit begins here: nothing of that may stand before it (H.264 section 7.4.1.2.3,
    H.265 section 7.4.2.4.4)."""
    return kind(codec, unit) == (_H264_DELIMITER if codec == "H264" else _H265_DELIMITER)


def is_clean(codec: Codec, units: Iterable[bytes]) -> bool:
    """Whether decoding can begin at this access unit: its picture, or the first of its two fields, needs no other one.

    A container's word is not enough: some say so of each frame, and an encoder that refreshes its picture piece by
    piece says so of frames that only begin to. Raises Unreadable."""
    if codec == "H265":
        pictures = [kind(codec, unit) for unit in units if kind(codec, unit) < _H265_VPS]
        return bool(pictures) and all(one in _H265_ENTRIES for one in pictures)
    slices = [unit for unit in units if kind(codec, unit) in _H264_SLICES]
    if not slices:
        return False
    for number, unit in enumerate(slices):
        first_block, form = _slice(unit)
        if number and first_block == 0:
            break  # the second field
        if kind(codec, unit) != _H264_IDR and form % _SLICE_FORMS not in _H264_INTRA:
            return False
    return True


def _slice(unit: bytes) -> tuple[int, int]:
    """Of a slice's header its first two numbers: where in the picture it begins, and its form (H.264 section 7.3.3)."""
    head = unit[1:17].replace(b"\0\0\3", b"\0\0")
    bits = f"{int.from_bytes(head, 'big'):0{8 * len(head)}b}"
    numbers, place = list[int](), 0
    for _ in range(2):
        zeros = bits.find("1", place) - place
        end = place + 2 * zeros + 1
        if zeros < 0 or end > len(bits):
            raise Unreadable("A slice's header is cut short.")
        numbers.append(int(bits[place + zeros : end], 2) - 1)  # Exp-Golomb (section 9.1)
        place = end
    return numbers[0], numbers[1]


def split(sample: bytes, length_bytes: int) -> tuple[bytes, ...]:
    """The units of one sample of an MP4 file. Raises Unreadable when the lengths do not come out even."""
    units: list[bytes] = []
    place = 0
    while place < len(sample):
        start = place + length_bytes
        place = start + int.from_bytes(sample[place:start], "big")
        if start > len(sample) or place > len(sample):
            raise Unreadable("A frame's NAL units are longer than the frame.")
        if place > start:
            units.append(sample[start:place])
    return tuple(units)


def parameter_sets(codec: Codec, extradata: bytes) -> ParameterSets:
    """From avcC or hvcC (ISO/IEC 14496-15). Raises Unreadable, also for a stream with start codes."""
    try:
        return _from_avcc(extradata) if codec == "H264" else _from_hvcc(extradata)
    except IndexError:
        raise Unreadable("The description of the video stream is cut short.") from None


def _from_avcc(data: bytes) -> ParameterSets:
    if data[0] != 1:
        raise Unreadable("The file does not keep its H.264 stream as MP4 does.")
    units: list[bytes] = []
    count, place = data[5] & 0x1F, 6
    for _ in ("SPS", "PPS"):
        for _ in range(count):
            unit, place = _unit(data, place)
            units.append(unit)
        count, place = (data[place] if place < len(data) else 0), place + 1
    return ParameterSets("H264", (data[4] & 3) + 1, tuple(u for u in units if u))


def _from_hvcc(data: bytes) -> ParameterSets:
    if data[0] != 1:
        raise Unreadable("The file does not keep its H.265 stream as MP4 does.")
    units: list[bytes] = []
    place = 23
    for _ in range(data[22]):
        count = int.from_bytes(data[place + 1 : place + 3], "big")
        place += 3
        for _ in range(count):
            unit, place = _unit(data, place)
            units.append(unit)
    return ParameterSets("H265", (data[21] & 3) + 1, tuple(u for u in units if u and is_parameter_set("H265", u)))


def _unit(data: bytes, place: int) -> tuple[bytes, int]:
    end = place + 2 + int.from_bytes(data[place : place + 2], "big")
    if end > len(data):
        raise IndexError
    return data[place + 2 : end], end
