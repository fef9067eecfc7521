"""Targets and how they fare."""

from __future__ import annotations

from typing import Any, Literal

from backend.web.schemas.base import Shape
from backend.web.schemas.report import Amount


class Target(Shape):
    name: str
    kind: str
    label: str
    enabled: bool
    required: bool
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
