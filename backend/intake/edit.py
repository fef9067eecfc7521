"""Changing what is said of a video: its title, description and tags. The sidecar first, then the catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.catalog import saves, videos
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.catalog.types import iso
from backend.disk import sidecar
from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar, VideoFacts
from backend.errors import Forbidden
from backend.intake import checks, tags
from backend.intake.receive import Caller
from backend.log import UploadLog

EDITABLE = ("title", "description", "tags")
CHANGEABLE = (*EDITABLE, tags.ADD, tags.REMOVE)
_MOST_TOLD = 200


@dataclass(frozen=True)
class Editor:
    layout: Layout
    database: Database
    log: UploadLog

    def edit(self, video_id: str, caller: Caller, fields: Mapping[str, Sequence[str]], *, any_video: bool) -> Video:
        """Change the named fields of a video of one's own, or with `any_video` of any in one's projects."""
        with self.database.read() as session:
            video = videos.get(session, video_id, caller.scope)
        refuse_another_s(video, caller, any_video=any_video)
        return self._change(video, caller, lambda facts: _asked(facts, fields))

    def revise(self, video_id: str, caller: Caller, ask: Callable[[VideoFacts], Mapping[str, Any]]) -> Video:
        """Change what a program keeps with a video: `ask` sees what is there and says what shall be there instead.

        It may be called again when somebody was faster. What it says is taken as it is: check it before.
        """
        with self.database.read() as session:
            video = videos.get(session, video_id, caller.scope)
        return self._change(video, caller, ask)

    def _change(self, video: Video, caller: Caller, ask: Callable[[VideoFacts], Mapping[str, Any]]) -> Video:
        edits: dict[str, object] = {}
        doc = sidecar.change(self.layout, video.relative_path, video.id, lambda doc: _edited(doc, ask, edits))
        saves.adopt(self.database, doc, edits=edits)
        self.log.write("info", "edited", upload=video.id, fields=",".join(edits), user=caller.name)
        with self.database.read() as session:
            return videos.get(session, video.id, caller.scope)


def refuse_another_s(video: Video, caller: Caller, *, any_video: bool) -> None:
    """Raise `Forbidden` for a video that somebody else uploaded, unless the caller may change any."""
    if not any_video and video.uploaded_by_id != caller.id:
        raise Forbidden(
            f"'{video.original_filename}' was uploaded by {video.uploaded_by or 'somebody else'}; you may change "
            "only what you uploaded. Ask an operator.",
            detail={"video_id": video.id},
        )


def _asked(video: VideoFacts, fields: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    fields = tags.resolved(fields, video.tags)
    facts = checks.read_facts(fields, datetime.now(UTC))
    return {name: getattr(facts, name) for name in fields if name in EDITABLE}


def _edited(doc: Sidecar, ask: Callable[[VideoFacts], Mapping[str, Any]], edits: dict[str, object]) -> Sidecar:
    """The document as it will be; `edits` takes what is changed, from what and to what."""
    edits.clear()
    changes = {name: value for name, value in ask(doc.video).items() if getattr(doc.video, name) != value}
    if not changes:
        return doc
    for name, value in changes.items():
        edits[name] = {"from": _short(getattr(doc.video, name)), "to": _short(value)}
    changed = doc.video.model_copy(update={**changes, "updated_at": datetime.now(UTC)})
    return doc.model_copy(update={"video": changed})


def _short(value: str | tuple[str, ...] | dict[str, Any] | datetime | None) -> str | list[str] | None:
    """As the audit keeps it: it tells what was done, and is no archive of long texts."""
    if value is None or isinstance(value, datetime):
        return iso(value)
    if isinstance(value, dict):
        return sorted(value)
    if not isinstance(value, str):
        return list(value)
    return value if len(value) <= _MOST_TOLD else f"{value[:_MOST_TOLD]}…"
