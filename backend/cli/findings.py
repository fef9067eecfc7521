"""What an examination found: one thing each, how it stands, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["well", "notice", "wrong"]


@dataclass(frozen=True)
class Finding:
    """`items` names what it is about: files, videos. A `notice` is worth knowing and no fault."""

    what: str
    state: State
    says: str
    remedy: str = ""
    items: tuple[str, ...] = ()


def well(what: str, says: str) -> Finding:
    return Finding(what, "well", says)


def notice(what: str, says: str, remedy: str = "", items: tuple[str, ...] = ()) -> Finding:
    return Finding(what, "notice", says, remedy, items)


def wrong(what: str, says: str, remedy: str = "", items: tuple[str, ...] = ()) -> Finding:
    return Finding(what, "wrong", says, remedy, items)
