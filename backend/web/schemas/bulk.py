"""One change to many videos."""

from __future__ import annotations

from backend.web.schemas.base import Shape


class BulkResult(Shape):
    id: str
    ok: bool
    error: str | None
    code: str | None


class BulkResults(Shape):
    success: bool
    results: list[BulkResult]
