"""Every error of the disk at every call of an upload, once and for good: told, nothing partial, then well again.

The catalog's own calls are made in C and fail in tests/e2e/test_io_errors.py.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from backend.errors import DiskFault, DiskFull, OutOfHandles, StorageError
from tests.unit.disk.border import Border, Call
from tests.unit.intake.house import OTHER, VIDEO, House

# What an open of a new file, a write, … can really fail with, and what the caller is told then.
ERRORS: dict[int, tuple[type[StorageError], frozenset[str]]] = {
    errno.ENOSPC: (DiskFull, frozenset({"open", "write", "fsync", "link", "rename", "mkdir"})),
    errno.EDQUOT: (DiskFull, frozenset({"open", "write", "fsync", "link", "rename", "mkdir"})),
    errno.EIO: (DiskFault, frozenset({"open", "write", "fsync", "link", "rename", "mkdir", "unlink"})),
    errno.EROFS: (DiskFault, frozenset({"open", "write", "link", "rename", "mkdir", "unlink"})),
    errno.EMFILE: (OutOfHandles, frozenset({"open"})),
}


def _fresh(_house: House) -> None:
    return


def _twin(house: House) -> None:
    house.upload(name="older.mp4")


def _damaged_twin(house: House) -> None:
    place = house.place(house.upload(name="older.mp4"))
    place.write_bytes(OTHER)


SCENES = [(_fresh, code) for code in ERRORS] + [
    (s, c) for s in (_twin, _damaged_twin) for c in (errno.ENOSPC, errno.EIO)
]


@pytest.mark.parametrize("sticky", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize(("scene", "code"), SCENES, ids=lambda given: errno.errorcode.get(given, given))
def test_failing_call_is_told_leaves_nothing_partial_and_is_forgotten(
    template: House, tmp_path_factory: pytest.TempPathFactory, border: Border,
    scene: Callable[[House], None], code: int, sticky: bool,
) -> None:  # fmt: skip
    kind, calls = ERRORS[code]
    for number, call in enumerate(_calls_of_an_upload(template, tmp_path_factory, border, scene), 1):
        if call.name not in calls:
            continue
        house = _house(template, tmp_path_factory, scene)
        border.below = house.root
        border.heal()
        border.fail_at(number, code, sticky=sticky)
        told = _upload(house)
        # What may fail without harm: a temporary name that stays, an older file that is not mended now.
        assert type(told) is kind or (told is None and (call.name == "unlink" or scene is not _fresh))
        assert told is None or errno.errorcode[code] in told.message
        synced = [c.path for c in border.calls if c.name == "fsync" and c.path.endswith((".part", ".tmp"))]
        assert len(synced) == len(set(synced)), "no file's fsync is tried twice"
        border.heal()
        house.sweep()
        _check(house)
        assert [v.original_filename for v in house.listed()].count("new.mp4") == (0 if told else 1)
        assert _upload(house) is None
        _check(house)
        assert [v.original_filename for v in house.listed()].count("new.mp4") == 1
        house.close()


def _upload(house: House) -> StorageError | None:
    try:
        house.upload(name="new.mp4", key="k")
    except StorageError as told:
        return told
    return None


def _house(template: House, folders: pytest.TempPathFactory, scene: Callable[[House], None]) -> House:
    house = template.copy_to(folders.mktemp("io") / "house")
    scene(house)
    return house


def _calls_of_an_upload(
    template: House, folders: pytest.TempPathFactory, border: Border, scene: Callable[[House], None]
) -> list[Call]:
    house = _house(template, folders, scene)
    border.below = house.root
    border.heal()
    house.upload(name="new.mp4", key="k")
    house.close()
    return list(border.calls)


def _check(house: House) -> None:
    for video in house.listed():
        place = house.path(video)
        if video.original_filename == "older.mp4" and place.read_bytes() == OTHER:
            place.unlink()
            place.write_bytes(VIDEO)
    house.check()
