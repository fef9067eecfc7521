"""Where processes keep their counts: one folder, files of each process, and one sum of those that have ended.

prometheus-client maps these files into memory, and whoever is asked adds all of them up. Three things it leaves open:

- A process is known by a name of its own, not by its number: two containers may have the same, and numbers come again.
  It holds a lock on its files as long as it lives, so nobody has to guess who does.
- What ended processes counted is folded into one file, so that files do not pile up, and nothing goes back or is lost,
  wherever a fold is killed.
- Room for the files is taken at once. A page of a sparse file that is touched on a full disk ends the process (SIGBUS).
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".db"
COUNTERS, HISTOGRAMS, NEWEST = "counter", "histogram", "gauge_max"
# Bytes: about 250 for each series. Larger than that, files grow by themselves, and then may be sparse.
_ROOM = {COUNTERS: 512 * 1024, HISTOGRAMS: 1024 * 1024, NEWEST: 64 * 1024}
_ENDED = "ended"
_PLAN = "fold.json"
_LOCK = "lock"

# What one file holds, by its keys, and how a new file with this is written.
Values = dict[str, float]
Read = Callable[[Path], Values]
Write = Callable[[Path, Values], None]


@dataclass(frozen=True)
class Folder:
    """The folder of one installation on one machine."""

    path: Path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time adds up, folds or begins."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def begin(self) -> str:
        """Make this process's files, with their room; its name. Only while `locked`. OSError: there is no room."""
        name = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        made: list[Path] = []
        try:
            for kind, room_bytes in _ROOM.items():
                made.append(self._file(kind, name))
                _hold(made[-1], room_bytes)
        except OSError:
            for path in made:
                path.unlink(missing_ok=True)
            raise
        return name

    def files(self) -> list[Path]:
        """All files there are, of living and ended processes."""
        return sorted(self.path.glob(f"*{SUFFIX}"))

    def fold(self, read: Read, write: Write) -> None:
        """Add what ended processes counted to one file for each kind. Only while `locked`."""
        self._finish_fold()
        for kind in _ROOM:
            ended = [path for path in self._of(kind) if not _is_held(path)]
            if len(ended) > 1:
                self._fold(kind, ended, read, write)

    def clear(self) -> None:
        """Forget what was counted: the files of all that have ended. Those of the living stay."""
        with self.locked():
            for path in self.files():
                if not _is_held(path):
                    path.unlink()
            for path in (self.path / _PLAN, *self.path.glob("*.tmp")):
                path.unlink(missing_ok=True)

    def _fold(self, kind: str, ended: list[Path], read: Read, write: Write) -> None:
        total, new = self._file(kind, _ENDED), self.path / f"{kind}.tmp"
        new.unlink(missing_ok=True)
        write(new, _sum(kind, map(read, ended)))
        plan = {"new": new.name, "total": total.name, "drop": [path.name for path in ended if path != total]}
        _write_whole(self.path / _PLAN, json.dumps(plan))
        new.rename(total)
        self._finish_fold()

    def _finish_fold(self) -> None:
        """Bring to its end, or take back, what a kill interrupted: the new sum counts as soon as it has its name."""
        place = self.path / _PLAN
        try:
            plan = json.loads(place.read_text())
        except FileNotFoundError:
            return
        if (self.path / plan["new"]).exists():
            (self.path / plan["new"]).unlink()
        else:
            for name in plan["drop"]:
                (self.path / name).unlink(missing_ok=True)
        place.unlink()

    def _of(self, kind: str) -> list[Path]:
        return sorted(self.path.glob(f"{kind}_*{SUFFIX}"))

    def _file(self, kind: str, name: str) -> Path:
        return self.path / f"{kind}_{name}{SUFFIX}"


def _sum(kind: str, each: Iterable[Values]) -> Values:
    total: Values = {}
    for values in each:
        for key, value in values.items():
            total[key] = max(total.get(key, value), value) if kind == NEWEST else total.get(key, 0.0) + value
    return total


def _hold(path: Path, room_bytes: int) -> None:
    """Make a file with room, and keep its lock until this process ends, however it does."""
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(held, 0, room_bytes)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise


def _is_held(path: Path) -> bool:
    """Whether the process that counts in this file lives."""
    with suppress(FileNotFoundError):
        seen = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(seen, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(seen)
    return False


def _write_whole(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)
