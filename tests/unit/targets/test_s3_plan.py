"""Promises of backend/targets/s3_plan.py."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from backend.targets.s3_plan import (
    LEAST_PART_BYTES,
    MIB,
    MOST_PART_BYTES,
    MOST_PARTS,
    Plan,
    etag_of_parts,
    is_multipart,
    plan_behind,
    plan_parts,
)

_TERABYTE = 1024**4
_wanted = st.integers(5, 5120).map(lambda mib: mib * MIB)


@given(st.integers(0, 5 * _TERABYTE), _wanted)
def test_any_file_that_s3_can_hold_is_cut_within_its_limits(size_bytes: int, wanted: int) -> None:
    plan = plan_parts(size_bytes, wanted)

    assert 1 <= plan.count <= MOST_PARTS
    assert LEAST_PART_BYTES <= plan.part_bytes <= MOST_PART_BYTES
    assert plan.part_bytes >= wanted


@given(st.integers(1, 2000), st.integers(1, 300))
def test_the_parts_cover_the_file_once_and_in_order(size_bytes: int, part_bytes: int) -> None:
    parts = Plan(size_bytes, part_bytes).parts()

    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    covered = [byte for p in parts for byte in range(p.offset_bytes, p.offset_bytes + p.size_bytes)]
    assert covered == list(range(size_bytes))


def test_a_wanted_part_size_is_kept_as_long_as_it_can_be() -> None:
    assert plan_parts(160_000 * MIB, 16 * MIB).part_bytes == 16 * MIB
    assert plan_parts(160_001 * MIB, 16 * MIB).part_bytes == 17 * MIB


def test_the_etag_of_a_multipart_object_is_the_md5_of_its_parts_md5s() -> None:
    md5s = [hashlib.md5(part, usedforsecurity=False).digest() for part in (b"a" * 10, b"b")]

    assert etag_of_parts(md5s) == hashlib.md5(md5s[0] + md5s[1], usedforsecurity=False).hexdigest() + "-2"


@given(st.integers(1, 10**9), st.integers(5 * MIB, 64 * MIB))
def test_the_plan_behind_our_own_etag_is_our_own_plan(size_bytes: int, part_bytes: int) -> None:
    plan = Plan(size_bytes, part_bytes)
    etag = f"{'0' * 32}-{plan.count}"

    assert plan_behind(etag, size_bytes, [1, part_bytes]) in (plan, Plan(size_bytes, 1))
    assert is_multipart(etag)


def test_a_plain_md5_is_one_part_as_large_as_the_file() -> None:
    assert plan_behind("0" * 32, 10**12, [16 * MIB]) == Plan(10**12, 10**12)
    assert not is_multipart("0" * 32)


@given(st.text(max_size=40))
def test_an_etag_that_is_no_md5_has_no_plan(etag: str) -> None:
    plan = plan_behind(etag, 100, [])

    assert plan is None or len(etag) == 32


def test_a_number_of_parts_that_no_size_of_ours_gives_has_no_plan() -> None:
    assert plan_behind(f"{'0' * 32}-7", 32 * MIB, [16 * MIB, 5 * MIB + 1, 0, -1]) == Plan(32 * MIB, 5 * MIB + 1)
    assert plan_behind(f"{'0' * 32}-3", 32 * MIB, [16 * MIB]) is None
