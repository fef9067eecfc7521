"""The one use case every upload door calls: open, write, save. A video is durable when `save` returns.

open   refuses early: type, size, quota, disk reserve
write  one temporary file, hashed on the way
save   length and digest compared → fsync → sidecar → link(2) → fsync of the folder → one catalog transaction
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend import mime
from backend.catalog import saves
from backend.catalog.database import Database
from backend.catalog.lines import place_of
from backend.catalog.models import Video
from backend.catalog.videos import EVERYTHING, Scope
from backend.disk.digest import Digests
from backend.disk.incoming import FileInHand, IncomingFile
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.disk.sidecar import Sidecar, VideoFacts
from backend.errors import DigestMismatch, EmptyFile, HoldfastError, IncompleteBody, KeyReused, StorageError
from backend.intake import checks, publish, twins
from backend.intake.checks import Facts
from backend.intake.limits import Limits
from backend.intake.quota import QuotaOf, no_quota
from backend.intake.recover import Recovery, has_abandoned
from backend.log import Level, UploadLog
from backend.outbox.enqueue import choose_targets, first_entries
from backend.outbox.places import Places
from backend.settings import Settings

_SPACE_CHECK_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Caller:
    """Who uploads: the token's id and name, and the projects it may read."""

    id: str
    name: str
    scope: Scope = EVERYTHING
    is_admin: bool = False


@dataclass
class Upload:
    """One upload between `open` and `save`. `declared_bytes` is the file's own size, if the door knows it."""

    file: FileInHand
    original_filename: str
    extension: str
    caller: Caller
    door: str
    declared_bytes: int | None
    started: float = field(default_factory=time.monotonic)
    published: bool = False
    project_id: str | None = None  # as soon as it is known
    any_type: bool = False  # bytes without a name, by a program: kept whatever they are
    room_bytes: int = 0  # held of the project's quota

    @property
    def id(self) -> str:
        return self.file.video_id


@dataclass(frozen=True)
class Saved:
    """A video that is durable. `replayed`: the key was used before, this is what was saved then.

    `row` is the catalog's row at that moment, where it is at hand."""

    video_id: str
    row: Video | None = None
    replayed: bool = False


@dataclass(frozen=True)
class Intake(Limits):
    """The use case and what it works with."""

    settings: Settings
    layout: Layout
    database: Database
    places: Places
    log: UploadLog
    quota_of: QuotaOf = no_quota

    def open(
        self,
        original_filename: str,
        caller: Caller,
        door: str,
        declared_bytes: int | None = None,
        project_id: str | None = None,
        make: Callable[[Layout, str], FileInHand] = IncomingFile,
    ) -> Upload:
        """Begin an upload, or refuse it before a byte is read. `project_id`: where it is known already.

        `make`: the file in hand, of a video's id. One that brings its bytes along needs no room on the disk for them.
        """
        extension = checks.check_extension(original_filename, self.settings.allowed_extensions)
        self.refuse_too_large(original_filename, declared_bytes or 0)
        self.keep_reserve((declared_bytes or 0) if make is IncomingFile else 0)
        upload = Upload(
            make(self.layout, str(uuid.uuid4())),
            original_filename,
            extension,
            caller,
            door,
            declared_bytes,
        )
        self._tell("receiving", upload, door=door, declared=declared_bytes)
        if project_id is not None:
            try:
                self.make_room(upload, project_id, declared_bytes or 0)
            except BaseException as error:
                self.abandon(upload, error)
                raise
        return upload

    def make_room(self, upload: Upload, project_id: str, coming_bytes: int) -> None:
        """Hold room in the project's quota for so many bytes, or for what came, if that is more."""
        needed_bytes = max(coming_bytes, upload.file.size_bytes)
        upload.project_id = project_id
        if self.quotas.demand(upload.original_filename, project_id, needed_bytes, upload.id):
            upload.room_bytes = max(1, needed_bytes)

    def write(self, upload: Upload, piece: bytes | bytearray) -> None:
        """Take the next bytes; the caller must not change `piece` afterwards."""
        before = upload.file.size_bytes
        self.refuse_too_large(upload.original_filename, before + len(piece))
        if before // _SPACE_CHECK_BYTES != (before + len(piece)) // _SPACE_CHECK_BYTES:
            self.keep_reserve(0)
            if upload.project_id is not None and before + len(piece) > upload.room_bytes:
                self.make_room(upload, upload.project_id, before + len(piece))
        upload.file.write(piece)

    def save(self, upload: Upload, facts: Facts, idempotency_key: str = "") -> Saved:
        """Make the upload durable and listed. Whatever is raised, nothing was acknowledged."""
        self._check_whole(upload)
        digests = self._seal(upload)
        sha256 = digests.sha256
        if facts.sha256 and facts.sha256 != sha256:
            raise DigestMismatch(
                f"'{upload.original_filename}' arrived with SHA-256 {sha256}, but {facts.sha256} was announced. "
                "It was changed on the way or is another file; send it again.",
                detail={"filename": upload.original_filename, "received": sha256, "announced": facts.sha256},
            )
        self._tell("received", upload, door=upload.door, bytes=upload.file.size_bytes, sha256=sha256)
        earlier = self._earlier(upload, sha256, idempotency_key)
        if earlier is not None:
            self._let_go(upload)
            return self._replayed(upload, earlier)
        self.make_room(upload, facts.project_id, 0)
        targets = choose_targets(
            self.places, facts.targets, facts.project_id, facts.content_type, is_recording=facts.is_recording
        )
        draft = self._draft(upload, facts, digests, targets, idempotency_key)
        # Of several that end at once with the same content, all but one are to be refused.
        rejects = self.settings.duplicates == "reject"
        with lock(self.layout, "content", sha256) if rejects else nullcontext():
            twin = twins.find(self, upload, sha256)
            placed = publish.publish(self.layout, upload.file, twin, draft, facts.saved_at)
            upload.published = True
            return self._register(upload, placed)

    def abandon(self, upload: Upload, error: BaseException) -> None:
        """Throw away what came of an upload that will not be saved; kept in quarantine when the disk failed on it."""
        try:
            if upload.published:
                # Durable, but not in the catalog: the name without a lock tells the sweep to adopt it.
                upload.file.close()
            elif upload.file.faulty:
                upload.file.set_aside()
                self.quotas.release(upload.id)
            else:
                self._let_go(upload)
        except StorageError as late:
            # The caller must hear of the first failure; the sweep removes what stays.
            self._tell("left_behind", upload, error=late.message)
        self._tell("refused", upload, bytes=upload.file.size_bytes, **_why(error), door=upload.door)

    def turned_away(self, caller: Caller, error: BaseException, door: str) -> None:
        """Tell the log of an upload that was refused before it had an id: an operator must see a full disk at work."""
        self.log.write("warning", "refused", user=caller.name, **_why(error), door=door)

    def _check_whole(self, upload: Upload) -> None:
        name, size = upload.original_filename, upload.file.size_bytes
        if size == 0:
            raise EmptyFile(f"'{name}' is empty (0 bytes); there is nothing to keep.", detail={"filename": name})
        if upload.declared_bytes is not None and size != upload.declared_bytes:
            raise IncompleteBody(
                f"'{name}' was declared with {upload.declared_bytes} bytes, but {size} arrived. Send it again.",
                detail={"filename": name, "declared_bytes": upload.declared_bytes, "received_bytes": size},
            )
        if not upload.extension and not upload.any_type:
            found = mime.by_content(upload.file.head(mime.HEAD_BYTES))
            upload.extension = mime.extension_for(found or "") or ""
            if upload.extension not in self.settings.allowed_extensions:
                raise checks.not_allowed(name, found or "no extension", self.settings.allowed_extensions)

    def _seal(self, upload: Upload) -> Digests:
        started = time.monotonic()
        digests = upload.file.seal()
        self.log.write("debug", "durable", upload=upload.id, fsync_seconds=round(time.monotonic() - started, 3))
        return digests

    def _draft(self, upload: Upload, facts: Facts, digests: Digests, targets: list[str], key: str) -> Sidecar:
        """The sidecar but for what the moment of publishing decides: name, place and instants."""
        now = datetime.now(UTC)
        is_segment = place_of(facts.camera_id, facts.start_at, facts.end_at) is not None
        video = VideoFacts(
            id=upload.id,
            bytes_id=upload.id,
            project_id=facts.project_id,
            original_filename=upload.original_filename,
            stored_filename="",
            relative_path="",
            sha256=digests.sha256,
            sha1=digests.sha1,
            size_bytes=upload.file.size_bytes,
            mime_type=mime.media_type(upload.file.head(mime.HEAD_BYTES), upload.extension),
            title=facts.title,
            description=facts.description,
            tags=facts.tags,
            content_type=facts.content_type,
            source=facts.source,
            camera_id=facts.camera_id,
            start_at=facts.start_at,
            end_at=facts.end_at,
            segment_backend=self.settings.segment_backend if is_segment else "",
            metadata=facts.metadata,
            uploaded_by=upload.caller.name,
            uploaded_by_id=upload.caller.id,
            node=self.settings.node_name,
            door=upload.door,
            idempotency_key=key,
            saved_at=now,
            updated_at=now,
            expires_at=facts.expires_at,
        )
        return Sidecar(video=video, deliveries=first_entries(targets))

    def _register(self, upload: Upload, placed: Sidecar) -> Saved:
        video, seconds = placed.video, time.monotonic() - upload.started
        try:
            row = saves.save(self.database, placed, upload.caller.id)
        except KeyReused:
            self._take_back(upload, placed)
            raise
        except StorageError as error:
            # The bytes are published and durable; taking them back could undo a commit that did happen.
            raise type(error)(
                "The file is safe on the server's disk, but the database did not take it in. It will be listed "
                "when the database is well again; sending it again is safe too.",
                detail=error.detail,
            ) from error
        if row.id != video.id:
            self._take_back(upload, placed)
            return self._replayed(upload, row.id)
        self._let_go(upload)
        self._tell(
            "saved",
            upload,
            door=upload.door,
            stored=video.stored_filename,
            bytes=video.size_bytes,
            seconds=round(seconds, 3),
            duplicate_of=video.duplicate_of,
            segment=row.segment_backend or None,
        )
        self._tell("queued", upload, targets=",".join(d.target for d in placed.deliveries) or "none")
        return Saved(video.id, row)

    def _replayed(self, upload: Upload, video_id: str) -> Saved:
        """The key was used before: what was saved then is the answer."""
        self._tell("replayed", upload, door=upload.door, saved=video_id)
        return Saved(video_id, replayed=True)

    def _earlier(self, upload: Upload, sha256: str, key: str) -> str | None:
        """What this caller saved with this key, also when a crash kept it out of the catalog until now."""
        if key and has_abandoned(self.layout):
            Recovery(self.layout, self.database, self.log).sweep()
        return saves.earlier_save(self.database, upload.caller.id, key, sha256)

    def _take_back(self, upload: Upload, placed: Sidecar) -> None:
        """Another upload has the key: this one must not be listed beside it."""
        try:
            publish.withdraw(self.layout, placed)
        except StorageError as error:
            self._tell("left_behind", upload, error=error.message)
        upload.published = False
        self._let_go(upload)

    def _let_go(self, upload: Upload) -> None:
        """Its bytes have their name among the videos, or are not wanted; so it holds no room on its own."""
        upload.file.drop()
        if upload.room_bytes:
            self.quotas.release(upload.id)

    def _tell(self, step: str, upload: Upload, **more: object) -> None:
        level: Level = "warning" if "error" in more else "info"
        self.log.write(level, step, upload=upload.id, name=upload.original_filename, user=upload.caller.name, **more)


def _why(error: BaseException) -> dict[str, str | None]:
    """In words, and in the one word for programs."""
    if isinstance(error, HoldfastError):
        return {"error": error.message, "code": error.code}
    return {"error": type(error).__name__}
