"""What a request says of a resumable upload must fit what is known of it, before a byte is taken."""

from __future__ import annotations

from dataclasses import replace

from backend.disk.partial import PartialFile
from backend.errors import EmptyFile, InconsistentLength, OffsetMismatch
from backend.intake.appending import Append, too_long
from backend.intake.receive import Intake
from backend.intake.unfinished import Record, note_length, record_of


def agree(intake: Intake, file: PartialFile, request: Append) -> Record:
    """The upload as this request will find it; the length that it tells is noted, unless it has still to be proved."""
    known = record_of(file.video_id, file.noted)
    # First: the length may have been reckoned from the offset that the request names.
    check_offset(known, request)
    record = _with_length(known, request.length)
    coming = record.offset + (request.body_bytes or 0)
    if record.length is not None and coming > record.length:
        raise too_long(record, coming)
    intake.refuse_too_large(record.filename, record.length or coming)
    intake.keep_reserve(request.body_bytes or 0)
    if not record.is_part:
        if known.length is None:
            intake.make_room_for(record.id, record.filename, record.fields, record.length or coming)
        file.hold_back(record.length)
    if request.checksum is None:
        note_length(file, record)
    return record


def check_offset(record: Record, request: Append) -> None:
    """Raise `OffsetMismatch` unless the request begins where the upload ends."""
    expected = record.standing().offset
    if request.offset != expected:
        raise OffsetMismatch(
            f"This part of '{record.filename}' begins at byte {request.offset}, but the upload goes on at {expected}.",
            detail={"expected": expected, "provided": request.offset},
        )


def _with_length(record: Record, length: int | None) -> Record:
    if length is None or length == record.length:
        return record
    if length == 0:
        name = record.filename
        raise EmptyFile(f"'{name}' is empty (0 bytes); there is nothing to keep.", detail={"filename": name})
    if record.length is not None or length < record.offset:
        raise _inconsistent(record, length)
    return replace(record, length=length)


def _inconsistent(record: Record, length: int) -> InconsistentLength:
    return InconsistentLength(
        f"'{record.filename}' cannot be {length} bytes long: {record.offset} bytes are here"
        + (f", and {record.length} were declared before." if record.length is not None else "."),
        detail={"length": record.length, "told": length, "offset": record.offset},
    )
