"""The page's files as one edition, named by what is in them: under that name nothing else ever comes.

Browsers may keep such files for ever and ask for none of them again, where they would ask whether each of some
hundred modules is still the same at every visit.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MEDIA_TYPES: Final = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".map": "application/json",
    ".woff2": "font/woff2",
}
# Of a file: when it was last written (ns) and its size in bytes.
Seen = tuple[int, int]


@dataclass(frozen=True)
class Edition:
    """All files that are served, as they were when this was made."""

    name: str
    files: Mapping[str, Seen]


class Editions:
    """Which edition the files in a folder are now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._latest: Edition | None = None

    def now(self) -> Edition:
        """The edition on the disk: files may be replaced beneath a server that runs."""
        files = dict(sorted(self._all()))
        with self._lock:
            if self._latest is None or self._latest.files != files:
                self._latest = Edition(self._digest(files), files)
            return self._latest

    def is_of(self, edition: str, name: str) -> bool:
        """Whether the file is still the one that it was in the edition of this name."""
        latest = self._latest
        if latest is None or latest.name != edition:
            # Another process may have told of files that came after the look of this one.
            latest = self.now()
        return latest.name == edition and latest.files.get(name) == _seen(self.folder / name)

    def _all(self) -> Iterator[tuple[str, Seen]]:
        for place, folders, names in os.walk(self.folder):
            folders[:] = [name for name in folders if not is_hidden(name)]
            for name in names:
                path = Path(place, name)
                if path.suffix in MEDIA_TYPES and not is_hidden(name):
                    yield path.relative_to(self.folder).as_posix(), _seen(path)

    def _digest(self, files: Mapping[str, Seen]) -> str:
        """By content, not by times: the servers of one team have the same names for the same files."""
        whole = hashlib.sha256()
        for name in files:
            content = hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
            whole.update(f"{content} {name}\n".encode())
        return whole.hexdigest()[:16]


def _seen(path: Path) -> Seen:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def is_hidden(name: str) -> bool:
    """What lies in the folder of the page and is none of its files."""
    return name.startswith(".") or name == "node_modules"
