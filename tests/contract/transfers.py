"""Transfers for tests: one that remembers what it was told, one that stops a put at a chosen byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.errors import TransferCancelled


@dataclass
class Told:
    """Keeps the resume state as the outbox would, and every figure of `advance`."""

    resume: Mapping[str, Any] = field(default_factory=dict)
    is_first: bool = False
    advances: list[int] = field(default_factory=list)

    def save_resume(self, state: Mapping[str, Any]) -> None:
        self.resume = dict(state)

    def advance(self, done_bytes: int) -> None:
        self.advances.append(done_bytes)


@dataclass
class CancelAt(Told):
    """Cancels once so many bytes are at the remote."""

    at_bytes: int = 0

    def advance(self, done_bytes: int) -> None:
        super().advance(done_bytes)
        if done_bytes >= self.at_bytes:
            raise TransferCancelled("The worker stops.")
