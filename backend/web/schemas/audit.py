"""Who changed what."""

from __future__ import annotations

from typing import Any

from backend.web.schemas.base import Shape


class AuditLine(Shape):
    id: int
    at: str
    who: str
    who_id: str
    address: str
    action: str
    words: str
    video_id: str | None
    project_id: str | None
    what: dict[str, Any]


class AuditPage(Shape):
    success: bool
    audit: list[AuditLine]
    next_cursor: str | None
