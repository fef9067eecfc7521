"""The sweep: every state a crash can leave is healed, nothing acknowledged is touched, uploads go on meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import delete

from backend.catalog.models import KeyedAnswer, Video, VideoTag
from backend.disk.incoming import IncomingFile
from backend.disk.sidecar import Sidecar, change, read_sidecar, write_first
from backend.intake.recover import Recovery, Swept
from tests.unit.disk.border import Border
from tests.unit.intake.conftest import Build
from tests.unit.intake.house import OTHER, VIDEO, House


def _forget(house: House, video_id: str) -> None:
    """Take the row away, as if its transaction had not happened."""
    with house.services.database.write() as session:
        session.execute(delete(KeyedAnswer).where(KeyedAnswer.video_id == video_id))
        session.execute(delete(VideoTag).where(VideoTag.video_id == video_id))
        session.delete(session.get_one(Video, video_id))


def _saved(
    house: House, content: bytes = VIDEO, name: str = "a.mp4", key: str = "", tags: str = "", **texts: str
) -> tuple[Video, Path]:
    title, metadata = texts.get("title", ""), texts.get("metadata", "")
    saved = house.upload(content, name, key=key, tags=tags, title=title, metadata=metadata)
    video = house.video(saved.video_id)
    return video, house.path(video)


def _part(house: House, video: Video) -> Path:
    return house.services.layout.incoming / f"{video.id}.part"


def test_nothing_to_do_changes_nothing(house: House) -> None:
    house.upload(tags="a,b")
    swept = house.sweep()
    assert (swept.adopted, swept.discarded, swept.quarantined, swept.missing, swept.unknown) == ([], [], [], [], [])
    house.check()


def test_unfinished_file_is_discarded(house: House) -> None:
    upload = house.begin()
    upload.file.close()
    assert house.sweep().discarded == [upload.file.path.name]
    house.check()


def test_running_upload_is_left_alone(house: House) -> None:
    upload = house.begin()
    swept = house.sweep()
    assert swept.discarded == []
    house.save(upload)
    house.check()


def test_temporary_file_of_a_killed_process_is_discarded_at_once(house: House) -> None:
    (house.services.layout.incoming / "0a.tmp").write_bytes(b"{}")
    house.sweep()
    house.check()


def test_sidecar_and_whole_part_are_published_and_listed(house: House) -> None:
    """Killed between the sidecar and link(2)."""
    video, place = _saved(house, tags="a,b")
    _forget(house, video.id)
    place.rename(_part(house, video))
    swept = house.sweep()
    assert swept.adopted == [video.relative_path]
    again = house.video(video.id)
    assert [t.tag for t in again.tags] == ["a", "b"]
    house.check()


def test_sidecar_that_announced_shared_bytes_says_after_the_crash_that_they_are_its_own(house: House) -> None:
    first, _ = _saved(house)
    second, place = _saved(house, name="b.mp4")
    assert second.bytes_id == first.id
    _forget(house, second.id)
    place.unlink()
    _part(house, second).write_bytes(VIDEO)
    house.sweep()
    assert house.video(second.id).bytes_id == second.id
    house.check()


def test_sidecar_and_torn_part_end_as_nothing_listed(house: House) -> None:
    """The sidecar came to disk, the bytes did not all: power was lost before the fsync counted."""
    video, place = _saved(house)
    _forget(house, video.id)
    place.unlink()
    _part(house, video).write_bytes(VIDEO[:-1] + b"?")
    swept = house.sweep()
    assert swept.quarantined == [f"{video.relative_path}.json"]
    assert house.listed() == []
    house.check()


def test_published_file_without_row_is_listed_with_all_that_was_known(house: House) -> None:
    """Killed between publishing and the catalog: the name in incoming still stands."""
    video, place = _saved(house, title="A day", metadata='{"take": 3}', key="k")
    _forget(house, video.id)
    os.link(place, _part(house, video))
    assert house.sweep().adopted == [video.relative_path]
    again = house.video(video.id)
    assert (again.title, again.custom, again.created_at) == ("A day", {"take": 3}, video.created_at)
    assert house.upload(key="k").replayed
    house.check()


def test_an_upload_that_is_published_and_dies_while_a_sweep_walks_is_found_by_its_retry(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, place = _saved(house, key="k")

    def dies_behind_it(sweep: Recovery, folder: Path, found: Swept) -> None:
        original(sweep, folder, found)
        _forget(house, video.id)
        os.link(place, _part(house, video))

    original = Recovery._sweep_folder
    with monkeypatch.context() as patch:
        patch.setattr(Recovery, "_sweep_folder", dies_behind_it)
        house.sweep()
    assert house.upload(key="k").video_id == video.id
    assert len(house.listed()) == 1
    house.check()


def test_name_that_stayed_in_incoming_after_the_commit_is_removed(house: House) -> None:
    video, place = _saved(house)
    os.link(place, _part(house, video))
    swept = house.sweep()
    assert (swept.adopted, swept.discarded) == ([], [f"{video.id}.part"])
    house.check()


def test_published_file_that_holds_other_bytes_than_its_sidecar_is_never_listed(house: House) -> None:
    video, place = _saved(house)
    _forget(house, video.id)
    os.link(place, _part(house, video))
    place.write_bytes(VIDEO[:-1] + b"?")
    swept = house.sweep()
    assert swept.unknown == [video.relative_path]
    assert house.listed() == []


def test_cut_file_without_row_is_never_listed(house: House) -> None:
    video, place = _saved(house)
    _forget(house, video.id)
    place.write_bytes(VIDEO[:-1])
    assert house.sweep().unknown == [video.relative_path]
    assert house.listed() == []


def test_sidecar_alone_is_set_aside(house: House) -> None:
    video, place = _saved(house)
    _forget(house, video.id)
    place.unlink()
    assert house.sweep().quarantined == [f"{video.relative_path}.json"]
    assert (house.services.layout.quarantine / f"{place.name}.json").exists()
    house.check()


def test_sidecar_alone_with_a_verified_copy_is_listed_and_its_loss_is_told(house: House) -> None:
    video, place = _saved(house)

    def delivered(doc: Sidecar) -> Sidecar:
        known = {"target": "nas", "state": "delivered", "remote_key": "default/a.mp4"}
        return Sidecar.model_validate(doc.model_dump(by_alias=True) | {"deliveries": [known]})

    change(house.services.layout, video.relative_path, video.id, delivered)
    _forget(house, video.id)
    place.unlink()
    assert house.sweep().missing == [video.relative_path]
    assert [(d.target, d.state) for d in house.video(video.id).deliveries] == [("nas", "delivered")]


def test_file_without_sidecar_is_told_and_never_listed_or_removed(house: House) -> None:
    video, place = _saved(house)
    _forget(house, video.id)
    Path(f"{place}.json").unlink()
    assert house.sweep().unknown == [video.relative_path]
    assert house.listed() == []
    assert place.read_bytes() == VIDEO


def test_row_whose_file_is_gone_is_told(house: House) -> None:
    video, place = _saved(house)
    place.unlink()
    assert house.sweep().missing == [video.relative_path]
    assert [v.id for v in house.listed()] == [video.id]


def test_later_sidecar_brings_its_row_up_to_date(house: House) -> None:
    video, _ = _saved(house)

    def renamed(doc: Sidecar) -> Sidecar:
        return doc.model_copy(update={"video": doc.video.model_copy(update={"title": "Later"})})

    change(house.services.layout, video.relative_path, video.id, renamed)
    assert house.services.recovery.rebuild() == (1, [])
    assert house.video(video.id).title == "Later"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"video": {}}'])
def test_sidecar_nobody_understands_is_told_and_stops_neither_the_start_nor_the_others(
    house: House, content: bytes
) -> None:
    spoilt, place = _saved(house)
    good, _ = _saved(house, content=OTHER)
    _forget(house, spoilt.id)
    _forget(house, good.id)
    Path(f"{place}.json").write_bytes(content)
    swept = house.sweep()
    assert (swept.unknown, swept.adopted) == ([spoilt.relative_path], [good.relative_path])
    assert [v.id for v in house.listed()] == [good.id]
    changed, problems = house.services.recovery.rebuild()
    assert (changed, len(problems)) == (0, 1)


def test_unreadable_folder_entries_stop_neither_the_start_nor_the_others(house: House) -> None:
    good, _ = _saved(house)
    _forget(house, good.id)
    odd = house.services.layout.uploads / "project_default" / "odd.mp4.json"
    odd.mkdir()
    assert house.sweep().adopted == [good.relative_path]
    assert house.services.recovery.rebuild()[1]


def test_lost_catalog_comes_back_whole_from_the_sidecars(house: House, build: Build) -> None:
    ids = [house.upload(bytes([n]) * 999, f"{n}.mp4", key=str(n), tags=f"t{n}").video_id for n in range(5)]
    twin = house.upload(bytes([0]) * 999)
    fresh = build()
    for name in ("uploads", "incoming"):
        (fresh.services.layout.root / name).rmdir()
        (house.services.layout.root / name).rename(fresh.services.layout.root / name)
    assert fresh.services.recovery.rebuild() == (6, [])
    assert {v.id for v in fresh.listed()} == {*ids, twin.video_id}
    assert [t.tag for t in fresh.video(ids[3]).tags] == ["t3"]
    assert fresh.upload(bytes([2]) * 999, key="2").video_id == ids[2]
    fresh.check()


def test_swept_twice_is_swept_once(house: House) -> None:
    video, place = _saved(house)
    _forget(house, video.id)
    os.link(place, _part(house, video))
    assert len(house.sweep().adopted) == 1
    swept = house.sweep()
    assert (swept.adopted, swept.discarded, swept.unknown) == ([], [], [])


def test_sweeps_of_many_processes_adopt_each_video_once(house: House) -> None:
    videos = [_saved(house, content=bytes([n]) * 99)[0] for n in range(10)]
    for video in videos:
        _forget(house, video.id)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        adopted = pool.map(_sweep_in, [house.root] * 8)
    assert sum(adopted) == 10
    house.check()


def _sweep_in(root: Path) -> int:
    house = House.open(root)
    try:
        return len(house.sweep().adopted)
    finally:
        house.close()


def test_sweeping_all_the_time_never_harms_running_uploads(house: House) -> None:
    """Each upload is seen in all its states: sidecar alone, published without row, row without its name in incoming."""
    over, odd = threading.Event(), []

    def sweep() -> None:
        while not over.is_set():
            swept = house.sweep()
            # A file that is a microsecond old may be discarded: its upload sees that and makes another one.
            odd.extend([*swept.adopted, *swept.quarantined, *swept.missing, *swept.unknown])

    sweeper = threading.Thread(target=sweep)
    uploaders = [
        threading.Thread(target=lambda n=n: [house.upload(bytes([n, k]) * 500, f"{n}-{k}.mp4") for k in range(15)])
        for n in range(4)
    ]
    sweeper.start()
    for uploader in uploaders:
        uploader.start()
    for uploader in uploaders:
        uploader.join()
    over.set()
    sweeper.join()
    assert odd == []
    assert len(house.listed()) == 60
    house.check()


def test_upload_that_ends_while_the_sweep_looks_at_it_keeps_its_sidecar(house: House, border: Border) -> None:
    """The folder was listed between its sidecar and its link; when the sweep comes to it, it is acknowledged."""
    upload = house.begin()
    real = os.listdir

    def listed_then_saved(folder: Path) -> list[str]:
        names = real(folder)
        if Path(folder).name == "project_default" and not house.listed():
            house.save(upload)
            return [f"{house.listed()[0].stored_filename}.json"]
        return names

    (house.services.layout.uploads / "project_default").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "listdir", listed_then_saved)
        swept = house.sweep()
    assert (swept.quarantined, swept.adopted) == ([], [])
    house.check()


def test_restored_part_of_a_killed_process_is_discarded(house: House) -> None:
    IncomingFile(house.services.layout, "restore-x").close()
    house.sweep()
    house.check()


def test_sidecar_of_a_foreign_place_is_not_followed(house: House) -> None:
    """What a sidecar says of its own place is not believed: it may have been copied, or written by a stranger."""
    video, _ = _saved(house)
    doc = read_sidecar(house.services.layout.sidecar_of(video.relative_path))
    secret = house.root / "secret.mp4"
    secret.write_bytes(VIDEO)
    facts = {"id": "evil", "bytes_id": "evil", "relative_path": "../secret.mp4", "stored_filename": "secret.mp4"}
    evil = doc.model_copy(update={"video": doc.video.model_copy(update=facts)})
    place = house.services.layout.uploads / "project_default" / "evil.mp4"
    place.write_bytes(VIDEO)
    Path(f"{place}.json").write_bytes(evil.encoded())
    assert "uploads/project_default/evil.mp4" in house.sweep().unknown
    house.services.recovery.rebuild()
    assert [v.id for v in house.listed()] == [video.id]


def test_write_first_is_what_makes_these_states(house: House) -> None:
    """The states above are made by hand; tests/unit/intake/test_kill.py makes them by killing the real thing."""
    video, place = _saved(house)
    doc = read_sidecar(Path(f"{place}.json"))
    _forget(house, video.id)
    place.unlink()
    Path(f"{place}.json").unlink()
    write_first(house.services.layout, doc)
    _part(house, video).write_bytes(VIDEO)
    house.sweep()
    assert [v.id for v in house.listed()] == [video.id]
    house.check()
