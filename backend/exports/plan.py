"""Which part of which recording shows which instant: pure, by times alone.

Recordings may come in any order, overlap, contain each other or be the same twice. Each instant is shown by one of them
at most. Of those that could go on, the one that reaches furthest does, as soon as it begins: it is then used from its
own first frame, which can always be decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backend.catalog.gaps import Stretch, gaps


class Piece(NamedTuple):
    """This part of the recording that stands at `number` among those given."""

    number: int
    bounds: Stretch


class Plan(NamedTuple):
    """`pieces` in order, none overlapping another; `gaps`: what of the asked bounds none of them covers."""

    pieces: tuple[Piece, ...]
    gaps: tuple[Stretch, ...]


def plan(recordings: Sequence[Stretch], asked: Stretch) -> Plan:
    """Pieces of the `recordings` for all of `asked` that they cover."""
    usable = [
        Piece(number, inside) for number, one in enumerate(recordings) if (inside := one.within(asked)) is not None
    ]
    # Those that begin together: the longest first; of equal ones the same one, in whatever order they are given.
    usable.sort(key=lambda piece: (piece.bounds.start, -piece.bounds.end.timestamp(), recordings[piece.number]))
    pieces: list[Piece] = []
    for chosen in _chain(usable):
        if pieces and chosen.bounds.start < pieces[-1].bounds.end:
            # The one before ends where this one begins.
            before = pieces.pop()
            pieces.append(Piece(before.number, Stretch(before.bounds.start, chosen.bounds.start)))
        pieces.append(chosen)
    return Plan(tuple(pieces), tuple(gaps([piece.bounds for piece in pieces], asked)))


def _chain(usable: Sequence[Piece]) -> list[Piece]:
    """As few as cover everything, by start; each overlaps the one before it and the one behind it at most."""
    chain: list[Piece] = []
    at = 0
    while at < len(usable):
        # What begins before the last one ends: the one that reaches furthest beyond it goes on.
        best, reached = None, chain[-1].bounds.end if chain else None
        while reached is not None and at < len(usable) and usable[at].bounds.start <= reached:
            if usable[at].bounds.end > (best.bounds.end if best else reached):
                best = usable[at]
            at += 1
        if best is not None:
            chain.append(best)
        elif at < len(usable):
            chain.append(usable[at])
            at += 1
    return chain
