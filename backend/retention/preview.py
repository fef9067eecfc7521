"""What the rules would do: totals over all videos, and each decision page by page. Touches nothing, asks no target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import chain

from backend.catalog import cases
from backend.catalog.cases import Asked, Case
from backend.catalog.clock import Clock, Time
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.catalog.videos import EVERYTHING, Scope, hold_facts_of
from backend.outbox.places import Places
from backend.retention import policy
from backend.retention.facts import copies_of, facts_of, sound_matters, sound_may_go
from backend.retention.policy import Action, Facts, decide
from backend.retention.preview_totals import Tally, Totals
from backend.retention.prune import Judged, judged
from backend.retention.rules import Retention, Rule

# More tags than this in one question no database takes.
_MOST_TAGS = 5000


@dataclass(frozen=True)
class Preview:
    database: Database
    places: Places
    clock: Clock
    retention: Retention

    def time(self, days_ahead: float = 0) -> Time:
        """The time by which is decided; in a look ahead no clock is doubted that is not doubted now."""
        time = self.clock.read()
        return replace(time, certain_at=time.certain_at + timedelta(days=days_ahead))

    def totals(self, time: Time, scope: Scope = EVERYTHING) -> Totals:
        """All of them at once, however long it takes."""
        return self.tally(time, scope).go_on()

    def tally(self, time: Time, scope: Scope = EVERYTHING) -> Tally:
        """Totals that are still to be counted, piece by piece."""
        with self.database.read() as session:
            everything = cases.listed(session, scope)
        rules = self.retention.rules
        by = {"project_id": "projects", "content_type": "labels", "camera_id": "cameras"}
        columns = frozenset(column for column, of_rule in by.items() if any(getattr(r, of_rule) for r in rules))
        return Tally(everything, self._judged(time, scope, columns))

    def cases(self, time: Time) -> Iterator[tuple[Case, Action]]:
        """Every case of videos that are old enough for some rule, and what becomes of them; one case may come again."""
        return chain.from_iterable(self._judged(time, EVERYTHING, cases.TOLD_APART))

    def _judged(self, time: Time, scope: Scope, columns: frozenset[str]) -> Iterator[Iterator[tuple[Case, Action]]]:
        asked = replace(self._asked(time.certain_at, scope), columns=columns)
        for piece in cases.pieces(self.database, asked):
            yield ((case, self._decide(case, asked, time)) for case in piece)

    def page(
        self,
        time: Time,
        scope: Scope = EVERYTHING,
        cursor: str = "",
        limit: int = 200,
        projects: Sequence[str] | None = None,
    ) -> tuple[list[Judged], str | None]:
        """A page of the decisions about videos that are old enough for some rule, the oldest first.

        By what the catalog knows; before anything is done, the sidecar is asked too.
        """
        with self.database.read() as session:
            found, following = cases.old_page(session, self._ages(time.certain_at, scope), cursor, limit, projects)
        return [self._judge(video, time) for video in found], following

    def _judge(self, video: Video, time: Time) -> Judged:
        facts = facts_of(video, self.places, map(hold_facts_of, video.holds), time.certain_at)
        return judged(video, decide(facts, self.retention, time))

    def _ages(self, at: datetime, scope: Scope) -> Asked:
        ages = tuple(policy.thresholds(self.retention.rules))
        by_sound, may_go = sound_matters(self.places), sound_may_go(self.places)
        return Asked(at, ages=ages, by_sound=by_sound, sound_may_go=may_go, scope=scope)

    def _asked(self, at: datetime, scope: Scope) -> Asked:
        asked = replace(
            self._ages(at, scope), targets=tuple(self.places.by_name), recordings=bool(self.places.of_recordings)
        )
        by_tag = [rule for rule in self.retention.rules if rule.tags]
        if not by_tag:
            return asked
        with self.database.read() as session:
            tags = cases.all_tags(session)
        return replace(asked, tag_sets=tuple(_matching(rule, tags) for rule in by_tag))

    def _decide(self, case: Case, asked: Asked, time: Time) -> Action:
        states = {name: state for name, state in case.states.items() if state}
        facts = Facts(
            saved_at=case.newest_at,
            expires_at=asked.at if case.expired else None,
            local_state=case.local_state,
            held="it is" if case.held else "",
            project_id=case.project_id,
            label=case.label,
            camera_id=case.camera_id,
            tags=_tags_of(case, asked),
            copies=copies_of(states, self.places, "none" if case.silent else "unknown", is_recording=case.is_recording),
        )
        return decide(facts, self.retention, time).action


def _matching(rule: Rule, tags: Sequence[str]) -> tuple[str, ...]:
    found = tuple(tag for tag in tags if any(fnmatchcase(tag, pattern) for pattern in rule.tags))
    return found[:_MOST_TAGS]


def _tags_of(case: Case, asked: Asked) -> tuple[str, ...]:
    """For each set of which it has one: one that is in no set of which it has none."""
    without = {tag for tags, has in zip(asked.tag_sets, case.has, strict=True) if not has for tag in tags}
    mine = ([t for t in tags if t not in without] for tags, has in zip(asked.tag_sets, case.has, strict=True) if has)
    return tuple(tags[0] for tags in mine if tags)
