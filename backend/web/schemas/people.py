"""Who has a token."""

from __future__ import annotations

from backend.web.schemas.base import Shape


class Token(Shape):
    id: str
    name: str
    role: str
    projects: list[str]
    created_at: str
    last_used_at: str | None
    revoked_at: str | None


class TokenList(Shape):
    success: bool
    count: int
    tokens: list[Token]
