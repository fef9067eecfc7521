"""Targets and how they fare."""

from __future__ import annotations

from typing import Any, Literal

from backend.web.schemas.base import Shape
from backend.web.schemas.report import Amount

RequiredOf = Literal["all", "recordings", "named", "none"]


class Target(Shape):
    """`required`: as it is configured. `required_of`: of which videos a copy there is missed until it is verified: of
    all, of recordings alone (a VMS), of those that it was named for (STORAGE_MODE leaves it out otherwise), of none."""

    name: str
    kind: str
    label: str
    enabled: bool
    required: bool
    required_of: RequiredOf
    state: Literal["up", "degraded", "parked", "paused"]
    reason: str | None
    next_probe_at: str | None
    backlog: Amount
    oldest_waiting_at: str | None
    last_success_at: str | None
    last_error_at: str | None
    last_error: str | None


class TargetList(Shape):
    success: bool
    targets: list[Target]


class Check(Shape):
    success: bool
    ok: bool
    message: str
    details: dict[str, Any]
