"""What becomes of a video: facts, rules and the time in, one decision with its reason out. Pure.

A copy counts when it is verified, on a target that is configured and keeps what it has. Footage in a VMS is no copy of
the file: it is enough for the local bytes to go only where STORAGE_MODE says that recordings live there. Nothing is
decided against a video that is held or in the trash, nor by a clock that is doubted. Only `expire` and `prune` take
something away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from backend.catalog.clock import Time
from backend.retention.rules import Retention, Rule

Action = Literal["expire", "prune", "move", "keep"]
TTL = "ttl_hours"
# Whatever the target, these are sent from the local bytes.
_ON_THE_WAY = ("pending", "in_progress", "parked", "damaged")


@dataclass(frozen=True)
class Copy:
    """One delivery as the ledger has it; `state` "": there is none. Ephemeral ones are no copies to rely on.

    `footage`: it never gives the file back. `lacks`: why the local bytes stay unless another one suffices, or "".
    """

    state: str
    required: bool
    ephemeral: bool = False
    footage: bool = False
    lacks: str = ""

    @property
    def suffices(self) -> bool:
        return not self.lacks

    @property
    def counts(self) -> bool:
        return self.state == "delivered" and not self.ephemeral

    @property
    def ended(self) -> bool:
        """A VMS let it go when its time there was over: of a listed video nothing else is deleted."""
        return self.state == "deleted" and self.footage


@dataclass(frozen=True)
class Facts:
    """What the decision is made from. `copies`: each required target, and each configured one that is to have it."""

    saved_at: datetime
    expires_at: datetime | None = None
    local_state: str = "present"
    held: str = ""  # why, in words
    trashed: bool = False
    project_id: str = ""
    label: str = ""
    camera_id: str = ""
    tags: tuple[str, ...] = ()
    copies: Mapping[str, Copy] | None = None

    def copy(self, target: str) -> Copy:
        return (self.copies or {}).get(target) or Copy("", required=False)


@dataclass(frozen=True)
class Decision:
    """`rule` is the name of the one that decided, "" for none."""

    action: Action
    rule: str
    reason: str

    @property
    def prune(self) -> bool:
        return self.action == "prune"


class Judge(Protocol):
    """By what a video is judged: all rules, or one that a person asks for just now."""

    def rule_for(self, video: Facts) -> Rule | None:
        """The rule that decides about it."""

    def decide(self, video: Facts, time: Time) -> Decision:
        """What becomes of it."""


@dataclass(frozen=True)
class ByRules:
    retention: Retention

    def rule_for(self, video: Facts) -> Rule | None:
        return self.retention.rule_for(video.project_id, video.label, video.camera_id, video.tags)

    def decide(self, video: Facts, time: Time) -> Decision:
        return decide(video, self.retention, time)


@dataclass(frozen=True)
class ByDays:
    """What a person asks for by `cleanup DAYS`."""

    days: float

    def rule_for(self, video: Facts) -> Rule:
        return Rule(f"cleanup {self.days:g}", keep_local_days=self.days)

    def decide(self, video: Facts, time: Time) -> Decision:
        return decide_prune(video, self.rule_for(video), time)


def decide(video: Facts, retention: Retention, time: Time) -> Decision:
    """One video by all rules. Every copy that is counted on is still verified again before anything goes."""
    video = _as_stamped(video, time)
    rule = retention.rule_for(video.project_id, video.label, video.camera_id, video.tags)
    name = rule.name if rule else ""
    if objection := _objection(video, time):
        return Decision("keep", name, objection)
    if expiry := _expiry(video, rule, time.certain_at):
        return expiry
    if rule is None:
        return Decision("keep", "", "no rule applies to it")
    if _is_to_move(video, rule, time.certain_at):
        return Decision("move", name, f"it is older than {_days(rule.move_after_days or 0)} and not on {rule.move_to}")
    if rule.keep_local_days is None:
        return Decision("keep", name, _waiting(video, rule))
    return decide_prune(video, rule, time)


def decide_prune(video: Facts, rule: Rule, time: Time) -> Decision:
    """May its local bytes go by this rule? Nothing else is asked of it."""
    video = _as_stamped(video, time)
    reason = _objection(video, time) or _against_prune(video, rule, time.certain_at)
    if reason:
        return Decision("keep", rule.name, reason)
    return Decision("prune", rule.name, f"verified on {', '.join(counted(video.copies or {}))}")


def counted(copies: Mapping[str, Copy]) -> list[str]:
    """The names of the targets whose copies are relied on."""
    return sorted(name for name, copy in copies.items() if copy.counts)


def sufficing(copies: Mapping[str, Copy], names: Iterable[str]) -> int:
    """How many of these make up for the local bytes."""
    return sum(copies[name].suffices for name in names)


def needed(rule: Rule) -> int:
    """How many verified copies the local bytes wait for."""
    return max(1, rule.keep_local_copies or 1)


def must_have(copies: Mapping[str, Copy], rule: Rule) -> set[str]:
    """The targets that must each hold a verified copy before the local bytes go. One whose copy has ended is not waited
    for by those whose file another target has."""
    made_up_for = sufficing(copies, counted(copies)) > 0
    required = {name for name, copy in copies.items() if copy.required and not (copy.ended and made_up_for)}
    return required | set(rule.needs) | ({rule.move_to} if rule.move_to else set())


def _as_stamped(video: Facts, time: Time) -> Facts:
    """As young as it may be: one that was saved under a clock that was set back looks old at once."""
    since = time.since(video.saved_at)
    late = since - video.saved_at
    return replace(video, saved_at=since, expires_at=video.expires_at and video.expires_at + late) if late else video


def _objection(video: Facts, time: Time) -> str:
    if video.trashed:
        return "it is in the trash"
    if video.held:
        return f"it is held: {video.held}"
    if time.doubt:
        return time.doubt
    if video.saved_at > time.certain_at:
        return "it was saved in the future: the clock looks wrong"
    return ""


def _expiry(video: Facts, rule: Rule | None, now: datetime) -> Decision | None:
    if video.expires_at is not None and video.expires_at <= now:
        return Decision("expire", TTL, f"its time was over at {video.expires_at:%Y-%m-%d %H:%M}Z")
    if rule is None or rule.expire_after_days is None or _is_younger(video, rule.expire_after_days, now):
        return None
    return Decision("expire", rule.name, f"it is older than {_days(rule.expire_after_days)}")


def _is_to_move(video: Facts, rule: Rule, now: datetime) -> bool:
    if not rule.move_to or rule.move_after_days is None or _is_younger(video, rule.move_after_days, now):
        return False
    return video.copy(rule.move_to).state == ""


def _waiting(video: Facts, rule: Rule) -> str:
    state = video.copy(rule.move_to).state if rule.move_to else ""
    if state:
        return f"its copy on {rule.move_to} is {'verified' if state == 'delivered' else state}"
    return "it is too young for what the rule does" if rule.move_to or rule.expire_after_days else "the rule keeps it"


def _against_prune(video: Facts, rule: Rule, now: datetime) -> str:
    copies = video.copies or {}
    if video.local_state != "present":
        return "the local bytes are gone already"
    if _is_younger(video, rule.keep_local_days or 0, now):
        return f"it is younger than {_days(rule.keep_local_days or 0)}"
    if not counted(copies) and not must_have(copies, rule):
        return "no required target is configured, so this is the only copy"
    if missing := sorted(n for n in must_have(copies, rule) if not video.copy(n).counts):
        return f"not verified on {', '.join(missing)}"
    there = counted(copies)
    if there and not sufficing(copies, there):
        return "; ".join(f"{name} {copies[name].lacks}" for name in there)
    if sufficing(copies, there) < needed(rule):
        return f"{sufficing(copies, there)} of {needed(rule)} verified copies exist"
    if on_the_way := sorted(name for name, copy in copies.items() if copy.state in _ON_THE_WAY and not copy.ephemeral):
        return f"still to be sent to {', '.join(on_the_way)}"
    return ""


def _is_younger(video: Facts, days: float, now: datetime) -> bool:
    return now - video.saved_at < timedelta(days=days)


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:g} days"


def thresholds(rules: Collection[Rule]) -> list[float]:
    """Every age in days at which some decision may change."""
    ages = (age for r in rules for age in (r.expire_after_days, r.keep_local_days, r.move_after_days))
    return sorted({age for age in ages if age is not None})
