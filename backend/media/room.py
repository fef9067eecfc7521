"""How much room what was made from videos takes: noted as it is made, so that nobody has to walk the disk to tell."""

from __future__ import annotations

from backend.catalog import projects
from backend.catalog.database import Database
from backend.disk import made
from backend.disk.layout import Layout

_AT_ONCE = 500


def note(layout: Layout, database: Database, video_id: str, relative_path: str) -> None:
    """Measure what lies there of one video, and keep the figures: always all of it, so that no error adds up."""
    measured = made.measure(layout, relative_path)
    with database.write() as session:
        projects.note_made(session, video_id, measured)


def note_unmeasured(layout: Layout, database: Database) -> int:
    """Measure what earlier versions made, and what a rebuild found; returns of how many videos."""
    count = 0
    while True:
        with database.read() as session:
            found = projects.unmeasured(session, _AT_ONCE)
        for video_id, relative_path in found:
            note(layout, database, video_id, relative_path)
        count += len(found)
        if len(found) < _AT_ONCE:
            return count


def differences(layout: Layout, database: Database) -> dict[str, str]:
    """`{id: relative_path}` of videos with other files than are noted. For `doctor`: it walks the disk."""
    different: dict[str, str] = {}
    after = ""
    while True:
        with database.read() as session:
            found = projects.noted_made(session, after, _AT_ONCE)
        for video_id, relative_path, noted in found:
            after = video_id
            if made.measure(layout, relative_path) != noted:
                different[video_id] = relative_path
        if len(found) < _AT_ONCE:
            return different
