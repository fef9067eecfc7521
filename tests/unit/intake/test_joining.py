"""Parts of an upload become one video, once."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.disk.incoming import PART_SUFFIX
from backend.errors import (
    HoldfastError,
    NotFound,
    UploadGone,
)
from backend.intake.resumable import Resumables, Wish
from tests.unit.intake.house import ANN, VIDEO, House
from tests.unit.intake.resuming import LENGTH, part, send, wish


def test_parts_become_one_video_in_the_order_they_are_named(house: House, uploads: Resumables) -> None:
    third = LENGTH // 3
    last, first, middle = (part(uploads, p) for p in (VIDEO[2 * third :], VIDEO[:third], VIDEO[third : 2 * third]))
    assert house.listed() == []
    final = uploads.concatenate(wish(None, title="joined"), [first, middle, last])
    assert (final.is_whole, final.length) == (True, LENGTH)
    assert (house.video(final.id).sha256, house.video(final.id).title) == (hashlib.sha256(VIDEO).hexdigest(), "joined")
    again = uploads.concatenate(wish(None, title="joined"), [first, middle, last])
    assert again.id == final.id
    house.check()


def test_a_part_may_be_named_twice_in_one_video(house: House, uploads: Resumables) -> None:
    half = part(uploads, VIDEO)
    final = uploads.concatenate(wish(None), [half, half])
    assert house.video(final.id).sha256 == hashlib.sha256(VIDEO + VIDEO).hexdigest()
    with pytest.raises(UploadGone, match="another video"):
        uploads.concatenate(wish(None), [half])


def test_parts_that_are_not_whole_or_no_parts_are_not_joined(house: House, uploads: Resumables) -> None:
    unfinished = uploads.create(Wish("tus", ANN, "", {}, 10, is_part=True)).id
    whole_video = send(uploads, uploads.create(wish()), VIDEO).id
    for ids in ([unfinished], [whole_video], ["x"], []):
        with pytest.raises(HoldfastError):
            uploads.concatenate(wish(None), ids)
    assert len(house.listed()) == 1
    assert not [p for p in house.services.layout.incoming.iterdir() if p.suffix == PART_SUFFIX and p.stem != unfinished]


def test_requests_that_join_the_same_parts_at_once_make_one_video(house: House, uploads: Resumables) -> None:
    ids = [part(uploads, VIDEO[:4000]), part(uploads, VIDEO[4000:])]
    with ThreadPoolExecutor(8) as pool:
        finals = list(pool.map(lambda _: uploads.concatenate(wish(None), ids).id, range(8)))
    assert [video.id for video in house.listed()] == [finals[0]]
    assert len(set(finals)) == 1
    house.check()


def test_a_part_thrown_away_while_it_is_joined_is_in_the_video_or_told_as_gone(
    house: House, uploads: Resumables
) -> None:
    for _ in range(5):
        ids = [part(uploads, VIDEO[:4000]), part(uploads, VIDEO[4000:])]
        with ThreadPoolExecutor(2) as pool:
            joined = pool.submit(uploads.concatenate, wish(None), ids)
            pool.submit(uploads.terminate, ids[0], ANN, "tus").result()
        assert joined.exception() is None or isinstance(joined.exception(), NotFound)
    assert not list(house.services.layout.quarantine.iterdir())
    house.sweep()
    for path in house.services.layout.incoming.glob("*.part"):
        path.unlink()  # the parts whose neighbour is gone wait for their client
    house.check()


def test_other_words_for_parts_that_are_spent_are_not_answered_with_the_first_video(
    house: House, uploads: Resumables
) -> None:
    ids = [part(uploads, VIDEO)]
    uploads.concatenate(wish(None, title="first"), ids)
    with pytest.raises(UploadGone, match="another video"):
        uploads.concatenate(wish(None, title="second"), ids)
    with pytest.raises(UploadGone, match="went into a video"):
        uploads.look(ids[0], ANN, "tus")
    assert len(house.listed()) == 1
