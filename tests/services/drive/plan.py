"""Which faults hit which requests: a plan that a test sets, and a storm that hits any."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.services.drive.faults import (
    Answer,
    DropAfter,
    DropBefore,
    DropMiddle,
    Fault,
    GoBack,
    Hang,
    KeepLess,
    LoseSession,
    RevokeToken,
    error_is_text,
    forbidden,
    html_page,
    message_is_no_text,
    status,
)
from tests.services.drive.replies import plain_reply
from tests.services.drive.wire import Request

Kind = Literal["token", "consent", "start", "session", "download", "metadata"]


@dataclass
class _Plan:
    """Which requests a fault hits."""

    fault: Callable[[], Fault]
    on: str | None
    method: str | None
    path: re.Pattern[str] | None
    times: int | None
    skip: int
    chance: float
    random: random.Random

    def takes(self, request: Request) -> bool:
        if self.times == 0 or self.on not in (None, request.kind) or self.method not in (None, request.method):
            return False
        if self.path and not self.path.search(request.path_without_query):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.random.random() >= self.chance:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """`add` puts a fault behind those that are planned already; the first that fits a request hits it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: list[_Plan] = []
        self._storm: _Storm | None = None
        self.hits: list[tuple[Request, Fault]] = []

    def add(
        self,
        fault: Fault | Callable[[], Fault],
        *,
        on: Kind | None = None,
        method: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        skip: int = 0,
        chance: float = 1.0,
        seed: int = 0,
    ) -> None:
        """`times` None: as long as it stands. `skip`: so many fitting requests go well first."""
        made = fault if not isinstance(fault, Fault) else lambda: fault
        pattern = re.compile(path) if path else None
        plan = _Plan(made, on, method, pattern, times, skip, chance, random.Random(seed))
        with self._lock:
            self._plans.append(plan)

    def storm(self, rate: float, seed: int, *, retry_after_seconds: int = 1, hang_seconds: float = 0.2) -> None:
        """About `rate` of all requests meet something that the real service does at times."""
        with self._lock:
            self._storm = _Storm(rate, random.Random(seed), retry_after_seconds, hang_seconds)

    def clear(self) -> None:
        with self._lock:
            self._plans.clear()
            self._storm = None
        for _, fault in self.hits:
            if isinstance(fault, Hang):
                fault.let_go.set()

    def take(self, request: Request) -> Fault | None:
        with self._lock:
            plan = next((plan for plan in self._plans if plan.takes(request)), None)
            fault = plan.fault() if plan else self._storm.strike(request) if self._storm else None
            if fault:
                self.hits.append((request, fault))
            return fault


@dataclass
class _Storm:
    rate: float
    random: random.Random
    retry_after_seconds: int
    hang_seconds: float

    def strike(self, request: Request) -> Fault | None:
        if self.random.random() >= self.rate:
            return None
        choices = [*self._anywhere()]
        if request.kind != "token":
            choices += [*self._api()]
        if request.kind == "session":
            choices += [*self._session()]
        return self.random.choice(choices)()

    def _anywhere(self) -> list[Callable[[], Fault]]:
        pick = self.random
        return [
            lambda: status(pick.choice([500, 502, 503, 504])),
            lambda: status(pick.choice([500, 502, 503, 504]), stored=True),
            html_page,
            lambda: DropBefore(reset=pick.random() < 0.5),
            lambda: DropMiddle(pick.random()),
            lambda: DropAfter(reset=pick.random() < 0.5),
            lambda: Hang(pick.random() * self.hang_seconds),
        ]

    def _api(self) -> list[Callable[[], Fault]]:
        return [
            lambda: status(429, retry_after_seconds=self.retry_after_seconds),
            lambda: forbidden("rateLimitExceeded"),
            lambda: forbidden("userRateLimitExceeded"),
            RevokeToken,
            error_is_text,
            message_is_no_text,
        ]

    def _session(self) -> list[Callable[[], Fault]]:
        pick = self.random
        return [
            lambda: KeepLess(pick.randint(0, 8)),
            lambda: GoBack(pick.randint(1, 16)),
            lambda: LoseSession(pick.choice([404, 410])),
            lambda: Answer(plain_reply(503, "Service Unavailable")),
        ]
