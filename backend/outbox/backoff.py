"""How long to wait before the next attempt or probe: exponential with jitter, the remote's wish respected. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_SECONDS = 2.0
LONGEST_SECONDS = 15 * 60.0
LONGEST_PROBE_SECONDS = 5 * 60.0
# A remote that asks for more is asked again after a day all the same: no wish of its may end the trying.
LONGEST_WISH_SECONDS = 24 * 3600.0

Chance = Callable[[], float]


def delay_seconds(attempts: int, retry_after_seconds: float | None = None, chance: Chance = random.random) -> float:
    """Seconds until the next attempt after `attempts` failed ones (>= 1).

    Doubles from two seconds to a quarter of an hour, of which the upper half is chance, so that files that
    failed together do not return together. A `Retry-After` is a floor, up to a day.
    """
    return max(_grown(attempts, LONGEST_SECONDS, chance), wish_seconds(retry_after_seconds))


def probe_seconds(probes: int, chance: Chance = random.random) -> float:
    """Seconds until a paused target is asked again after `probes` probes (>= 1) that it failed."""
    return _grown(probes, LONGEST_PROBE_SECONDS, chance)


def wish_seconds(retry_after_seconds: float | None) -> float:
    """What a remote's `Retry-After` makes us wait; 0 when it gave none."""
    return min(max(retry_after_seconds or 0.0, 0.0), LONGEST_WISH_SECONDS)


def _grown(step: int, longest: float, chance: Chance) -> float:
    # 2.0 ** 1000 overflows long before a patient target comes back.
    whole = min(FIRST_SECONDS * 2.0 ** min(max(step, 1) - 1, 32), longest)
    return whole / 2 + whole / 2 * chance()
