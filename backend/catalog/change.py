"""Changing a video: the sidecar first, then its row and the audit in one transaction. The disk always knows as much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from backend.catalog import audit, news, segments, videos
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.disk import sidecar
from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar
from backend.errors import LocalDamage


def change(
    layout: Layout,
    database: Database,
    video: Video,
    edit: Callable[[Sidecar], Sidecar],
    action: str = "",
    *,
    also: Callable[[Session, Video, Sidecar], None] | None = None,
    **what: Any,
) -> Sidecar:
    """Change both; `also` does more in the transaction. `action`: told in the audit, if the row did not know it yet.

    What a crash cut off between the two is in the sidecar: the same change again brings the row and the audit after.
    """
    try:
        doc = sidecar.change(layout, video.relative_path, video.id, edit)
    except FileNotFoundError:
        raise LocalDamage(
            f"The sidecar of '{video.original_filename}' is gone from the disk, so nothing was changed. "
            "An operator can write it again: `video_manager doctor --fix`.",
            detail={"video_id": video.id},
        ) from None
    with database.write() as session:
        row = videos.get(session, video.id)
        if row.revision > doc.revision:
            # Somebody changed it once more meanwhile, and brought the row there.
            return doc
        is_new, was = doc.revision > row.revision, news.before(row)
        videos.apply(row, doc)
        if is_new:
            session.flush()
            segments.follow(session, row)
        if also is not None:
            also(session, row, doc)
        news.tell(session, was, row, **(what if "rule" in what else {}))
        if is_new and action:
            session.flush()
            audit.append(session, action, video_id=row.id, project_id=row.project_id, **what)
    return doc
