"""The same content again: share its bytes if they are still good, repair them if not, or refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.catalog import videos
from backend.catalog.describe import describe
from backend.disk.stored import is_good
from backend.errors import DuplicateVideo
from backend.outbox.heal import Healer

if TYPE_CHECKING:
    from backend.intake.receive import Intake, Upload


@dataclass(frozen=True)
class Twin:
    """An older video with the same bytes. `shares`: its file is good, so the new video may be a second name of it."""

    video_id: str
    bytes_id: str
    relative_path: str
    shares: bool


def find(intake: Intake, upload: Upload, sha256: str) -> Twin | None:
    """The older video among those the caller may read, its file hashed again just now; None for what is not hashed."""
    if not sha256:
        return None
    with intake.database.look() as connection:
        if not videos.any_with(connection, sha256, upload.file.size_bytes):
            return None
    with intake.database.read() as session:
        older = videos.same_content(session, sha256, upload.file.size_bytes, upload.caller.scope)
        shown = describe(older) if older is not None else {}
    if older is None:
        return None
    place = intake.layout.absolute(older.relative_path)
    good = is_good(place, older.size_bytes, sha256)
    # One that was damaged may share its bytes with others. What the ledger knows to be bad is mended in any case.
    source = place if good else upload.file.path
    healer = Healer(intake.layout, intake.database, intake.log, source, older.size_bytes, sha256)
    healer.heal(upload.id, known_only=good)
    if good and intake.settings.duplicates == "reject":
        raise DuplicateVideo(
            f"'{upload.original_filename}' is here already as '{older.original_filename}' ({older.id}).",
            detail={"filename": upload.original_filename, "video": shown},
        )
    return Twin(older.id, older.bytes_id, older.relative_path, shares=good)
