"""Evidence locks: what a hold here is in the VMS (XProtect Corporate). They keep its retention from a recording.

The documented interface gives a lock by its id alone; a live 2025 R2 calls asking for all of them an “Unknown request”.
So it is noted that one is being asked for, and one whose answer was lost is looked for by its reference where the VMS
does list them; where it does not, a person is told the reference, and no second one is made.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from backend.targets.base import Notes
from backend.targets.milestone.bookmarks import made_id
from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.lock_notes import LockNote, LockNotes
from backend.targets.milestone.proofs import Known
from backend.targets.milestone.rest import Object, Rest, id_of, path_id, text_of
from backend.targets.milestone.soap import instant, moment

_KIND = "evidenceLocks"
# As Milestone's documentation writes a lock without an end.
_FOR_EVER = {"retentionType": "Indefinite", "retentionUnits": -1}
_HEADER_LENGTH = 200
_NOT_TAKEN = (400, 404, 405, 501)
# Nothing was sent: there was nobody to send it to, or nobody who is trusted.
_NEVER_SENT = ("unknown-host", "refused", "no-tls", "tls", "ca-file", "redirect")
# A VMS may write a lock's bounds less finely than we do.
_ROUNDING = timedelta(seconds=1)


class Locks:
    """One lock for each held recording, however often and by however many it is asked for. Raises VmsProblem."""

    def __init__(self, rest: Rest, notes: Notes) -> None:
        self._rest = rest
        self._notes = LockNotes(notes)

    def carried(self, known: Known) -> str:
        """The noted lock's id if it was made for just this camera and time, else ""; nothing is asked of the VMS."""
        note = self._notes.read(known.video_id)
        span = known.wanted.span
        same = (note.camera_id, note.start, note.end) == (known.camera_id, moment(span.start_at), moment(span.end_at))
        return note.lock_id if same else ""

    def are_on(self, known: Known) -> bool:
        """Whether one that is known for this video is there and keeps this recording."""
        known_ids = {known.lock_id, self._notes.read(known.video_id).lock_id} - {""}
        found = (self._rest.find(_KIND, lock_id) for lock_id in known_ids)
        return any(one is not None and _keeps(one, known) for one in found)

    def hold(self, known: Known, reason: str) -> str:
        """The id of the lock that keeps this recording: ours if it is there, else a new one.

        One of ours that keeps another camera or another time goes once the right one is there.
        """
        note, kept, others = self._notes.read(known.video_id), "", list[str]()
        for lock_id in dict.fromkeys(filter(None, (note.lock_id, known.lock_id))):
            found = self._rest.find(_KIND, lock_id)
            if found is not None and not kept and _keeps(found, known):
                kept = lock_id
            elif found is not None:
                others.append(lock_id)
        if kept and not note.is_open:
            self._notes.keep(known, kept)
        kept = kept or self._found_or_made(known, reason)
        for lock_id in others:
            self._rest.delete(_KIND, lock_id)
        return kept

    def let_go(self, video_id: str, lock_id: str) -> None:
        """Remove the video's locks: that of the proof, that of the note, and one that was perhaps made."""
        note = self._notes.read(video_id)
        for known_id in {lock_id, note.lock_id} - {""}:
            self._rest.delete(_KIND, known_id)
        if note.is_open:
            self._remove_unheard(video_id, note)
        self._notes.clear(video_id, note)

    def _remove_unheard(self, video_id: str, note: LockNote) -> None:
        every = self._listed(video_id)
        if every is None:
            # From now on a new hold may make one: somebody was told to look.
            self._notes.told(video_id, note)
            raise VmsProblem(Answer("lock-left", message=video_id))
        for one in every:
            self._rest.delete(_KIND, id_of(one))

    def _found_or_made(self, known: Known, reason: str) -> str:
        note, listed = self._notes.read(known.video_id), self._listed(known.video_id)
        if found := _one_of(listed, known):
            self._notes.keep(known, found)
            return found
        if listed is None and note.is_asked:
            raise VmsProblem(Answer("lock-unsure", message=known.video_id))
        asked = self._notes.ask(known.video_id, note, str(uuid.uuid4()))
        made = self._make(known, reason, asked) or _one_of(self._listed(known.video_id), known)
        if not made:
            raise VmsProblem(Answer("lock-unsure", message=known.video_id))
        try:
            self._notes.keep(known, made, asked)
        except VmsProblem:
            # Somebody asked for another one meanwhile: nobody would ever remove this one.
            self._rest.delete(_KIND, made)
            raise
        return made

    def _make(self, known: Known, reason: str, asked: LockNote) -> str:
        """The new lock's id, "" when it is not told."""
        try:
            return made_id(self._rest.post(_KIND, body=_body(known, reason)), _KIND)
        except VmsProblem as problem:
            if problem.answered or problem.answer.reason in _NEVER_SENT:
                self._notes.clear(known.video_id, asked)
            if problem.status in _NOT_TAKEN:
                raise VmsProblem(Answer("no-locks", problem.status, problem.answer.message)) from None
            raise

    def _listed(self, video_id: str) -> list[Object] | None:
        """Those of the video; None where the VMS lists none, or in no way that is understood."""
        try:
            every = list(self._rest.every(_KIND)) if video_id else None
        except VmsProblem as problem:
            if problem.status in _NOT_TAKEN or problem.answer.reason == "garbled":
                return None
            raise
        return None if every is None else [one for one in every if id_of(one) and _is_of(one, video_id)]


def _is_of(lock: Object, video_id: str) -> bool:
    return text_of(lock, "reference") == video_id or video_id in text_of(lock, "description")


def _one_of(listed: list[Object] | None, known: Known) -> str:
    return next((id_of(one) for one in listed or () if _keeps(one, known)), "")


def _body(known: Known, reason: str) -> dict[str, Any]:
    span = known.wanted.span
    return {
        "header": f"Held in Holdfast: {reason or 'no reason given'}"[:_HEADER_LENGTH],
        # Whoever is to look for it in the Smart Client finds it by the video's id, wherever that looks.
        "description": "\n".join(filter(None, (reason, known.video_id))),
        "startTime": moment(span.start_at),
        "tagTime": moment(span.start_at),
        "endTime": moment(span.end_at),
        "reference": known.video_id,
        "retentionOption": dict(_FOR_EVER),
        "devicePaths": [{"type": "cameras", "id": known.camera_id}],
    }


def _keeps(lock: Object, known: Known) -> bool:
    """Whether it covers this camera and time. What it does not say of itself is not held against it."""
    paths, span = lock.get("devicePaths"), known.wanted.span
    devices = [path_id(one, "cameras").lower() for one in paths] if isinstance(paths, list) else []
    if devices and known.camera_id.lower() not in devices:
        return False
    start_at, end_at = instant(text_of(lock, "startTime")), instant(text_of(lock, "endTime"))
    if start_at is None or end_at is None:
        return True
    return start_at - _ROUNDING <= span.start_at and span.end_at <= end_at + _ROUNDING
