"""Totals of a preview, counted piece by piece: whoever looks waits a moment, and who looks again has more of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from backend.catalog.cases import Case, Sum
from backend.retention.policy import Action

_NONE = Sum(0, 0)
_TOUCHED: tuple[Action, ...] = ("expire", "prune", "move")


@dataclass(frozen=True)
class Totals:
    """`kept`: every video that nothing becomes of, young ones too. `are_exact` false: there are at least so many."""

    expire: Sum
    prune: Sum
    move: Sum
    kept: Sum
    are_exact: bool = True


class Tally:
    """What is counted so far, of pieces that several threads may ask to be counted on."""

    def __init__(self, everything: Sum, pieces: Iterator[Iterable[tuple[Case, Action]]]) -> None:
        self._everything, self._pieces = everything, pieces
        self._sums: dict[Action, Sum] = {}
        self._is_whole = self._is_broken = False
        self._seconds = 0.0
        self._turn = Lock()

    @property
    def seconds(self) -> float:
        """How long counting took so far."""
        return self._seconds

    @property
    def totals(self) -> Totals:
        sums, is_whole = self._sums, self._is_whole
        expire, prune, move = (sums.get(action, _NONE) for action in _TOUCHED)
        kept = sums.get("keep", _NONE)
        if is_whole:
            # What is too young for any rule is in no piece.
            touched = (expire, prune, move)
            kept = Sum(
                self._everything.count - sum(s.count for s in touched),
                self._everything.bytes - sum(s.bytes for s in touched),
            )
        return Totals(expire, prune, move, kept, is_whole)

    def go_on(self, seconds: float | None = None) -> Totals:
        """Count for about so long, or to the end. Where another thread is counting already, that one goes on."""
        if not self._turn.acquire(blocking=seconds is None):
            return self.totals
        began = monotonic()
        try:
            while not self._is_whole and not self._is_broken and (seconds is None or monotonic() - began < seconds):
                self._count(next(self._pieces, None))
        except BaseException:
            # What broke off has no next piece, and is not whole for that.
            self._is_broken = True
            raise
        finally:
            self._seconds += monotonic() - began
            self._turn.release()
        return self.totals

    def _count(self, piece: Iterable[tuple[Case, Action]] | None) -> None:
        if piece is None:
            self._is_whole = True
            return
        sums = dict(self._sums)
        for case, action in piece:
            before = sums.get(action, _NONE)
            sums[action] = Sum(before.count + case.count, before.bytes + case.bytes)
        # At once: who reads the totals meanwhile has those of whole pieces.
        self._sums = sums
