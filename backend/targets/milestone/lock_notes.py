"""What is noted of a video's evidence lock, for all workers: its id and what it keeps, or that one was asked for.

nothing ──ask──▶ asked ──keep──▶ its id, camera and time ──clear──▶ nothing
                   └──told──▶ told: a person was told to look for it; only then another one may be asked for
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.targets.base import Notes
from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.proofs import Known
from backend.targets.milestone.rest import as_id
from backend.targets.milestone.soap import moment

_ASKED, _TOLD = "asked", "told"


@dataclass(frozen=True)
class LockNote:
    """`written`: as it stands there; None: nothing does. `camera_id`, `start`, `end`: "" where they were not noted."""

    written: str | None = None
    lock_id: str = ""
    camera_id: str = ""
    start: str = ""
    end: str = ""

    @property
    def is_asked(self) -> bool:
        """One was asked for, and nobody heard what became of it."""
        return self._word == _ASKED

    @property
    def is_open(self) -> bool:
        """There may be one whose id nobody knows."""
        return self._word in (_ASKED, _TOLD)

    @property
    def nonce(self) -> str:
        return (self.written or "").partition(" ")[2] if self.is_open else ""

    @property
    def _word(self) -> str:
        return (self.written or "").partition(" ")[0]


@dataclass(frozen=True)
class LockNotes:
    """Each step wins or raises VmsProblem: of two workers at one video the second learns that it is the second."""

    notes: Notes

    def read(self, video_id: str) -> LockNote:
        written = self.notes.get(_name(video_id)) if video_id else None
        words = (written or "").split(" ")
        if not written or words[0] in (_ASKED, _TOLD):
            return LockNote(written)
        camera_id, start, end = words[1:4] if len(words) == 4 else ("", "", "")
        return LockNote(written, as_id(words[0]), camera_id, start, end)

    def ask(self, video_id: str, before: LockNote, nonce: str) -> LockNote:
        return self._step(video_id, before, f"{_ASKED} {nonce}")

    def told(self, video_id: str, before: LockNote) -> None:
        self._step(video_id, before, f"{_TOLD} {before.nonce}")

    def clear(self, video_id: str, before: LockNote) -> None:
        if before.written:
            self._step(video_id, before, "")

    def keep(self, known: Known, lock_id: str, asked: LockNote | None = None) -> None:
        """`asked`: the note under which it was made."""
        span = known.wanted.span
        value = f"{lock_id} {known.camera_id} {moment(span.start_at)} {moment(span.end_at)}"
        before = self.read(known.video_id)
        # Who let go meanwhile could only tell somebody that it may be there. Now its id is known.
        if asked is not None and before.nonce != asked.nonce:
            raise VmsProblem(Answer("lock-raced"))
        if before.written != value:
            self._step(known.video_id, before, value)

    def _step(self, video_id: str, before: LockNote, value: str) -> LockNote:
        if video_id and self.notes.put(_name(video_id), value, instead_of=before.written) != value:
            raise VmsProblem(Answer("lock-raced"))
        return self.read(video_id) if video_id else LockNote()


def _name(video_id: str) -> str:
    return f"lock {video_id}"
