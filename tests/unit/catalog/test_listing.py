"""Lists: every filter, every order, and cursors that stay right while videos come and go."""

from __future__ import annotations

import base64
import itertools
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from backend.catalog import listing, saves, search
from backend.catalog.database import Database
from backend.catalog.describe import status_of
from backend.catalog.listing import Wanted
from backend.catalog.migrate import migrate
from backend.catalog.models import LOCAL_DAMAGE, LOCAL_MISSING, NO_COPY_LEFT, DeliveryState, MediaState, Video
from backend.catalog.sorting import SORTS
from backend.catalog.videos import EVERYTHING, GONE, Scope, row_of
from backend.catalog.videos import add as add_video
from backend.disk.sidecar import DeliveryFacts, LocalFacts, Sidecar, VideoFacts
from backend.errors import BadField

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    migrate(database_url)
    found = Database(database_url)
    yield found
    found.close()


def document(number: int = 0, /, local: str = "present", deliveries: Sequence[Any] = (), **facts: Any) -> Sidecar:
    video_id = f"{number:08d}-{random.getrandbits(32):08x}"
    own = {
        "id": video_id, "bytes_id": video_id, "project_id": "p", "original_filename": f"{number}.mp4",
        "stored_filename": f"{video_id}.mp4", "relative_path": f"uploads/project_p/{video_id}.mp4",
        "sha256": f"{number:064x}", "size_bytes": 10 + number, "mime_type": "video/mp4",
        "saved_at": NOON + timedelta(seconds=number), "updated_at": NOON,
    }  # fmt: skip
    return Sidecar(
        video=VideoFacts(**(own | facts)),
        local=LocalFacts.model_validate({"state": local}),
        deliveries=tuple(deliveries),
    )


def add(database: Database, *docs: Sidecar) -> None:
    for doc in docs:
        saves.save(database, doc, "ann")


def set_row(database: Database, doc: Sidecar, **values: Any) -> None:
    with database.write() as session:
        session.execute(update(Video).where(Video.id == doc.video.id).values(**values))


def found(database: Database, scope: Scope = EVERYTHING, **wanted: Any) -> list[str]:
    """Names on the first page; the total must agree with it."""
    with database.read() as session:
        page = listing.page(session, Wanted(**wanted), scope, None, 500)
        assert listing.total(session, Wanted(**wanted), scope) == listing.Total(len(page.videos), is_exact=True)
        return [video.original_filename for video in page.videos]


def walk(database: Database, limit: int, wanted: Wanted, between: Any = lambda _: None) -> list[str]:
    """Ids of all pages; `between` is called with what came so far after each of them."""
    seen: list[str] = []
    cursor: str | None = None
    while True:
        with database.read() as session:
            page = listing.page(session, wanted, EVERYTHING, cursor, limit)
        assert len(page.videos) <= limit
        seen += [v.id for v in page.videos]
        cursor = page.next_cursor
        if cursor is None:
            return seen
        between(seen)


def test_a_project_that_one_may_not_see_is_in_no_list_and_no_total(database: Database) -> None:
    add(database, document(1, project_id="secret"), document(2, project_id="open"))
    assert found(database, Scope(frozenset({"open"}))) == ["2.mp4"]
    assert found(database, Scope(frozenset({"open"})), project_id="secret") == []


@pytest.mark.parametrize(
    ("tags", "operator", "names"),
    [
        (("sea",), "OR", ["3", "1"]),
        (("sea", "sand"), "OR", ["3", "2", "1"]),
        (("sea", "sand"), "AND", ["3"]),
        (("sea", "none"), "AND", []),
        (("Sea",), "OR", ["4"]),
        (("a,b",), "OR", ["5"]),
        (("日本 🎥",), "AND", ["5"]),
        (("se%",), "OR", []),
        (("back\\slash",), "OR", ["4"]),
    ],
)
def test_tags_are_found_as_they_are_written(
    database: Database, tags: tuple[str, ...], operator: str, names: list[str]
) -> None:
    for number, own in enumerate(
        [("sea",), ("sand",), ("sea", "sand"), ("Sea", "back\\slash"), ("a,b", "日本 🎥")], start=1
    ):
        add(database, document(number, tags=own))
    assert found(database, tags=tags, operator=operator) == [f"{name}.mp4" for name in names]


def test_a_span_of_time_holds_its_beginning_and_not_its_end(database: Database) -> None:
    moment = timedelta(microseconds=1)
    add(database, *(document(n, saved_at=NOON + n * moment) for n in range(4)))
    assert found(database, stored_after=NOON + moment) == ["3.mp4", "2.mp4", "1.mp4"]
    assert found(database, stored_before=NOON + moment) == ["0.mp4"]
    assert found(database, stored_after=NOON + moment, stored_before=NOON + 3 * moment) == ["2.mp4", "1.mp4"]


def test_a_span_of_lengths_holds_both_ends_and_no_video_of_unknown_length(database: Database) -> None:
    docs = [document(n) for n in range(4)]
    add(database, *docs)
    for doc, seconds in zip(docs, (None, 0.0, 2.5, 60.0), strict=True):
        set_row(database, doc, duration_seconds=seconds)
    assert found(database, min_duration=0.0) == ["3.mp4", "2.mp4", "1.mp4"]
    assert found(database, min_duration=2.5, max_duration=2.5) == ["2.mp4"]
    assert found(database, max_duration=59.9) == ["2.mp4", "1.mp4"]


def test_filters_add_up(database: Database) -> None:
    both = document(1, camera_id="gate", tags=("sea",), content_type="Raw")
    add(database, both, document(2, camera_id="gate"), document(3, tags=("sea",)))
    assert found(database, camera_id="gate") == ["2.mp4", "1.mp4"]
    assert found(database, camera_id="gate", tags=("sea",), content_type="Raw", text="1.MP4") == ["1.mp4"]


_NAMES = (
    "100% real.mov", "a_b", "wow!", "back\\slash", "it's", "nul\x00", "axb", "Übung 3", "день", "beach_cam_04.MOV",
    "IMG1234.mp4", "Łódź", "ﬁnal Straße", "東京タワー", "ภาษาไทย", "हिन्दी", "🎥🏖️ trip", "Çeşme-İZMİR", "x" * 70,
)  # fmt: skip


_FINDS = {
    "100%": ["100% real.mov"],
    "a_b": ["a_b"],
    "back\\slash": ["back\\slash"],
    "it's": ["it's"],
    "^it": ["it's"],
    "it <-> s": ["it's"],
    "ÜBUNG": ["Übung 3"],
    "ubung": ["Übung 3"],
    "u\u0308b": ["Übung 3"],
    "ДЕНЬ": ["день"],
    "cam bea": ["beach_cam_04.MOV"],
    "beach_cam_04.mov": ["beach_cam_04.MOV"],
    "04": ["beach_cam_04.MOV"],
    "mov": ["100% real.mov", "beach_cam_04.MOV"],
    "1234": ["IMG1234.mp4"],
    "img12": ["IMG1234.mp4"],
    "lodz": ["Łódź"],
    "final strasse": ["ﬁnal Straße"],
    "京タ": ["東京タワー"],
    "東京": ["東京タワー"],
    "ー": ["東京タワー"],
    "ไทย": ["ภาษาไทย"],
    "हिन्दी": ["हिन्दी"],
    "🏖": ["🎥🏖️ trip"],
    "cesme izmir": ["Çeşme-İZMİR"],
    "x" * 80: ["x" * 70],
}
_FINDS_NOTHING = (
    "no such", "each", "京東", "हद", "!", "\\", "'", "\x00", "%", "_", "\ud800", "“”", "*", '"', "&|!():*",
    "it' OR 1=1 --", 'x" OR "y', "NEAR(a b)", "a NOT wow", "words:x", "a AND", "-", "' :* &", "\\'", "{it}:x",
)  # fmt: skip


def test_a_search_finds_words_by_their_beginnings_whatever_case_accents_and_script(database: Database) -> None:
    names = enumerate(_NAMES, 7000)
    add(database, *(document(n, original_filename=name, stored_filename=f"_-{n}") for n, name in names))
    for wanted, expected in (_FINDS | {text: [] for text in _FINDS_NOTHING}).items():
        assert sorted(found(database, text=wanted)) == sorted(expected), wanted
        with database.read() as session:
            walked = session.scalars(select(Video.original_filename).where(search.mentions_each(wanted))).all()
        assert sorted(walked) == sorted(expected), f"{wanted}: both ways of a search find the same"


def test_a_search_looks_at_names_title_description_and_tags_at_once(database: Database) -> None:
    doc = document(
        1, original_filename="a.mp4", title="Morning run", description="Along the river\nin Köln",
        tags=("sport", "2026"), stored_filename="20241112_143052_Tutorial_a-1f0c2a9b3d.mp4",
    )  # fmt: skip
    add(database, doc)
    for text in ("morn riv sport koln 2026", "20241112_143052", doc.video.stored_filename, "1f0c2a9b3d", "tutorial"):
        assert found(database, text=text) == ["a.mp4"], text
    for text in ("morn sea", "1f0c", "unning"):
        assert found(database, text=text) == [], text


def _every_kind_of_row() -> Iterator[tuple[Sidecar, str]]:
    """A row for each combination of what a status is made from, and its media state."""
    none: list[list[tuple[str, str]]] = [[]]
    some = [[(str(state), code)] for state in DeliveryState for code in ("", LOCAL_DAMAGE, LOCAL_MISSING, NO_COPY_LEFT)]
    two = [[("delivered", ""), ("failed", code)] for code in (LOCAL_DAMAGE, NO_COPY_LEFT, "other")]
    for number, (local, trashed_at, deliveries, media) in enumerate(
        itertools.product(("present", "pruning", "pruned", *GONE), (None, NOON), [*none, *some, *two], MediaState)
    ):
        facts = [
            DeliveryFacts(target=f"t{n}", state=state, error_code=code) for n, (state, code) in enumerate(deliveries)
        ]
        yield document(number, local, facts, trashed_at=trashed_at), media


def test_a_status_finds_exactly_the_videos_that_are_shown_with_it(database: Database) -> None:
    rows = list(_every_kind_of_row())
    with database.insert() as connection:
        for doc, media in rows:
            row = row_of(doc)
            row.media_state = media
            add_video(connection, row)
    with database.read() as session:
        every = session.scalars(select(Video).where(Video.local_state.not_in(GONE))).all()
        told = {video.id: status_of(video) for video in every}
        asked = {}
        for status in sorted(set(told.values())):
            for video_id in session.scalars(select(Video.id).where(*listing.conditions(Wanted(status=status)))):
                assert video_id not in asked, "no video has two statuses"
                asked[video_id] = status
    assert len(told) > 1000
    assert set(told.values()) == set(listing.STATUSES)
    assert asked == told


@pytest.mark.parametrize(
    "wanted", [Wanted(status="lost"), Wanted(state="lost"), Wanted(sort="random"), Wanted(status="lost", ids=("x",))]
)
def test_words_that_there_are_not_are_refused_with_those_that_there_are(database: Database, wanted: Wanted) -> None:
    with database.read() as session, pytest.raises(BadField, match=r"(ready|pending|newest), ") as refused:
        listing.page(session, wanted, EVERYTHING, None, 9)
    assert refused.value.detail["field"] in ("status", "state", "sort")


def _mixed(count: int) -> list[tuple[Sidecar, float | None]]:
    """Videos with many equal keys, and some without a length."""
    chance = random.Random(5)
    names = ["a", "A", "b", "Ä", "ä", "z", "10", "9", "_", "日本", "🎥", "x" * 300, "x" * 299 + "y", "\\", "\ud800"]
    return [
        (
            document(
                number,
                original_filename=chance.choice(names),
                title=chance.choice(["", "", chance.choice(names)]),
                size_bytes=chance.choice([1, 2, 2**62]),
                saved_at=NOON + timedelta(microseconds=chance.randrange(4)),
            ),
            chance.choice([None, None, 0.0, 0.1, 1 / 3, 3600.5]),
        )
        for number in range(count)
    ]


_KEYS: dict[str, Any] = {
    "newest": lambda v: v.created_at,
    "oldest": lambda v: v.created_at,
    "name": lambda v: (v.title or v.original_filename).encode("utf-8", "backslashreplace").decode().lower()[:100],
    "longest": lambda v: v.duration_seconds,
    "shortest": lambda v: v.duration_seconds,
    "largest": lambda v: v.size_bytes,
    "smallest": lambda v: v.size_bytes,
}


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 7])
def test_pages_of_every_order_hold_every_video_once_and_in_order(database: Database, sort: str, limit: int) -> None:
    for doc, seconds in _mixed(60):
        add(database, doc)
        set_row(database, doc, duration_seconds=seconds)
    seen = walk(database, limit, Wanted(sort=sort))
    with database.read() as session:
        by_id = {v.id: v for v in session.scalars(select(Video))}
    keys = [_KEYS[sort](by_id[i]) for i in seen]
    known = [key for key in keys if key is not None]
    assert sorted(seen) == sorted(by_id)
    assert keys == known + [None] * (len(keys) - len(known)), "unknown ones come last"
    assert known == sorted(known, reverse=sort in ("newest", "longest", "largest"))


@pytest.mark.parametrize("sort", SORTS)
def test_pages_stay_right_while_videos_come_and_go(database: Database, sort: str) -> None:
    """What was there all the time comes exactly once, whatever is added before and behind, or changed, or taken."""
    kept = _mixed(30)
    for doc, seconds in kept:
        add(database, doc)
        set_row(database, doc, duration_seconds=seconds)
    chance = random.Random(9)

    def disturb(seen: list[str]) -> None:
        for doc, seconds in chance.sample(_mixed(40), 3):
            other = document(1000 + len(seen), **doc.video.model_dump(include={"title", "size_bytes", "saved_at"}))
            add(database, other)
            set_row(database, other, duration_seconds=seconds, trashed_at=chance.choice([None, NOON]))

    seen = walk(database, 4, Wanted(sort=sort), disturb)
    assert len(seen) == len(set(seen))
    assert {doc.video.id for doc, _ in kept} <= set(seen)


def test_a_page_goes_on_behind_a_video_that_is_gone(database: Database) -> None:
    docs = [document(number) for number in range(6)]
    add(database, *docs)

    def throw_away(seen: list[str]) -> None:
        with database.write() as session:
            session.execute(update(Video).where(Video.id == seen[-1]).values(trashed_at=NOON))

    assert walk(database, 2, Wanted(), throw_away) == [doc.video.id for doc in docs[::-1]]


@pytest.mark.parametrize("sort", SORTS)
def test_a_cursor_of_another_order_is_refused_in_words(database: Database, sort: str) -> None:
    add(database, *(document(number) for number in range(3)))
    other = next(name for name in SORTS if name != sort)
    with database.read() as session:
        cursor = listing.page(session, Wanted(sort=other), EVERYTHING, None, 1).next_cursor
        with pytest.raises(BadField, match=f"sort={other}, not {sort}; begin again"):
            listing.page(session, Wanted(sort=sort), EVERYTHING, cursor, 1)


def _written(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


_ID = "0" * 36


@pytest.mark.parametrize(
    ("sort", "cursor"),
    [
        *(("newest", cursor) for cursor in ["x", "e30=", "WzEsMl0=", "é", "WyIyMDI2LTExLTIxIiwgImEiXQ==", "="]),
        ("newest", _written("newest", "2026-11-21T12:00:00", _ID)),
        ("newest", _written("newest", "0001-01-01T00:00:00+14:00", _ID)),
        ("newest", _written("newest", None, _ID)),
        ("newest", _written("newest", NOON.isoformat(), "a\x00")),
        ("newest", _written("newest", NOON.isoformat(), 7)),
        ("newest", _written("newest", NOON.isoformat(), _ID + "0")),
        ("newest", _written(["newest"], NOON.isoformat(), _ID)),
        ("largest", _written("largest", 2**63, _ID)),
        ("largest", _written("largest", "1", _ID)),
        ("largest", _written("largest", True, _ID)),
        ("longest", _written("longest", float("nan"), _ID)),
        ("longest", _written("longest", float("inf"), _ID)),
        ("longest", _written("longest", [], _ID)),
        ("name", _written("name", "a\x00", _ID)),
        ("name", _written("name", "\ud800", _ID)),
        ("name", _written("name", None, _ID)),
    ],
)
def test_a_cursor_that_no_list_gave_is_told_so(database: Database, sort: str, cursor: str) -> None:
    with database.read() as session, pytest.raises(BadField, match="cursor is not one that a list gave"):
        listing.page(session, replace(Wanted(), sort=sort), EVERYTHING, cursor, 2)


def test_a_cursor_of_the_longest_name_fits_into_an_address(database: Database) -> None:
    add(database, *(document(number, title="🎥" * 65_536) for number in range(2)))
    with database.read() as session:
        cursor = listing.page(session, Wanted(sort="name"), EVERYTHING, None, 1).next_cursor
    assert cursor is not None
    assert len(cursor) < 2000
    assert len(walk(database, 1, Wanted(sort="name"))) == 2
