"""What a caller sends as a vector and a namespace, checked. Pure. Whatever makes no sense is a BadField in words."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backend.errors import BadField

MOST_DIMENSIONS = 4096
MOST_RESULTS = 1000
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Values = NDArray[np.float32]


def read_namespace(given: object) -> str:
    if not isinstance(given, str) or not _NAMESPACE.fullmatch(given):
        raise BadField(
            "A namespace is 1 to 64 letters (A to Z), digits, dots, dashes and underscores, and begins with a letter "
            "or a digit.",
            detail={"field": "namespace"},
        )
    return given


def read_vector(given: object) -> Values:
    """A list, tuple or array of numbers, as 32-bit floats; each finite, and not all of them zero."""
    values = _as_array(given)
    if not 1 <= len(values) <= MOST_DIMENSIONS:
        raise _bad(f"A vector has 1 to {MOST_DIMENSIONS:,} numbers; this one has {len(values):,}.")
    for place, value in enumerate(values):
        if not math.isfinite(value):
            raise _bad(f"The number at place {place} of the vector is {value}; each must be finite.")
    with np.errstate(over="ignore", under="ignore"):
        narrow = values.astype("<f4")
    if not np.all(np.isfinite(narrow)):
        raise _bad("A number of the vector is too large for 32 bits (3.4e38).")
    if not np.any(narrow):
        raise _bad("All numbers of the vector are zero (in 32 bits): it has no direction that could be compared.")
    return narrow


def read_limit(given: object, most: int = MOST_RESULTS) -> int:
    # True is an int to Python, and nobody's number of videos.
    if type(given) is not int or not 1 <= given <= most:
        raise BadField(f"limit must be a whole number from 1 to {most}.", detail={"field": "limit"})
    return given


def _as_array(given: object) -> NDArray[np.float64]:
    if isinstance(given, np.ndarray):
        if given.ndim != 1 or given.dtype.kind not in "fiu":
            raise _bad("An array that is a vector has one dimension, and numbers in it.")
        return given.astype(np.float64)
    if not isinstance(given, Sequence) or isinstance(given, str | bytes | bytearray):
        raise _bad("A vector is a list of numbers.")
    if len(given) > MOST_DIMENSIONS:
        raise _bad(f"A vector has 1 to {MOST_DIMENSIONS:,} numbers; this one has {len(given):,}.")
    if not all(_is_number(value) for value in given):
        raise _bad("A vector is a list of numbers, and there is something else in this one.")
    try:
        return np.array([float(value) for value in given], np.float64)
    except OverflowError:
        raise _bad("A number of the vector is too large for 32 bits (3.4e38).") from None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _bad(words: str) -> BadField:
    return BadField(words, detail={"field": "vector"})
