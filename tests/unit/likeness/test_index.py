"""The hashes in memory: nothing that is near is missed, within bounds, and only new rows are read."""

from __future__ import annotations

import numpy as np
import pytest

from backend.likeness.index import HashIndex, distinct
from backend.likeness.matching import NEAR, Prints, bits_apart
from tests.unit.likeness.conftest import Frames, Shelf, scene


def prints(frames: Frames) -> Prints:
    return Prints.of(frames.tobytes(), b"\x64" * len(frames), 1.0)


def turned(frames: Frames, bits: int) -> Frames:
    chance = np.random.default_rng(bits)
    flat = np.unpackbits(frames, axis=1)
    for row in flat:
        row[chance.choice(256, bits, replace=False)] ^= 1
    return np.packbits(flat, axis=1)


@pytest.mark.parametrize("most_rows", [1_000_000, 50, 1])
def test_whatever_is_near_is_found_in_memory_and_beyond_it(shelf: Shelf, most_rows: int) -> None:
    ids = [shelf.saved(scene(seed, 30)) for seed in range(5)]
    index = HashIndex(shelf.ledger.database, most_rows)
    for seed, video_id in enumerate(ids):
        assert index.near(prints(turned(scene(seed, 30), 20))) == {video_id: 30}
    assert index.near(prints(scene(99, 30))) == {}
    assert index.rows <= max(most_rows, 30) + 30


def test_it_finds_what_comparing_each_with_each_finds(shelf: Shelf) -> None:
    here, asked = scene(1, 200), np.concatenate([turned(scene(1, 60), bits) for bits in (30, 44, 48, 49, 60)])
    video_id = shelf.saved(here)
    apart = bits_apart(prints(asked).words[:, None], prints(here).words[None])
    near = int((apart.min(axis=1) <= NEAR).sum())
    assert near >= 180
    assert shelf.finder.index.near(prints(asked))[video_id] >= near - 2


def test_what_is_saved_later_is_read_at_the_next_search(shelf: Shelf) -> None:
    index = HashIndex(shelf.ledger.database)
    assert index.near(prints(scene(1))) == {}
    first = shelf.saved(scene(1))
    assert index.near(prints(scene(1))) == {first: 20}
    rows = index.rows
    assert index.near(prints(scene(1))) == {first: 20}
    assert index.rows == rows


def test_a_still_scene_takes_one_row(shelf: Shelf) -> None:
    still = np.repeat(scene(1, 1), 3000, axis=0)
    assert len(distinct(prints(still))) == 1
    video_id = shelf.saved(still)
    shelf.finder.index.near(prints(still))
    assert shelf.finder.index.rows == 1
    assert video_id in shelf.finder.index.near(prints(turned(still[:1], 30)))


def test_more_rows_than_one_block_are_searched(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.likeness.index._BLOCK_ROWS", 16)
    ids = [shelf.saved(scene(seed, 25)) for seed in range(3)]
    index = HashIndex(shelf.ledger.database)
    assert [index.near(prints(scene(seed, 25))) for seed in range(3)] == [{video_id: 25} for video_id in ids]
