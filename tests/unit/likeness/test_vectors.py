"""Vectors of callers: the catalog says what is told; the index beside it is mended, replaced, or done without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from backend.catalog import vectors
from backend.catalog.models import Video
from backend.catalog.videos import EVERYTHING, Scope
from backend.errors import BadField, Forbidden, NotFound, SettingsError, VectorIndexFailed
from backend.likeness.vector_index import Follower
from backend.likeness.vectors import VectorDesk, Where
from backend.retention.remove import Remover
from backend.vectors.base import IndexKind, Space, VectorIndex
from backend.vectors.numpy_index import NumpyIndex
from backend.vectors.registry import check_kind, load_kind
from tests.services.ledger import Ledger
from tests.unit.likeness.conftest import Shelf

DIMENSIONS = 8


def point(seed: int, dimensions: int = DIMENSIONS) -> list[float]:
    found: list[float] = np.random.default_rng(seed).standard_normal(dimensions).astype(np.float32).tolist()
    return found


@dataclass
class Site:
    """An installation with videos, and its desk of vectors."""

    ledger: Ledger
    desk: VectorDesk

    def video(self, name: str, **fields: str) -> str:
        return self.ledger.add(name.encode() * 300, f"{name}.mp4", **fields)

    def put(self, video_id: str, vector: list[float], namespace: str = "scenes") -> None:
        self.desk.put(video_id, namespace, vector, EVERYTHING)

    def found(self, vector: list[float], limit: int = 10, scope: Scope = EVERYTHING) -> list[str]:
        return [hit.video_id for hit in self.desk.search("scenes", vector, limit, scope).results]

    def another_process(self) -> VectorDesk:
        return replace(self.desk, _followers={})

    @property
    def follower(self) -> Follower:
        (follower,) = self.desk._followers.values()
        return follower

    @property
    def index(self) -> VectorIndex:
        assert self.follower._index is not None
        return self.follower._index

    def log(self) -> str:
        return (self.ledger.services.settings.log_dir / "video_uploads.log").read_text()


@pytest.fixture
def site(shelf: Shelf) -> Iterator[Site]:
    ledger = shelf.ledger
    desk = ledger.services.vectors
    yield Site(ledger, desk)
    desk.close()


def test_the_nearest_come_first_with_their_cosine(site: Site) -> None:
    ids = [site.video(f"v{number}") for number in range(5)]
    for number, video_id in enumerate(ids):
        site.put(video_id, [1.0, float(number), *[0.0] * 6])
    answer = site.desk.search("scenes", [2.0, 0.0, *[0.0] * 6], 3, EVERYTHING)
    assert [hit.video_id for hit in answer.results] == ids[:3]
    assert [hit.score for hit in answer.results] == pytest.approx([1, 2**-0.5, 5**-0.5], abs=1e-6)
    assert (answer.index, answer.reason, answer.fell_back) == ("numpy", "", False)


def test_an_unknown_namespace_has_nothing_and_namespaces_do_not_mix(site: Site) -> None:
    video_id = site.video("a")
    site.put(video_id, point(1), "faces")
    assert site.found(point(1)) == []
    site.put(video_id, point(2, 3))
    assert site.found(point(2, 3)) == [video_id]


def test_all_vectors_of_a_namespace_have_as_many_dimensions_until_it_is_empty(site: Site) -> None:
    one, other = site.video("one"), site.video("other")
    site.put(one, point(1))
    site.put(other, point(2))
    with pytest.raises(BadField, match="have 8 dimensions each; this one has 3") as refused:
        site.put(one, point(1, 3))
    assert refused.value.detail["dimensions"] == DIMENSIONS
    with pytest.raises(BadField, match="have 8 dimensions each; the one to search for has 3"):
        site.found(point(1, 3))
    assert set(site.found(point(1))) == {one, other}
    assert site.desk.remove(other, "scenes", EVERYTHING)
    site.put(one, point(1, 3))
    assert site.found(point(1, 3)) == [one]
    assert not site.desk.remove(other, "scenes", EVERYTHING)


def test_a_replaced_or_removed_vector_is_seen_by_every_process(site: Site) -> None:
    one, other = site.video("one"), site.video("other")
    elsewhere = site.another_process()
    site.put(one, point(1))
    site.put(other, point(2))
    assert elsewhere.search("scenes", point(1), 1, EVERYTHING).results[0].video_id == one
    site.put(one, [-value for value in point(1)])
    assert elsewhere.search("scenes", point(1), 10, EVERYTHING).results[-1].video_id == one
    site.desk.remove(one, "scenes", EVERYTHING)
    assert [hit.video_id for hit in elsewhere.search("scenes", point(1), 10, EVERYTHING).results] == [other]
    site.put(one, point(1))
    assert elsewhere.search("scenes", point(1), 1, EVERYTHING).results[0].video_id == one


def test_what_may_not_be_seen_is_not_told_and_comes_back_with_the_video(site: Site) -> None:
    ours, theirs = site.video("ours", project_id="ours"), site.video("theirs", project_id="theirs")
    expired = site.video("expired", project_id="ours")
    for video_id in (ours, theirs, expired):
        site.put(video_id, point(1))
    scope = Scope(frozenset({"ours"}))
    with site.ledger.database.write() as session:
        over = {"expires_at": datetime.now(UTC) - timedelta(hours=1)}
        session.execute(update(Video).where(Video.id == expired).values(**over))
    assert site.found(point(1), scope=scope) == [ours]
    site.ledger.services.trash.throw_away(ours, "test", EVERYTHING)
    assert site.found(point(1), scope=scope) == []
    site.ledger.services.trash.take_out(ours, "test", EVERYTHING)
    assert site.found(point(1), scope=scope) == [ours]


def test_what_is_gone_for_good_has_no_vectors_and_takes_none(site: Site) -> None:
    video_id = site.video("a")
    site.put(video_id, point(1))
    site.put(video_id, point(1), "faces")
    services = site.ledger.services
    services.trash.throw_away(video_id, "test", EVERYTHING)
    remover = Remover(services.layout, services.database, services.places, services.log)
    assert remover.remove(site.ledger.video(video_id), "purged", lambda _: True)
    with site.ledger.database.read() as session:
        assert list(vectors.namespaces(session)) == []
    with pytest.raises(NotFound, match="removed at the end of the trash"):
        site.put(video_id, point(1))


def test_only_whoever_may_change_a_video_keeps_vectors_for_it(site: Site) -> None:
    video_id = site.video("a", project_id="ours")
    with pytest.raises(NotFound):
        site.desk.put(video_id, "scenes", point(1), Scope(frozenset({"theirs"})))
    with pytest.raises(Forbidden, match="only for what you uploaded"):
        site.desk.put(video_id, "scenes", point(1), EVERYTHING, only_of="somebody else")
    with pytest.raises(NotFound):
        site.desk.remove("nobody", "scenes", EVERYTHING)
    assert site.found(point(1)) == []


def test_when_hundreds_of_the_nearest_may_not_be_told_the_right_ones_still_are(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.likeness.vectors._LEAST_ASKED", 2)
    monkeypatch.setattr("backend.likeness.vectors._MOST_ASKED", 5)
    for number in range(12):
        site.put(site.video(f"theirs{number}", project_id="theirs"), point(1))
    far, near = site.video("far", project_id="ours"), site.video("near", project_id="ours")
    site.put(far, [-value for value in point(1)])
    site.put(near, point(2))
    assert site.found(point(1), limit=1, scope=Scope(frozenset({"ours"}))) == [near]
    assert site.found(point(1), limit=2, scope=Scope(frozenset({"ours"}))) == [near, far]


def test_an_index_that_lost_vectors_is_made_anew(site: Site) -> None:
    ids = [site.video(f"v{number}") for number in range(6)]
    for number, video_id in enumerate(ids):
        site.put(video_id, point(number))
    assert site.found(point(0))[0] == ids[0]
    site.index.remove(ids[:3])
    assert set(site.found(point(0))) == set(ids)
    assert "vector_index_made_anew" in site.log()


def test_the_index_lets_go_of_what_the_catalog_has_no_more(site: Site) -> None:
    ids = [site.video(f"v{number}") for number in range(4)]
    for video_id in ids:
        site.put(video_id, point(1))
    assert len(site.found(point(1))) == 4
    site.desk.remove(ids[0], "scenes", EVERYTHING)
    assert len(site.index) == 4
    assert set(site.found(point(1))) == set(ids[1:])
    assert len(site.index) == 3


@dataclass
class Broken:
    """A kind of index that fails while it is told to."""

    failing: bool = True
    now: float = 0.0
    opened: list[NumpyIndex] = field(default_factory=list)

    def make(self, space: Space) -> VectorIndex:
        if self.failing:
            raise VectorIndexFailed("The server of this index is away.")
        self.opened.append(NumpyIndex(space))
        return self.opened[-1]

    @property
    def kind(self) -> IndexKind:
        return IndexKind("broken", self.make, exact=True, proved_here=False)


def test_an_index_that_fails_is_answered_for_and_told_of_and_taken_again_later(site: Site) -> None:
    broken = Broken()
    video_id = site.video("a")
    site.put(video_id, point(1))
    desk = VectorDesk(site.ledger.database, site.desk.layout, site.desk.log, broken.kind, Where("test"))
    desk._follower(broken.kind, "scenes").clock = lambda: broken.now
    for _ in range(3):
        answer = desk.search("scenes", point(1), 5, EVERYTHING)
        assert [hit.video_id for hit in answer.results] == [video_id]
        assert (answer.index, answer.fell_back) == ("numpy", True)
        assert answer.reason == "The server of this index is away."
    assert site.log().count("vector_index_failed") == 1
    assert desk.examine() == "The server of this index is away."
    broken.failing = False
    assert desk.search("scenes", point(1), 5, EVERYTHING).fell_back, "it rests"
    broken.now = 31.0
    answer = desk.search("scenes", point(1), 5, EVERYTHING)
    assert (answer.index, answer.fell_back) == ("broken", False)
    assert site.log().count("vector_index_is_back") == 1
    assert desk.examine() == ""


def test_an_index_whose_folder_cannot_be_made_is_answered_for(site: Site) -> None:
    here = site.video("a")
    site.put(here, point(1))
    folder = site.ledger.services.layout.vectors
    assert not folder.exists()
    folder.write_text("no folder")
    answer = site.desk.search("scenes", point(1), 1, EVERYTHING)
    assert [hit.video_id for hit in answer.results] == [here]
    assert (answer.index, answer.fell_back) == ("catalog", True)
    assert "cannot use its folder" in answer.reason
    assert "vector_index_failed" in site.log()


def test_while_an_index_is_being_filled_another_one_answers(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.likeness.vector_index._PAGE", 2)
    slow = Broken(failing=False)
    for number in range(5):
        site.put(site.video(f"v{number}"), point(number))
    desk = VectorDesk(site.ledger.database, site.desk.layout, site.desk.log, slow.kind, Where("test"))
    clock = iter(range(0, 1000, 100))
    desk._follower(slow.kind, "scenes").clock = lambda: float(next(clock))
    for so_far in (2, 4):
        answer = desk.search("scenes", point(3), 5, EVERYTHING)
        assert (answer.index, len(answer.results)) == ("numpy", 5)
        assert answer.reason == f"The index of vectors 'broken' is being filled from the catalog: {so_far} so far."
    answer = desk.search("scenes", point(3), 5, EVERYTHING)
    assert (answer.index, answer.reason, len(answer.results)) == ("broken", "", 5)
    assert len(slow.opened) == 1
    assert "vector_index_failed" not in site.log()


def test_a_namespace_too_large_for_memory_is_searched_in_the_catalog(site: Site) -> None:
    ids = [site.video(f"v{number}") for number in range(4)]
    for number, video_id in enumerate(ids):
        site.put(video_id, point(number))
    small = replace(site.desk, most_bytes_in_memory=3 * 4 * DIMENSIONS, _followers={})
    answer = small.search("scenes", point(2), 2, EVERYTHING)
    assert answer.results[0].video_id == ids[2]
    assert len(answer.results) == 2
    assert answer.index == "catalog"
    assert "more vectors than are held in memory" in answer.reason


def test_an_unknown_kind_of_index_stops_the_start_and_the_known_are_listed() -> None:
    check_kind("numpy")
    for ask in (check_kind, load_kind):
        with pytest.raises(SettingsError, match=r"VECTOR_INDEX=annoy is unknown; known: .*numpy"):
            ask("annoy")


_STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "put", "put", "remove", "search", "lose"]), st.integers(0, 4), st.integers(0, 9)),
    max_size=25,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS)
def test_whatever_is_done_searches_find_what_the_catalog_says(site: Site, steps: list[tuple[str, int, int]]) -> None:
    ids = _five_videos(site)
    truth: dict[str, list[float]] = {}
    for what, number, seed in steps:
        if what == "put":
            site.put(ids[number], point(seed))
            truth[ids[number]] = point(seed)
        elif what == "remove":
            assert site.desk.remove(ids[number], "scenes", EVERYTHING) == (ids[number] in truth)
            truth.pop(ids[number], None)
        elif what == "lose" and site.desk._followers and site.follower._index is not None:
            site.index.remove([ids[number]])
        _agrees(site, truth, point(seed))
    for video_id in truth:
        site.desk.remove(video_id, "scenes", EVERYTHING)


def _five_videos(site: Site) -> list[str]:
    with site.ledger.database.read() as session:
        ids = [row.id for row in session.query(Video).order_by(Video.id)]
    return ids or sorted(site.video(f"v{number}") for number in range(5))


def _agrees(site: Site, truth: dict[str, list[float]], asked: list[float]) -> None:
    def cosine(vector: list[float]) -> float:
        return float(np.dot(vector, asked) / np.linalg.norm(vector) / np.linalg.norm(asked))

    found = site.desk.search("scenes", asked, 10, EVERYTHING).results
    best = sorted(truth, key=lambda video_id: -cosine(truth[video_id]))
    assert {hit.video_id for hit in found} == set(best)
    assert [hit.score for hit in found] == pytest.approx([cosine(truth[video_id]) for video_id in best], abs=1e-5)


def test_opening_the_desk_touches_no_disk(site: Site) -> None:
    assert not site.desk.layout.vectors.exists()
