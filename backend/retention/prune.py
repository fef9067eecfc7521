"""Pruning: local bytes go only where every required copy verifies at that moment. Mark, unlink, record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.disk import sidecar
from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar
from backend.errors import LocalDamage, TargetError
from backend.log import UploadLog
from backend.outbox.places import Places
from backend.retention.policy import Candidate, Decision, may_prune
from backend.retention.remove import Remover
from backend.targets.base import Expected, RemoteCopy, Verdict


@dataclass(frozen=True)
class Judged:
    """One video and what was decided for it."""

    video_id: str
    name: str
    size_bytes: int
    decision: Decision


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
            found = videos.local_before(session, now)
        judged = [self._judge(video, now, days) for video in found]
        return [j for j in judged if "younger than" not in j.decision.reason]

    def execute(self, days: float) -> Iterator[Judged]:
        """Prune what the plan allows and every required copy confirms now; tells each as it is done."""
        return (self._execute(j) if j.decision.prune else j for j in self.plan(days))

    def _judge(self, video: Video, now: datetime, days: float) -> Judged:
        states = {d.target: d.state for d in video.deliveries}
        try:
            held = bool(self._sidecar(video).holds)
        except (LocalDamage, FileNotFoundError):
            reason = "its sidecar cannot be read, so it may be held: see `video_manager doctor`"
            return Judged(video.id, video.original_filename, video.size_bytes, Decision(False, reason))
        candidate = Candidate(
            saved_at=video.created_at,
            local_state=video.local_state,
            held=held,
            trashed=video.trashed_at is not None,
            copies={name: states.get(name, "") for name in self.places.required},
        )
        return Judged(video.id, video.original_filename, video.size_bytes, may_prune(candidate, now, days))

    def _execute(self, judged: Judged) -> Judged:
        with self.database.read() as session:
            video = videos.get(session, judged.video_id)
        doubt = self._doubt(video)
        if doubt:
            self.log.write("warning", "kept", upload=video.id, name=video.original_filename, error=doubt)
            return Judged(judged.video_id, judged.name, judged.size_bytes, Decision(False, doubt))
        if not Remover(self.layout, self.database).remove(video, "pruned"):
            return Judged(judged.video_id, judged.name, judged.size_bytes, Decision(False, "it is held"))
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
                return f"{delivery.target} no longer has it: {proof.reason or proof.verdict}"
        return ""

    def _sidecar(self, video: Video) -> Sidecar:
        return sidecar.read_sidecar(self.layout.sidecar_of(video.relative_path))
