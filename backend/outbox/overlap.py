"""Do two targets write the same place, or one the storage itself? Then a "copy" would be no second copy."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from backend.targets.base import Placed, Target

# A network disk whose server is away holds its callers; the start must not hang on it.
_LOOK_SECONDS = 3.0


@dataclass(frozen=True)
class _Folder:
    """A folder with all that holds it, by real name, and by device and inode where the disk answers."""

    path: Path
    marks: frozenset[object] = frozenset()
    above: frozenset[object] = field(default=frozenset())

    def is_same(self, other: _Folder) -> bool:
        return bool(self.marks & other.marks)

    def is_in(self, other: _Folder) -> bool:
        return bool(self.above & other.marks)


def overlaps(targets: Sequence[Target], storage: Path) -> list[str]:
    """What stands against the start, in words; empty when every target is a place of its own."""
    places = [(target.name, target.place()) for target in targets if isinstance(target, Placed)]
    folders = [(name, _look(place)) for name, place in places if isinstance(place, Path)]
    ours = _look(storage)
    problems = [found for name, folder in folders if (found := _against_storage(name, folder, ours))]
    for (one, first), (other, second) in combinations(folders, 2):
        if first.is_same(second):
            problems.append(_same(one, other, f"the folder {first.path}"))
    remotes = [(name, place) for name, place in places if isinstance(place, str)]
    for (one, at), (other, also_at) in combinations(remotes, 2):
        if at == also_at:
            problems.append(_same(one, other, at))
    return problems


def _against_storage(name: str, folder: _Folder, storage: _Folder) -> str:
    if folder.is_same(storage):
        relation = "is"
    elif folder.is_in(storage):
        relation = "lies inside"
    elif storage.is_in(folder):
        relation = "contains"
    else:
        return ""
    return (
        f"target '{name}': its folder {folder.path} {relation} STORAGE_PATH ({storage.path}), where the uploads "
        "themselves are kept, so a copy there is no second copy; choose a folder on another disk"
    )


def _same(one: str, other: str, place: str) -> str:
    return f"targets '{one}' and '{other}' are the same place, {place}: that would be one copy, counted as two"


def _look(path: Path) -> _Folder:
    found = [_by_name(path)]
    looking = threading.Thread(target=lambda: found.append(_by_disk(path)), daemon=True)
    looking.start()
    looking.join(_LOOK_SECONDS)
    return found[-1]


def _by_name(path: Path) -> _Folder:
    return _Folder(path, frozenset([path.absolute()]), frozenset(path.absolute().parents))


def _by_disk(path: Path) -> _Folder:
    real = path.resolve()
    above = [mark for folder in real.parents for mark in _marks(folder)]
    return _Folder(path, frozenset(_marks(real)), frozenset(above))


def _marks(folder: Path) -> list[object]:
    try:
        status = folder.stat()
    except OSError:
        return [folder]
    return [folder, (status.st_dev, status.st_ino)]
