"""Recordings whose own clock jumps: what is offered of them is at its instants, or not at all."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from backend.confine import Confinement
from backend.errors import Unsupported
from backend.offers.book import Book
from backend.offers.entries import Offer
from backend.offers.index import index
from backend.offers.offering import Offering
from tests.unit.offers.films import PLAIN, REORDERED, START, Told, copied, film, kept_film, near

TOOLS = Confinement()
TENTH = timedelta(seconds=0.1)


@pytest.fixture
def offering(book: Book) -> Offering:
    return Offering(book, TOOLS, book.layout, reserve_bytes=0, threads=1)


@pytest.fixture
def folder(offering: Offering) -> Path:
    return offering.layout.uploads / "project_p"


def offer(offering: Offering, path: Path) -> Offer:
    told = Told(path, original_filename=path.name)
    return offering.offer(
        told, "camera:yard", "Yard", h265=False, should_stop=lambda: False, progress=lambda _: None
    )  # fmt: skip


def instants(offering: Offering, made: Offer) -> list[timedelta]:
    """When the edge device will say that each picture was taken, from the first one on."""
    found = index(TOOLS, offering.layout.absolute(made.path))
    return [timedelta(microseconds=round(one * found.time_base * 1_000_000)) for one in found.shown]


def test_an_mpeg_clock_that_runs_over_after_more_than_a_minute_changes_nothing(
    offering: Offering, folder: Path
) -> None:
    """Then ffprobe tells the jump as it stands in the file."""
    clock = ["-output_ts_offset", "95363.7", "-muxdelay", "0", "-muxpreload", "0"]
    path = film(folder / "over.ts", *PLAIN, *clock, picture="testsrc2=s=96x64:r=1:d=90")
    made = offer(offering, path)
    wanted = [START + timedelta(seconds=number) for number in range(90)]
    assert near([made.start_at + one for one in instants(offering, made)], wanted)


@pytest.mark.parametrize("options", [PLAIN, REORDERED], ids=["copied", "encoded"])
def test_a_clock_that_jumps_back_is_refused_with_a_remedy_that_helps(
    offering: Offering, folder: Path, options: list[str]
) -> None:
    """All frames behind the jump would be told within one instant."""
    whole = folder / "whole.ts"
    whole.write_bytes(film(folder / "part.ts", *options).read_bytes() * 2)
    with pytest.raises(Unsupported, match=r"whole\.ts cannot be offered.*clock jumps back.*-c copy"):
        offer(offering, whole)
    assert not offering.book.on_offer()
    made = offer(offering, copied(whole, folder / "new.mp4"))
    apart = [later - earlier for earlier, later in pairwise(instants(offering, made))]
    assert len(apart) == 39
    assert min(apart) > TENTH / 2
    # By less than two frames: where a part's last one ends it does not tell.
    assert abs(made.end_at - made.start_at - timedelta(seconds=4)) < 2 * TENTH


def test_a_recorders_jitter_is_no_jump(offering: Offering, folder: Path) -> None:
    plain = kept_film(folder / "plain.mp4")
    later = copied(plain, folder / "later.ts", "-output_ts_offset", "1.85")
    path = folder / "jitter.ts"
    path.write_bytes(copied(plain, folder / "first.ts").read_bytes() + later.read_bytes())
    assert offer(offering, path).prepared
