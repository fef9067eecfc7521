"""The target of kind `redis`: the hot copy for programs that read videos as they come, gone when its time is over.

Kept as `RedisVideoStorage` keeps videos, under the video's id: any process with the same address and prefix reads it
with that. Beside it stands which remote key leads to which video, so that a lost proof loses nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.errors import PermanentFailure, TargetError, TargetParked, Unsupported
from backend.storage import given
from backend.storage.given import MIB
from backend.storage.redis import RedisVideoStorage, VideoDamaged
from backend.targets.base import CheckReport, Expected, Proof, RemoteCopy, Source, Transfer, Verdict
from backend.targets.config import Kind, Option, Shape, TargetConfig
from backend.targets.local_file import LocalFile
from backend.targets.redis_failures import judging
from backend.targets.redis_sending import Sending, name_of, tags_of

_HOW = "read back from Redis and hashed"
_DEFAULT_URL = "redis://localhost:6379/0"
_HOUR_MS = 3600 * 1000
_PIECE_BYTES = 512 * 1024
_UNFINISHED_MS = 600_000
_PROBE_MS = 60_000
_NUMBER = (Shape.WHOLE, Shape.NUMBER)


class RedisTarget:
    """Copies with a TTL. Verified by reading them back; those whose time is over are missing, which is no damage."""

    def __init__(self, config: TargetConfig) -> None:
        options = config.options
        self.name = config.name
        self.kind = config.kind
        self._url = str(options["url"] or _DEFAULT_URL)
        self._prefix = str(options["prefix"])
        self._ttl_ms = int(options["ttl_hours"] * _HOUR_MS)
        self._most_mib = min(options["max_video_size_mb"], options["max_memory_mb"])
        self._timeout_seconds = options["timeout_seconds"]
        self._options = {name: options[name] for name in ("ttl_hours", "max_video_size_mb", "max_memory_mb")}
        self._place = _place_of(self._url)

    def place(self) -> str:
        """The server, its database and the prefix (see `Placed`)."""
        return f"redis {self._place} {self._prefix}"

    @cached_property
    def _client(self) -> redis.Redis:
        # The outbox tries again; a client that does so too would keep it waiting.
        return redis.Redis.from_url(
            self._url,
            socket_timeout=self._timeout_seconds,
            socket_connect_timeout=self._timeout_seconds,
            socket_read_size=MIB,
            retry=Retry(NoBackoff(), 0),
        )

    @cached_property
    def _storage(self) -> RedisVideoStorage:
        return RedisVideoStorage(client=self._client, prefix=self._prefix, **self._options)

    def put(self, source: Source, key: str, transfer: Transfer) -> RemoteCopy:
        """Keep the file under its video's id (see `Target.put`)."""
        self._refuse_too_large(source)
        with judging(self._place, "copying"):
            expected = Expected(source.size_bytes, source.sha256)
            if self._holds(expected, source.video_id, transfer):
                self._say(source)
                self._lead(key, source.video_id, self._ttl_ms)
                transfer.advance(source.size_bytes)
                return self._copy(key, source.video_id)
            self._storage.drop_unfinished(source.video_id)
            self._lead(key, source.video_id, _UNFINISHED_MS)
            with LocalFile(source) as local:
                told = {"sha256": source.sha256, "remote_key": key} | ({"title": source.title} if source.title else {})
                sending, tags, name = Sending(local, transfer), tags_of(source), name_of(source)
                try:
                    self._storage.store_video(sending, told, tags, name, key=source.video_id)
                except ValueError as error:
                    raise Unsupported(f"Redis cannot keep “{source.original_filename}”: {error}") from error
            self._lead(key, source.video_id, self._ttl_ms)
            return self._copy(key, source.video_id)

    def _refuse_too_large(self, source: Source) -> None:
        if source.size_bytes > self._most_mib * MIB:
            raise Unsupported(
                f"“{source.original_filename}” has {source.size_bytes / MIB:.1f} MiB; {self.name} takes at most "
                f"{self._most_mib:g}. Raise its max_video_size_mb (and max_memory_mb) if it should be there.",
                detail={"size_bytes": source.size_bytes, "most_bytes": int(self._most_mib * MIB)},
            )

    def _holds(self, expected: Expected, video_id: str, transfer: Transfer) -> bool:
        """Whether the copy is there and right; the lease lives on while that is found out."""
        if video_id not in self._storage:
            return False
        found = self._measure(expected, video_id, lambda: transfer.advance(expected.size_bytes))
        return found.verdict is Verdict.MATCHES

    def _say(self, source: Source) -> None:
        """What people say of it now, where they changed it since it was sent."""
        said = self._storage.retrieve_video(source.video_id, "metadata") or {}
        if (said.get("title", ""), tuple(said.get("tags", ()))) != (source.title, tags_of(source)):
            self._storage.update_metadata(source.video_id, {"title": source.title, "tags": tags_of(source)})

    def _lead(self, key: str, video_id: str, ttl_ms: int) -> None:
        self._client.set(self._leads(key), video_id, px=ttl_ms)

    def _leads(self, key: str) -> str:
        return f"{{{self._prefix}}}:copy:{key}"

    def _copy(self, key: str, video_id: str) -> RemoteCopy:
        ends = self._storage.expires_at(video_id)
        told = ends.isoformat(timespec="milliseconds").replace("+00:00", "Z") if ends else None
        return RemoteCopy(key, {"video_id": video_id, "expires_at": told})

    def _video_id(self, copy: RemoteCopy) -> str | None:
        told = copy.proof.get("video_id")
        if isinstance(told, str):
            return told
        found = self._client.get(self._leads(copy.key))
        return found.decode() if isinstance(found, bytes) else None

    def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
        """Read the copy back and hash it (see `Target.verify`)."""
        with judging(self._place, "reading back"):
            video_id = self._video_id(copy)
            return _missing() if video_id is None else self._measure(expected, video_id, lambda: None)

    def _measure(self, expected: Expected, video_id: str, tick: Any) -> Proof:
        whole, size_bytes = hashlib.sha256(), 0
        try:
            for piece in self._pieces(video_id):
                whole.update(piece)
                size_bytes += len(piece)
                tick()
        except VideoDamaged as error:
            # Its time may have ended, or another have taken its place, while it was read.
            return Proof(Verdict.DIFFERS, _HOW, reason=str(error)) if video_id in self._storage else _missing()
        if not size_bytes:
            return _missing()
        found = f"sha256:{whole.hexdigest()}"
        if (size_bytes, found) == (expected.size_bytes, f"sha256:{expected.sha256}"):
            return Proof(Verdict.MATCHES, _HOW, size_bytes, found, read_bytes=size_bytes)
        reason = f"It has {size_bytes} bytes and another SHA-256 than was saved."
        return Proof(Verdict.DIFFERS, _HOW, size_bytes, found, reason, size_bytes)

    def _pieces(self, video_id: str) -> Iterator[bytes]:
        stream = self._storage.retrieve_video(video_id, "stream")
        if stream is None:
            return
        with stream:
            while piece := stream.read(_PIECE_BYTES):
                yield piece

    def check(self) -> CheckReport:
        """Write, read back and remove a small value, and look how Redis is set up (see `Target.check`)."""
        try:
            with judging(self._place, "writing a small value to try it"):
                details = self._probe()
        except TargetError as error:
            return CheckReport.failed(error)
        words = f"Redis at {self._place} can be written and read; copies go after {self._options['ttl_hours']:g} hours."
        return CheckReport(ok=True, message=words, details=details)

    def _probe(self) -> dict[str, Any]:
        name, content = f"{{{self._prefix}}}:check:{secrets.token_hex(8)}", secrets.token_bytes(64)
        self._client.set(name, content, px=_PROBE_MS)
        try:
            if self._client.get(name) != content:
                raise TargetParked(f"Redis at {self._place} gave back other bytes than were written.")
        finally:
            self._client.delete(name)
        told: Any = self._client.info("memory")
        policy = str(told.get("maxmemory_policy", ""))
        if policy.startswith("allkeys"):
            raise TargetParked(
                f"Redis at {self._place} throws away whatever it likes when it is full (maxmemory-policy {policy}), "
                "the indexes of the videos too. Set maxmemory-policy noeviction.",
            )
        stats = self._storage.get_storage_stats()
        figures = {name: stats[name] for name in ("total_videos", "used_memory_bytes", "max_memory_mb")}
        return {**figures, "maxmemory": told.get("maxmemory"), "maxmemory_policy": policy}

    def delete(self, copy: RemoteCopy) -> None:
        """Remove the copy (see `Deletable`)."""
        with judging(self._place, "deleting"):
            video_id = self._video_id(copy)
            if video_id is not None:
                self._storage.drop_unfinished(video_id)
                self._storage.delete_video(video_id)
            self._client.delete(self._leads(copy.key))

    def read(self, copy: RemoteCopy) -> Iterator[bytes]:
        """Yield the copy's bytes (see `Readable`)."""
        with judging(self._place, "reading"):
            video_id, given_any = self._video_id(copy), False
            for piece in self._pieces(video_id) if video_id is not None else ():
                given_any = True
                yield piece
        if not given_any:
            raise PermanentFailure(
                f"Redis at {self._place} does not hold “{copy.key}” (any more).", detail={"reason": "missing"}
            )


def _missing() -> Proof:
    return Proof(Verdict.MISSING, _HOW, reason="It is not there: it was removed, or its time is over.")


def _place_of(url: str) -> str:
    """Without name and password."""
    told: dict[str, Any] = redis.Redis.from_url(url).connection_pool.connection_kwargs
    if path := told.get("path"):
        return f"{path}/{told.get('db', 0)}"
    return f"{told.get('host', 'localhost')}:{told.get('port', 6379)}/{told.get('db', 0)}"


def _problems(options: Mapping[str, Any]) -> list[str]:
    found = []
    try:
        _place_of(str(options["url"] or _DEFAULT_URL))
    except ValueError:
        found.append("option “url” is no address of Redis; write redis://NAME:PASSWORD@HOST:6379/0 or rediss://…")
    try:
        RedisVideoStorage(prefix=str(options["prefix"]))
    except ValueError:
        found.append("option “prefix” may hold letters, digits and . _ : @ = + / -, 100 at most")
    return found


KIND = Kind(
    name="redis",
    options=(
        Option("url", (Shape.TEXT,), "redis://NAME:PASSWORD@HOST:6379/0; REDIS_URL if not given", default=""),
        Option("prefix", (Shape.TEXT,), "what RedisVideoStorage(prefix=…) reads", default="holdfast"),
        Option(
            "ttl_hours",
            (Shape.WHOLE, Shape.NUMBER),
            "hours after which a copy goes by itself",
            default=48,
            least=0.001,
            most=given.MOST_TTL_HOURS,
        ),
        Option("max_video_size_mb", _NUMBER, "larger videos are skipped, MiB", default=100, least=0.001),
        Option(
            "max_memory_mb",
            (Shape.WHOLE, Shape.NUMBER),
            "the oldest videos of the prefix go when they take more, MiB",
            default=2048,
            least=0.01,
        ),
        Option(
            "timeout_seconds",
            (Shape.WHOLE, Shape.NUMBER),
            "how long one answer may take",
            default=10,
            least=0.1,
            most=600,
        ),
    ),
    build=RedisTarget,
    problems=_problems,
    ephemeral=True,
)
