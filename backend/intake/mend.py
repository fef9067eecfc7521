"""Writing a lost or unreadable sidecar again from the catalog. What was there is kept in quarantine."""

from __future__ import annotations

import os
import uuid

from backend.catalog import videos
from backend.catalog.database import Database
from backend.disk.atomic import fsync_folder, told_as
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.disk.sidecar import read_sidecar, write_first
from backend.errors import LocalDamage


def rewrite_sidecar(layout: Layout, database: Database, relative_path: str) -> bool:
    """Write the sidecar of a listed video, unless it can be read after all; True when it was written."""
    place = layout.sidecar_of(relative_path)
    with database.read() as session:
        video = videos.by_stored_name(session, os.path.basename(relative_path))
    with lock(layout, "sidecar", video.id):
        try:
            read_sidecar(place)
            return False
        except FileNotFoundError:
            pass
        except LocalDamage:
            with told_as("setting a sidecar aside"):
                os.rename(place, layout.quarantine / f"{uuid.uuid4().hex[:8]}-{place.name}")
        with database.read() as session:
            write_first(layout, videos.sidecar_of(videos.get(session, video.id)))
        fsync_folder(place.parent)
    return True
