"""The room that videos take, and how much of them is safe."""

from __future__ import annotations

from backend.web.schemas.base import Shape


class Amount(Shape):
    count: int
    bytes: int


class StorageStats(Shape):
    success: bool
    total_videos: int
    total_size_bytes: int
    total_size_mb: float
    physical_bytes: int
    disk_free_bytes: int
    oldest: str | None
    newest: str | None
    by_project: dict[str, Amount]
    by_content_type: dict[str, Amount]
    deliveries: dict[str, dict[str, Amount]]


class Named(Shape):
    name: str
    count: int
    bytes: int


class OnTarget(Shape):
    target: str
    state: str
    count: int
    bytes: int


class OnDay(Shape):
    day: str
    count: int
    bytes: int


class ReportTotal(Shape):
    videos: int
    bytes: int
    physical_bytes: int
    disk_free_bytes: int
    disk_total_bytes: int


class Safe(Shape):
    """`verified`: with a verified copy. Of the others: those that wait for one, and those that need a person. `exempt`:
    those of which no target is required, while a VMS is of recordings."""

    videos: int
    verified: int
    waiting: int
    needs_person: int
    exempt: int


class StorageReport(Shape):
    success: bool
    total: ReportTotal
    by_project: list[Named]
    by_label: list[Named]
    by_state: list[Named]
    by_target: list[OnTarget]
    over_time: list[OnDay]
    safe: Safe
