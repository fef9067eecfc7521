"""How much of a large set of cases a run takes: an even sample with a fixed seed, or all of it under TORTURE=1."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator, Sequence
from itertools import count, pairwise
from typing import TypeVar

Case = TypeVar("Case")

FULL = os.environ.get("TORTURE") == "1"
_SEED = 20261121


def sample(cases: Sequence[Case], at_most: int, full: int = sys.maxsize) -> list[Case]:
    """A random case of each of `at_most` equal stretches (`full` under TORTURE), in order; all when they are fewer."""
    at_most = full if FULL else at_most
    if len(cases) <= at_most:
        return list(cases)
    chance, edges = random.Random(_SEED), [round(n * len(cases) / at_most) for n in range(at_most + 1)]
    return [cases[chance.randrange(low, high)] for low, high in pairwise(edges)]


def rounds(usual: int, full: int) -> int:
    """How often something random is tried."""
    return full if FULL else usual


def steps(stride: int) -> Iterator[int]:
    """Numbers from 1 on, for something that is tried until there are no more steps: one of each `stride`."""
    chance = random.Random(_SEED)
    return count(1) if FULL else (first + chance.randrange(stride) for first in count(1, stride))
