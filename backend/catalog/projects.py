"""Projects: what each keeps, and what seed 004 counts of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, exists, func, literal, select
from sqlalchemy.orm import Session

from backend.catalog import counts, exports
from backend.catalog.counts import Sum
from backend.catalog.models import MadeFiles, MediaState, Video
from backend.catalog.videos import GONE, Scope
from backend.disk.layout import CATEGORIES

_IDS_AT_ONCE = 500


@dataclass(frozen=True)
class Counted:
    """Files, and their bytes as each says for itself: shared bytes count for every name."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.files + other.files, self.bytes + other.bytes)


@dataclass(frozen=True)
class Project:
    """`kept_bytes` is what a quota limits; `videos` leaves out what is in the trash."""

    project_id: str
    videos: int
    kept_bytes: int
    trashed: int


def every(session: Session, scope: Scope) -> list[Project]:
    """All projects that keep something, by name."""
    found: dict[str, dict[str, Sum]] = {}
    for one in counts.sums(session, "label", scope, ("project_id", "state")):
        project_id, state = one.key
        found.setdefault(project_id, {})[state] = one
    return [_project(project_id, found[project_id]) for project_id in sorted(found)]


def _project(project_id: str, by_state: dict[str, Sum]) -> Project:
    trashed = by_state["trashed"].count if "trashed" in by_state else 0
    videos = sum(one.count for one in by_state.values()) - trashed
    return Project(project_id, videos, sum(one.bytes for one in by_state.values()), trashed)


def by_category(session: Session, scope: Scope, project_id: str | None = None) -> dict[str, Counted]:
    """What lies in each category on the disk, of one project or of all that the caller may see."""
    reach = scope if project_id is None else Scope(frozenset({project_id}))
    found = dict.fromkeys(CATEGORIES, Counted())
    for one in counts.sums(session, "category", reach):
        found[one.key[0]] = Counted(one.count, one.bytes)
    # Few, and of all projects that their requesters may see: no trigger counts them.
    found["exports"] = Counted(*exports.on_disk(session, reach))
    return found


def note_made(session: Session, video_id: str, measured: Mapping[str, tuple[int, int]]) -> None:
    """Keep how many files were made from a video, and their bytes, by category."""
    values = {f"{name}_files": files for name, (files, _) in measured.items()}
    values |= {f"{name}_bytes": size for name, (_, size) in measured.items()}
    if session.get(Video, video_id) is not None:
        session.merge(MadeFiles(video_id=video_id, **values))


def unmeasured(session: Session, limit: int) -> list[tuple[str, str]]:
    """Ids and places of videos of which nobody noted what was made."""
    query = (
        select(Video.id, Video.relative_path)
        .where(Video.media_state != MediaState.NEW, Video.local_state.not_in(GONE))
        .where(~exists().where(MadeFiles.video_id == Video.id))
        .limit(limit)
    )
    return [(video_id, place) for video_id, place in session.execute(query)]


def noted_made(session: Session, after: str, limit: int) -> list[tuple[str, str, dict[str, tuple[int, int]]]]:
    """What is noted of each video, by id from `after` on."""
    query = (
        select(MadeFiles, Video.relative_path)
        .join(Video, Video.id == MadeFiles.video_id)
        .where(Video.id > after, Video.local_state.not_in(GONE))
        .order_by(Video.id)
        .limit(limit)
    )
    return [
        (
            made.video_id,
            place,
            {
                "thumbnails": (made.thumbnails_files, made.thumbnails_bytes),
                "processed": (made.processed_files, made.processed_bytes),
            },
        )
        for made, place in session.execute(query)
    ]


def category_counts() -> Iterator[Select[Any]]:
    """What the triggers of migration 0009 count, counted anew: kind, project, name, state, files, bytes."""
    kind, nothing = literal("category"), literal("")
    category = case((Video.relative_path.startswith("music/"), "music"), else_="uploads")
    columns: list[Any] = [kind, Video.project_id, category, nothing, func.count(), func.sum(Video.size_bytes)]
    own = select(*columns)
    yield own.where(Video.local_state == "present").group_by(Video.project_id, category)
    for name, files, size in (
        ("thumbnails", MadeFiles.thumbnails_files, MadeFiles.thumbnails_bytes),
        ("processed", MadeFiles.processed_files, MadeFiles.processed_bytes),
    ):
        columns = [kind, Video.project_id, literal(name), nothing, func.sum(files), func.sum(size)]
        made = select(*columns).select_from(Video).join(MadeFiles, MadeFiles.video_id == Video.id)
        yield made.where(Video.local_state.not_in(GONE)).group_by(Video.project_id)


def is_known(session: Session, project_id: str) -> bool:
    """Whether anything was kept of it that is not gone for good."""
    return (
        session.scalar(select(Video.id).where(Video.project_id == project_id, Video.local_state.not_in(GONE)).limit(1))
        is not None
    )


def kept_bytes(session: Session, project_id: str) -> int:
    """What the videos of a project hold by their own word, those in the trash and pruned ones too."""
    return counts.whole(session, "label", Scope(frozenset({project_id}))).bytes


def saved_among(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """Which of these uploads are videos by now, and their sizes."""
    found: dict[str, int] = {}
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[start : start + _IDS_AT_ONCE]
        found |= dict(session.execute(select(Video.id, Video.size_bytes).where(Video.id.in_(some))).all())
    return found


def listed_places(session: Session, project_id: str) -> dict[str, str]:
    """`{id: relative_path}` of every video of a project that is not in the trash, the oldest first."""
    query = (
        select(Video.id, Video.relative_path)
        .where(Video.project_id == project_id, Video.trashed_at.is_(None), Video.local_state.not_in(GONE))
        .order_by(Video.created_at, Video.id)
    )
    return dict(session.execute(query).all())


def sizes_of(session: Session, places: Sequence[str]) -> dict[str, int]:
    """The sizes of videos by their places."""
    found: dict[str, int] = {}
    for start in range(0, len(places), _IDS_AT_ONCE):
        some = places[start : start + _IDS_AT_ONCE]
        query = select(Video.relative_path, Video.size_bytes).where(Video.relative_path.in_(some))
        found |= dict(session.execute(query).all())
    return found
