"""Making, listing and ending share links, and what somebody with the address of one may see."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.catalog import audit, shares, videos
from backend.catalog.database import Database
from backend.catalog.models import ShareLink, Video
from backend.catalog.types import iso
from backend.catalog.videos import EVERYTHING, GONE, Scope
from backend.errors import BadField, Conflict, Forbidden, NotFound, ShareGone
from backend.log import UploadLog
from backend.sharing.signature import LinkKey

DEFAULT_HOURS = 7 * 24
MOST_HOURS = 365 * 24
_LONGEST_LABEL = 200


@dataclass(frozen=True)
class Sharer:
    """Who shares. `any_video`: also what somebody else uploaded."""

    id: str
    name: str
    scope: Scope = EVERYTHING
    any_video: bool = False


@dataclass(frozen=True)
class Shared:
    """A link that is good just now, and its video."""

    share: ShareLink
    video: Video


@dataclass(frozen=True)
class ShareDesk:
    database: Database
    log: UploadLog
    key: LinkKey

    def create(
        self, video_id: str, sharer: Sharer, *, hours: int = DEFAULT_HOURS, label: str = "", may_download: bool = False
    ) -> ShareLink:
        """Make a link. Raises `NotFound`, `Forbidden` for another's video, `Conflict` for one that was deleted."""
        _check(hours, label)
        now = datetime.now(UTC)
        with self.database.write() as session:
            video = self._own(videos.get(session, video_id, sharer.scope), sharer)
            if video.trashed_at is not None or video.local_state in GONE:
                raise Conflict(f"'{video.original_filename}' is in the trash; take it out before you share it.")
            share = ShareLink(
                id=str(uuid.uuid4()), video_id=video.id, label=label.strip(), may_download=may_download,
                created_by=sharer.name, created_by_id=sharer.id, created_at=now,
                expires_at=now + timedelta(hours=hours), revoked_at=None, opened=0, last_opened_at=None,
            )  # fmt: skip
            session.add(share)
            what = {"share": share.id, "label": share.label, "may_download": may_download}
            told = what | {"expires_at": iso(share.expires_at)}
            audit.append(session, "share.created", video_id=video.id, project_id=video.project_id, **told)
        self.log.write("info", "shared", upload=video_id, share=share.id, hours=hours, user=sharer.name)
        return share

    def of_video(self, video_id: str, sharer: Sharer) -> Sequence[ShareLink]:
        with self.database.read() as session:
            self._own(videos.get(session, video_id, sharer.scope), sharer)
            return shares.of_video(session, video_id)

    def revoke(self, video_id: str, share_id: str, sharer: Sharer) -> ShareLink:
        """End a link now. Again is fine; the first instant stays."""
        with self.database.write() as session:
            video = self._own(videos.get(session, video_id, sharer.scope), sharer)
            share = shares.get(session, video_id, share_id)
            if share.revoked_at is not None:
                return share
            share.revoked_at = datetime.now(UTC)
            what = {"share": share.id, "label": share.label}
            audit.append(session, "share.revoked", video_id=video_id, project_id=video.project_id, **what)
        self.log.write("info", "unshared", upload=video_id, share=share_id, user=sharer.name)
        return share

    def look(self, address: str) -> Shared:
        """What a visitor with this address may see.

        Raises `NotFound` for an address that we never gave, and `ShareGone` for one that is over.
        """
        share_id = self.key.id_in(address)
        if share_id is None:
            raise NotFound("This link is not complete, or not ours. Ask whoever sent it to send it once more.")
        with self.database.read() as session:
            share = session.get(ShareLink, share_id)
            video = session.get(Video, share.video_id) if share is not None else None
        if share is None or video is None:
            raise ShareGone("This link is not known here any more.")
        if share.revoked_at is not None:
            raise ShareGone("Whoever shared this video has ended the link.")
        if share.expires_at <= datetime.now(UTC):
            raise ShareGone(f"This link was good until {share.expires_at:%-d %B %Y, %H:%M} UTC.")
        if video.trashed_at is not None or video.local_state in GONE:
            raise ShareGone("The video behind this link was deleted.")
        return Shared(share, video)

    def note_visit(self, shared: Shared) -> None:
        """Count one visit of whoever acts."""
        with self.database.write() as session:
            shares.note_visit(session, shared.share, shared.video.project_id, datetime.now(UTC))

    def _own(self, video: Video, sharer: Sharer) -> Video:
        if not sharer.any_video and video.uploaded_by_id != sharer.id:
            raise Forbidden(
                f"'{video.original_filename}' was uploaded by {video.uploaded_by or 'somebody else'}; you may share "
                "only what you uploaded. Ask an operator.",
                detail={"video_id": video.id},
            )
        return video


def _check(hours: int, label: str) -> None:
    if not 1 <= hours <= MOST_HOURS:
        raise BadField(f"expires_in_hours must be 1 to {MOST_HOURS} (a year).", detail={"field": "expires_in_hours"})
    if len(label) > _LONGEST_LABEL or not label.isprintable():
        raise BadField(f"label must be one line of at most {_LONGEST_LABEL} characters.", detail={"field": "label"})
