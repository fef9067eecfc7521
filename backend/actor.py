"""Who acts just now: set once at each way in (a request, a command), read where a change is written down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """`id` is a token's, `address` the network address of a request; a command and the worker have none."""

    id: str
    name: str
    address: str = ""


# What nobody asked for: schedules, rules, repairs.
SYSTEM = Actor("system", "Holdfast")
_acting: ContextVar[Actor] = ContextVar("holdfast_actor", default=SYSTEM)


def actor() -> Actor:
    return _acting.get()


def act_as(who: Actor) -> None:
    """From here on `who` acts, in this thread, until somebody else is named: for a request, which ends elsewhere."""
    _acting.set(who)


@contextmanager
def acting(who: Actor) -> Iterator[None]:
    """What happens inside was done by `who`. Threads that are started inside begin as SYSTEM again."""
    token = _acting.set(who)
    try:
        yield
    finally:
        _acting.reset(token)
