"""A target of kind milestone without a VMS: it has footage, never files, and locks as a test tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from backend.catalog import media
from backend.catalog.media import Planned
from backend.errors import TargetError
from backend.offers.offering import Offering
from backend.outbox.clock import instant
from backend.outbox.places import Place
from backend.targets import registry
from backend.targets.base import CheckReport, Expected, Proof, RemoteCopy, Source, Transfer, Verdict
from backend.targets.config import Kind, Option, Shape, TargetConfig
from tests.services.ledger import Ledger
from tests.services.media_site import FACTS

ENDED = "Ended in the VMS: its retention of 7 days passed at 2026-11-27 09:00 UTC."
CAMERA, START, END = "8f4c1f2e", "2026-11-20T09:00:00Z", "2026-11-20T09:00:12Z"


@dataclass
class FootageTarget:
    """`covers` false: the VMS's sequences do not cover what was offered; `ended_at`: its retention passed over that.
    `passing`: why nobody may rely on it alone. Nothing can be read back from it."""

    name: str = "milestone"
    kind: str = "milestone"
    covers: bool = True
    ended_at: datetime | None = None
    passing: str = ""
    puts: int = 0
    link: str = ""
    locks: dict[str, str] = field(default_factory=dict)  # reason by id
    asked: list[str] = field(default_factory=list)
    refuses: TargetError | None = None
    refuses_put: TargetError | None = None
    on_phase: Callable[[str], None] | None = None
    """Called when a phase of a put was stored."""
    offering: Offering | None = None

    def offer_through(self, offering: Offering) -> None:
        self.offering = offering

    def put(self, source: Source, key: str, transfer: Transfer) -> RemoteCopy:
        self.puts += 1
        if self.refuses_put:
            raise self.refuses_put
        for phase in ("offered", "retrieving"):
            transfer.save_resume({**transfer.resume, "phase": phase})
            if self.on_phase:
                self.on_phase(phase)
        transfer.advance(source.size_bytes)
        proof = {"vms_camera_id": CAMERA, "start": START, "end": END, "bookmark_id": "b-1", "lock_id": ""}
        return RemoteCopy(key, proof, self.link)

    def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
        if self.covers:
            return Proof(Verdict.MATCHES, "sequences")
        if self.ended_at:
            return Proof(Verdict.ENDED, "sequences", reason=ENDED, ended_at=self.ended_at)
        return Proof(Verdict.MISSING, "sequences", reason="The VMS's sequences do not cover it.")

    def doubt(self, copy: RemoteCopy) -> str:
        return self.passing

    def check(self) -> CheckReport:
        return CheckReport(True, "It works.")

    def hold(self, copy: RemoteCopy, reason: str) -> RemoteCopy:
        self.asked.append(f"hold {reason}")
        if self.refuses:
            raise self.refuses
        known = str(copy.proof["lock_id"])
        lock_id = known if known in self.locks else f"lock-{len(self.asked)}"
        self.locks[lock_id] = reason
        return replace(copy, proof={**copy.proof, "lock_id": lock_id})

    def let_go(self, copy: RemoteCopy) -> RemoteCopy:
        self.asked.append(f"let go {copy.proof['lock_id']}")
        if self.refuses:
            raise self.refuses
        self.locks.pop(str(copy.proof["lock_id"]), None)
        return replace(copy, proof={**copy.proof, "lock_id": ""})


def footage_place(target: FootageTarget, **options: object) -> Place:
    return Place(TargetConfig(name=target.name, kind=target.kind, label="Milestone", **options), target)  # type: ignore[arg-type]


def register(monkeypatch: pytest.MonkeyPatch) -> list[FootageTarget]:
    """Build this wherever a target of kind milestone is configured; those that were built."""
    built: list[FootageTarget] = []

    def build(config: TargetConfig) -> FootageTarget:
        built.append(FootageTarget(config.name))
        return built[-1]

    texts = ("url", "username", "password", "edge_address", "edge_username", "edge_password", "link", "watch_url")
    options = tuple(Option(name, (Shape.TEXT,), name, default="") for name in texts)
    kind = Kind("milestone", options, build)
    monkeypatch.setitem(registry._BUILT_IN, "milestone", lambda: kind)
    return built


def make_settled(ledger: Ledger, video_id: str, **facts: object) -> None:
    """As if it were looked at, and every picture of it made. `facts`: what was found, else one picture alone."""
    with ledger.database.write() as session:
        video = media.locked(session, video_id)
        assert video is not None
        told = FACTS | {"silent": True, "further_tracks": 0} | facts
        media.adopt(video, [(Planned(media.PROBE, media.SHORT, 0), told)], instant(session))
    ledger.set_video(video_id, media_state="ready")
