"""NAL units as MP4 keeps them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Unreadable
from backend.offers.entries import Codec
from backend.offers.nal import parameter_sets, split

SPS, PPS = bytes.fromhex("6764000dacb2"), bytes.fromhex("68ebc3cb22c0")
AVCC = bytes.fromhex("0164000dffe1") + b"\x00\x06" + SPS + b"\x01\x00\x06" + PPS + bytes.fromhex("fdf8f800")


def test_avcc_gives_its_sets_and_the_description() -> None:
    sets = parameter_sets("H264", AVCC)
    assert (sets.length_bytes, sets.units) == (4, (SPS, PPS))
    assert sets.in_sdp() == "packetization-mode=1;profile-level-id=64000D;sprop-parameter-sets=Z2QADayy,aOvDyyLA"


def test_hvcc_gives_its_sets_without_other_units() -> None:
    units = [(32, b"\x40\x01a"), (33, b"\x42\x01b"), (34, b"\x44\x01c"), (39, b"\x4e\x01d")]
    arrays = b"".join(bytes([kind, 0, 1, 0, len(unit)]) + unit for kind, unit in units)
    sets = parameter_sets("H265", b"\x01" + bytes(20) + b"\x03" + bytes([len(units)]) + arrays)
    assert sets.units == (b"\x40\x01a", b"\x42\x01b", b"\x44\x01c")
    assert sets.in_sdp() == "sprop-vps=QAFh;sprop-sps=QgFi;sprop-pps=RAFj"


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x00\x00\x00\x01\x67\x64", AVCC[:12]])
def test_what_is_cut_short_or_has_start_codes_is_unreadable(data: bytes) -> None:
    for codec in ("H264", "H265"):
        with pytest.raises(Unreadable):
            parameter_sets(codec, data)


@given(st.sampled_from(["H264", "H265"]), st.binary(max_size=80))
def test_any_extradata_is_read_or_unreadable(codec: Codec, data: bytes) -> None:
    try:
        sets = parameter_sets(codec, data)
    except Unreadable:
        return
    assert sum(map(len, sets.units)) <= len(data)


@given(st.lists(st.binary(min_size=1, max_size=50)), st.integers(1, 4))
def test_units_come_out_as_they_were_kept(units: list[bytes], length_bytes: int) -> None:
    sample = b"".join(len(one).to_bytes(length_bytes, "big") + one for one in units)
    assert split(sample, length_bytes) == tuple(units)


@pytest.mark.parametrize("sample", [b"\0\0\0\2ab\0\0\0\0", b"\0\0\0\0\0\0\0\2ab"])
def test_a_unit_of_no_length_is_none_wherever_it_stands(sample: bytes) -> None:
    assert split(sample, 4) == (b"ab",)


@given(st.binary(max_size=80), st.sampled_from([1, 2, 4]))
def test_any_sample_is_cut_within_its_bytes_or_unreadable(sample: bytes, length_bytes: int) -> None:
    try:
        units = split(sample, length_bytes)
    except Unreadable:
        return
    assert sum(len(one) + length_bytes for one in units) <= len(sample)
