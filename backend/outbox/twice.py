"""What a remote says against a copy is believed when it says so twice, and passes its own check in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from backend.errors import TransientFailure
from backend.outbox.places import Place
from backend.targets.base import Proof, Verdict

SECOND_LOOK_SECONDS = 2.0
# How long a check's good answer vouches for bad verdicts.
_WELL_SECONDS = 60.0


@dataclass(frozen=True)
class Twice:
    """A remote may lag, or lie for a moment. `second_look_seconds`: what it gets to recover. Of any thread."""

    second_look_seconds: float = field(default_factory=lambda: SECOND_LOOK_SECONDS)
    _well_until: dict[str, float] = field(default_factory=dict)

    def ask(self, place: Place, once: Callable[[], Proof], wait: Callable[[float], object] | None = None) -> Proof:
        """What `once` says, asked again where that is against the copy. `wait` lets so many seconds pass,
        or fewer when nobody wants the answer any more.

        Raises TransientFailure when the target is not well itself, and what `once` raises.
        """
        proof = once()
        if proof.verdict is Verdict.MATCHES:
            return proof
        self._demand_well(place)
        (wait or threading.Event().wait)(self.second_look_seconds)
        again = once()
        return replace(again, read_bytes=again.read_bytes + proof.read_bytes)

    def _demand_well(self, place: Place) -> None:
        """Who lost the right to see a folder is told that nothing is in it: every copy would be called gone."""
        name = place.config.name
        if time.monotonic() < self._well_until.get(name, 0.0):
            return
        report = place.target.check()
        if not report.ok:
            raise TransientFailure(f"It says that the copy is not right, but it is not well itself: {report.message}")
        self._well_until[name] = time.monotonic() + _WELL_SECONDS
