"""A recording that is damaged within and has to be encoded again: a VMS is not given it with a hole."""

from __future__ import annotations

from array import array
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from backend.confine import Confinement
from backend.errors import Unreadable, Unsupported
from backend.offers.book import Book
from backend.offers.entries import Offer
from backend.offers.index import index, refuse_broken_samples
from backend.offers.losses import _lost, pictures
from backend.offers.offering import Offering
from tests.unit.offers.films import PLAIN, REORDERED, Told, film, kept_film

TOOLS = Confinement()
INTERLACED = ["-vf", "tinterlace=interleave_top", "-flags", "+ilme+ildct", "-c:v", "mpeg2video", "-bf", "2"]
HIDING = ["-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "90k", "-cpu-used", "5"]
KINDS = {
    "reordered.mp4": REORDERED,
    "open-group.ts": ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-x264-params", "open-gop=1:keyint=8:bframes=3"],
    "hidden-pictures.webm": ["-c:v", "libvpx", *HIDING],
    "hidden-pictures.mkv": ["-c:v", "libvpx-vp9", *HIDING],
    "fields.ts": INTERLACED,
    "no-shown-times.avi": ["-c:v", "mpeg4", "-bf", "2"],
    "lossless.mkv": ["-c:v", "ffv1"],
}


@pytest.fixture
def offering(book: Book) -> Offering:
    return Offering(book, TOOLS, book.layout, reserve_bytes=0, threads=1)


def offer(offering: Offering, path: Path) -> Offer:
    told = Told(path, original_filename=path.name)
    return offering.offer(
        told, "camera:yard", "Yard", h265=False, should_stop=lambda: False, progress=lambda _: None
    )  # fmt: skip


def spoil(path: Path, first: int, last: int) -> None:
    """Overwrite the content of these frames, by number in decoding order; their sizes and times stay."""
    found, content = index(TOOLS, path), bytearray(path.read_bytes())
    for number in range(first, last + 1):
        begins = found.places[number] + 5  # behind the unit's length and kind
        ends = found.places[number] + found.sizes[number]
        content[begins:ends] = bytes([0xFF] * (ends - begins))
    path.write_bytes(content)


@pytest.mark.parametrize(("first", "last"), [(0, 9), (11, 15), (14, 19)], ids=["head", "middle", "tail"])
def test_pictures_that_cannot_be_decoded_are_told_and_no_hole_is_offered(
    offering: Offering, first: int, last: int
) -> None:
    path = kept_film(offering.layout.uploads / "project_p" / "yard.mp4", *REORDERED)
    spoil(path, first, last)
    with pytest.raises(Unsupported, match=r"yard\.mp4 .* of its \d+ pictures cannot be decoded, the first of them"):
        offer(offering, path)
    assert path.is_file()


def test_one_frame_that_is_cut_wrongly_keeps_a_recording_from_being_sent_as_it_is(offering: Offering) -> None:
    """Else each pull would end there, and be asked for again for ever."""
    path = kept_film(offering.layout.uploads / "project_p" / "yard.mp4", *PLAIN, "-g", "250")
    found, content = index(TOOLS, path), bytearray(path.read_bytes())
    refuse_broken_samples(path, found)
    content[found.places[13] : found.places[13] + 4] = b"\x00\x7f\xff\xff"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="longer than the frame"):
        refuse_broken_samples(path, index(TOOLS, path))
    assert offer(offering, path).prepared


def test_a_frame_of_nothing_but_empty_parts_or_behind_the_end_is_looked_at_for_no_long(tmp_path: Path) -> None:
    path = kept_film(tmp_path / "yard.mp4", *PLAIN)
    found = index(TOOLS, path)
    beyond = replace(found, places=array("q", (one + path.stat().st_size for one in found.places)))
    with pytest.raises(Unreadable, match="reach further"):
        refuse_broken_samples(path, beyond)
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(Unreadable, match="nothing in it"):
        refuse_broken_samples(path, replace(found, sizes=array("I", [8] * len(found.sizes))))


@pytest.mark.parametrize("name", KINDS)
def test_a_healthy_recording_of_any_kind_lacks_nothing(offering: Offering, name: str) -> None:
    folder = offering.layout.uploads / "project_p"
    path = film(folder / name, *KINDS[name], picture="testsrc2=s=160x96:r=25:d=4")
    assert offer(offering, path).prepared


@pytest.mark.parametrize(
    ("kept", "wanted", "lost"),
    [
        ("0 40 80 120", "0 40 80 120", ""),
        ("1 41 81 121", "0 40 80 120", ""),  # rounded
        ("0 40 200", "0 40 80 120 160 200", "80 120 160"),
        ("0 40 160 200 240 280", "0 40 80 120 160 200 240 280", ""),  # two may be what shows nothing
        # But not most of them.
        ("0 120 240 360", "0 40 80 120 160 200 240 280 320 360 400 440", "40 80 160 200 280 320 400 440"),
        ("0 1000 4000 5000", "0 1000 2000 3000 4000 5000", "2000 3000"),  # nor for long
        ("0 1000 2000", "0 1000 2000 3000", ""),
        ("0 1000 2000", "0 1000 2000 3000 4000", "3000 4000"),
        ("0 40 9000 9040", "0 40 8990 9000 9040", ""),  # a hidden picture behind a pause of the camera
        ("0 40 80 120", "0 20 40 60 80 100 120 140", ""),  # the second of two fields
        ("120 160", "0 40 80 120 160", "0 40 80"),
    ],
)
def test_what_is_lost_is_told_from_what_shows_nothing(kept: str, wanted: str, lost: str) -> None:
    assert _lost(_numbers(wanted), _numbers(kept), Fraction(1000)) == _numbers(lost)


def _numbers(words: str) -> list[int]:
    return [int(one) for one in words.split()]


def test_what_shows_nothing_is_not_missed() -> None:
    told = b"0,0,40,900,1,__\n40,40,40,900,1,K_\n80,80,40,0,1,__\n120,N/A,40,16,1,__\n"
    told += b"N/A,160,40,17,1,__\n7,7,40,99,1,__\n9,9,40,99,1,_D_\n"
    assert list(pictures(told, is_mp4=False)) == [40, 160]
    assert list(pictures(told, is_mp4=True)) == [0, 40, 160, 7]
