"""A recording that is damaged within and has to be encoded again: a VMS is not given it with a hole."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.confine import Confinement
from backend.errors import Unsupported
from backend.offers.book import Book
from backend.offers.entries import Offer
from backend.offers.index import index
from backend.offers.losses import pictures
from backend.offers.offering import Offering
from tests.unit.offers.films import REORDERED, Told, film, kept_film

TOOLS = Confinement()
INTERLACED = ["-vf", "tinterlace=interleave_top", "-flags", "+ilme+ildct", "-c:v", "mpeg2video", "-bf", "2"]
KINDS = {
    "reordered.mp4": REORDERED,
    "open-group.ts": ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-x264-params", "open-gop=1:keyint=8:bframes=3"],
    "hidden-pictures.webm": ["-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "90k"],
    "hidden-pictures.mkv": ["-c:v", "libvpx-vp9", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "90k"],
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


@pytest.mark.parametrize("name", KINDS)
def test_a_healthy_recording_of_any_kind_lacks_nothing(offering: Offering, name: str) -> None:
    folder = offering.layout.uploads / "project_p"
    path = film(folder / name, *KINDS[name], picture="testsrc2=s=160x96:r=25:d=4")
    assert offer(offering, path).prepared


def test_what_shows_nothing_is_not_missed() -> None:
    told = b"0,0,40,900,1,__\n40,40,40,900,1,K_\n80,80,40,0,1,__\n120,N/A,40,16,1,__\n"
    told += b"N/A,160,40,17,1,__\n7,7,40,99,1,__\n9,9,40,99,1,_D_\n"
    assert list(pictures(told, is_mp4=False)) == [40, 160]
    assert list(pictures(told, is_mp4=True)) == [0, 40, 160, 7]
