"""What lies in each category is counted as it changes, and counting everything anew finds the same."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from backend.catalog import counts, projects
from backend.catalog.migrate import SCRIPTS
from backend.catalog.models import Count, Video
from backend.catalog.projects import Counted
from backend.catalog.recount import differences, mend
from backend.catalog.videos import EVERYTHING, Scope
from backend.disk.layout import CATEGORIES
from backend.media import room
from tests.services.ledger import VIDEO, Ledger, OpenLedger

SOUND = b"ID3\x04" + bytes(range(256))


def _make(ledger: Ledger, video_id: str, *sizes: int) -> None:
    """What a media job leaves: pictures of these sizes, and one copy as large as the first."""
    layout, place = ledger.services.layout, ledger.video(video_id).relative_path
    for folder, some in ((layout.pictures_of(place), sizes), (layout.renditions_of(place), sizes[:1])):
        folder.mkdir(parents=True, exist_ok=True)
        for number, size in enumerate(some):
            (folder / f"{number}").write_bytes(bytes(size))
    room.note(layout, ledger.database, video_id, place)


def _counted(ledger: Ledger, project_id: str | None = None) -> dict[str, tuple[int, int]]:
    with ledger.database.read() as session:
        found = projects.by_category(session, EVERYTHING, project_id)
    assert list(found) == list(CATEGORIES)
    return {name: (c.files, c.bytes) for name, c in found.items() if c != Counted()}


def test_each_category_is_counted_as_it_changes(open_ledger: OpenLedger) -> None:
    ledger = open_ledger(TRASH_DAYS="0")
    film, song = ledger.add(project_id="p"), ledger.add(SOUND, "song.mp3", project_id="q")
    copy = ledger.add(project_id="q")
    size = len(VIDEO)
    _make(ledger, film, 10, 20)
    _make(ledger, film, 11, 20, 5)
    everything = {
        "uploads": (2, 2 * size), "processed": (1, 11), "thumbnails": (3, 36), "music": (1, len(SOUND)),
    }  # fmt: skip
    assert _counted(ledger) == everything
    assert _counted(ledger, "q") == {"uploads": (1, size), "music": (1, len(SOUND))}
    counts.fold(ledger.database)
    assert _counted(ledger) == everything
    ledger.prune(copy)
    assert _counted(ledger, "q") == {"music": (1, len(SOUND))}
    ledger.services.trash.throw_away(film, "ann")
    assert _counted(ledger, "p") == {"uploads": (1, size), "processed": (1, 11), "thumbnails": (3, 36)}
    ledger.services.trash.purge_due()
    assert _counted(ledger, "p") == {}
    assert differences(ledger.database) == {}
    assert ledger.video(song).local_state == "present"


def test_counting_anew_mends_wrong_figures(ledger: Ledger) -> None:
    _make(ledger, ledger.add(), 10)
    right = _counted(ledger)
    counts.fold(ledger.database)
    with ledger.database.write() as session:
        session.query(Count).filter_by(kind="category", name="thumbnails").update({"bytes": 7})
    assert differences(ledger.database)
    mend(ledger.database)
    assert (_counted(ledger), differences(ledger.database)) == (right, {})


def test_what_earlier_versions_or_a_rebuild_left_is_measured_once(ledger: Ledger, tmp_path: Path) -> None:
    video_id = ledger.add()
    place = ledger.services.layout.pictures_of(ledger.video(video_id).relative_path)
    place.mkdir(parents=True)
    (place / "thumbnail.jpg").write_bytes(b"12345")
    assert room.note_unmeasured(ledger.services.layout, ledger.database) == 0
    ledger.set_video(video_id, media_state="ready")
    assert room.note_unmeasured(ledger.services.layout, ledger.database) == 1
    assert room.note_unmeasured(ledger.services.layout, ledger.database) == 0
    assert _counted(ledger)["thumbnails"] == (1, 5)
    (place / "more.jpg").write_bytes(b"1")
    assert list(room.differences(ledger.services.layout, ledger.database)) == [video_id]


def test_what_a_project_keeps_is_what_its_videos_say_until_they_are_purged(open_ledger: OpenLedger) -> None:
    ledger = open_ledger(TRASH_DAYS="0")
    one, two, other = ledger.add(), ledger.add(), ledger.add(VIDEO + b"1")
    ledger.prune(two)
    ledger.services.trash.throw_away(one, "ann")
    size = len(VIDEO)
    with ledger.database.read() as session:
        assert projects.kept_bytes(session, "default") == 3 * size + 1
        (project,) = projects.every(session, EVERYTHING)
        assert (project.videos, project.trashed, project.kept_bytes) == (2, 1, 3 * size + 1)
        assert projects.every(session, Scope(frozenset({"none"}))) == []
        assert projects.is_known(session, "default")
        assert not projects.is_known(session, "none")
    ledger.services.trash.purge_due()
    with ledger.database.read() as session:
        assert projects.kept_bytes(session, "default") == 2 * size + 1
        assert session.get_one(Video, other).local_state == "present"


def test_what_was_there_before_the_counting_is_counted(ledger: Ledger) -> None:
    ledger.add()
    ledger.add(SOUND, "song.mp3")
    right = _counted(ledger)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["engine"] = ledger.database.writer
    command.downgrade(config, "0008")
    command.upgrade(config, "head")
    assert (_counted(ledger), differences(ledger.database)) == (right, {})
