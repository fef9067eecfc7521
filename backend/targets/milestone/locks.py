"""Evidence locks: what a hold here is in the VMS (XProtect Corporate). They keep its retention from a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend.targets.milestone.bookmarks import Words, made_id
from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.rest import Rest
from backend.targets.milestone.soap import moment
from backend.targets.milestone.spans import Span

# As Milestone's documentation writes a lock without an end.
_FOR_EVER = {"retentionType": "Indefinite", "retentionUnits": -1}
_HEADER_LENGTH = 200


@dataclass(frozen=True)
class Locks:
    """Each call raises VmsProblem. There is no list of locks and no search: who loses an id does not find it again."""

    rest: Rest

    def is_there(self, lock_id: str) -> bool:
        return bool(lock_id) and self.rest.find("evidenceLocks", lock_id) is not None

    def make(self, camera_id: str, span: Span, words: Words) -> str:
        """The new lock's id."""
        body: dict[str, Any] = {
            "header": words.header[:_HEADER_LENGTH],
            "description": words.description,
            "startTime": moment(span.start_at),
            "tagTime": moment(span.start_at),
            "endTime": moment(span.end_at),
            "reference": words.reference,
            "retentionOption": dict(_FOR_EVER),
            "devicePaths": [{"type": "cameras", "id": camera_id}],
        }
        try:
            made = made_id(self.rest.post("evidenceLocks", body=body), "evidenceLocks")
        except VmsProblem as problem:
            if problem.status in (400, 404, 405, 501):
                raise VmsProblem(Answer("no-locks", problem.status, problem.answer.message)) from None
            raise
        if not made:
            raise VmsProblem(Answer("garbled", message="an evidence lock was made, and its id was not told"))
        return made

    def remove(self, lock_id: str) -> None:
        """No error when it is gone already."""
        self.rest.delete("evidenceLocks", lock_id)
