"""Keyframes that are none: a VMS that begins to decode there has garbage until the next real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.confine import Confinement
from backend.errors import Unreadable
from backend.offers.book import Book
from backend.offers.entries import Codec
from backend.offers.index import Index, index
from backend.offers.nal import is_clean, split
from backend.offers.offering import Offering
from tests.unit.offers.films import PLAIN, Told, film, kept_film

TOOLS = Confinement()
H265 = ["-pix_fmt", "yuv420p", "-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1"]
H265 += ["-x265-params", "log-level=error:bframes=0:keyint=10"]
REFRESHED = [*PLAIN, "-x264-params", "intra-refresh=1:keyint=10"]
# What a slice begins with, by its form: at the picture's first block, at its sixth, and at its 65536th, whose zeros the
# format keeps apart by a byte.
INTER, INTRA, LOWER_INTER, LOWER_INTRA, LAST_INTRA = b"\xc0", b"\xb0", b"\x34", b"\x33", b"\0\0\3\x80\0\x30"


def units_of(path: Path, found: Index, number: int) -> tuple[bytes, ...]:
    sample = path.read_bytes()[found.places[number] :][: found.sizes[number]]
    return split(sample, found.sets.length_bytes)


@pytest.mark.parametrize(("codec", "options"), [("H264", PLAIN), ("H265", H265)])
def test_keyframes_are_clean_and_others_are_not(tmp_path: Path, codec: Codec, options: list[str]) -> None:
    path = film(tmp_path / "a.mp4", *options)
    found = index(TOOLS, path)
    clean = [is_clean(codec, units_of(path, found, number)) for number in range(20)]
    assert clean == [number in found.keyframes for number in range(20)]


@pytest.mark.parametrize(
    ("units", "clean"),
    [
        ([b"\x09\x10", b"\x41" + INTRA], True),
        ([b"\x65" + INTRA, b"\x41" + INTER], True),  # two fields: the second one leans on the first
        ([b"\x41" + INTRA, b"\x41" + INTER], True),
        ([b"\x41" + INTER, b"\x41" + INTRA], False),
        ([b"\x41" + INTRA, b"\x41" + LOWER_INTRA, b"\x41" + LAST_INTRA], True),
        ([b"\x41" + INTRA, b"\x41" + LOWER_INTER], False),
        ([b"\x06\x01"], False),
        ([], False),
    ],
)
def test_the_first_field_alone_must_stand_by_itself(units: list[bytes], clean: bool) -> None:
    assert is_clean("H264", units) is clean


@pytest.mark.parametrize("unit", [b"\x41", b"\x41\x00\x00", b"\x41\x80"])
def test_a_slice_without_its_head_is_unreadable(unit: bytes) -> None:
    with pytest.raises(Unreadable):
        is_clean("H264", [unit])


def test_a_recording_whose_keyframes_are_none_is_encoded_again(book: Book) -> None:
    path = kept_film(book.layout.uploads / "project_p" / "yard.mp4", *REFRESHED)
    offering = Offering(book, TOOLS, book.layout, reserve_bytes=0, threads=1)
    made = offering.offer(
        Told(path), "camera:yard", "Yard", h265=False, should_stop=lambda: False, progress=lambda _: None
    )  # fmt: skip
    assert made.prepared
    copy = book.layout.absolute(made.path)
    found = index(TOOLS, copy)
    assert len(found.shown) == 20
    assert all(is_clean("H264", units_of(copy, found, number)) for number in found.keyframes)
