"""What installed packages bring by entry points: found once for each search path, and named when it is broken."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import EntryPoint, distributions, entry_points

_LOG = logging.getLogger("holdfast.plugins")


class PluginTrouble(Exception):
    """What is wrong with a name that a package claims: the second half of a sentence that begins with the name."""


def names(group: str) -> set[str]:
    """Every name that some package claims in this group; none is loaded for it."""
    return set(_found(group, tuple(sys.path)))


def claimed_by(group: str, name: str) -> str | None:
    """Where what has this name is said to be ("package.module:thing"), or None: no package claims it."""
    points = _found(group, tuple(sys.path)).get(name)
    return points[0].value if points else None


def load(group: str, name: str) -> object:
    """What a package calls so. `KeyError` when none does; `PluginTrouble` when it cannot be had, or two claim it."""
    points = _found(group, tuple(sys.path))[name]
    if len(points) > 1:
        values = " and ".join(f"“{point.value}”" for point in points)
        raise PluginTrouble(f"is claimed by more than one package: {values}. Uninstall all but one.")
    (point,) = points
    try:
        return point.load()
    except (Exception, SystemExit) as error:
        raise PluginTrouble(f"could not be loaded from “{point.value}”: {type(error).__name__}: {error}.") from error


@lru_cache(maxsize=16)
def _found(group: str, _path: tuple[str, ...]) -> dict[str, tuple[EntryPoint, ...]]:
    """Kept, as it reads a file of each installed package: again for each question, that was felt at every start."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for point in _points(group):
        found.setdefault(point.name, {}).setdefault(point.value, point)
    return {name: tuple(points.values()) for name, points in found.items()}


def _points(group: str) -> Iterator[EntryPoint]:
    try:
        yield from entry_points(group=group)
    except Exception:  # one package whose file makes no sense must not hide those of all others
        for distribution in distributions():
            try:
                points = distribution.entry_points
            except Exception as error:
                _LOG.error("the entry points of the package '%s' cannot be read: %s", distribution.name, error)
                continue
            yield from points.select(group=group)
