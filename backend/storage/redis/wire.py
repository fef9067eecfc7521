"""What the engine asks of Redis, in one typed place: redis-py's own types are those of its asynchronous client too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis import ConnectionError as RedisConnectionError
from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

from backend.storage.redis import scripts

Client = Redis | RedisCluster
UNPUBLISHED_MS = 600_000  # how long bytes that belong to no video yet outlive their writer
ANSWER_SECONDS = 30.0  # a server that hangs is an error, not a program that hangs; all it does takes far less
_CONNECT_SECONDS = 10.0
_READ_BYTES = 1024 * 1024  # a piece at once: in smaller ones redis-py takes three times the processor


def client_for(host: str, port: int, db: int, password: str | None, url: str | None) -> Redis:
    """Opens no connection: the first command does."""
    # Where nobody listens it is told within a second; redis-py itself would try for ten. Who hangs is asked once.
    retry = Retry(ExponentialWithJitterBackoff(cap=0.4, base=0.05), 3, (RedisConnectionError,))
    options: dict[str, Any] = {
        "socket_read_size": _READ_BYTES,
        "socket_timeout": ANSWER_SECONDS,
        "socket_connect_timeout": _CONNECT_SECONDS,
        "retry": retry,
    }
    if url is not None:
        return Redis.from_url(url, **options)
    return Redis(host=host, port=port, db=db, password=password, **options)


def check(client: object) -> None:
    """`ValueError` for what is no client that can be used here."""
    if not isinstance(client, Redis | RedisCluster):
        raise ValueError(
            f"client is of type {type(client).__module__}.{type(client).__name__}. Give a redis.Redis or a "
            "redis.RedisCluster; one for asyncio is not awaited here."
        )
    encoder: Any = client.get_encoder()
    if encoder.decode_responses:
        raise ValueError("The client makes texts of bytes (decode_responses=True), and a video is none. Leave it out.")


class Wire:
    """One storage's keys. All have the hash tag `{prefix}`, so one slot of a cluster: a step may touch them all."""

    def __init__(self, client: Client, prefix: str) -> None:
        self.client: Any = client
        self._p = f"{{{prefix}}}:"
        self._books = f"{self._p}books"
        self._scripts = {name: self.client.register_script(getattr(scripts, name)) for name in _SCRIPTS}

    def run(self, name: str, *arguments: str | bytes | int) -> Any:
        """One of the steps in scripts.py."""
        return self._scripts[name](keys=[self._books], args=arguments)

    def put_piece(self, gen: str, number: int, data: bytes) -> None:
        self.client.set(self._piece(gen, number), data, px=UNPUBLISHED_MS)

    def get_piece(self, gen: str, number: int) -> bytes | None:
        found: bytes | None = self.client.get(self._piece(gen, number))
        return found

    def get_videos(self, keys: Sequence[bytes], names: Sequence[str]) -> list[list[bytes | None]]:
        """The named values of each video's hash; None each where there is none."""
        pipeline = self.client.pipeline(transaction=False)
        for key in keys:
            pipeline.hmget(f"{self._p}video:".encode() + key, names)
        found: list[list[bytes | None]] = pipeline.execute()
        return found

    def stored_between(self, first: str, last: str, most: int) -> list[tuple[bytes, int]]:
        """Keys and their instants, newest first."""
        found = self.client.zrevrangebyscore(f"{self._p}time", last, first, start=0, num=most, withscores=True)
        return [(key, int(score)) for key, score in found]

    def tagged(self, tags: Sequence[str], every: bool) -> list[bytes]:
        names = [f"{self._p}tag:{tag}" for tag in tags]
        return list(self.client.sinter(names) if every else self.client.sunion(names))

    def tag_counts(self) -> dict[str, int]:
        return {tag.decode(): int(count) for tag, count in self.client.hgetall(f"{self._p}tags").items()}

    def _piece(self, gen: str, number: int) -> str:
        return f"{self._p}bytes:{gen}:{number}"


_SCRIPTS = [name for name in vars(scripts) if name.isupper() and not name.startswith("_")]
