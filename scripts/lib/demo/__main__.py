"""scripts/demo: the same story told of memory and of Redis."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend.storage import MemoryVideoStorage
from scripts.lib.demo.private_redis import NoRedis, private_redis
from scripts.lib.demo.screen import Screen
from scripts.lib.demo.story import Story, tell_of_bounds

if TYPE_CHECKING:
    from backend.storage import RedisVideoStorage


def main() -> int:
    """0, or 1 when the Redis that was named cannot be used."""
    screen = Screen()
    screen.title("Videos in memory: MemoryVideoStorage(max_memory_mb=100, ttl_hours=1)")
    with MemoryVideoStorage(max_memory_mb=100, ttl_hours=1) as storage:
        Story(screen, storage).tell()
    tell_of_bounds(screen)
    return _show_redis(screen, os.environ.get("REDIS_URL", ""))


def _show_redis(screen: Screen, url: str) -> int:
    import redis

    screen.title("Videos in Redis: RedisVideoStorage(host, port, db, password, ttl_hours=1)")
    try:
        with _redis(url) as storage:
            screen.answer("the Redis of REDIS_URL, beside what is there" if url else "a Redis of our own")
            Story(screen, storage).tell()
    except NoRedis as error:
        screen.trouble(f"Redis is not shown. {error}")
        return 1 if url else 0
    except redis.RedisError as error:
        screen.trouble(f"Redis failed: {error}")
        return 1
    return 0


@contextlib.contextmanager
def _redis(url: str) -> Iterator[RedisVideoStorage]:
    """The one that was named, or one of our own."""
    from backend.storage import RedisVideoStorage

    if not url:
        with (
            private_redis() as place,
            RedisVideoStorage(place.host, place.port, place.db, place.password, ttl_hours=1) as storage,
        ):
            yield storage
        return
    try:
        # A prefix of its own: who shares one makes room for new videos at the cost of the others' oldest.
        storage = RedisVideoStorage(url=url, ttl_hours=1, prefix=f"holdfast-demo-{secrets.token_hex(4)}")
    except ValueError:
        raise NoRedis("REDIS_URL must be like redis://[:password@]host[:port][/db].") from None
    with storage:
        yield storage


if __name__ == "__main__":
    # Ended from outside, it ends its Redis as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
