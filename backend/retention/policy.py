"""May the local bytes of a video go? Pure: facts in, a decision with its reason out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# Whatever the target, these are sent from the local bytes.
_ON_THE_WAY = ("pending", "in_progress", "parked", "damaged")


@dataclass(frozen=True)
class Candidate:
    """What the decision is made from.

    `copies` maps each required target to its delivery's state, "" for none; `others` the same for every
    configured target that is to have a copy.
    """

    saved_at: datetime
    local_state: str
    held: bool
    trashed: bool
    copies: Mapping[str, str]
    others: Mapping[str, str]


@dataclass(frozen=True)
class Decision:
    prune: bool
    reason: str


def may_prune(video: Candidate, now: datetime, days: float) -> Decision:
    """Decide by age, holds and what the ledger knows; every copy named is still verified again before the unlink."""
    if video.local_state != "present":
        return Decision(False, "the local bytes are gone already")
    if video.held:
        return Decision(False, "it is held")
    if video.trashed:
        return Decision(False, "it is in the trash")
    if video.saved_at > now:
        return Decision(False, "it was saved in the future: the clock looks wrong")
    if now - video.saved_at < timedelta(days=days):
        return Decision(False, f"it is younger than {days:g} days")
    if not video.copies:
        return Decision(False, "no required target is configured, so this is the only copy")
    waiting = sorted(name for name, state in video.copies.items() if state != "delivered")
    if waiting:
        return Decision(False, f"not verified on {', '.join(waiting)}")
    on_the_way = sorted(name for name, state in video.others.items() if state in _ON_THE_WAY)
    if on_the_way:
        return Decision(False, f"still to be sent to {', '.join(on_the_way)}")
    return Decision(True, f"verified on {', '.join(sorted(video.copies))}")
