"""What ffmpeg makes from words alone is made once in each process of the tests: the same words make the same bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path

_MOST_FILES = 150
_LARGEST_BYTES = 1 << 20
_MADE: OrderedDict[Hashable, bytes] = OrderedDict()


def made_once(path: Path, words: Hashable, make: Callable[[], object]) -> Path:
    """`path`, as `make` writes it: by calling it, or, where these words made a file of this kind before, by writing its
    bytes again. `words` must say all that the content depends on but for the suffix of `path`; a file they name is none
    of that."""
    key = path.suffix, words
    if key in _MADE:
        _MADE.move_to_end(key)
        path.write_bytes(_MADE[key])
        return path
    make()
    if path.stat().st_size <= _LARGEST_BYTES:
        _MADE[key] = path.read_bytes()
        if len(_MADE) > _MOST_FILES:
            _MADE.popitem(last=False)
    return path
