"""Where the programs are: ffmpeg, ffprobe, and the small ones that confine them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

# Each does one thing and becomes the next: no code of ours runs between fork and exec, as the worker has threads.
_NEEDED = {"ffmpeg": "ffmpeg", "ffprobe": "ffmpeg", "prlimit": "util-linux", "setpriv": "util-linux"}
_WELCOME = ("bwrap", "nice", "ionice", "choom")


@dataclass(frozen=True)
class Programs:
    """Paths by name. `identity` is another as soon as one of them was put in, replaced or taken away."""

    paths: dict[str, str]
    identity: tuple[tuple[str, int, int], ...]
    folder: str = ""  # where ffmpeg and ffprobe were looked for; empty: on PATH

    @classmethod
    def find(cls, folder: str) -> Self:
        """What is here now; ffmpeg and ffprobe in `folder`, or on PATH when that is empty."""
        paths = {}
        for name in (*_NEEDED, *_WELCOME):
            where = folder if folder and name in ("ffmpeg", "ffprobe") else None
            if found := shutil.which(name, path=where):
                paths[name] = str(Path(found).resolve())
        return cls(paths, tuple(_identity(path) for path in paths.values()), folder)

    def missing(self) -> str:
        """Which needed ones are not here and what has them, in words; "" when all are."""
        absent = [name for name in _NEEDED if name not in self.paths]
        if not absent:
            return ""
        if self.folder and set(absent) <= {"ffmpeg", "ffprobe"}:
            remedy = "put them there, or leave that setting empty and they are found on PATH."
            return f"FFMPEG_FOLDER={self.folder} has no {_listed(absent)}: {remedy}"
        packages = sorted({_NEEDED[name] for name in absent})
        verb, noun = ("is", "package") if len(absent) == 1 else ("are", "packages" if len(packages) > 1 else "package")
        return f"{_listed(absent)} {verb} not on this machine (Debian {noun} {_listed(packages)})."


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _identity(path: str) -> tuple[str, int, int]:
    try:
        found = Path(path).stat()
    except OSError:  # gone since it was found
        return path, 0, 0
    return path, found.st_ino, found.st_mtime_ns
