"""Giving a durable upload its name: sidecar, then link(2), then fsync of the folder. Never overwrites.

The name in incoming/ stays, with its lock, until the catalog has the video: so a sweep leaves a running save
alone, and finds what a crash cut off between publishing and the catalog by looking for names without a lock.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.disk.atomic import discard, forget, fsync_folder, make_folder, replace
from backend.disk.atomic import publish as publish_file
from backend.disk.incoming import FileInHand
from backend.disk.layout import Layout, category_of, project_folder, split_extension, stored_name
from backend.disk.sidecar import Sidecar, write_first
from backend.errors import Conflict, HoldfastError
from backend.intake.twins import Twin
from backend.mime import extension_for

_MOST_NAMES = 20


def publish(
    layout: Layout, file: FileInHand, twin: Twin | None, draft: Sidecar, saved_at: datetime | None = None
) -> Sidecar:
    """Publish `file`, or a second name of its twin's bytes, and return the sidecar as written.

    `saved_at`: when another server saved it; None: now.
    """
    extension = _extension(draft)
    place = f"{category_of(extension, draft.video.mime_type)}/{project_folder(draft.video.project_id)}"
    folder = layout.root / place
    make_folder(folder)
    for number in range(_MOST_NAMES):
        at = datetime.now(UTC) if saved_at is None else saved_at + timedelta(microseconds=number)
        named = _named(draft, place, extension, twin, at)
        try:
            placed = _try_name(layout, file, twin, named)
        except FileExistsError:
            # The name is taken: a later instant makes another one.
            continue
        _make_durable(layout, folder, file, placed)
        return placed
    raise Conflict(
        f"No free name was found for '{draft.video.original_filename}' in {_MOST_NAMES} tries; send it again."
    )


def withdraw(layout: Layout, placed: Sidecar) -> None:
    """Take back the names of an upload that is not in the catalog; its bytes still have their name in incoming/.

    The sidecar goes last: a file without one would be nobody's.
    """
    final = layout.absolute(placed.video.relative_path)
    discard(final)
    discard(layout.sidecar_of(placed.video.relative_path))
    fsync_folder(final.parent)


def _extension(draft: Sidecar) -> str:
    return split_extension(draft.video.original_filename)[1] or extension_for(draft.video.mime_type) or "bin"


def _named(draft: Sidecar, place: str, extension: str, twin: Twin | None, at: datetime) -> Sidecar:
    video = draft.video
    name = stored_name(video.project_id, video.original_filename, video.content_type, extension, at)
    changes: dict[str, object] = {
        "stored_filename": name,
        "relative_path": f"{place}/{name}",
        "saved_at": at,
        "updated_at": at,
    }
    if twin is not None:
        changes["duplicate_of"] = twin.video_id
        changes["bytes_id"] = twin.bytes_id if twin.shares else video.id
    return draft.model_copy(update={"video": video.model_copy(update=changes)})


def _try_name(layout: Layout, file: FileInHand, twin: Twin | None, named: Sidecar) -> Sidecar:
    write_first(layout, named)
    final = layout.absolute(named.video.relative_path)
    try:
        if twin is None or not twin.shares or not _link_twin(layout.absolute(twin.relative_path), final):
            named = _with_own_bytes(layout, named)
            publish_file(file.path, final)
    except (FileExistsError, HoldfastError):
        forget(layout.sidecar_of(named.video.relative_path))
        raise
    return named


def _link_twin(older: Path, final: Path) -> bool:
    """Share the older video's bytes; False when it takes no more links (EMLINK), is not ours, or has just gone."""
    try:
        os.link(older, final)
    except FileExistsError:
        raise
    except OSError:
        return False
    return True


def _with_own_bytes(layout: Layout, named: Sidecar) -> Sidecar:
    """Correct a sidecar that announced shared bytes: a rebuild must count these as their own."""
    if named.video.bytes_id == named.video.id:
        return named
    own = named.model_copy(update={"video": named.video.model_copy(update={"bytes_id": named.video.id})})
    replace(layout.sidecar_of(named.video.relative_path), own.encoded(), layout.incoming)
    return own


def _make_durable(layout: Layout, folder: Path, file: FileInHand, placed: Sidecar) -> None:
    try:
        fsync_folder(folder)
    except HoldfastError:
        # The names may be gone after a power loss: nothing is acknowledged. The bytes wait for a person, and the
        # sidecar beside them says whose they are.
        file.faulty = True
        forget(layout.absolute(placed.video.relative_path))
        place = layout.sidecar_of(placed.video.relative_path)
        with suppress(OSError):
            os.rename(place, layout.quarantine / place.name)
        raise
