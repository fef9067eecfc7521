"""What is only in the VMS: said to whoever asks for the file, with camera and time, and never called retrievable."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.catalog.describe import describe
from backend.errors import FootageOnly, NotFound
from backend.offers.book import Book
from backend.offers.offering import Offering
from backend.outbox.offer_out import hand_out
from tests.services.footage import CAMERA, FootageTarget, footage_place
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, place


@pytest.fixture
def vms() -> FootageTarget:
    return FootageTarget()


@pytest.fixture
def ledger(open_ledger: OpenLedger, vms: FootageTarget) -> Ledger:
    ledger = open_ledger()
    ledger.set_places(footage_place(vms, options={"watch_url": "https://vms.example/camera"}))
    return ledger


def pruned(ledger: Ledger) -> str:
    video_id = ledger.add(name="gate.ts")
    with ledger.worker():
        ledger.wait_for("delivered", 1, "milestone")
    ledger.prune(video_id)
    return video_id


def test_whoever_asks_for_the_file_is_told_where_its_footage_is_and_what_cannot_be_had_back(ledger: Ledger) -> None:
    video_id = pruned(ledger)
    with pytest.raises(FootageOnly) as refusal:
        ledger.services.restorer.restore(video_id)
    words = refusal.value.message
    assert (
        "Milestone has the footage on its camera 8f4c1f2e from 2026-11-20 09:00:00 UTC to 2026-11-20 09:00:1" in words
    )
    assert "https://vms.example/camera" in words
    assert (
        "The original file and its SHA-256 cannot be had back from a VMS, which has the picture alone, without" in words
    )
    assert refusal.value.detail["footage"] == [
        {
            "target": "milestone", "link": "https://vms.example/camera", "vms_camera_id": CAMERA, "locked": False,
            "ended_at": None, "start": "2026-11-20T09:00:00Z", "end": "2026-11-20T09:00:12Z",
        }
    ]  # fmt: skip
    progress = ledger.services.restorer.progress(ledger.video(video_id))
    assert (progress["state"], progress["error"]) == ("failed", words)
    with pytest.raises(FootageOnly):
        ledger.services.restorer.refuse_footage(video_id)


@pytest.mark.parametrize("watch_url", ["https://later.example/{camera_id}?{start}#{end}", "https://later.example/", ""])
def test_an_address_that_is_written_later_leads_to_the_copies_that_were_there_before(
    ledger: Ledger, vms: FootageTarget, watch_url: str
) -> None:
    vms.link = "https://vms.example/of-that-time"
    video_id = pruned(ledger)
    ledger.set_places(footage_place(vms, options={"watch_url": watch_url}))
    address = watch_url.format(camera_id=CAMERA, start="2026-11-20T09%3A00%3A00Z", end="2026-11-20T09%3A00%3A12Z")
    with pytest.raises(FootageOnly) as refusal:
        ledger.services.restorer.restore(video_id)
    (told,) = refusal.value.detail["footage"]
    (shown,) = describe(ledger.video(video_id), ledger.services.places.kinds)["deliveries"]
    assert (told["link"], shown["link"]) == (address or None, address or None)
    assert (f"({address})" in refusal.value.message) == bool(address)
    assert "of-that-time" not in refusal.value.message


@pytest.mark.parametrize("disabled", [False, True])
def test_where_its_footage_is_is_told_also_when_the_vms_is_no_target_any_more(
    ledger: Ledger, vms: FootageTarget, disabled: bool
) -> None:
    vms.link = "https://vms.example/of-that-time"
    video_id, config = pruned(ledger), ledger.services.places.get("milestone").config
    ledger.set_places(place(MemoryTarget()))
    restorer = ledger.services.restorer
    if disabled:
        restorer = replace(restorer, places=replace(restorer.places, disabled=(replace(config, enabled=False),)))
    with pytest.raises(FootageOnly) as refusal:
        restorer.restore(video_id)
    label = "Milestone" if disabled else "The target “milestone”, which is configured no more,"
    assert f"{label} had the footage when it was last asked, on its camera {CAMERA}" in refusal.value.message
    # Of one that nobody configures any more it is known where people watched when the copy was made.
    link = "https://vms.example/camera" if disabled else vms.link
    assert refusal.value.detail["footage"][0]["link"] == link


def test_a_real_copy_is_fetched_back_whatever_the_vms_has(ledger: Ledger, vms: FootageTarget) -> None:
    memory = MemoryTarget()
    ledger.set_places(footage_place(vms), place(memory))
    video_id = pruned(ledger)
    ledger.wait_for("delivered", 1)
    ledger.services.restorer.refuse_footage(video_id)
    assert ledger.services.restorer.restore(video_id) is False
    assert ledger.path(video_id).read_bytes() == VIDEO


def test_the_same_bytes_of_another_video_are_taken_before_anything_is_refused(ledger: Ledger) -> None:
    video_id = pruned(ledger)
    ledger.add(name="again.ts", targets="")
    ledger.services.restorer.refuse_footage(video_id)
    assert ledger.services.restorer.restore(video_id) is False


def test_what_is_not_verified_in_the_vms_is_simply_not_there(ledger: Ledger) -> None:
    video_id = pruned(ledger)
    ledger.set(video_id, "milestone", state="damaged")
    with pytest.raises(NotFound) as refusal:
        ledger.services.restorer.restore(video_id)
    assert refusal.value.code == "not-found"


def test_a_target_that_offers_is_handed_the_installations_book(ledger: Ledger, vms: FootageTarget) -> None:
    s = ledger.services
    offering = Offering(Book(s.layout), s.tools, s.layout)
    hand_out([footage_place(vms), place(MemoryTarget())], offering)
    assert vms.offering is offering
