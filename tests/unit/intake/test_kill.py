"""kill -9 before every call that changes the disk, in the upload and in the sweep that heals it.

The catalog's own calls are made in C and are killed in tests/e2e/test_kill_everywhere.py; here every way through the
upload is killed, also those that a running server takes rarely. Some steps of each way in usual runs, all of them under
TORTURE=1.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services.sampling import steps
from tests.services.scratch import memory_disk, scratch_folder
from tests.unit.disk.border import Border, Call
from tests.unit.intake.house import OTHER, VIDEO, House, killed_at

Scene = Callable[[House], None]
Weather = Callable[[Border], None]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory where there is room: what a process wrote outlives it there as on a disk, and no sync is waited for."""
    folder = scratch_folder("kills", parent=memory_disk())
    yield folder
    shutil.rmtree(folder)


def _nothing(_: object) -> None:
    return


def _has_twin(house: House) -> None:
    house.upload(name="older.mp4")


def _has_damaged_twin(house: House) -> None:
    place = house.place(house.upload(name="older.mp4"))
    place.write_bytes(OTHER)


def _has_lost_twin(house: House) -> None:
    house.place(house.upload(name="older.mp4")).unlink()


def _no_more_links(border: Border) -> None:
    def refuse(call: Call) -> None:
        if call.name == "link" and call.suffix == ".mp4" and call.to.endswith(".mp4"):
            raise OSError(errno.EMLINK, os.strerror(errno.EMLINK))

    border.always = refuse


# With the stride in which usual runs take the upload's steps. The first two are nearly all uploads; the others share
# most of their steps with them.
SCENES = {
    "first video of its project": (_nothing, _nothing, 2),
    "shared bytes": (_has_twin, _nothing, 2),
    "no more links": (_has_twin, _no_more_links, 4),
    "damaged older file": (_has_damaged_twin, _nothing, 4),
    "lost older file": (_has_lost_twin, _nothing, 4),
}
_LEFT_STRIDE, _SWEEP_STRIDE = 8, 4


@pytest.fixture(params=list(SCENES.values()), ids=list(SCENES))
def scene(request: pytest.FixtureRequest, template: House, tmp_path: Path) -> tuple[House, Weather, int]:
    prepare, weather, stride = request.param
    house = template.copy_to(tmp_path / "scene")
    prepare(house)
    house.close()
    return house, weather, stride


def _upload(house: House) -> None:
    house.upload(name="new.mp4", key="k", tags="a,b")


def test_upload_killed_at_any_step_is_absent_or_whole_and_its_retry_makes_one_video(
    scene: tuple[House, Weather, int], tmp_path: Path
) -> None:
    start, weather, stride = scene
    for number in steps(stride):
        root = tmp_path / f"killed-{number}"
        start.copy_to(root).close()
        killed = killed_at(number, root, _upload, weather)
        house = House.open(root)
        try:
            house.sweep()
            _check(house)
            house.upload(name="new.mp4", key="k")
            _check(house)
            assert [v.original_filename for v in house.listed()].count("new.mp4") == 1
        finally:
            house.close()
        if not killed:
            break
    assert number > 12, "the upload was seen through all its steps"


def test_sweep_killed_at_any_step_is_finished_by_the_next(scene: tuple[House, Weather, int], tmp_path: Path) -> None:
    """States that a killed upload leaves, each swept by a sweep that is killed at its own steps."""
    start, weather, _ = scene
    left = []
    for number in steps(_LEFT_STRIDE):
        root = tmp_path / f"left-{number}"
        start.copy_to(root).close()
        if not killed_at(number, root, _upload, weather):
            break
        left.append(root)
    assert len(left) > 1
    for root in left:
        for number in steps(_SWEEP_STRIDE):
            again = root.with_name(f"{root.name}-{number}")
            House.open(root).copy_to(again).close()
            killed = killed_at(number, again, House.sweep, _nothing)
            house = House.open(again)
            try:
                house.sweep()
                _check(house)
            finally:
                house.close()
            if not killed:
                break


def _check(house: House) -> None:
    """All promises; a damaged older file that nobody mended yet is the scene's, not the kill's."""
    for video in house.listed():
        place = house.path(video)
        if video.original_filename == "older.mp4" and (not place.exists() or place.read_bytes() == OTHER):
            place.unlink(missing_ok=True)
            place.write_bytes(VIDEO)
    house.check()
