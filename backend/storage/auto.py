"""The durable engine: a Holdfast installation as a Python library.

    with AutoStorage("/srv/videos") as storage:
        key = storage.store_video(Path("gate.mp4"), {"title": "Gate"}, tags=["gate"])

Every call goes through the use case that the HTTP doors and `video_manager` call, so what is stored here is as durable
as an upload, is listed on the page, copied to the targets and verified. The key is the video's id.

What other engines do not know: `delete_video`, `clear_all` and the end of a TTL move to the trash, and what is held
stays: `delete_video` raises `Held`, `clear_all` returns False. The bytes go TRASH_DAYS later by the worker; where
there is none, say `trash_days=`, and later calls do it. Trouble with disk or database is a `StorageError`.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO

from backend.actor import Actor, acting
from backend.catalog import library, videos
from backend.catalog.models import DeliveryState, Video
from backend.catalog.videos import Scope
from backend.errors import Held, LocalDamage, NotFound, Refused
from backend.installation import user_name
from backend.intake.checks import read_facts
from backend.intake.receive import Caller, Upload
from backend.mime import HEAD_BYTES, by_content, extension_for
from backend.outbox.enqueue import choose_targets
from backend.services import Services
from backend.storage import durable, given, metadata, reading
from backend.storage.base import Metadata, StorageEngine, VideoData
from backend.storage.given import MIB
from backend.storage.local_time import range_us
from backend.storage.opening import Opening, configs_of, settings_for
from backend.storage.tidying import Tidying

DOOR = "library"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LOOK_SECONDS = 0.2


class AutoStorage(StorageEngine):
    """May be used by any number of threads, inside a running event loop (each call blocks until it is done), and after
    a fork. Nothing is opened before the first call.

    `storage_path`: the installation's folder, prepared if there is none; its catalog is the SQLite file in it, unless
    `database_url` is given, and `targets.toml` and `retention.toml` are those in it, unless the environment's
    STORAGE_PATH is the same folder. Without a path it is the installation that the environment and `.env` name, as for
    the server and `video_manager`. `project_id`: whose videos this engine stores and sees. `ttl_hours`: how long a
    video is kept when it does not say so itself; 0 or None is for ever. `max_video_size_mb`: in MiB; None is
    UPLOAD_MAX_SIZE. `targets`: more places for copies, as tables of targets.toml; this process sends them. `settings`:
    others of the server's options by their names in small letters, such as `min_free_bytes=0`.
    """

    name = "auto"

    def __init__(
        self,
        storage_path: str | os.PathLike[str] | None = None,
        *,
        project_id: str = "default",
        ttl_hours: float | None = None,
        max_video_size_mb: float | None = None,
        targets: Sequence[Mapping[str, Any]] = (),
        **settings: Any,
    ) -> None:
        given.read_ttl_us(ttl_hours)
        if max_video_size_mb is not None:
            given.read_positive("max_video_size_mb", max_video_size_mb)
        with _as_value_errors():
            self.project_id = read_facts({"project_id": [project_id]}, datetime.now(UTC)).project_id
        self.ttl_hours = ttl_hours
        self.max_video_size_mb = max_video_size_mb
        self._opening = Opening(settings_for(storage_path, settings), configs_of(targets))
        self._tidying = Tidying(self.project_id, knows_trash_days=storage_path is None or "trash_days" in settings)
        self._caller = Caller(DOOR, f"{user_name(os.geteuid())} (Python)")
        self._scope = Scope(frozenset({self.project_id}))

    def store_video(
        self,
        video_data: VideoData,
        metadata: Mapping[str, Any],
        tags: Sequence[str] | None = None,
        filename: str | None = None,
        ttl_hours: float | None = None,
        *,
        key: str | None = None,
    ) -> str:
        wanted = _read_wanted(metadata, tags, filename, ttl_hours, key, self.ttl_hours)
        if wanted.key is not None:
            raise ValueError("AutoStorage gives each video a key of its own. Leave key out, and keep what is returned.")
        with self._at_work() as services, reading.opened(video_data, self._limit(services)) as source:
            facts = durable.facts_of(wanted, self.project_id, self._targets(services), datetime.now(UTC))
            name = wanted.filename or source.filename or ""
            upload = services.intake.open(name or "video", self._caller, DOOR, None, self.project_id)
            upload.any_type = True
            try:
                for piece in source.pieces():
                    services.intake.write(upload, piece)
                if not name:
                    _name_by_content(upload)
                return services.intake.save(upload, facts).video_id
            except BaseException as error:
                services.intake.abandon(upload, error)
                raise

    def retrieve_video(self, key: str, format: str = "data") -> Any:
        wanted = given.read_format(format)
        with self._at_work() as services:
            video = self._get(services, key)
            if video is None:
                return None
            if wanted == "metadata":
                return durable.shown(video, with_key=False)
            stream = _open(services, video)
            if wanted == "stream":
                return stream
            with stream:
                return _whole(stream, video)

    def search_by_tags(self, tags: Sequence[str], operator: str = "OR") -> list[Metadata]:
        wanted, with_all = given.read_tags(tags), given.read_operator(operator) == "AND"
        return self._listed(library.tagged(wanted, with_all=with_all)) if wanted else []

    def search_by_timestamp_range(
        self, start_time: datetime | None = None, end_time: datetime | None = None
    ) -> list[Metadata]:
        start_us, end_us = range_us(start_time, end_time)
        return self._listed(library.saved_between(durable.instant(start_us), durable.instant(end_us)))

    def list_videos(self, limit: int | None = None) -> list[Metadata]:
        return self._listed(limit=given.read_limit(limit))

    def update_metadata(self, key: str, new_metadata: Mapping[str, Any]) -> bool:
        changes = metadata.read_changes(new_metadata)
        with self._at_work() as services:
            if self._get(services, key) is None:
                return False
            services.editor.revise(key, self._caller, lambda facts: durable.merged(facts, changes))
            return True

    def delete_video(self, key: str) -> bool:
        """Move a video to the trash; False: there was none. Raises `Held` while a hold is in force."""
        with self._at_work() as services:
            if self._get(services, key) is None:
                return False
            services.trash.throw_away(key, self._caller.name, self._scope)
            return True

    def clear_all(self) -> bool:
        """Move the project's videos to the trash. False when one is held: then all stay, and the log says why."""
        with self._at_work() as services:
            try:
                services.emptier.empty(self.project_id, self._caller.name, self._scope)
            except NotFound:
                pass  # a project that never had a video is no project yet
            except Held as error:
                services.log.write("warning", "not_cleared", project=self.project_id, why=error.message)
                return False
            return True

    def get_storage_stats(self) -> dict[str, Any]:
        with self._at_work() as services, services.database.read() as session:
            found = library.figures(session, self.project_id, datetime.now(UTC))
            return {
                "engine": self.name,
                "project_id": self.project_id,
                "storage_path": str(services.layout.root),
                "total_videos": found.videos,
                "total_size_bytes": found.bytes,
                "total_memory_mb": round(found.bytes / MIB, 2),
                "tag_distribution": found.tags,
                "ttl_hours": self.ttl_hours,
                "max_video_size_mb": self._limit(services).most_bytes / MIB,
            }

    def add_vector(self, key: str, vector: Sequence[float], namespace: str = "default") -> bool:
        with self._at_work() as services:
            if self._get(services, key) is None:
                return False
            try:
                services.vectors.put(key, namespace, vector, self._scope)
            except NotFound:
                return False  # somebody was faster
            return True

    def search_vector(self, vector: Sequence[float], *, limit: int = 10, namespace: str = "default") -> list[Metadata]:
        """If the index of VECTOR_INDEX cannot be used, another one answers in its place, and the log says why."""
        with self._at_work() as services:
            found = services.vectors.search(namespace, vector, limit, self._scope)
            told = ((self._get(services, hit.video_id), hit.score) for hit in found.results)
            return [{**durable.shown(video), "score": score} for video, score in told if video is not None]

    def deliveries(self, key: str) -> dict[str, str]:
        """How each target stands with a video: "delivered" means that its copy was verified."""
        with self._at_work() as services, services.database.read() as session:
            return {row.target: row.state for row in videos.get(session, key, self._scope).deliveries}

    def wait_until_delivered(self, key: str, timeout_seconds: float = 60.0) -> bool:
        """Wait until every target has a verified copy, or has no use for one; False when the time is over before."""
        done, end = {DeliveryState.DELIVERED, DeliveryState.SKIPPED}, time.monotonic() + timeout_seconds
        while not set(self.deliveries(key).values()) <= done:
            if not time.monotonic() < end:  # also for what is no number
                return False
            threading.Event().wait(_LOOK_SECONDS)
        return True

    @property
    def closed(self) -> bool:
        """Whether `close` was called: then it is of no more use."""
        return self._opening.closed

    def close(self) -> None:
        """Close the catalog; deliveries that this process is at get STOP_SECONDS to end."""
        self._opening.close()

    def __len__(self) -> int:
        with self._at_work() as services, services.database.read() as session:
            return library.count(session, self.project_id, datetime.now(UTC))

    def __contains__(self, key: object) -> bool:
        with self._at_work() as services:
            return self._get(services, key) is not None

    @contextmanager
    def _at_work(self) -> Iterator[Services]:
        """In this engine's name; what a door would refuse is a `ValueError` here."""
        with _as_value_errors():
            services = self._opening.services()
            with acting(Actor(f"python:{user_name(os.geteuid())}", self._caller.name)):
                self._tidying.run(services)
                yield services

    def _listed(self, *conditions: Any, limit: int | None = None) -> list[Metadata]:
        with self._at_work() as services:
            found = library.every(services.database, self.project_id, datetime.now(UTC), *conditions, limit=limit)
            return [durable.shown(video) for video in found]

    def _get(self, services: Services, key: object) -> Video | None:
        if not isinstance(key, str) or not _ID.fullmatch(key):
            return None
        with services.database.read() as session:
            return library.get(session, self.project_id, key, datetime.now(UTC))

    def _limit(self, services: Services) -> reading.Limit:
        if self.max_video_size_mb is None:
            return reading.Limit(services.settings.upload_max_size, "UPLOAD_MAX_SIZE")
        return reading.Limit(int(self.max_video_size_mb * MIB))

    def _targets(self, services: Services) -> tuple[str, ...] | None:
        """By the server's rules, and those of this engine's own; None: by the rules alone."""
        mine = [config.name for config in self._opening.targets]
        if not mine:
            return None
        # Its videos name a camera at most, never when it recorded.
        ruled = choose_targets(services.places, None, self.project_id, "", is_recording=False)
        return tuple(dict.fromkeys([*ruled, *mine]))


@contextmanager
def _as_value_errors() -> Iterator[None]:
    """What a caller may do otherwise is a `ValueError`, as with every engine; a hold is an answer of its own."""
    try:
        yield
    except (Held, NotFound):
        raise
    except Refused as error:
        raise ValueError(error.message) from error


def _name_by_content(upload: Upload) -> None:
    extension = extension_for(by_content(upload.file.head(HEAD_BYTES)) or "")
    upload.original_filename = f"video.{extension}" if extension else "video"


def _open(services: Services, video: Video) -> BinaryIO:
    """Brought back first if it is elsewhere; once more if that was undone at the same moment."""
    try:
        return services.restorer.local_path(video).open("rb")
    except FileNotFoundError:
        return services.restorer.local_path(video).open("rb")


def _whole(stream: BinaryIO, video: Video) -> bytes:
    data = stream.read()
    # No digest: a segment that was just registered and is not hashed yet.
    if len(data) != video.size_bytes or (video.sha256 and hashlib.sha256(data).hexdigest() != video.sha256):
        raise LocalDamage(
            f"'{video.original_filename}' has other bytes on the disk than were saved ({len(data)} of "
            f"{video.size_bytes}). `video_manager scrub` mends it from a good copy.",
            detail={"video_id": video.id},
        )
    return data


_read_wanted = metadata.read_wanted
