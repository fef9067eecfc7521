"""A bookmark at each recording, known by the video's id: people in the VMS see what it is and where it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.rest import Object, Rest, id_of, path_id
from backend.targets.milestone.soap import moment
from backend.targets.milestone.spans import Span
from backend.targets.milestone.state import ASKED

_HEADER_LENGTH = 200
_MOST_FOUND = 100
_CANNOT_SEARCH = (400, 404, 405, 501)


@dataclass(frozen=True)
class Words:
    """What is written at a recording. `reference` is the video's id."""

    reference: str
    header: str
    description: str


@dataclass(frozen=True)
class Bookmarks:
    """Each call raises VmsProblem."""

    rest: Rest

    def set_once(self, camera_id: str, span: Span, words: Words, before: str, note: Callable[[str], None]) -> str:
        """The bookmark's id; "" where one may have been made and nobody can say which.

        `before`: what an earlier attempt noted; `note` keeps something durably, first of all that it is being asked.
        """
        if before and before != ASKED:
            return before
        found = self.find(camera_id, span, words.reference)
        if found:
            return found
        if found is None and before == ASKED:
            return ""
        note(ASKED)
        try:
            made = made_id(self.rest.post("bookmarks", body=_body(camera_id, span, words)), "bookmarks")
        except VmsProblem as problem:
            if problem.answered:
                note("")
            raise _refused(problem) from None
        # Without an id it is there all the same.
        note(made or ASKED)
        return made

    def find(self, camera_id: str, span: Span, reference: str) -> str | None:
        """The id of the one with this reference, "" when there is none; None where the VMS cannot be asked so, or
        answers in no way that says it.

        The search's body stands in no document that could be read; it follows the SDK's BookmarkSearchTime. So nothing
        found may mean as well that the VMS understood another question: only what it did find shows that it did not.
        """
        body = {
            "time": moment(span.start_at - timedelta(seconds=1)),
            "timeLimit": int((span.lasts + timedelta(seconds=2)) / timedelta(microseconds=1)),
            "maxCount": _MOST_FOUND,
            "devicePaths": [{"type": "cameras", "id": camera_id}],
            "searchText": reference,
        }
        try:
            answer = self.rest.post("bookmarks", body=body, task="searchTime")
        except VmsProblem as problem:
            if problem.status in _CANNOT_SEARCH:
                return None
            raise
        found = _list(answer)
        if made := next((_id(one) for one in found or () if one.get("reference") == reference and _id(one)), ""):
            return made
        return "" if found is not None and _says_all(found) else None


def _body(camera_id: str, span: Span, words: Words) -> dict[str, Any]:
    return {
        "header": words.header[:_HEADER_LENGTH],
        "description": words.description,
        "timeBegin": moment(span.start_at),
        "timeTriggered": moment(span.start_at),
        "timeEnd": moment(span.end_at),
        "reference": words.reference,
        "devicePath": {"type": "cameras", "id": camera_id},
    }


def _refused(problem: VmsProblem) -> VmsProblem:
    if problem.status in (400, 404, 405, 501):
        return VmsProblem(Answer("no-bookmarks", problem.status, problem.answer.message))
    return problem


def _list(answer: Object) -> list[Object] | None:
    """None for an answer of an unknown shape."""
    found: object = next((answer[name] for name in ("array", "result", "data", "bookmarks") if name in answer), None)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else None


def _says_all(found: list[Object]) -> bool:
    """Whether one that is not among them is not there: there are some, not cut short, that tell their references."""
    return 0 < len(found) < _MOST_FOUND and all("reference" in one for one in found)


def made_id(answer: Object, kind: str) -> str:
    """The id of what a POST made, "" when it does not say; APIs differ in where they put it."""
    for name in ("data", "result"):
        found = answer.get(name)
        if isinstance(found, dict) and (made := _id(found, kind)):
            return made
    return _id(answer, kind)


def _id(found: Object, kind: str = "bookmarks") -> str:
    relations = found.get("relations")
    itself = relations.get("self") if isinstance(relations, dict) else None
    return id_of(found) or path_id(itself, kind) or path_id(found.get("path"), kind)
