"""What the durable engine promises beyond the port: it is an installation like any other, by the same use cases."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from backend.catalog import audit_list, videos
from backend.catalog.audit_list import Asked
from backend.catalog.videos import EVERYTHING
from backend.errors import Held, LocalDamage
from backend.services import Services, build_services
from backend.settings import load_settings
from backend.storage import AutoStorage
from tests.contract.engines import MP4
from tests.services.loops import run_apart
from tests.services.waiting import wait_until

_TINY = 1e-9  # of an hour: over at once


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "videos"


@pytest.fixture
def storage(folder: Path) -> Iterator[AutoStorage]:
    with AutoStorage(folder, min_free_bytes=0) as made:
        yield made


@pytest.fixture
def server(storage: AutoStorage, folder: Path) -> Iterator[Services]:
    """The services of a server beside it, on the same installation."""
    assert len(storage) == 0  # which prepares it
    settings = load_settings({"STORAGE_PATH": str(folder), "LOG_DIR": str(folder / "logs")}, dotenv=None)
    services = build_services(settings, {})
    yield services
    services.close()


def test_a_stored_video_is_one_of_the_server_s_with_sidecar_words_and_audit(
    storage: AutoStorage, server: Services
) -> None:
    key = storage.store_video(MP4, {"title": "Gate", "source": "cam 1", "fps": 25}, tags=["a"], filename="gate.mp4")
    with server.database.read() as session:
        video = videos.get(session, key)
        lines = [line.action for line in audit_list.of_video(session, key, 10)]
    assert (video.title, video.source, video.custom, video.door) == ("Gate", "cam 1", {"fps": 25}, "library")
    assert lines == ["video.saved"]
    stored = server.layout.absolute(video.relative_path)
    assert stored.read_bytes() == MP4
    assert server.layout.sidecar_of(video.relative_path).is_file()


def test_what_is_edited_on_the_page_shows_here_and_what_is_changed_here_shows_there(
    storage: AutoStorage, server: Services
) -> None:
    key = storage.store_video(MP4, {"title": "Gate", "take": 1})
    server.editor.edit(key, storage._caller, {"title": ["Harbour"], "tags": ["sea"]}, any_video=True)
    found = storage.get_video(key)
    assert found is not None
    assert (found["title"], found["tags"], found["take"]) == ("Harbour", ["sea"], 1)
    assert storage.update_metadata(key, {"title": ["not", "a", "text"], "take": 2})
    with server.database.read() as session:
        video = videos.get(session, key)
    assert (video.title, video.custom) == ("", {"title": ["not", "a", "text"], "take": 2})
    assert [found["key"] for found in storage.search_by_tags(["sea"])] == [key]


def test_deleting_moves_to_the_trash_from_where_it_comes_back(storage: AutoStorage, server: Services) -> None:
    key = storage.store_video(MP4, {"title": "Gate"})
    assert storage.delete_video(key)
    assert key not in storage
    assert not storage.delete_video(key)
    with server.database.read() as session:
        assert videos.get(session, key).trashed_at is not None
    server.trash.take_out(key, "somebody")
    assert storage.retrieve_video(key) == MP4


def test_a_held_video_is_neither_deleted_nor_cleared_nor_gone_at_its_end(
    storage: AutoStorage, server: Services
) -> None:
    kept, other = (storage.store_video(MP4 + bytes([n]), {}) for n in range(2))
    hold = server.holder.hold(kept, "evidence")
    with pytest.raises(Held, match="evidence"):
        storage.delete_video(kept)
    assert storage.clear_all() is False
    assert kept in storage
    assert other in storage
    ended = storage.store_video(MP4, {}, ttl_hours=2 / 3600)
    server.holder.hold(ended, "evidence too")
    ends_at = datetime.now() + timedelta(seconds=2)
    wait_until(lambda: datetime.now() > ends_at, "its time to be over")
    assert storage.retrieve_video(ended) == MP4
    server.holder.release(kept, hold.id)
    assert storage.delete_video(kept)


def test_a_video_whose_time_is_over_is_in_the_trash_after_the_next_call(storage: AutoStorage, server: Services) -> None:
    key = storage.store_video(MP4, {}, ttl_hours=_TINY)
    assert storage.retrieve_video(key) is None
    with server.database.read() as session:
        assert videos.get(session, key).trashed_at is not None
        assert [line.action for line in audit_list.of_video(session, key, 10)] == ["video.expired", "video.saved"]


def test_the_trash_empties_also_where_no_worker_runs(folder: Path, server: Services) -> None:
    with AutoStorage(folder, min_free_bytes=0) as storage:
        kept, gone = (storage.store_video(MP4 + bytes([number]), {}) for number in (1, 2))
        storage.delete_video(gone)
    with AutoStorage(folder, min_free_bytes=0) as unsure, server.database.read() as session:
        assert len(unsure) == 1
        assert videos.get(session, gone).local_state == "present", "a server may keep its trash longer"
    with AutoStorage(folder, min_free_bytes=0, trash_days=0) as later:
        assert [video["key"] for video in later.list_videos()] == [kept]
    with server.database.read() as session:
        states = [videos.get(session, key).local_state for key in (kept, gone)]
        lines = audit_list.of_video(session, gone, 10)
    assert states == ["present", "purged"]
    assert [(line.action, line.who) for line in lines if line.action == "video.purged"] == [
        ("video.purged", "Holdfast")
    ]
    assert [file.read_bytes() for file in (folder / "uploads").rglob("*.mp4")] == [MP4 + b"\x01"]


def test_each_engine_sees_its_own_project(storage: AutoStorage, folder: Path) -> None:
    key = storage.store_video(MP4, {})
    with AutoStorage(folder, project_id="other", min_free_bytes=0) as other:
        assert len(other) == 0
        assert other.retrieve_video(key) is None
        assert not other.delete_video(key)
        assert not other.update_metadata(key, {"title": "mine"})
        assert other.clear_all()
        mine = other.store_video(MP4, {})
        assert mine != key
    assert [video["key"] for video in storage.list_videos()] == [key]


def test_what_the_doors_refuse_is_a_value_error_and_nothing_stays(storage: AutoStorage, server: Services) -> None:
    with pytest.raises(ValueError, match="takes mp4"):
        storage.store_video(MP4, {}, filename="virus.exe")
    with pytest.raises(ValueError, match="key of its own"):
        storage.store_video(MP4, {}, key="mine")
    with pytest.raises(ValueError, match="no option 'colour'"):
        AutoStorage(server.layout.root, colour="red")
    assert len(storage) == 0
    assert list(server.layout.incoming.iterdir()) == []


def test_bytes_without_a_name_or_a_known_type_are_kept(storage: AutoStorage) -> None:
    key = storage.store_video(b"nobody knows", {})
    assert storage.retrieve_video(key) == b"nobody knows"
    assert storage.retrieve_video(key, "metadata")["mime_type"] == "video/octet-stream"


def test_it_works_inside_a_running_event_loop_and_in_threads_of_it(storage: AutoStorage) -> None:
    async def program() -> list[bytes | None]:
        here = storage.store_video(MP4, {})
        there = await asyncio.to_thread(storage.store_video, MP4 + b"2", {})
        return [storage.retrieve_video(here), await asyncio.to_thread(storage.retrieve_video, there)]

    assert run_apart(program()) == [MP4, MP4 + b"2"]


def test_many_threads_lose_nothing(storage: AutoStorage) -> None:
    keys: dict[int, str] = {}

    def store(number: int) -> None:
        keys[number] = storage.store_video(MP4 + bytes([number]), {"number": number}, tags=["many"])
        storage.update_metadata(keys[number], {"again": number})

    threads = [threading.Thread(target=store, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {video["key"]: video for video in storage.search_by_tags(["many"])}
    assert {number: (found[key]["number"], found[key]["again"]) for number, key in keys.items()} == {
        number: (number, number) for number in range(16)
    }
    assert all(storage.retrieve_video(key) == MP4 + bytes([number]) for number, key in keys.items())


def test_after_a_fork_the_child_opens_it_anew(storage: AutoStorage) -> None:
    before = storage.store_video(MP4, {})
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            found = storage.retrieve_video(before)
            os.write(writing, (storage.store_video(MP4 + b"child", {}) if found == MP4 else "lost").encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        key = told.read().decode()
    os.waitpid(child, 0)
    assert storage.retrieve_video(key) == MP4 + b"child"
    assert storage.retrieve_video(before) == MP4


def test_without_a_path_it_is_the_installation_that_the_environment_names(
    server: Services, folder: Path, monkeypatch: pytest.MonkeyPatch, storage: AutoStorage, tmp_path: Path
) -> None:
    key = storage.store_video(MP4, {})
    monkeypatch.setenv("STORAGE_PATH", str(folder))
    monkeypatch.setenv("LOG_DIR", str(folder / "logs"))
    # Another one's database, which a named folder must not be mixed with.
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/other.db")
    with AutoStorage(folder) as named:
        assert named.retrieve_video(key) == MP4
    monkeypatch.delenv("DATABASE_URL")
    with AutoStorage() as found:
        assert found.retrieve_video(key) == MP4


def test_videos_without_a_catalog_are_not_begun_anew_beside(folder: Path) -> None:
    with AutoStorage(folder, min_free_bytes=0) as storage:
        key = storage.store_video(MP4, {})
    for left in (folder / "metadata").glob("*.db*"):
        left.unlink()
    with pytest.raises(ValueError, match="rebuild"), AutoStorage(folder, min_free_bytes=0) as storage:
        storage.retrieve_video(key)


def test_a_closed_storage_says_so(folder: Path) -> None:
    storage = AutoStorage(folder, min_free_bytes=0)
    storage.store_video(MP4, {})
    storage.close()
    storage.close()
    with pytest.raises(ValueError, match="closed"):
        len(storage)


def test_pruned_bytes_are_brought_back_and_a_target_that_was_away_gets_its_copy_later(
    folder: Path, tmp_path: Path
) -> None:
    nas = tmp_path / "nas"
    target = {"name": "nas", "kind": "folder", "path": str(nas)}
    with AutoStorage(folder, targets=[target], min_free_bytes=0) as storage:
        away = storage.store_video(MP4, {}, filename="away.mp4")
        assert storage.deliveries(away)["nas"] in ("pending", "in_progress")
        assert not storage.wait_until_delivered(away, timeout_seconds=0)
        nas.mkdir()
        assert storage.wait_until_delivered(away)
        services = storage._opening.services()
        with services.database.read() as session:
            path = services.layout.absolute(videos.get(session, away).relative_path)
        assert any(copy.read_bytes() == MP4 for copy in nas.rglob("*.mp4"))
        path.unlink()
        assert storage.retrieve_video(away) == MP4
        assert path.is_file()


def test_bytes_that_were_changed_on_the_disk_are_never_given_out(storage: AutoStorage, folder: Path) -> None:
    key = storage.store_video(MP4, {}, filename="gate.mp4")
    (file,) = (folder / "uploads").rglob("*.mp4")
    file.chmod(0o644)
    file.write_bytes(MP4[:-1] + b"!")
    with pytest.raises(LocalDamage, match=r"'gate.mp4' has other bytes .*scrub"):
        storage.retrieve_video(key)


def test_who_acted_stands_in_the_audit(storage: AutoStorage, server: Services) -> None:
    storage.store_video(MP4, {})
    with server.database.read() as session:
        lines = audit_list.page(session, Asked(), EVERYTHING, "", 10).lines
    assert {line.who for line in lines if line.video_id} == {storage._caller.name}
