"""Counts that are kept while things change: what they say is always what counting anew says."""

from __future__ import annotations

import multiprocessing
import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from backend.catalog import counts, listing, recount, report, saves, stats, videos
from backend.catalog.counts import LISTED, sums
from backend.catalog.database import Database
from backend.catalog.facets import facets
from backend.catalog.listing import Wanted
from backend.catalog.models import Count, CountChange, Delivery, Video, VideoTag
from backend.catalog.stats import Amount
from backend.catalog.videos import EVERYTHING, Scope
from backend.disk.sidecar import DeliveryFacts, Sidecar
from tests.services.waiting import wait_until
from tests.unit.catalog.test_listing import NOON, document

_STATES = ("pending", "in_progress", "delivered", "failed", "parked", "damaged", "deleted")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    found = Database(database_url)
    yield found
    found.close()


def sidecar(number: int, chance: random.Random, **facts: Any) -> Sidecar:
    copies = [DeliveryFacts(target=t, state=chance.choice(_STATES)) for t in ("a", "b") if chance.random() < 0.7]
    own: dict[str, Any] = {
        "project_id": chance.choice("xyz"), "content_type": chance.choice(["", "Raw"]),
        "size_bytes": chance.choice([1, 9]), "camera_id": chance.choice(["", "gate"]),
        "saved_at": NOON + timedelta(days=chance.randrange(3)),
        "tags": tuple({chance.choice(["sea", "sand", "sun"]) for _ in range(chance.randrange(3))}),
    }  # fmt: skip
    return document(number, deliveries=copies, **(own | facts))


def some(database: Database, count: int, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    docs: list[Sidecar] = []
    for number in range(count):
        first = docs[0].video if docs and chance.random() < 0.3 else None
        twin = {"bytes_id": first.id, "size_bytes": first.size_bytes} if first else {}
        docs.append(sidecar(number, chance, **twin))
        saves.save(database, docs[-1], "ann")
    return [doc.video.id for doc in docs]


def change(session: Session, chance: random.Random, ids: list[str]) -> None:
    """One change as some part of the program makes it: of a video, of its tags, of its copies."""
    video = session.get(Video, chance.choice(ids), with_for_update=True)
    if video is None:
        return
    kind = chance.randrange(8)
    if kind == 0:
        video.trashed_at = chance.choice([None, NOON])
    elif kind == 1:
        video.local_state = chance.choice(["present", "pruning", "pruned", "purging", "purged"])
    elif kind == 2:
        doc = videos.sidecar_of(video)
        facts = doc.video.model_copy(update={"tags": tuple(chance.sample(["sea", "sand", "sun", "sky"], 2))})
        videos.apply(video, doc.model_copy(update={"video": facts}))
    elif kind == 3:
        video.project_id, video.content_type = chance.choice("xyz"), chance.choice(["", "Raw", "Cut"])
    elif kind == 4 and video.deliveries:
        chance.choice(video.deliveries).state = chance.choice(_STATES)
    elif kind == 5:
        target = f"t{chance.randrange(10**9)}"
        row = Delivery(video_id=video.id, target=target, state="pending", next_attempt_at=NOON)
        row.created_at = row.updated_at = NOON
        session.add(row)
    elif kind == 6:
        session.execute(delete(Delivery).where(Delivery.video_id == video.id))
    else:
        session.execute(update(Delivery).where(Delivery.video_id == video.id).values(state=chance.choice(_STATES)))


def as_counted_anew(database: Database) -> None:
    """Counts and log are what the tables say; and the figures that people see are those of simple queries."""
    assert recount.differences(database) == {}
    with database.read() as session:
        kept = [Video.trashed_at.is_(None), Video.local_state.not_in(("purging", "purged"))]
        number, size = session.execute(select(func.count(), func.sum(Video.size_bytes)).where(*kept)).one()
        files = select(func.max(Video.size_bytes).label("size")).where(Video.local_state == "present")
        physical = session.scalar(select(func.sum(files.group_by(Video.bytes_id).subquery().c.size)))
        totals, told = stats.totals(session, EVERYTHING), report.report(session, EVERYTHING)
        assert totals.videos == told.videos == Amount(number, size or 0)
        assert totals.physical_bytes == (physical or 0) == told.physical_bytes
        ends = session.execute(select(func.min(Video.created_at), func.max(Video.created_at)).where(*kept)).one()
        assert (totals.oldest_at, totals.newest_at) == tuple(ends)
        assert _safe(session) == (told.safe.verified, told.safe.needs_person, told.safe.waiting)
        for tag in facets(session, EVERYTHING).tags:
            assert listing.total(session, Wanted(tags=(tag.value,)), EVERYTHING).count == tag.count
        for project_id, amount in totals.by_project.items():
            assert listing.total(session, Wanted(project_id=project_id), EVERYTHING).count == amount.count
            mine = Scope(frozenset({project_id}))
            every = select(func.count()).select_from(Video).where(*kept, Video.project_id == project_id)
            assert stats.totals(session, mine).videos.count == amount.count == session.scalar(every)


def _safe(session: Session) -> tuple[int, int, int]:
    found = {"verified": 0, "person": 0, "waiting": 0, "": 0}
    for video in session.scalars(select(Video).where(Video.trashed_at.is_(None))):
        states = {d.state for d in video.deliveries} if video.local_state not in ("purging", "purged") else set()
        stuck, moving = states & {"parked", "failed"}, states & {"pending", "in_progress", "damaged"}
        found["verified" if "delivered" in states else "person" if stuck else "waiting" if moving else ""] += 1
    return found["verified"], found["person"], found["waiting"]


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6))
def test_counts_are_what_counting_anew_says_whatever_happened(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    with database.write() as session:
        session.execute(delete(Video))
    as_counted_anew(database)
    ids = some(database, 8, seed)
    for _ in range(25):
        with database.write() as session:
            change(session, chance, ids)
        if chance.random() < 0.2:
            counts.fold(database)
    as_counted_anew(database)
    with database.write() as session:
        session.execute(delete(Video).where(Video.id.in_(chance.sample(ids, 3))))
        session.delete(session.get_one(Video, next(i for i in ids if session.get(Video, i))))
    counts.fold(database)
    as_counted_anew(database)


def test_a_fold_empties_the_log_and_changes_no_figure(database: Database) -> None:
    some(database, 10)
    with database.read() as session:
        before = stats.totals(session, EVERYTHING), facets(session, EVERYTHING), report.report(session, EVERYTHING)
        assert session.scalar(select(func.count()).select_from(CountChange))
    counts.fold(database)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(CountChange)) == 0
        assert before == (
            stats.totals(session, EVERYTHING), facets(session, EVERYTHING), report.report(session, EVERYTHING)
        )  # fmt: skip
        assert sums(session, "label", EVERYTHING, ("state",), LISTED)[0].count == 10
        mine, all_mine = Scope(frozenset({"x"})), Scope(frozenset("xyz"))
        assert stats.totals(session, mine).videos.count < 10
        assert stats.totals(session, all_mine) == before[0]


def test_what_is_rolled_back_is_not_counted(database: Database) -> None:
    ids = some(database, 4)

    def fail() -> None:
        with database.write() as session:
            for _ in range(20):
                change(session, random.Random(3), ids)
            session.execute(delete(VideoTag))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    as_counted_anew(database)


def test_counts_are_right_after_kills(database: Database, database_url: str) -> None:
    ids = some(database, 10)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=change_for_ever, args=(database_url, ids))
    process.start()

    def lines() -> int:
        with database.read() as session:
            return session.scalar(select(func.max(CountChange.id))) or 0

    begun = lines()
    wait_until(lambda: lines() > begun + 20, "changes of the other process", seconds=60)
    assert process.pid is not None
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    as_counted_anew(database)
    counts.fold(database)
    as_counted_anew(database)


def change_for_ever(url: str, ids: list[str]) -> None:
    database, chance = Database(url), random.Random(7)
    while True:
        with database.write() as session:
            change(session, chance, ids)


def test_writers_at_once_neither_deadlock_nor_miscount(database: Database) -> None:
    """Also while others fold; and without a writer's lock on the video, as who only changes a copy takes none."""
    ids = some(database, 3)

    def change_copies(number: int) -> None:
        chance = random.Random(number)
        for _ in range(25):
            with database.write() as session:
                which = Delivery.video_id == chance.choice(ids), Delivery.target == chance.choice("ab")
                session.execute(update(Delivery).where(*which).values(state=chance.choice(_STATES)))

    def trash(number: int) -> None:
        chance = random.Random(number)
        for _ in range(25):
            with database.write() as session:
                which = Video.id == chance.choice(ids)
                session.execute(update(Video).where(which).values(trashed_at=chance.choice([None, NOON])))

    def change_all(number: int) -> None:
        chance = random.Random(number)
        for _ in range(15):
            with database.write() as session:
                change(session, chance, ids)
            counts.fold(database)

    works: list[Callable[[int], None]] = [change_copies, change_copies, trash, trash, change_all, change_all]
    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(work, number) for number, work in enumerate(works)]:
            done.result(120)
    as_counted_anew(database)


@pytest.mark.parametrize("harm", ["UPDATE counts SET count = count + 1", "DELETE FROM counts", "DELETE FROM count_log"])
def test_counts_that_somebody_spoiled_are_found_and_mended(database: Database, harm: str) -> None:
    some(database, 5)
    if "log" not in harm:
        counts.fold(database)
    with database.write() as session:
        session.execute(text(harm))
    assert recount.differences(database)
    recount.mend(database)
    as_counted_anew(database)
    some(database, 3, seed=2)
    as_counted_anew(database)


def test_the_most_used_are_right_while_the_log_turns_their_order_round(database: Database) -> None:
    for number in range(6):
        tags = [f"tag {n}" for n in range(6) if n >= number]
        saves.save(database, document(number, tags=tuple(tags)), "ann")
    counts.fold(database)
    for number in range(6, 12):
        saves.save(database, document(number, tags=("tag 0", "new")), "ann")
    with database.read() as session:
        assert counts.most_used(session, "tag", EVERYTHING, 3) == [("tag 0", 7), ("new", 6), ("tag 5", 6)]
        assert counts.most_used(session, "tag", Scope(frozenset("p")), 2) == [("tag 0", 7), ("new", 6)]
        assert session.scalar(select(func.max(Count.count))) == 6, "the fold has not been here"
