"""What was looked at again, what is damaged, and what is being fetched back."""

from __future__ import annotations

from typing import Literal

from backend.web.schemas.base import Shape


class Damage(Shape):
    """`part`: the file, or the JSON beside it. `no_copy`: good bytes are nowhere to be had."""

    video_id: str
    filename: str
    project_id: str
    part: Literal["file", "sidecar"]
    kind: Literal["missing", "shortened", "grown", "changed", "unreadable"]
    reason: str
    no_copy: bool
    found_at: str
    next_attempt_at: str


class LocalScrub(Shape):
    """`checked`: files read again at least once since they were saved; `due`: whose turn has come. `halted`: why the
    last run ended early. `oldest_check_at`: the file that waits longest was last read, or saved, then."""

    checked: int
    due: int
    damaged: int
    oldest_check_at: str | None
    last_run_at: str | None
    halted: str | None
    damages: list[Damage]


class RemoteScrub(Shape):
    checked: int
    due: int
    damaged: int
    oldest_check_at: str | None
    last_run_at: str | None


class Scrub(Shape):
    """`remote` by the target's name."""

    success: bool
    local: LocalScrub
    remote: dict[str, RemoteScrub]


class RestoreProgress(Shape):
    """`bytes_done`: only while it runs. `error`: of the last try, when it failed."""

    state: Literal["here", "running", "failed", "away"]
    bytes_done: int | None
    bytes_total: int
    started_at: str | None
    error: str | None


class OneRestore(Shape):
    success: bool
    restore: RestoreProgress
