"""A user-defined event, triggered for each recording that arrived, so that rules of the VMS can act on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backend.targets.milestone.bookmarks import Words
from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.rest import Rest, id_of, text_of
from backend.targets.milestone.state import ASKED


@dataclass(frozen=True)
class Events:
    """Each call raises VmsProblem. `name`: the event's, as an operator made it in the VMS."""

    rest: Rest
    name: str

    def type_id(self) -> str:
        wanted = self.name.strip().casefold()
        for one in self.rest.every("userDefinedEvents"):
            if id_of(one) and text_of(one, "name").strip().casefold() == wanted:
                return id_of(one)
        raise VmsProblem(Answer("no-event", message=self.name))

    def trigger_once(self, camera_id: str, words: Words, before: str, note: Callable[[str], None]) -> None:
        """`before`, `note`: see Bookmarks.set_once. Rather none than two: there is no way to look for one.

        With camera, link and the video's id; without them where the VMS refuses those.
        """
        if before == ASKED:
            return
        kind = self.type_id()
        note(ASKED)
        told = {"header": words.header, "description": words.description, "reference": words.reference}
        try:
            self.rest.post("events", body={"type": kind, "source": f"cameras/{camera_id}", "data": told})
        except VmsProblem as problem:
            if not problem.answered:
                raise
            self._plain(kind, note)

    def _plain(self, kind: str, note: Callable[[str], None]) -> None:
        """As Milestone's sample has it; the Events API is in beta, and what else it takes differs."""
        try:
            self.rest.post("events", body={"type": kind})
        except VmsProblem as problem:
            if problem.answered:
                note("")
            raise
