"""Resumable uploads: the use case behind the tus and the IETF door. An offset that is told is durable for good.

create → append… → the whole save of `receive.Intake` when the last byte is there → only then offset == length.
What an upload is lies in incoming/ as two files (see disk/partial.py), so it outlives every process and the catalog.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from backend.disk import journal, partial
from backend.disk.atomic import discard
from backend.disk.locks import lock, lock_all
from backend.disk.partial import PartialFile
from backend.errors import (
    DigestMismatch,
    DiskFull,
    DuplicateVideo,
    EmptyFile,
    HoldfastError,
    LengthExceeded,
    NotFound,
    QuotaReached,
    Refused,
    StorageError,
)
from backend.intake import checks, tags, words
from backend.intake.agree import agree, check_offset
from backend.intake.appending import Append, Appending, Checksum, Running, Save, Whole
from backend.intake.checks import Facts, Fields
from backend.intake.finding import Finder, family
from backend.intake.joining import join
from backend.intake.pulse import Pulse
from backend.intake.receive import Caller, Intake, Saved, Upload
from backend.intake.taking import Hands
from backend.intake.unfinished import Record, Standing, first_facts, read, record_of
from backend.outbox.enqueue import choose_targets

__all__ = ["Append", "Appending", "Checksum", "Resumables", "Standing", "Wish"]


@dataclass(frozen=True)
class Wish:
    """What a creation asks for. `protocol` ("tus", "rufh-6", "rufh-8") is pinned; `fields` are the form's fields.

    `length` None: told later. `is_part`: one of several to be concatenated, no video of its own. `words`: header
    values that the door gives back verbatim.
    """

    protocol: str
    caller: Caller
    original_filename: str
    fields: Fields
    length: int | None = None
    is_part: bool = False
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Resumables:
    """The use case. One for each process; its uploads belong to all of them."""

    intake: Intake
    hands: Hands
    finder: Finder
    pulse: Pulse = field(default_factory=Pulse)

    def create(self, wish: Wish) -> Standing:
        """Make a new upload, durable when this returns, or refuse it before a byte is read (as `Intake.open`)."""
        return self.begin(wish).standing()

    def begin(self, wish: Wish, **more: object) -> Record:
        """As `create`; `more` facts go into the journal with the first."""
        project_id = self._admit(wish)
        intake, upload_id = self.intake, str(uuid.uuid4())
        facts = first_facts(
            protocol=wish.protocol,
            owner_id=wish.caller.id,
            filename=wish.original_filename,
            fields=wish.fields,
            length=wish.length,
            ttl_hours=intake.settings.incomplete_ttl_hours,
        )
        facts |= {"is_part": wish.is_part, "words": dict(wish.words), **more}
        partial.create(intake.layout, upload_id, facts)
        if project_id is not None:
            self._hold_room(upload_id, wish, project_id)
        intake.log.write(
            "info",
            "receiving",
            upload=upload_id,
            name=wish.original_filename,
            user=wish.caller.name,
            door=wish.protocol,
            declared=wish.length,
        )
        return record_of(upload_id, journal.read(partial.journal_path(intake.layout, upload_id)))

    def look(self, upload_id: str, caller: Caller, protocol: str, *, interrupting: bool = False) -> Standing:
        """How far an upload is. `interrupting`: end a running append first, so that the offset stays as told.

        Raises `NotFound` (not there, or another's, or of another protocol), `UploadGone`, `UploadBusy`.
        """
        record = self.finder.find(upload_id, caller, protocol)
        if not record.is_whole:
            if interrupting and (file := self.hands.take(record)) is not None:
                self.hands.let_go(file)
            elif not interrupting:
                self.hands.rest(record)
            record = self.finder.find(upload_id, caller, protocol)
        return self.hands.settle(record).standing()

    @contextmanager
    def append(self, upload_id: str, caller: Caller, protocol: str, request: Append) -> Iterator[Appending]:
        """Take the upload for one request. Raises what `look` does, `OffsetMismatch`, `InconsistentLength`."""
        record = self.finder.find(upload_id, caller, protocol)
        file = None if record.is_whole else self.hands.take(record)
        if file is None:
            record = self.finder.find(upload_id, caller, protocol)
            check_offset(record, request)
            yield Whole(record)
            return
        try:
            with self._ending_well(file, record):
                record = agree(self.intake, file, request)
                if record.offset and file.frontier.broke_off:
                    self._tell("resumed", record, caller, bytes=record.offset)
                running = Running(self.intake, file, record, request, self._saver(caller))
                with self._watched(running):
                    file.frontier.broke_off = True
                    yield running
                    file.frontier.broke_off = False
        finally:
            self.hands.let_go(file)

    def concatenate(self, wish: Wish, part_ids: list[str]) -> Standing:
        """Make one video of finished parts, in that order; the same request again answers with the same video."""
        return join(self, wish, part_ids)

    def terminate(self, upload_id: str, caller: Caller, protocol: str) -> None:
        """Throw an unfinished upload away. A video that was saved stays."""
        layout = self.intake.layout
        # Not while it is being made a part of a video.
        with lock_all(layout, "join", [upload_id]):
            record = self.finder.known(upload_id, caller, protocol)
            has_bytes = record.saved is None and partial.part_path(layout, record.id).exists()
            file = self.hands.take(record) if has_bytes else None
            # First what is known of it: bytes of which nobody knows anything are removed by the next sweep.
            discard(partial.journal_path(layout, record.id))
            words.forget(layout, record.id)
            if file is not None:
                file.drop()
            self.intake.quotas.release(record.id)
        self.hands.frontiers.pop(record.id)
        self._tell("terminated", record, caller)

    def amend(self, upload_id: str, caller: Caller, fields: Fields) -> bool:
        """Change what is said of an unfinished upload; False when there is none with this id (any more)."""
        with lock(self.intake.layout, "upload", upload_id):
            try:
                record = self.finder.find(upload_id, caller, "")
            except NotFound:
                return False
            if record.is_whole:
                return False
            known = words.of(self.intake.layout, record)
            tags_now = checks.read_facts(known, datetime.now(UTC)).tags
            changed = known | tags.resolved(fields, tags_now)
            checks.read_facts(changed, datetime.now(UTC))
            self.intake.keep_reserve(0)
            words.write(self.intake.layout, record.id, changed)
            self._tell("edited", record, caller, fields=",".join(fields))
        return True

    def save(self, file: PartialFile, record: Record, caller: Caller, sha256: str = "") -> Saved:
        """The whole save of an upload whose bytes are all here. A refusal is final; anything else can be retried."""
        with lock(self.intake.layout, "upload", record.id):
            # What was amended meanwhile counts; from here on an amendment waits, and then finds a video.
            record = read(self.intake.layout, self.intake.database, record.id)
            fields = words.of(self.intake.layout, record)
            file.notes.note({"saving": True})
            extension = checks.check_extension(record.filename, self.intake.settings.allowed_extensions)
            upload = Upload(file, record.filename, extension, caller, family(record.protocol), record.length)
            try:
                saved = self.intake.save(upload, _facts(record.filename, fields, sha256))
            except Refused as error:
                is_again = isinstance(error, DuplicateVideo) and family(record.protocol) == "tus"
                if is_again or isinstance(error, QuotaReached):
                    # tus clients try a 409 again, and a quota can be raised: then they need not send all bytes again.
                    self.hands.unsave(file)
                    raise
                file.notes.note({"ended": error.message})
                words.forget(self.intake.layout, record.id)
                self.intake.abandon(upload, error)
                self.intake.quotas.release(record.id)
                raise
            except StorageError:
                if not upload.published:
                    self.hands.unsave(file)
                raise
            self.hands.note(record.id, saved=saved.video_id, length=file.size_bytes)
            self.intake.quotas.release(record.id)
            words.forget(self.intake.layout, record.id)
        return saved

    def _admit(self, wish: Wish) -> str | None:
        """Refuse what could never be saved before its bytes come. Returns the project; a part has none."""
        intake, name = self.intake, wish.original_filename
        if wish.length == 0:
            raise EmptyFile(f"'{name}' is empty (0 bytes); there is nothing to keep.", detail={"filename": name})
        intake.refuse_too_large(name, wish.length or 0)
        intake.keep_reserve(wish.length or 0)
        if wish.is_part:
            return None
        checks.check_extension(name, intake.settings.allowed_extensions)
        facts = checks.read_facts(wish.fields, datetime.now(UTC))
        choose_targets(
            intake.places, facts.targets, facts.project_id, facts.content_type, is_recording=facts.is_recording
        )
        return facts.project_id

    def _hold_room(self, upload_id: str, wish: Wish, project_id: str) -> None:
        layout = self.intake.layout
        try:
            self.intake.quotas.demand(wish.original_filename, project_id, wish.length or 0, upload_id)
        except BaseException as error:
            discard(partial.journal_path(layout, upload_id))
            discard(partial.part_path(layout, upload_id))
            self.intake.turned_away(wish.caller, error, wish.protocol)
            raise

    def _tell(self, step: str, record: Record, caller: Caller, **more: object) -> None:
        self.intake.log.write("info", step, upload=record.id, name=record.filename, user=caller.name, **more)

    def _saver(self, caller: Caller) -> Save:
        return lambda file, record, sha256: self.save(file, record, caller, sha256)

    @contextmanager
    def _watched(self, running: Running) -> Iterator[None]:
        self.pulse.watch(running)
        try:
            yield
        finally:
            self.pulse.forget(running)

    @contextmanager
    def _ending_well(self, file: PartialFile, record: Record) -> Iterator[None]:
        """Tell the log of an append that broke off. The IETF draft: one beyond the length ends the whole upload."""
        try:
            yield
        except DiskFull as error:
            # After a failed fsync, or once the bytes have their name, other words are true.
            if file.faulty or file.is_closed or file.is_published:
                raise
            raise DiskFull(
                f"The server's disk is full. What came of '{record.filename}' is kept; ask an operator to free space, "
                "and the upload goes on from there.",
                detail={**error.detail, "filename": record.filename},
            ) from error
        except LengthExceeded as error:
            if family(record.protocol) == "rufh":
                self.hands.end(file, error.message)
            raise
        except Exception as error:
            self.intake.log.write(
                "info",
                "interrupted",
                upload=record.id,
                name=record.filename,
                bytes=file.size_bytes if not file.is_closed else None,
                error=error.message if isinstance(error, HoldfastError) else type(error).__name__,
            )
            raise


def _facts(filename: str, fields: Fields, sha256: str) -> Facts:
    facts = checks.read_facts(fields, datetime.now(UTC))
    if sha256 and facts.sha256 not in ("", sha256):
        raise DigestMismatch(
            f"Two different SHA-256 were announced for '{filename}': {facts.sha256} and {sha256}.",
            detail={"filename": filename},
        )
    return replace(facts, sha256=sha256 or facts.sha256)
