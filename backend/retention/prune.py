"""Pruning: local bytes go only where every required copy verifies at that moment. Mark, unlink, record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.disk import sidecar
from backend.disk.layout import Layout
from backend.errors import StorageError, TargetError
from backend.log import UploadLog
from backend.outbox.damage import note_damage
from backend.outbox.places import Places
from backend.retention.policy import Candidate, Decision, may_prune
from backend.retention.remove import Remover
from backend.targets.base import Expected, RemoteCopy, Verdict


@dataclass(frozen=True)
class Judged:
    """One video and what was decided for it. `doubted`: a target did not confirm the copy it is to hold."""

    video_id: str
    name: str
    size_bytes: int
    decision: Decision
    doubted: bool = False


@dataclass(frozen=True)
class Pruner:
    layout: Layout
    database: Database
    places: Places
    log: UploadLog

    def plan(self, days: float) -> list[Judged]:
        """What `cleanup DAYS` would do to each video older than that, and why. Touches nothing."""
        now = datetime.now(UTC)
        with self.database.read() as session:
            found = videos.local_before(session, now - timedelta(days=days))
        return [self._judge(video, now, days) for video in found]

    def execute(self, days: float) -> Iterator[Judged]:
        """Prune what the plan allows and every required copy confirms now; tells each as it is done."""
        return (self._execute(j, days) if j.decision.prune else j for j in self.plan(days))

    def _judge(self, video: Video, now: datetime, days: float) -> Judged:
        states = {d.target: d.state for d in video.deliveries}
        try:
            held = bool(sidecar.read_sidecar(self.layout.sidecar_of(video.relative_path)).holds)
        except (StorageError, FileNotFoundError):
            return _judged(video, "its sidecar cannot be read, so it may be held: see `video_manager doctor`")
        candidate = Candidate(
            saved_at=video.created_at,
            local_state=video.local_state,
            held=held,
            trashed=video.trashed_at is not None,
            copies={name: states.get(name, "") for name in self.places.required},
            others={name: state for name, state in states.items() if name in self.places.by_name},
        )
        return Judged(video.id, video.original_filename, video.size_bytes, may_prune(candidate, now, days))

    def _execute(self, planned: Judged, days: float) -> Judged:
        with self.database.read() as session:
            video = videos.get(session, planned.video_id)
        # Much may have changed since the plan was made, minutes ago.
        judged = self._judge(video, datetime.now(UTC), days)
        if not judged.decision.prune:
            return judged
        doubt = self._doubt(video)
        if doubt:
            self.log.write("warning", "kept", upload=video.id, name=video.original_filename, error=doubt)
            return replace(_judged(video, doubt), doubted=True)
        remover = Remover(self.layout, self.database, self.places, self.log)
        # "pruning" in the sidecar of a video that is here: a crash came between that mark and the row's.
        if not remover.remove(video, "pruned", lambda doc: doc.local.state in ("present", "pruning")):
            return _judged(video, "it is held")
        self.log.write("info", "pruned", upload=video.id, name=video.original_filename, why=judged.decision.reason)
        return judged

    def _doubt(self, video: Video) -> str:
        """Ask every required target now; the first thing that is not a clear yes."""
        expected = Expected(video.size_bytes, video.sha256)
        for delivery in video.deliveries:
            if delivery.target not in self.places.required:
                continue
            try:
                copy = RemoteCopy(delivery.remote_key, delivery.proof)
                proof = self.places.get(delivery.target).target.verify(expected, copy)
            except TargetError as error:
                return f"{delivery.target} could not be asked: {error.message}"
            if proof.verdict is not Verdict.MATCHES:
                reason = f"{delivery.target} no longer has it: {proof.reason or proof.verdict}"
                note_damage(self.database, self.layout, video, delivery.target, reason)
                return reason
        return ""


def _judged(video: Video, reason: str) -> Judged:
    return Judged(video.id, video.original_filename, video.size_bytes, Decision(False, reason))
