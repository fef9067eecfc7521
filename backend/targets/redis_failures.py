"""Judges what Redis, or the way to it, answers: does it pass by itself, or is a person needed? Repeats no secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from backend.errors import TargetError, TargetParked, TransientFailure

# By the first word of Redis's answer, or the class that redis-py makes of it.
_NEEDS_PERSON: tuple[tuple[type[redis.RedisError], str], ...] = (
    (redis.exceptions.AuthenticationError, "does not accept the name or password. Correct the option “url”"),
    (redis.exceptions.AuthorizationError, "does not accept the name or password. Correct the option “url”"),
    (
        redis.exceptions.NoPermissionError,
        "does not let this user do what is needed. Give it all commands on the prefix",
    ),
    (redis.exceptions.OutOfMemoryError, "is full. Raise its maxmemory, or lower max_memory_mb or ttl_hours here"),
    (redis.exceptions.ReadOnlyError, "is a replica, which takes nothing. Name the primary in the option “url”"),
)
_ANSWERS = {
    "NOAUTH": "wants a password. Write it in the option “url”",
    "WRONGPASS": "does not accept the name or password. Correct the option “url”",
    "MISCONF": "cannot write to its own disk and so takes nothing. Look at its log",
    "invalid DB index": "has no database of that number. Correct the option “url”",
    "DB index is out of range": "has no database of that number. Correct the option “url”",
    "MOVED": "is a cluster, of which this target uses one node alone. Name a server that is none",
}


@contextmanager
def judging(place: str, doing: str) -> Iterator[None]:
    """Turn trouble with Redis met while `doing` something into a TargetError."""
    try:
        yield
    except redis.RedisError as error:
        raise judge(error, place, doing) from error


def judge(error: redis.RedisError, place: str, doing: str) -> TargetError:
    said, detail = str(error), {"error": type(error).__name__}
    for word, words in _ANSWERS.items():
        if word in said:
            return TargetParked(f"Redis at {place} {words}.", detail=detail)
    for kind, words in _NEEDS_PERSON:
        if isinstance(error, kind):
            return TargetParked(f"Redis at {place} {words}.", detail=detail)
    if isinstance(error, redis.exceptions.ConnectionError | redis.exceptions.TimeoutError):
        return TransientFailure(f"Redis at {place} {_why_not_reached(error, said)} ({doing}).", detail=detail)
    return TransientFailure(f"Redis at {place} failed while {doing}: {said[:200]} It is tried again.", detail=detail)


def _why_not_reached(error: redis.RedisError, said: str) -> str:
    if isinstance(error, redis.exceptions.BusyLoadingError):
        return "is just starting and reads its data. It is tried again"
    if "Name or service not known" in said or "name resolution" in said or "nodename" in said:
        return "cannot be found: the host name is unknown. Correct the option “url”, or look at the name service"
    if "refused" in said:
        return "refused the connection. Is it running? It is tried again"
    if isinstance(error, redis.exceptions.TimeoutError) or "imed out" in said:
        return "did not answer in time. It is tried again"
    return "cannot be reached. It is tried again"
