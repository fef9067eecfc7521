"""Who is signed in and what they may do; whether the server is ready."""

from __future__ import annotations

from backend.web.schemas.base import Shape
from backend.web.schemas.targets import RequiredOf


class User(Shape):
    name: str
    role: str
    projects: list[str]


class Limits(Shape):
    max_bytes: int
    extensions: list[str]
    trash_days: float


class TargetName(Shape):
    name: str
    kind: str
    label: str
    required: bool
    required_of: RequiredOf


class Session(Shape):
    success: bool
    auth_mode: str
    user: User
    limits: Limits
    targets: list[TargetName]


class Ready(Shape):
    success: bool
    status: str
    problems: list[str]
