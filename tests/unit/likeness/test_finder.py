"""Whatever looks like a new video is found and told, and only what may be."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from backend.catalog import fingerprints
from backend.catalog.database import Database
from backend.catalog.videos import Scope
from backend.errors import MediaError, MediaStopped
from backend.likeness.finder import LikenessFinder
from tests.services.ledger import Ledger, OpenLedger
from tests.unit.likeness.conftest import Shelf, scene

HOUR = ("2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z")
HALF_PAST = ("2026-01-31T12:30:00Z", "2026-01-31T13:30:00Z")
NEXT_DAY = ("2026-02-01T12:00:00Z", "2026-02-01T13:00:00Z")


def test_a_clip_and_its_source_are_told_from_both_sides(shelf: Shelf) -> None:
    source = shelf.saved(scene(1, 40))
    shelf.saved(scene(2, 40))
    clip = shelf.saved(scene(1, 40)[10:20])
    assert shelf.alike(clip) == {source: (1.0, 0.25)}
    assert shelf.alike(source) == {clip: (0.25, 1.0)}
    with shelf.ledger.database.read() as session:
        ((_, here),) = fingerprints.alike(session, clip, Scope(), 9)
        ((_, there),) = fingerprints.alike(session, source, Scope(), 9)
    assert here.ranges == [{"this": [0.0, 10.0], "other": [10.0, 20.0]}]
    assert there.ranges == [{"this": [10.0, 20.0], "other": [0.0, 10.0]}]


def test_an_event_names_the_earlier_one_and_comes_with_the_later(shelf: Shelf) -> None:
    source = shelf.saved(scene(1))
    assert shelf.events() == []
    clip = shelf.saved(scene(1)[:10])
    (event,) = shelf.events()
    assert (event.video_id, event.data["earlier_id"], event.data["share_of_this"]) == (clip, source, 1.0)


def test_a_fingerprint_that_is_made_anew_tells_nothing_twice_and_forgets_what_is_not_so(shelf: Shelf) -> None:
    source = shelf.saved(scene(1))
    clip = shelf.saved(scene(1)[:10])
    assert len(shelf.events()) == 1
    shelf.take(clip, scene(1)[:10])
    shelf.take(source, scene(1))
    assert shelf.alike(clip) == {source: (1.0, 0.5)}
    assert len(shelf.events()) == 1
    shelf.take(clip, scene(2)[:10])
    assert shelf.alike(clip) == shelf.alike(source) == {}
    assert len(shelf.events()) == 1


def test_while_it_is_made_anew_what_looked_alike_still_does(shelf: Shelf) -> None:
    source = shelf.saved(scene(1))
    clip = shelf.saved(scene(1)[:10])
    with pytest.raises(MediaStopped):
        shelf.finder.take(clip, shelf.folder, shelf.made(clip, scene(1)[:10]), lambda: True)
    assert shelf.alike(clip) == {source: (1.0, 0.5)}
    shelf.take(clip, scene(1)[:10])
    assert len(shelf.events()) == 1


def test_who_is_compared_late_is_found_all_the_same(shelf: Shelf) -> None:
    old = shelf.video("old.mp4")
    new = shelf.saved(scene(1))
    shelf.take(old, scene(1))
    assert shelf.alike(new) == {old: (1.0, 1.0)}
    assert shelf.events() == []


def test_an_event_tells_nothing_of_another_project(shelf: Shelf) -> None:
    first = shelf.saved(scene(1), project_id="theirs")
    second = shelf.saved(scene(1)[:10], project_id="ours")
    assert shelf.events() == []
    assert shelf.alike(second) == {first: (1.0, 0.5)}
    assert shelf.alike(second, Scope(frozenset({"ours"}))) == {}


@pytest.mark.parametrize(("times", "told"), [(NEXT_DAY, False), (HALF_PAST, True), (("", ""), False)])
def test_one_camera_looks_the_same_every_day(shelf: Shelf, times: tuple[str, str], told: bool) -> None:
    def filmed(begin: str, end: str, count: int, camera: str = "door") -> str:
        when = {"start_time": begin, "end_time": end} if begin else {}
        return shelf.saved(scene(1, count), camera_id=camera, **when)

    first, second = filmed(*HOUR, 20), filmed(*times, 19)
    assert (second in shelf.alike(first)) == told
    elsewhere = filmed(*NEXT_DAY, 18, "gate")
    assert first in shelf.alike(elsewhere)


def test_what_is_in_the_trash_is_not_told_and_is_again_when_it_comes_back(shelf: Shelf) -> None:
    first, second = shelf.saved(scene(1)), shelf.saved(scene(1)[:10])
    shelf.ledger.services.trash.throw_away(first, "somebody")
    assert shelf.alike(second) == {}
    shelf.ledger.services.trash.take_out(first, "somebody")
    assert list(shelf.alike(second)) == [first]


def test_what_is_gone_for_good_is_forgotten(open_ledger: OpenLedger, tmp_path: Path) -> None:
    ledger = open_ledger(TRASH_DAYS="0")
    shelf = Shelf(ledger, tmp_path, LikenessFinder(ledger.database, ledger.services.log))
    first, second = shelf.saved(scene(1)), shelf.saved(scene(1)[:10])
    ledger.services.trash.throw_away(first, "somebody")
    ledger.services.trash.purge_due()
    with ledger.database.read() as session:
        assert fingerprints.of(session, first) is None
    assert shelf.alike(second) == {}
    third = shelf.saved(scene(1)[5:])
    assert list(shelf.alike(third)) == [second]


def test_a_second_look_finds_the_same(shelf: Shelf) -> None:
    first, second = shelf.saved(scene(1)), shelf.saved(scene(1)[:10])
    shelf.take(second, scene(1)[:10])
    assert shelf.alike(first) == {second: (0.5, 1.0)}


def test_a_new_fingerprint_takes_the_place_of_the_old_one(shelf: Shelf) -> None:
    first, second = shelf.saved(scene(1)), shelf.saved(scene(1)[:10])
    shelf.take(second, scene(2))
    assert shelf.alike(first) == {}


def test_two_workers_at_once_find_each_other_s(shelf: Shelf, ledger: Ledger) -> None:
    ids = [shelf.video(f"{n}.mp4") for n in range(4)]
    others = [Database(ledger.services.settings.catalog_url) for _ in ids]
    finders = [LikenessFinder(database, ledger.services.log) for database in others]
    threads = [
        threading.Thread(target=shelf.take, args=(video_id, scene(1), finder))
        for video_id, finder in zip(ids, finders, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in others:
        database.close()
    for video_id in ids:
        assert set(shelf.alike(video_id)) == set(ids) - {video_id}


def test_a_worker_that_stops_gives_up_and_a_file_that_is_cut_off_is_refused(shelf: Shelf) -> None:
    video_id = shelf.video()
    result = shelf.made("x", scene(1))
    with pytest.raises(MediaStopped):
        shelf.finder.take(video_id, shelf.folder, result, lambda: True)
    with pytest.raises(MediaError):
        shelf.finder.take(video_id, shelf.folder, result | {"frames": 21})
    with pytest.raises(MediaError):
        shelf.finder.take(video_id, shelf.folder, result | {"file": "gone.bin"})


def test_without_frames_nothing_is_kept(shelf: Shelf) -> None:
    video_id = shelf.video()
    shelf.finder.take(video_id, shelf.folder, {"frames": 0, "version": 1, "reason": "too short"})
    with shelf.ledger.database.read() as session:
        assert fingerprints.of(session, video_id) is None
    assert shelf.finder.index.rows == 0


def test_blank_frames_are_like_nothing(shelf: Shelf) -> None:
    black = np.zeros((20, 32), np.uint8)
    for name in ("one", "two"):
        video_id = shelf.video(f"{name}.mp4")
        result = shelf.made(name, black)
        path = shelf.folder / result["file"]
        path.write_bytes(black.tobytes() + b"\x05" * 20)
        shelf.finder.take(video_id, shelf.folder, result)
        assert shelf.alike(video_id) == {}
