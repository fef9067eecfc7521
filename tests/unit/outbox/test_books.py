"""The ledger's writes in common: what ends together is settled together, and one that cannot be holds up no other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from backend.catalog.models import DeliveryState
from backend.errors import CatalogUnavailable, TransferCancelled, TransientFailure
from backend.outbox.books import Books
from backend.outbox.claim import Claim
from backend.outbox.deliver import Outcome
from backend.targets.base import RemoteCopy
from tests.services.ledger import Ledger


@pytest.fixture
def books(ledger: Ledger) -> Books:
    s = ledger.services
    return Books(s.database, s.layout, s.log, "node:1")


def turn(ledger: Ledger, books: Books, outcomes: list[Outcome], wanted: int = 0) -> list[Claim]:
    return books.turn(ledger.services.places.get("memory"), outcomes, wanted)


def well(ledger: Ledger, claim: Claim, **proof: Any) -> Outcome:
    return Outcome(ledger.services.places.get("memory"), claim, copy=RemoteCopy(claim.remote_key, proof))


def badly(ledger: Ledger, claim: Claim, error: Any) -> Outcome:
    return Outcome(ledger.services.places.get("memory"), claim, error=error, blame_target=True)


def test_what_ended_is_settled_and_what_is_next_is_claimed_in_one_transaction(ledger: Ledger, books: Books) -> None:
    videos = ledger.add_different(4)
    claims = turn(ledger, books, [], 2)
    commits: list[object] = []
    event.listen(ledger.database.engine, "commit", commits.append)
    claims = turn(ledger, books, [well(ledger, claim) for claim in claims], 2)
    writes = len(commits)
    books.close()
    assert writes == 1
    assert [c.video_id for c in claims] == videos[2:]
    assert ledger.states() == ["delivered"] * 2 + ["in_progress"] * 2


def test_the_sidecars_know_what_the_ledger_knows_when_the_books_are_closed(ledger: Ledger, books: Books) -> None:
    ledger.add_different(2)
    claims = turn(ledger, books, [], 2)
    turn(ledger, books, [well(ledger, claims[0], etag="e")])
    turn(ledger, books, [badly(ledger, claims[1], TransientFailure("busy"))])
    books.close()
    told = ledger.delivery_in_sidecar(claims[0].video_id)
    assert (told.state, told.remote_key, told.proof) == ("delivered", claims[0].remote_key, {"etag": "e"})
    assert told.verified_at == ledger.delivery(claims[0].video_id).verified_at
    assert ledger.delivery_in_sidecar(claims[1].video_id).state == "pending"


def test_an_ending_that_can_never_be_written_holds_up_no_other(ledger: Ledger, books: Books) -> None:
    ledger.add_different(3)
    claims = turn(ledger, books, [], 2)
    poisonous = well(ledger, claims[0], etag=object())
    assert turn(ledger, books, [poisonous, well(ledger, claims[1])], 1) == []
    books.close()
    assert ledger.delivery(claims[0].video_id).state == "in_progress", "until its lease runs out"
    assert ledger.delivery(claims[1].video_id).state == "delivered"
    assert len(ledger.log_lines("not_settled")) == 1


def test_while_the_database_is_away_nothing_is_forgotten(ledger: Ledger, books: Books) -> None:
    ledger.add()
    outcome = well(ledger, turn(ledger, books, [], 1)[0])

    def away(*_: object) -> None:
        raise CatalogUnavailable("gone for a moment")

    event.listen(ledger.database.engine, "begin", away)
    with pytest.raises(CatalogUnavailable):
        turn(ledger, books, [outcome])
    event.remove(ledger.database.engine, "begin", away)
    turn(ledger, books, [outcome])
    books.close()
    assert ledger.states() == ["delivered"]


def test_a_missing_or_broken_sidecar_is_told_and_breaks_nothing(ledger: Ledger, books: Books) -> None:
    missing, broken = ledger.add_different(2)
    place_of = ledger.services.layout.sidecar_of
    place_of(ledger.video(missing).relative_path).unlink()
    place_of(ledger.video(broken).relative_path).write_text("{")
    turn(ledger, books, [well(ledger, claim) for claim in turn(ledger, books, [], 2)])
    books.close()
    assert ledger.states() == ["delivered"] * 2
    assert len(ledger.log_lines("sidecar_missing")) == 1
    assert len(ledger.log_lines("sidecar_late")) == 1


def test_the_log_tells_each_ending_under_the_uploads_id(ledger: Ledger, books: Books) -> None:
    ledger.add_different(4)
    claims = turn(ledger, books, [], 4)
    ledger.set(claims[3].video_id, lease_token="another's")
    turn(
        ledger,
        books,
        [
            well(ledger, claims[0]),
            badly(ledger, claims[1], TransientFailure("busy")),
            badly(ledger, claims[2], TransferCancelled("the worker stops")),
            well(ledger, claims[3]),
        ],
    )
    books.close()
    for step, claim in zip(("verified", DeliveryState.PENDING, "given_back", "lease_lost"), claims, strict=True):
        lines = ledger.log_lines(step)
        assert len(lines) == 1, step
        assert f"upload={claim.video_id}" in lines[0]
    assert "error=busy" in ledger.log_lines("pending")[0]


def test_a_row_that_was_verified_is_dated_when_it_was(ledger: Ledger, books: Books) -> None:
    video_id, before = ledger.add(), datetime.now(UTC)
    turn(ledger, books, [well(ledger, turn(ledger, books, [], 1)[0])])
    books.close()
    verified_at = ledger.delivery(video_id).verified_at
    assert verified_at is not None
    assert abs((verified_at - before).total_seconds()) < 30
