"""Share links."""

from __future__ import annotations

from backend.web.schemas.base import Shape


class Share(Shape):
    id: str
    video_id: str
    url: str
    label: str
    may_download: bool
    created_by: str
    created_at: str
    expires_at: str
    revoked_at: str | None
    opened: int
    last_opened_at: str | None


class OneShare(Shape):
    success: bool
    share: Share


class ShareList(Shape):
    success: bool
    count: int
    shares: list[Share]


class ListedShare(Share):
    filename: str


class SharePage(Shape):
    success: bool
    count: int
    shares: list[ListedShare]
    next_cursor: str | None
