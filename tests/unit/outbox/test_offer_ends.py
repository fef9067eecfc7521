"""An offer ends with the reason for it, and the time on the camera's line is free again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, update

from backend.catalog.models import Delivery, DeliveryState, Video
from backend.offers.book import Book
from backend.offers.entries import Offer, Overlap
from backend.outbox.offer_ends import OfferEnder
from tests.services.footage import FootageTarget, footage_place
from tests.services.ledger import Ledger, OpenLedger

START = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def ledger(open_ledger: OpenLedger) -> Ledger:
    ledger = open_ledger()
    ledger.set_places(footage_place(FootageTarget()))
    return ledger


def offered(ledger: Ledger) -> tuple[Book, str]:
    book, video_id = Book(ledger.services.layout), ledger.add()
    _claim(book, video_id)
    book.offer(Offer(video_id, "gate", START, START + timedelta(seconds=10), "uploads/a.mp4", prepared=False))
    return book, video_id


def _claim(book: Book, video_id: str) -> None:
    book.claim("gate", video_id, "a.mp4", START, START + timedelta(seconds=10))


def ender(ledger: Ledger, book: Book) -> OfferEnder:
    s = ledger.services
    return OfferEnder(s.database, book, s.places, s.log)


def ended(ledger: Ledger, book: Book) -> int:
    return ender(ledger, book).run_due()


@pytest.mark.parametrize("state", ["pending", "in_progress", "parked", "damaged", "delivered"])
def test_what_may_still_be_fetched_stays_on_offer(ledger: Ledger, state: str) -> None:
    book, video_id = offered(ledger)
    _set(ledger, state=DeliveryState(state))
    assert (ended(ledger, book), book.on_offer()) == (0, [video_id])


@pytest.mark.parametrize("state", ["failed", "skipped", "deleting", "deleted"])
def test_what_can_never_be_fetched_is_withdrawn_and_its_time_is_free(ledger: Ledger, state: str) -> None:
    book, _ = offered(ledger)
    with pytest.raises(Overlap):
        _claim(book, "another")
    _set(ledger, state=DeliveryState(state))
    assert (ended(ledger, book), book.on_offer()) == (1, [])
    _claim(book, "another")
    assert ended(ledger, book) == 0


def test_a_video_whose_bytes_were_removed_for_good_is_offered_no_longer(ledger: Ledger) -> None:
    book, _ = offered(ledger)
    with ledger.database.write() as session:
        session.execute(update(Video).values(local_state="purged"))
    assert (ended(ledger, book), book.on_offer()) == (1, [])


@pytest.mark.parametrize("state", ["failed", "parked"])
def test_time_that_the_vms_was_asked_for_stays_taken(ledger: Ledger, state: str) -> None:
    """What it may have of the one must not prove the next one."""
    book, video_id = offered(ledger)
    book.asked(video_id)
    _set(ledger, state=DeliveryState(state))
    with ledger.database.write() as session:
        session.execute(update(Video).values(local_state="purged"))
    assert (ended(ledger, book), book.on_offer()) == (1, [])
    with pytest.raises(Overlap):
        _claim(book, "another")


def test_a_video_that_nobody_knows_is_offered_no_longer(ledger: Ledger) -> None:
    book, video_id = offered(ledger)
    claim = book.claim("hall", "gone", "b.mp4", START, START + timedelta(seconds=10))
    book.offer(Offer(claim.video_id, "hall", START, START + timedelta(seconds=10), "uploads/b.mp4", prepared=False))
    assert ended(ledger, book) == 0, "a catalog that was lost knows nobody"
    assert (ender(ledger, book).tidy(), book.on_offer()) == (1, [video_id])


def test_while_a_lost_catalog_is_made_anew_nothing_is_withdrawn(ledger: Ledger) -> None:
    book, video_id = offered(ledger)
    with ledger.database.write() as session:
        session.execute(delete(Delivery))
        session.execute(delete(Video))
    assert (ended(ledger, book), ender(ledger, book).tidy(), book.on_offer()) == (0, 0, [video_id])
    sidecar = next(ledger.services.layout.uploads.glob("*/*.json"))
    content = sidecar.read_bytes()
    sidecar.write_bytes(b"{")
    assert ender(ledger, book).tidy() == 0, "it may be the damaged one's"
    sidecar.unlink()
    assert ender(ledger, book).tidy() == 0, "the disk of the uploads may be away"
    sidecar.write_bytes(content.replace(video_id.encode(), b"another"))
    assert (ender(ledger, book).tidy(), book.on_offer()) == (1, [])


@pytest.mark.parametrize("purged", [True, False])
def test_a_claim_and_a_copy_that_a_kill_left_go_with_their_video(ledger: Ledger, purged: bool) -> None:
    book, video_id = Book(ledger.services.layout), ledger.add()
    _claim(book, video_id)
    copy = book.pages.prepared_of(video_id)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(b"film")
    if purged:
        with ledger.database.write() as session:
            session.execute(update(Video).values(local_state="purged"))
    assert ender(ledger, book).tidy() == purged
    assert copy.exists() is not purged
    assert (book.claimed(video_id) is None) is purged


def test_a_claim_that_cannot_be_read_is_told_and_all_else_is_tidied(ledger: Ledger) -> None:
    book, video_id = Book(ledger.services.layout), ledger.add()
    _claim(book, video_id)
    (book.layout.edge / "videos" / video_id[:2] / "a b.json").write_text("{}")
    with ledger.database.write() as session:
        session.execute(update(Video).values(local_state="purged"))
    assert (ender(ledger, book).tidy(), book.claimed(video_id)) == (1, None)
    (line,) = ledger.log_lines("offers_unread")
    assert "a b.json is no page of the book of offers" in line


def _set(ledger: Ledger, *, state: DeliveryState) -> None:
    with ledger.database.write() as session:
        session.execute(update(Delivery).values(state=state))
