"""Applying the rules: the worker does it every hour, `cleanup --rules` shows it first. Every act is judged anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from backend.catalog import videos
from backend.catalog.clock import Clock, Time
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar
from backend.errors import HoldfastError
from backend.log import UploadLog
from backend.outbox.backfill import Backfill
from backend.outbox.places import Places
from backend.outbox.restore import Restorer
from backend.retention.facts import facts_of, facts_of_sidecar
from backend.retention.policy import TTL, Action, ByRules, Decision, decide
from backend.retention.preview import Preview
from backend.retention.prune import Judged, Pruner, judged
from backend.retention.rules import Retention
from backend.retention.trash import Trash

_PAGE = 200


@dataclass(frozen=True)
class Housekeeper:
    layout: Layout
    database: Database
    places: Places
    log: UploadLog
    clock: Clock
    retention: Retention
    trash: Trash
    pruner: Pruner
    restorer: Restorer

    def plan(self) -> Iterator[Judged]:
        """What the rules would do now to each video that is old enough for one of them, and why."""
        return self._walk(self.clock.read(), None)

    def run_all(self) -> int:
        """Carry out what the rules say; returns how many videos something became of."""
        return sum(done.decision.action != "keep" for done in self.run())

    def run(self) -> Iterator[Judged]:
        """Carry out what the rules say, the oldest first; tells each as it is done, or why it was kept after all."""
        time = self.clock.read()
        if time.doubt:
            self.log.write("warning", "rules_wait", why=time.doubt)
            return
        concerned = {case.project_id for case, action in self._preview.cases(time) if action != "keep"}
        if not concerned:
            return
        for planned in self._walk(time, sorted(concerned)):
            if planned.decision.action != "keep":
                yield self._carry_out(planned)

    def end(self, video_id: str) -> bool:
        """Carry out now what a video's own time (ttl_hours) says, if it is over; False: it was kept after all."""
        return self.trash.expire(video_id, self._still, TTL, "its time was over")

    def _walk(self, time: Time, projects: list[str] | None) -> Iterator[Judged]:
        cursor: str | None = ""
        while cursor is not None:
            page, cursor = self._preview.page(time, cursor=cursor, limit=_PAGE, projects=projects)
            yield from page

    def _carry_out(self, planned: Judged) -> Judged:
        """One that fails keeps no other waiting: it comes again at the next turn."""
        try:
            return self._act(planned, planned.decision.action)
        except (HoldfastError, FileNotFoundError) as error:
            self.log.broke("rule_failed", error, upload=planned.video_id, name=planned.name)
            why = error.message if isinstance(error, HoldfastError) else "its sidecar is gone: see `doctor`"
            return replace(planned, decision=Decision("keep", planned.decision.rule, why), doubted=True)

    def _act(self, planned: Judged, action: Action) -> Judged:
        if action == "expire":
            return self._expire(planned)
        return self._move(planned) if action == "move" else self.pruner.prune(planned.video_id, self._judge)

    def _expire(self, planned: Judged) -> Judged:
        decision = planned.decision
        if self.trash.expire(planned.video_id, self._still, decision.rule, decision.reason):
            return planned
        return replace(planned, decision=Decision("keep", decision.rule, "it was changed or held just now"))

    def _still(self, doc: Sidecar, at: datetime) -> bool:
        return decide(facts_of_sidecar(doc, at), self.retention, Time(at, at)).action == "expire"

    def _move(self, planned: Judged) -> Judged:
        """Queue a copy for the cold target; the worker sends it, and only then may the local bytes go."""
        video, decision = self._video(planned.video_id), planned.decision
        facts = facts_of(video, self.places, (), video.created_at)
        rule = self._judge.rule_for(facts)
        if rule is None or not rule.move_to or facts.copy(rule.move_to).state:
            return replace(planned, decision=Decision("keep", decision.rule, "it was changed just now"))
        if video.local_state != "present":
            # It is sent from here, so it comes back first.
            self.restorer.restore(video.id)
            video = self._video(video.id)
        backfill = Backfill(self.database, self.layout, self.places, self.log)
        if backfill.queue(video, rule.move_to, "video.moved", rule=rule.name, reason=decision.reason):
            told = {"upload": video.id, "name": video.original_filename, "target": rule.move_to, "rule": rule.name}
            self.log.write("info", "moved", **told)
        return judged(video, decision)

    def _video(self, video_id: str) -> Video:
        with self.database.read() as session:
            return videos.get(session, video_id)

    @property
    def _judge(self) -> ByRules:
        return ByRules(self.retention)

    @property
    def _preview(self) -> Preview:
        return Preview(self.database, self.places, self.clock, self.retention)
