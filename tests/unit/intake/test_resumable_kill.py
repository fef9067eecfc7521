"""kill -9 before every call that changes the disk, in a resumable upload: what was told stays, and makes one video."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.errors import NotFound, UploadGone
from backend.intake.resumable import Resumables, Standing
from tests.services.sampling import steps
from tests.services.scratch import memory_disk, scratch_folder
from tests.unit.intake.house import ANN, VIDEO, House, killed_at
from tests.unit.intake.resuming import LENGTH, cut, part, send, wish

_TOLD = "told.jsonl"
_STRIDE = 4


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory where there is room: what a process wrote outlives it there as on a disk, and no sync is waited for."""
    folder = scratch_folder("kills", parent=memory_disk())
    yield folder
    shutil.rmtree(folder)


def _tell(house: House, at: Standing) -> Standing:
    """What the client heard, kept where no kill reaches it."""
    with (house.root / _TOLD).open("a") as file:
        file.write(json.dumps([at.id, at.offset]) + "\n")
    return at


def _told(house: House) -> tuple[str, int] | None:
    place = house.root / _TOLD
    lines = [json.loads(line) for line in place.read_text().splitlines()] if place.exists() else []
    return (lines[-1][0], max(offset for upload_id, offset in lines if upload_id == lines[-1][0])) if lines else None


def _in_pieces(house: House) -> None:
    uploads = house.services.resumables
    at = _tell(house, uploads.create(wish(tags="sea")))
    at = _tell(house, cut(uploads, at, VIDEO[:1000]))
    at = _tell(house, send(uploads, at, VIDEO[1000:5000]))
    _tell(house, send(uploads, at, VIDEO[5000:]))


def _deferred(house: House) -> None:
    uploads = house.services.resumables
    at = _tell(house, uploads.create(wish(None)))
    at = _tell(house, send(uploads, at, VIDEO))
    _tell(house, send(uploads, at, b"", length=LENGTH))


@pytest.mark.parametrize("swept", [False, True], ids=["asked at once", "swept first"])
@pytest.mark.parametrize("work", [_in_pieces, _deferred])
def test_an_upload_killed_at_any_step_goes_on_from_what_was_told(
    template: House, tmp_path: Path, work: Callable[[House], None], swept: bool
) -> None:
    for number in steps(_STRIDE):
        root = tmp_path / f"killed-{number}"
        template.copy_to(root).close()
        killed = killed_at(number, root, work, lambda _: None)
        house = House.open(root)
        try:
            if swept:
                house.sweep()
            told = _told(house)
            if told is not None:
                _go_on(house.services.resumables, *told)
                assert [video.id for video in house.listed()] == [told[0]]
            house.sweep()
            _forget_unknown(house, told[0] if told else "")
            house.check()
        finally:
            house.close()
        if not killed:
            break
    assert number > 20, "the upload was seen through all its steps"


def _go_on(uploads: Resumables, upload_id: str, told: int) -> None:
    """What a client does: ask, and send the rest from there."""
    at = uploads.look(upload_id, ANN, "tus")
    assert at.offset >= told
    if at.is_whole:
        return
    at = send(uploads, at, VIDEO[at.offset :], length=LENGTH)
    assert at.is_whole


def _forget_unknown(house: House, known: str) -> None:
    """An upload whose creation was not answered waits in vain for its client, until it expires."""
    for path in house.services.layout.incoming.iterdir():
        if path.stem != known:
            path.unlink()


def test_parts_joined_with_a_kill_at_any_step_become_one_video_at_the_next_try(template: House, tmp_path: Path) -> None:
    start = template.copy_to(tmp_path / "start")
    ids = [part(start.services.resumables, piece) for piece in (VIDEO[:4000], VIDEO[4000:])]
    start.close()

    def join(house: House) -> None:
        house.services.resumables.concatenate(wish(None), ids)

    for number in steps(_STRIDE):
        root = tmp_path / f"killed-{number}"
        start.copy_to(root).close()
        killed = killed_at(number, root, join, lambda _: None)
        house = House.open(root)
        try:
            join(house)
            assert [video.size_bytes for video in house.listed()] == [LENGTH]
            house.sweep()
            for upload_id in ids:
                with pytest.raises(UploadGone, match="went into a video"):
                    house.services.resumables.look(upload_id, ANN, "tus")
            _forget_unknown(house, "")
            house.check()
        finally:
            house.close()
        if not killed:
            break
    assert number > 20


def test_an_upload_thrown_away_with_a_kill_at_any_step_is_gone_or_can_be_thrown_away_again(
    template: House, tmp_path: Path
) -> None:
    start = template.copy_to(tmp_path / "start")
    at = cut(start.services.resumables, start.services.resumables.create(wish()), VIDEO[:1000])
    start.close()
    for number in steps(_STRIDE):
        root = tmp_path / f"killed-{number}"
        start.copy_to(root).close()
        killed = killed_at(number, root, lambda h: h.services.resumables.terminate(at.id, ANN, "tus"), lambda _: None)
        house = House.open(root)
        try:
            house.sweep()
            try:
                assert house.services.resumables.look(at.id, ANN, "tus").offset == 1000
                house.services.resumables.terminate(at.id, ANN, "tus")
            except NotFound:
                pass
            house.check()
            assert not list(house.services.layout.incoming.iterdir())
        finally:
            house.close()
        if not killed:
            break
