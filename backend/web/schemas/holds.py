"""Holds, and what the retention rules would do."""

from __future__ import annotations

from typing import Literal

from backend.web.schemas.base import Shape


class Hold(Shape):
    """`until_at` null: until somebody releases it."""

    id: str
    reason: str
    owner: str
    created_at: str
    until_at: str | None


class OneHold(Shape):
    success: bool
    hold: Hold


class HoldList(Shape):
    success: bool
    holds: list[Hold]


class RuleWords(Shape):
    name: str
    words: str


class Sum(Shape):
    count: int
    bytes: int


class Totals(Shape):
    expire: Sum
    prune: Sum
    move: Sum
    kept: Sum


class Decision(Shape):
    video_id: str
    filename: str
    project_id: str
    size_bytes: int
    action: Literal["expire", "prune", "move", "keep"]
    rule: str
    reason: str


class RetentionPreview(Shape):
    """`doubt`: why nothing is deleted at present, because the clock looks wrong; "" when it does not.
    `totals_are_exact` false: there are at least so many, and counting goes on when this is asked again."""

    success: bool
    at: str
    doubt: str
    rules: list[RuleWords]
    totals: Totals
    totals_are_exact: bool
    decisions: list[Decision]
    next_cursor: str | None
