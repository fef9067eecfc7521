"""What a house sees: the disk before and after each act, and by rules of its own what may have gone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from backend.disk.sidecar import Sidecar, read_sidecar
from backend.retention.rules import Retention, Rule
from tests.services.ledger import Ledger, MemoryTarget

DAY = timedelta(days=1)
TRASH_DAYS = 3
GONE = ("purging", "purged")
RULES = {
    "none": Retention(),
    "soon": Retention((Rule("soon", keep_local_days=1),)),
    "two copies": Retention((Rule("two", keep_local_days=0, keep_local_copies=2),)),
    "cold": Retention((Rule("cold", keep_local_days=1, move_to="cold", move_after_days=2),)),
    "expire": Retention((Rule("keep", tags=("keep",)), Rule("expire", expire_after_days=4, keep_local_days=2))),
}


class Killed(BaseException):
    """The process was killed here: nothing that comes after it happens."""


class Broken(AssertionError):
    """Something went that policy and a verified copy do not allow."""


@dataclass
class Kept:
    """What is known of one video. Instants are true ones."""

    content: bytes
    path: str
    saved_at: datetime
    tags: tuple[str, ...] = ()
    expires_at: datetime | None = None
    trashed_at: datetime | None = None
    holds: dict[str, datetime | None] = field(default_factory=dict)

    def held(self, at: datetime) -> bool:
        return any(until is None or at < until for until in self.holds.values())


@dataclass(frozen=True)
class Seen:
    here: bool
    state: str
    trashed: bool


class Eyes:
    """Everything is known by the true time; none of the parts that decide is asked."""

    home: Path
    ledger: Ledger
    now: datetime
    wrong: timedelta  # how far the clock is off
    videos: dict[str, Kept]
    rules: str
    flaky: MemoryTarget
    happened: Counter[str]

    def demand_all(self) -> None:
        """Every video that is listed can be read back."""
        for video_id in self.videos:
            if self._see(video_id).state not in GONE:
                self._demand(self._is_here(video_id) or self._copies(video_id) > 0, "a video cannot be read back")

    def _look(self, act: str, before: dict[str, Seen]) -> None:
        for video_id, seen in before.items():
            kept, after = self.videos[video_id], self._see(video_id)
            if seen.here and not after.here:
                self.happened[f"{act.split(maxsplit=1)[0]}: {after.state}"] += 1
                self._judge_gone(act, video_id, kept, after)
            if after.trashed and not seen.trashed:
                self.happened[f"{act}: trashed"] += 1
                self._judge_trashed(act, kept)
                kept.trashed_at = self.now
            if not after.trashed:
                kept.trashed_at = None
            self._learn_holds(video_id, kept)

    def _judge_gone(self, act: str, video_id: str, kept: Kept, after: Seen) -> None:
        self._demand(after.state != "present", f"{act}: bytes went that nobody had marked")
        self._demand(not kept.held(self.now), f"{act}: bytes of a held video went")
        if act == "restart":
            # What was marked before the kill was judged then; only the end of the trash goes on by itself.
            self._demand(after.state in GONE, "restart: bytes went whose copies nobody asked again")
            return
        self._demand(not self.wrong, f"{act}: bytes went while the clock was wrong")
        if after.state in GONE:
            over = kept.trashed_at is not None and self.now - kept.trashed_at >= TRASH_DAYS * DAY
            self._demand(act == "purge" and over, f"{act}: bytes went before their time in the trash was over")
            return
        rule = self._rule_of(act, kept)
        self._demand(rule is not None and rule.keep_local_days is not None, f"{act}: bytes went by no rule")
        assert rule is not None
        assert rule.keep_local_days is not None
        self._demand(kept.trashed_at is None, f"{act}: local bytes of a trashed video went")
        self._demand(self.now - kept.saved_at >= rule.keep_local_days * DAY, f"{act}: bytes went too young")
        self._demand(self._has("nas", video_id), f"{act}: bytes went that the required target does not have")
        enough = self._copies(video_id) >= (rule.keep_local_copies or 1)
        self._demand(enough, f"{act}: bytes went with too few copies")
        self._demand(not rule.move_to or self._has(rule.move_to, video_id), f"{act}: bytes went before their move")

    def _judge_trashed(self, act: str, kept: Kept) -> None:
        self._demand(act in ("trash", "rules"), f"{act}: a video went into the trash")
        self._demand(not kept.held(self.now), f"{act}: a held video went into the trash")
        if act == "trash":
            return
        self._demand(not self.wrong, f"{act}: a video expired while the clock was wrong")
        rule = self._rule_of(act, kept)
        days = rule.expire_after_days if rule else None
        old = days is not None and self.now - kept.saved_at >= days * DAY
        over = kept.expires_at is not None and self.now >= kept.expires_at
        self._demand(old or over, f"{act}: a video expired too young")

    def _rule_of(self, act: str, kept: Kept) -> Rule | None:
        if act.startswith("cleanup "):
            return Rule(act, keep_local_days=float(act.split()[1]))
        if act != "rules":
            return None
        return next((r for r in RULES[self.rules].rules if not r.tags or set(r.tags) & set(kept.tags)), None)

    def _learn_holds(self, video_id: str, kept: Kept) -> None:
        """What the sidecar says after an act that was killed is what counts; an end is never moved."""
        found = {one.id: one.until_at for one in self.doc(video_id).holds}
        self._demand(all(found.get(i, u) == u for i, u in kept.holds.items()), "the end of a hold was changed")
        kept.holds = found

    def _demand(self, fine: bool, words: str) -> None:
        if not fine:
            raise Broken(words)

    def doc(self, video_id: str) -> Sidecar:
        return read_sidecar(self.ledger.services.layout.sidecar_of(self._path_of(video_id)))

    def _path_of(self, video_id: str) -> str:
        return self.videos[video_id].path

    def _see(self, video_id: str) -> Seen:
        doc = self.doc(video_id)
        return Seen(self._is_here(video_id), doc.local.state, doc.video.trashed_at is not None)

    def _is_here(self, video_id: str) -> bool:
        path = self.ledger.services.layout.absolute(self._path_of(video_id))
        return path.exists() and path.read_bytes() == self.videos[video_id].content

    def _copy(self, target: str, video_id: str) -> Path:
        return self.home / target / self._key(video_id)

    def _key(self, video_id: str) -> str:
        return self._path_of(video_id).removeprefix("uploads/project_")

    def _has(self, target: str, video_id: str) -> bool:
        if target == "flaky":
            found = self.flaky.objects.get(self._key(video_id))
        else:
            copy = self._copy(target, video_id)
            found = copy.read_bytes() if copy.exists() else None
        return found == self.videos[video_id].content

    def _copies(self, video_id: str) -> int:
        return sum(self._has(target, video_id) for target in ("nas", "cold", "flaky"))
