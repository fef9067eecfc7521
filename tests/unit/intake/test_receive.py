"""The use case behind every door: early refusals, whole or nothing, one video for one key."""

from __future__ import annotations

import errno
import hashlib
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from backend.catalog.database import Database
from backend.disk.sizes import in_units
from backend.errors import (
    DigestMismatch,
    DiskFault,
    DiskFull,
    EmptyFile,
    ExtensionNotAllowed,
    HoldfastError,
    IncompleteBody,
    KeyReused,
    TooLarge,
)
from backend.intake.receive import Caller, Upload
from tests.services.waiting import wait_until
from tests.unit.disk.border import Border, Call
from tests.unit.intake.conftest import Build
from tests.unit.intake.house import ANN, OTHER, VIDEO, House

BOB = Caller(id="t-bob", name="bob")


def test_saved_video_is_whole_with_sidecar_and_row(house: House) -> None:
    saved = house.upload(title="A day", tags=["sea", "sand"], metadata='{"take": 3}')
    video = house.video(saved.video_id)
    assert (video.original_filename, video.title, video.custom) == ("a.mp4", "A day", {"take": 3})
    assert (video.sha256, video.size_bytes) == (hashlib.sha256(VIDEO).hexdigest(), len(VIDEO))
    assert (video.uploaded_by, video.mime_type, video.door) == ("ann", "video/mp4", "test")
    house.check()


def test_bytes_are_durable_before_their_name_and_both_before_the_row(house: House, border: Border) -> None:
    house.upload()
    steps = [(c.name, Path(c.path).suffix or Path(c.path).name) for c in border.calls]
    assert steps == [
        ("open", ".part"), ("write", ".part"), ("fsync", ".part"),
        ("mkdir", "project_default"), ("open", "uploads"), ("fsync", "uploads"),
        ("open", ".tmp"), ("write", ".tmp"), ("fsync", ".tmp"), ("link", ".tmp"), ("unlink", ".tmp"),
        ("link", ".part"), ("open", "project_default"), ("fsync", "project_default"),
        # The catalog's transaction is here; only after it the name goes that tells a sweep to keep away.
        ("unlink", ".part"),
    ]  # fmt: skip


def test_row_is_committed_only_when_file_and_sidecar_stand(house: House) -> None:
    layout, seen = house.services.layout, []

    @event.listens_for(house.services.database.writer, "commit")
    def _look(_: object) -> None:
        names = {p.suffix for p in (layout.uploads / "project_default").iterdir()}
        seen.append((names, [p.suffix for p in layout.incoming.iterdir()]))

    house.upload()
    assert seen == [({".json", ".mp4"}, [".part"])]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"content": b""}, EmptyFile),
        ({"declared": len(VIDEO) + 1}, IncompleteBody),
        ({"declared": len(VIDEO) - 1}, IncompleteBody),
        ({"sha256": hashlib.sha256(OTHER).hexdigest()}, DigestMismatch),
        ({"name": "a.exe"}, ExtensionNotAllowed),
        ({"name": "noext", "content": b"MZ" + bytes(5000)}, ExtensionNotAllowed),
    ],
)
def test_refused_upload_leaves_nothing(house: House, change: dict[str, str], kind: type[HoldfastError]) -> None:
    with pytest.raises(kind) as told:
        house.upload(**change)  # type: ignore[arg-type] # a table of different arguments
    assert told.value.detail
    assert house.listed() == []
    house.check()


def test_file_without_extension_is_taken_by_its_content(house: House) -> None:
    assert house.place(house.upload(name="")).suffix == ".mp4"
    house.check()


def test_too_large_is_refused_when_declared_and_when_it_arrives(build: Build) -> None:
    house = build(UPLOAD_MAX_SIZE="1000")
    with pytest.raises(TooLarge):
        house.intake.open("a.mp4", ANN, "test", 1001)
    with pytest.raises(TooLarge):
        house.upload(bytes(1001))
    house.upload(bytes(1000), declared=1000)
    house.check()


def test_reserve_is_kept_when_declared_and_while_it_arrives(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    house = build(MIN_FREE_BYTES="1000")
    free = [5000]
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(10**12, 0, free[0]))
    with pytest.raises(DiskFull, match="reserve"):
        house.intake.open("a.mp4", ANN, "test", 4001)
    upload = house.intake.open("a.mp4", ANN, "test", 4000)
    free[0] = 999
    with pytest.raises(DiskFull, match="reserve") as told:
        _write_much(house, upload)
    assert upload.file.size_bytes <= 64 * 1024 * 1024
    house.intake.abandon(upload, told.value)
    house.check()


def _write_much(house: House, upload: Upload) -> None:
    for _ in range(70):
        house.intake.write(upload, bytes(1024 * 1024))


def test_unknown_target_is_refused_before_anything_is_published(house: House) -> None:
    with pytest.raises(HoldfastError, match="nowhere"):
        house.upload(targets="nowhere")
    house.check()


def test_retried_key_answers_with_the_first_video(house: House) -> None:
    first = house.upload(key="k")
    again = house.upload(key="k", name="renamed.mp4")
    assert (again.video_id, again.replayed) == (first.video_id, True)
    assert len(house.listed()) == 1
    house.check()


def test_key_belongs_to_its_caller_and_to_its_content(house: House) -> None:
    first = house.upload(key="k")
    assert house.upload(OTHER, key="k", caller=BOB).video_id != first.video_id
    with pytest.raises(KeyReused):
        house.upload(OTHER, key="k")
    assert len(house.listed()) == 2
    house.check()


def test_tries_of_one_key_at_once_end_as_one_video(house: House) -> None:
    answers = _at_once(house, [lambda: house.upload(key="k").video_id] * 6)
    assert len(set(answers)) == 1
    assert len(house.listed()) == 1
    house.check()


def test_two_files_at_once_with_one_key_are_never_taken_for_one_another(house: House) -> None:
    """Both pass the first look; the one that comes second must not be answered with the other's video."""

    def upload(content: bytes) -> str:
        try:
            return house.video(house.upload(content, key="k").video_id).sha256
        except KeyReused:
            return "refused"

    answers = _at_once(house, [lambda: upload(VIDEO), lambda: upload(OTHER)])
    assert Counter(a == "refused" for a in answers) == {True: 1, False: 1}
    sure = {0: hashlib.sha256(VIDEO).hexdigest(), 1: hashlib.sha256(OTHER).hexdigest()}
    assert all(answer in ("refused", sure[n]) for n, answer in enumerate(answers))
    assert len(house.listed()) == 1
    house.check()


def _at_once(house: House, works: list[Callable[[], str]]) -> list[str]:
    """Run the works in threads that all have published their files before the catalog lets the first one in."""
    answers = [""] * len(works)

    def run(number: int, work: Callable[[], str]) -> None:
        answers[number] = work()

    def published() -> bool:
        return len(list(house.services.layout.uploads.rglob("*.mp4"))) == len(works)

    threads = [threading.Thread(target=run, args=(n, work)) for n, work in enumerate(works)]
    with closing(Database(house.services.settings.catalog_url)) as other, other.write() as session:
        session.execute(text("SELECT 1"))
        for thread in threads:
            thread.start()
        wait_until(published, "all files to be published")
    for thread in threads:
        thread.join()
    return answers


def test_catalog_that_fails_keeps_the_file_and_a_retry_with_its_key_makes_no_second_video(house: House) -> None:
    with _listening(house, "commit", _full), pytest.raises(DiskFull, match="safe on the server's disk"):
        house.upload(key="k")
    assert house.listed() == []
    retried = house.upload(key="k")
    assert retried.replayed
    assert len(house.listed()) == 1
    house.check()


def test_catalog_that_fails_for_an_upload_without_key_is_healed_by_the_next_sweep(house: House) -> None:
    with _listening(house, "commit", _full), pytest.raises(DiskFull):
        house.upload()
    assert len(house.sweep().adopted) == 1
    house.check()


@contextmanager
def _listening(house: House, moment: str, does: Callable[[object], None]) -> Iterator[None]:
    """At the border to the database: `does` is called before each writing transaction's BEGIN or COMMIT."""
    event.listen(house.services.database.writer, moment, does, insert=True)
    try:
        yield
    finally:
        event.remove(house.services.database.writer, moment, does)


def _full(_: object) -> None:
    raise OperationalError("COMMIT", None, sqlite3.OperationalError("database or disk is full"))


def test_failure_is_told_even_when_cleaning_up_fails_too(house: House, border: Border) -> None:
    border.fail_when(lambda call: call.name in ("fsync", "rename", "unlink"), errno.EIO)
    with pytest.raises(DiskFault, match="making a file durable"):
        house.upload()
    border.heal()
    house.sweep()
    assert house.listed() == []
    house.check()


def test_failed_fsync_of_the_folder_is_not_acknowledged_and_the_bytes_wait_for_a_person(
    house: House, border: Border
) -> None:
    house.upload(OTHER)
    border.fail_when(lambda call: call.name == "fsync" and call.path.endswith("project_default"), errno.EIO)
    with pytest.raises(DiskFault):
        house.upload()
    border.heal()
    kept = sorted(p.suffix for p in house.services.layout.quarantine.iterdir())
    assert kept == [".json", ".part"]
    assert len(house.listed()) == 1
    house.check()


@pytest.mark.parametrize("taken", [".json", ".mp4"])
def test_taken_name_is_passed_over_and_never_overwritten(house: House, border: Border, taken: str) -> None:
    refused: list[str] = []

    def first_name(call: Call) -> bool:
        if call.name == "link" and call.to.endswith(taken) and not refused:
            refused.append(call.to)
        return call.name == "link" and call.to in refused

    border.fail_when(first_name, errno.EEXIST)
    assert str(house.place(house.upload())) not in refused
    assert len(refused) == 1
    house.check()


def test_uploads_at_once_are_all_there(house: House) -> None:
    contents = [bytes([n]) * 3_000_000 for n in range(12)]
    threads = [threading.Thread(target=house.upload, args=(content, f"{n}.mp4")) for n, content in enumerate(contents)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {v.sha256 for v in house.listed()} == {hashlib.sha256(c).hexdigest() for c in contents}
    house.check()


def test_log_tells_the_story_of_one_upload_under_its_id(house: House) -> None:
    saved = house.upload()
    lines = [line for line in house.services.log.path.read_text().splitlines() if saved.video_id in line]
    assert [line.split()[2] for line in lines] == ["receiving", "received", "saved", "queued"]


@pytest.mark.parametrize(
    ("size_bytes", "shown"), [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 kB"), (20 * 1024**3, "20.0 GB")]
)
def test_sizes_are_told_for_people(size_bytes: int, shown: str) -> None:
    assert in_units(size_bytes) == shown
