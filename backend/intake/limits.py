"""How much may come: the largest file, the disk's reserve, a project's quota."""

from __future__ import annotations

from datetime import UTC, datetime

from backend.catalog import saves
from backend.catalog.database import Database
from backend.disk.atomic import free_bytes
from backend.disk.layout import Layout
from backend.disk.sizes import in_units
from backend.errors import DiskFull, TooLarge
from backend.intake.checks import Fields, read_facts
from backend.intake.quota import QuotaOf, Quotas
from backend.intake.recover import has_abandoned
from backend.settings import Settings


class Limits:
    """What `Intake` refuses by."""

    settings: Settings
    layout: Layout
    database: Database
    quota_of: QuotaOf

    @property
    def quotas(self) -> Quotas:
        return Quotas(self.layout, self.database, self.quota_of)

    def make_room_for(self, upload_id: str, filename: str, fields: Fields, size_bytes: int) -> None:
        """Hold room in the project's quota for an upload whose length was not told when it began."""
        project_id = read_facts(fields, datetime.now(UTC)).project_id
        self.quotas.demand(filename, project_id, size_bytes, upload_id)

    def may_replay(self, caller_id: str, key: str) -> bool:
        """Whether an upload with this key is perhaps the retry of one that was saved: it is answered with that,
        however full its project is by now. A crash may have kept the key out of the catalog until the next sweep."""
        return bool(key) and (has_abandoned(self.layout) or saves.knows_key(self.database, caller_id, key))

    def refuse_too_large(self, original_filename: str, size_bytes: int) -> None:
        limit = self.settings.upload_max_size
        if size_bytes > limit:
            raise TooLarge(
                f"'{original_filename}' is larger than {in_units(limit)}, the most this server takes. "
                "Cut it, or ask an operator to raise UPLOAD_MAX_SIZE.",
                detail={"filename": original_filename, "limit_bytes": limit},
            )

    def keep_reserve(self, coming_bytes: int) -> None:
        """Refuse what would leave less free space than MIN_FREE_BYTES."""
        free = free_bytes(self.layout.incoming)
        reserve = self.settings.min_free_bytes
        if free - coming_bytes < reserve:
            raise DiskFull(
                f"The server has {in_units(free)} free and keeps {in_units(reserve)} in reserve, so there is no room "
                "for this upload. Nothing was saved. Ask an operator to free space.",
                detail={"free_bytes": free, "reserve_bytes": reserve, "coming_bytes": coming_bytes},
            )
