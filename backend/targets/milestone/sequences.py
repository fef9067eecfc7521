"""What a recording server says it has of a camera: the proof that a recording arrived (RecorderCommandService)."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from xml.etree.ElementTree import Element

from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.idp import Kept
from backend.targets.milestone.measure import Wanted, lost, missing
from backend.targets.milestone.soap import Operation, call, inside, instant, moment, text
from backend.targets.milestone.spans import Span
from backend.targets.milestone.wire import Wire

PATH = "RecorderCommandService/RecorderCommandService.asmx"
_NAMESPACE = "http://videoos.net/2/XProtectCSRecorderCommand"
_TYPES = Operation(_NAMESPACE, "SequencesGetTypes", f"{_NAMESPACE}/SequencesGetTypes")
_SEQUENCES = Operation(_NAMESPACE, "SequencesGet", f"{_NAMESPACE}/SequencesGet")
_TYPE_NAME = "RecordingSequence"
_TYPE_ID = "f9c62604-d0c5-4050-ae25-72de51639b14"
_AT_ONCE = 1000
_MOST_ROUNDS = 200
_MOST_TYPES_KEPT = 1000


@dataclass
class Recorder:
    """Asks recording servers. Each call raises VmsProblem. Used by several threads at once."""

    wire: Wire
    tokens: Kept
    at_once: int = _AT_ONCE
    _types: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def missing(self, url: str, camera_id: str, wanted: Wanted, tolerance_seconds: float) -> list[Span]:
        """What of `wanted` the server at `url` does not have of the camera (see `measure`); [] when it has it all."""
        kind, found, open_spans = self.kind(url, camera_id), list[Span](), [wanted.span]
        for _ in range(_MOST_ROUNDS):
            if not open_spans:
                return missing(found, wanted, tolerance_seconds)
            asked = open_spans.pop()
            page = self._page(url, camera_id, kind, asked)
            found += page
            # Not all of them fitted in. In which order they come is not documented: what is still open is asked for.
            if len(page) >= self.at_once:
                open_spans += [one for one in lost(found, replace(wanted, span=asked)) if one != asked]
        raise VmsProblem(Answer("fault", message="more sequences than can be read"))

    def kind(self, url: str, camera_id: str) -> str:
        """The id of the type “recordings”, as this server calls it."""
        with self._lock:
            known = self._types.get(f"{url} {camera_id}")
        if known:
            return known
        found = self._ask(url, _TYPES, {"deviceId": camera_id})
        types = {text(one, "Name"): text(one, "Id") for one in inside(found, "SequenceType")}
        by_id = next((one for one in types.values() if one.lower() == _TYPE_ID), "")
        kind = types.get(_TYPE_NAME) or by_id
        if not kind:
            raise VmsProblem(Answer("fault", message=f"no sequences of the type {_TYPE_NAME} for this camera"))
        with self._lock:
            if len(self._types) >= _MOST_TYPES_KEPT:
                self._types.clear()
            self._types[f"{url} {camera_id}"] = kind
        return kind

    def _page(self, url: str, camera_id: str, kind: str, asked: Span) -> list[Span]:
        values = {
            "deviceId": camera_id,
            "sequenceType": kind,
            "minTime": moment(asked.start_at),
            "maxTime": moment(asked.end_at),
            "maxCount": str(self.at_once),
        }
        return [_span(one) for one in inside(self._ask(url, _SEQUENCES, values), "SequenceEntry")]

    def _ask(self, url: str, operation: Operation, values: dict[str, str]) -> Element:
        """With the second token, and once more with another one when it is refused."""
        token = self.tokens.current()
        address = f"{url.rstrip('/')}/{PATH}"
        try:
            return call(self.wire, address, operation, {"token": token, **values})
        except VmsProblem as problem:
            if not _is_about_token(problem):
                raise
        try:
            return call(self.wire, address, operation, {"token": self.tokens.instead_of(token), **values})
        except VmsProblem as problem:
            if _is_about_token(problem):
                raise VmsProblem(Answer("unauthorized", problem.status, problem.answer.message)) from None
            raise


def _is_about_token(problem: VmsProblem) -> bool:
    """The service says it in words alone (“Token invalid”)."""
    said = problem.answer.message.lower()
    return problem.answer.reason == "unauthorized" or (problem.answer.reason == "fault" and "token" in said)


def _span(entry: Element) -> Span:
    start_at, end_at = _time(entry, "TimeBegin"), _time(entry, "TimeEnd")
    if end_at < start_at:
        raise VmsProblem(Answer("garbled", message="a sequence that ends before it begins"))
    return Span(start_at, end_at)


def _time(entry: Element, name: str) -> datetime:
    """In UTC, as the service's clients document it, whether or not it says so."""
    written = text(entry, name)
    at = instant(written) or instant(f"{written}Z")
    if at is None:
        raise VmsProblem(Answer("garbled", message=f"a sequence without {name}"))
    return at
