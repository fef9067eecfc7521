"""Finding a resumable upload for its owner, and saying plainly why it cannot go on."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from backend.catalog import tokens, videos
from backend.disk import partial
from backend.errors import LocalDamage, NotFound, UploadGone
from backend.intake.receive import Caller, Intake
from backend.intake.unfinished import Record, has_expired, read


@dataclass(frozen=True)
class Finder:
    intake: Intake

    def known(self, upload_id: str, caller: Caller, protocol: str) -> Record:
        """The upload in whatever state, for its owner only. `protocol` "": whichever. Raises `NotFound`."""
        try:
            # In one spelling only: locks go by it too.
            if str(uuid.UUID(upload_id)) != upload_id:
                raise _unknown(upload_id)
            record = read(self.intake.layout, self.intake.database, upload_id)
        except (ValueError, FileNotFoundError):
            raise _unknown(upload_id) from None
        except LocalDamage as error:
            raise UploadGone(f"This upload cannot go on: {error.message} Begin anew.") from error
        if not self._owns(caller, record) or (protocol and family(protocol) != family(record.protocol)):
            raise _unknown(upload_id)
        return record

    def find(self, upload_id: str, caller: Caller, protocol: str) -> Record:
        """An upload that goes on, or is saved. Raises `NotFound`, `UploadGone`."""
        record = self.known(upload_id, caller, protocol)
        if record.saved is None and not self._has_bytes(record):
            # They have their name among the videos now, or were thrown away: since the record was read, perhaps.
            record = self.known(upload_id, caller, protocol)
        if record.saved is not None:
            return record
        if why := record.ended or self._lost_bytes(record):
            raise UploadGone(
                f"The upload of '{record.filename or record.id}' cannot go on: {_without_advice(why)} Begin anew."
            )
        if has_expired(record):
            raise UploadGone(f"The upload of '{record.filename or record.id}' stood still for too long. Begin anew.")
        return record

    def _has_bytes(self, record: Record) -> bool:
        return partial.part_path(self.intake.layout, record.id).exists()

    def _lost_bytes(self, record: Record) -> str:
        if self._has_bytes(record):
            return ""
        if record.joined is not None:
            return "it went into a video already."
        with self.intake.database.read() as session:
            # Asked once more, aloud: a database that does not answer must not make a saved upload look lost.
            videos.size_of(session, record.id)
        return "its bytes are not there any more."

    def _owns(self, caller: Caller, record: Record) -> bool:
        """Its own; or an admin's, where the catalog lost the owner's token: uploads outlive the catalog."""
        if record.owner_id == caller.id:
            return True
        if not caller.is_admin:
            return False
        with self.intake.database.read() as session:
            return not tokens.is_known(session, record.owner_id)


def family(protocol: str) -> str:
    """A protocol without its version: an upload may be continued by a newer client, not by another protocol."""
    return protocol.partition("-")[0]


def _without_advice(why: str) -> str:
    """The reason without the advice that stands behind it in any case."""
    return why.split(" Begin anew", maxsplit=1)[0]


def _unknown(upload_id: str) -> NotFound:
    return NotFound(f"There is no upload {upload_id[:40]} of yours. Begin anew.")
