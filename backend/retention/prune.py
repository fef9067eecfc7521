"""Pruning: local bytes go only where every copy relied on verifies at that moment. Mark, unlink, record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from backend.catalog import videos
from backend.catalog.clock import Clock, Time
from backend.catalog.database import Database
from backend.catalog.models import Delivery, JobState, MediaState, Video
from backend.disk import sidecar
from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar
from backend.errors import StorageError, TargetError
from backend.log import UploadLog
from backend.outbox.damage import note_damage
from backend.outbox.ended import WHILE_HELD, note_end
from backend.outbox.places import Places
from backend.outbox.twice import Twice
from backend.retention import policy
from backend.retention.facts import facts_of, facts_of_sidecar
from backend.retention.policy import ByDays, Decision, Facts, Judge
from backend.retention.remove import Remover
from backend.retention.rules import Rule
from backend.targets.base import Expected, Perishable, RemoteCopy, Verdict

_PAGE = 200
_BEING_MADE = (JobState.WAITING, JobState.RUNNING)
_UNREADABLE = "its sidecar cannot be read, so it may be held: see `video_manager doctor`"


@dataclass(frozen=True)
class Judged:
    """One video and what was decided for it. `doubted`: a target did not confirm the copy it is to hold."""

    video_id: str
    name: str
    project_id: str
    size_bytes: int
    decision: Decision
    doubted: bool = False


def judged(video: Video, decision: Decision) -> Judged:
    return Judged(video.id, video.original_filename, video.project_id, video.size_bytes, decision)


@dataclass(frozen=True)
class Pruner:
    layout: Layout
    database: Database
    places: Places
    log: UploadLog
    clock: Clock
    twice: Twice = field(default_factory=Twice)

    def plan(self, days: float) -> Iterator[Judged]:
        """What `cleanup DAYS` would do to each video older than that, and why, the oldest first. Touches nothing."""
        time, judge = self.clock.read(), ByDays(days)
        return (judged(video, self._judge(video, judge, time)[0]) for video in self._old(time, days))

    def execute(self, days: float) -> Iterator[Judged]:
        """Prune what the plan allows and every required copy confirms now; tells each as it is done."""
        return (self.prune(j.video_id, ByDays(days)) if j.decision.prune else j for j in self.plan(days))

    def prune(self, video_id: str, judge: Judge) -> Judged:
        """Take one video's local bytes away if that is decided now, and every copy it relies on confirms."""
        with self.database.read() as session:
            video = videos.get(session, video_id)
        # Much may have changed since the plan was made, minutes ago.
        decision, facts = self._judge(video, judge, self.clock.read())
        rule = judge.rule_for(facts)
        if not decision.prune or rule is None:
            return judged(video, decision)
        if doubt := _unfinished(video, facts) or self._doubt(video, rule, facts):
            self.log.write("warning", "kept", upload=video.id, name=video.original_filename, error=doubt)
            return replace(judged(video, Decision("keep", rule.name, doubt)), doubted=True)
        last = [decision]

        def still(doc: Sidecar) -> bool:
            # The copies took their time: a hold, a tag or the trash may have come, or a clock may have been set.
            time = self.clock.read()
            here = "present" if doc.local.state == "pruning" else doc.local.state
            now = replace(facts_of_sidecar(doc, time.certain_at), copies=facts.copies, local_state=here)
            last[0] = judge.decide(now, time)
            return last[0].prune

        remover = Remover(self.layout, self.database, self.places, self.log, self.clock.now)
        # "pruning" in the sidecar of a video that is here: a crash came between that mark and the row's.
        if remover.remove(video, "pruned", still, rule=rule.name, reason=decision.reason):
            told = {"upload": video.id, "name": video.original_filename, "rule": rule.name, "why": decision.reason}
            self.log.write("info", "pruned", **told)
        elif last[0].prune:
            last[0] = Decision("keep", rule.name, "it is held")
        return judged(video, last[0])

    def _old(self, time: Time, days: float) -> Iterator[Video]:
        before, last = time.now - timedelta(days=days), None
        while True:
            with self.database.read() as session:
                page = videos.local_before(session, before, last, _PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            last = (page[-1].created_at, page[-1].id)

    def _judge(self, video: Video, judge: Judge, time: Time) -> tuple[Decision, Facts]:
        try:
            holds = sidecar.read_sidecar(self.layout.sidecar_of(video.relative_path)).holds
        except (StorageError, FileNotFoundError):
            facts = facts_of(video, self.places, (), time.certain_at)
            rule = judge.rule_for(facts)
            return Decision("keep", rule.name if rule else "", _UNREADABLE), facts
        facts = facts_of(video, self.places, holds, time.certain_at)
        return judge.decide(facts, time), facts

    def _doubt(self, video: Video, rule: Rule, facts: Facts) -> str:
        """Ask every target whose copy is relied on; what is not a clear yes, or "" when enough of them said it."""
        copies = facts.copies or {}
        names = policy.counted(copies)
        relied_on = [delivery for delivery in video.deliveries if delivery.target in names]
        # For the bytes here nobody may rely on one of these alone; where that decides it, no copy need be looked at.
        makes_up = (delivery for delivery in relied_on if copies[delivery.target].suffices)
        passing = {delivery.target: doubt for delivery in makes_up if (doubt := self._why_passing(delivery))}
        if policy.sufficing(copies, set(names) - passing.keys()) < policy.needed(rule):
            return "; ".join(passing.values()) or "too few copies are verified"
        asked = {delivery.target: self._ask(video, delivery) for delivery in relied_on}
        confirmed = {name for name, doubt in asked.items() if not doubt}
        lasting = policy.sufficing(copies, confirmed - passing.keys())
        if policy.must_have(copies, rule) <= confirmed and lasting >= policy.needed(rule):
            return ""
        return "; ".join(filter(None, (*asked.values(), *passing.values()))) or "too few copies are verified"

    def _ask(self, video: Video, delivery: Delivery) -> str:
        """Why its copy cannot be relied on, or ""."""
        place = self.places.get(delivery.target)
        expected, copy = Expected(video.size_bytes, video.sha256), RemoteCopy(delivery.remote_key, delivery.proof)
        try:
            proof = self.twice.ask(place, lambda: place.target.verify(expected, copy))
        except TargetError as error:
            return f"{delivery.target} could not be asked: {error.message}"
        if proof.verdict is Verdict.MATCHES:
            return ""
        reason = f"{delivery.target} no longer has it: {proof.reason or proof.verdict}"
        if proof.verdict is Verdict.ENDED:
            if note_end(self.database, self.layout, self.log, delivery.id, video, proof):
                return f"{delivery.target}: {proof.reason}"
            reason = f"{WHILE_HELD}{reason}"
        note_damage(self.database, self.layout, self.log, video, delivery.target, reason)
        return reason

    def _why_passing(self, delivery: Delivery) -> str:
        """Why its copy may be gone before long, or ""."""
        target = self.places.get(delivery.target).target
        if not isinstance(target, Perishable):
            return ""
        try:
            doubt = target.doubt(RemoteCopy(delivery.remote_key, delivery.proof))
        except TargetError as error:
            return f"{delivery.target} could not be asked how long it keeps it: {error.message}"
        return doubt and f"{delivery.target} has it, but {doubt}"


def _unfinished(video: Video, facts: Facts) -> str:
    """Why its bytes are needed here for a while, where no copy gives them back; "" when they are not."""
    copies = facts.copies or {}
    if not all(copies[name].footage for name in policy.counted(copies)):
        return ""
    is_made = video.media_state in (MediaState.READY, MediaState.UNPLAYABLE)
    if is_made and not any(job.state in _BEING_MADE for job in video.media_jobs):
        return ""
    return "its pictures are still being made, and no copy gives its bytes back for that"
