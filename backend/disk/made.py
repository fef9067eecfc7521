"""What was made from a video, on disk: scratch folders, putting files in their place, `made.json`, taking it all away.

`made.json` beside the pictures tells what was made: a catalog that was lost learns it from there.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from backend.disk.atomic import fsync_folder, make_folder, replace, told_as, told_as_gone
from backend.disk.layout import Layout
from backend.disk.locks import lock

_SCRATCH = "media-"
_MADE = "made.json"


@contextmanager
def scratch(layout: Layout, token: str) -> Iterator[Path]:
    """A new folder in incoming/, locked while it is worked in, and gone afterwards."""
    folder = layout.incoming / f"{_SCRATCH}{token}"
    with told_as("making a scratch folder"):
        folder.mkdir(mode=0o750)
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        # What cannot be removed now is without its lock from here on, and goes with the next worker's start.
        shutil.rmtree(folder, ignore_errors=True)
        os.close(fd)


def discard_abandoned(layout: Layout) -> int:
    """Remove the scratch folders of workers that died; how many."""
    return sum(_discard(folder) for folder in layout.incoming.glob(f"{_SCRATCH}*"))


def _discard(folder: Path) -> bool:
    with told_as("removing a scratch folder"):
        try:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
    return True


def keep(
    layout: Layout, relative_path: str, video_id: str, made: Path, folder: Path, note: tuple[str, dict[str, Any]]
) -> None:
    """Put all that lies in the scratch folder `made` into `folder`, durably, in place of what has these names there.

    `note` is the entry of `made.json`: its key and what was made.
    """
    names = sorted(path.name for path in made.iterdir())
    key, result = note
    with lock(layout, "media", video_id):
        if names:
            make_folder(folder)
        for name in names:
            _make_durable(made / name)
            _put(made / name, folder / name)
        if names:
            fsync_folder(folder)
        known, place = notes(layout, relative_path), _place_of(result)
        kept = {other: was for other, was in known.items() if place is None or _place_of(was) != place}
        _write(layout, relative_path, kept | {key: result})


def remove_all(layout: Layout, relative_path: str, video_id: str) -> None:
    """Remove everything that was ever made from a video."""
    with lock(layout, "media", video_id):
        for folder in (layout.pictures_of(relative_path), layout.renditions_of(relative_path)):
            _remove(folder)
            # The project's own folder, when this was the last in it.
            with suppress(OSError):
                folder.parent.rmdir()


def measure(layout: Layout, relative_path: str) -> dict[str, tuple[int, int]]:
    """What was made from a video, by category: how many files, and their bytes."""
    folders = {"thumbnails": layout.pictures_of(relative_path), "processed": layout.renditions_of(relative_path)}
    return {category: _measure(folder) for category, folder in folders.items()}


def _measure(folder: Path) -> tuple[int, int]:
    count = size_bytes = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError), told_as_gone("looking at what was made from a video"):
                size_bytes += (Path(place) / name).stat().st_size
                count += 1
    return count, size_bytes


def remove(layout: Layout, relative_path: str, video_id: str, path: Path, key: str) -> None:
    """Remove one file or folder of what was made, and its entry in `made.json`.

    What was put in its place meanwhile stays: a stream of other heights lies in the same folder.
    """
    with lock(layout, "media", video_id):
        known = notes(layout, relative_path)
        if known.pop(key, None) is not None:
            _write(layout, relative_path, known)
        if path.name not in map(_place_of, known.values()):
            _remove(path)


def notes(layout: Layout, relative_path: str) -> dict[str, Any]:
    """What `made.json` tells; nothing when it is not there or makes no sense: everything in it can be made again."""
    try:
        found = json.loads((layout.pictures_of(relative_path) / _MADE).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _place_of(result: object) -> str | None:
    """The file, or folder of files, that one entry is about; None when it has several."""
    file = result.get("file") if isinstance(result, dict) else None
    return PurePosixPath(file).parts[0] if isinstance(file, str) and file else None


def _write(layout: Layout, relative_path: str, known: dict[str, Any]) -> None:
    folder = layout.pictures_of(relative_path)
    make_folder(folder)
    replace(folder / _MADE, json.dumps(known).encode(), layout.incoming)


def _make_durable(path: Path) -> None:
    with told_as("making a picture durable"):
        for place, _, names in os.walk(path):
            for name in names:
                _fsync(Path(place) / name)
            _fsync(Path(place))
        if path.is_file():
            _fsync(path)


def _fsync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _put(new: Path, final: Path) -> None:
    with told_as("putting a picture in its place"):
        if final.is_dir():
            # rename(2) replaces files, but no folder that has something in it.
            os.rename(final, new.parent / f"{new.name}.old")
        os.rename(new, final)


def _remove(path: Path) -> None:
    with told_as("removing what was made from a video"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
