"""Puts what one run reads where it finds it: the real files, and those that the door writes for it."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.confine.arguments import Named
from backend.confine.inputs import Inputs, before, content, files_of
from backend.confine.limits import Limits
from backend.confine.sandbox import Places, confined, plain_name
from backend.confine.trial import Trial
from backend.errors import MediaError


@dataclass(frozen=True)
class Given:
    """Where a run starts, and by which names it reads."""

    place: Places
    named: Named
    real: dict[Path, Path]  # by the paths that the caller gave

    def paths(self) -> Iterator[str]:
        """All that must not stand in an answer."""
        for path, real in self.real.items():
            yield from (str(path), str(real), self.place.names[real])
        yield from (path for _, path in self.named.values())


@contextmanager
def given_to(trial: Trial, program: str, inputs: Inputs, workspace: Path | None, limits: Limits) -> Iterator[Given]:
    """Everything in its place for one run of `program`. Raises a MediaError when a file cannot be opened."""
    real = {path: real_file(path) for path in files_of(inputs)}
    sources = list(dict.fromkeys(real.values()))
    own = not all(isinstance(one, Path) for one in inputs.values())
    with tempfile.TemporaryDirectory(prefix="holdfast-given-") as folder:
        written = Path(folder).resolve()
        place = confined(
            trial.programs, program, limits, sources=sources, workspace=workspace, bubblewrap=trial.bubblewrap,
            own=written if own else None,
        )  # fmt: skip
        names = {path: place.names[found] for path, found in real.items()}
        if own and not trial.bubblewrap:
            names |= _links(real, written)
        named: dict[str, tuple[list[str], str]] = {}
        for number, (token, one) in enumerate(inputs.items()):
            if isinstance(one, Path):
                named[token] = ([*before(one)], place.names[real[one]])
            else:
                (written / f"given{number}").write_bytes(content(one, names))
                named[token] = ([*before(one)], f"{place.own}/given{number}")
        yield Given(place, named, real)


def _links(real: dict[Path, Path], folder: Path) -> dict[Path, str]:
    """Plain names for files in a list: a line of it cannot hold every name that a file may have."""
    found = {}
    for number, (path, target) in enumerate(real.items()):
        link = folder / plain_name(number, target)
        link.symlink_to(target)
        found[path] = str(link)
    return found


def real_file(source: Path) -> Path:
    """The file behind all links. Only a plain one is opened: a pipe or a device would never end."""
    try:
        real = source.resolve(strict=True)
        plain = stat.S_ISREG(real.stat().st_mode)
    except OSError as error:
        raise MediaError(f"The stored file cannot be opened ({error.strerror}).") from error
    if not plain:
        raise MediaError("The stored file is no plain file.")
    return real
