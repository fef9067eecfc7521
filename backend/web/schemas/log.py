"""Lines of the log."""

from __future__ import annotations

from backend.web.schemas.base import Shape


class LogTail(Shape):
    success: bool
    lines: list[str]
    searched_all: bool
