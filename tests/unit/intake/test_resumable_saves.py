"""A save of a resumable upload that fails: nothing is lost, and nothing is made twice."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from backend.disk import partial
from backend.errors import (
    ChecksumMismatch,
    DiskFull,
    DuplicateVideo,
    LengthExceeded,
    NotFound,
    StorageError,
    UploadGone,
)
from backend.intake.finding import Finder
from backend.intake.resumable import Checksum, Resumables
from backend.intake.unfinished import Record
from tests.unit.disk.border import Border
from tests.unit.intake.conftest import Build
from tests.unit.intake.house import ANN, VIDEO, House
from tests.unit.intake.resuming import LENGTH, age, cut, send, wish


@pytest.mark.parametrize("table", ["videos", "video_tags"], ids=["before the bytes have a name", "after"])
def test_a_catalog_that_fails_at_the_save_costs_nothing(house: House, uploads: Resumables, table: str) -> None:
    at = uploads.create(wish(tags="sea"))
    with _without(house, table), pytest.raises(StorageError):
        send(uploads, at, VIDEO)
    # With a name, the bytes wanted only to be listed: asking is enough.
    at = uploads.look(at.id, ANN, "tus")
    assert at.is_whole is (table == "video_tags")
    if not at.is_whole:
        assert at.offset == LENGTH - 1
        send(uploads, at, VIDEO[-1:])
    assert uploads.look(at.id, ANN, "tus").is_whole
    assert [video.id for video in house.listed()] == [at.id]
    house.sweep()
    house.check()


def test_bytes_that_have_a_name_already_are_never_written_again(house: House, uploads: Resumables) -> None:
    at = uploads.create(wish(tags="sea"))
    with _without(house, "video_tags"):
        with pytest.raises(StorageError):
            send(uploads, at, VIDEO)
        at = uploads.look(at.id, ANN, "tus")
        with pytest.raises(StorageError):
            send(uploads, at, b"X")
    house.sweep()
    assert house.video(at.id).sha256 == hashlib.sha256(VIDEO).hexdigest()
    house.check()


@contextmanager
def _without(house: House, table: str) -> Iterator[None]:
    with house.services.database.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO hidden"))
    yield
    with house.services.database.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE hidden RENAME TO {table}"))


@pytest.mark.parametrize("junk", [b"", b"no journal", b"00000000 {}\n", b"a3a6bf43 {}\n"])
def test_notes_that_cannot_be_read_end_the_upload_and_keep_its_bytes(
    house: House, uploads: Resumables, junk: bytes
) -> None:
    at = cut(uploads, uploads.create(wish()), VIDEO[:100])
    partial.journal_path(house.services.layout, at.id).write_bytes(junk)
    with pytest.raises(UploadGone, match="cannot be read"):
        uploads.look(at.id, ANN, "tus")
    house.sweep()
    assert partial.part_path(house.services.layout, at.id).read_bytes() == VIDEO[:100]


def test_an_upload_that_is_saved_between_two_looks_at_it_is_told_as_saved(
    uploads: Resumables, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = uploads.create(wish())

    def saved_just_now(finder: Finder, record: Record) -> bool:
        monkeypatch.undo()
        send(uploads, at, VIDEO)
        return finder._has_bytes(record)

    monkeypatch.setattr(Finder, "_has_bytes", saved_just_now)
    assert uploads.look(at.id, ANN, "tus").is_whole


def test_a_tus_client_that_tries_a_refused_duplicate_again_need_not_send_it_again(build: Build) -> None:
    house = build(DUPLICATES="reject")
    uploads = house.services.resumables
    send(uploads, uploads.create(wish()), VIDEO)
    at = uploads.create(wish())
    with pytest.raises(DuplicateVideo):
        send(uploads, at, VIDEO)
    at = uploads.look(at.id, ANN, "tus")
    assert at.offset == LENGTH - 1
    with pytest.raises(DuplicateVideo):
        send(uploads, at, VIDEO[-1:])
    uploads.terminate(at.id, ANN, "tus")
    assert len(house.listed()) == 1
    house.check()


def test_of_many_that_end_at_once_with_the_same_content_one_is_taken_where_duplicates_are_refused(
    build: Build,
) -> None:
    house = build(DUPLICATES="reject")
    uploads = house.services.resumables
    begun = [uploads.create(wish()) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        ends = [pool.submit(send, uploads, at, VIDEO) for at in begun]
    assert sorted(type(end.exception()).__name__ for end in ends) == ["DuplicateVideo"] * 5 + ["NoneType"]
    assert len(house.listed()) == 1


def test_a_length_told_by_a_request_that_is_refused_does_not_count(uploads: Resumables) -> None:
    at = uploads.create(wish(None))
    with pytest.raises(ChecksumMismatch):
        send(uploads, at, VIDEO[:60], length=60, checksum=Checksum("sha1", b"x" * 20))
    with pytest.raises(LengthExceeded):
        send(uploads, at, VIDEO[:100], length=60)
    assert uploads.look(at.id, ANN, "tus").length is None
    right = Checksum("sha256", hashlib.sha256(VIDEO[:100]).digest())
    at = send(uploads, at, VIDEO[:100], length=LENGTH, checksum=right)
    assert (at.offset, at.length) == (100, LENGTH)
    assert send(uploads, at, VIDEO[100:]).is_whole


def test_a_failed_fsync_is_never_told_as_an_upload_that_goes_on(
    house: House, uploads: Resumables, border: Border
) -> None:
    border.fail_when(lambda call: call.name == "fsync" and call.suffix == ".part", errno.ENOSPC)
    at = uploads.create(wish())
    with pytest.raises(DiskFull) as told:
        send(uploads, at, VIDEO)
    assert "is kept" not in told.value.message
    border.heal()
    with pytest.raises(UploadGone):
        uploads.look(at.id, ANN, "tus")
    assert len(list(house.services.layout.quarantine.iterdir())) == 1


def test_an_upload_has_one_spelling_by_which_it_is_found_and_locked(uploads: Resumables) -> None:
    at = uploads.create(wish())
    for spelling in (at.id.upper(), f"{{{at.id}}}", at.id.replace("-", ""), f"urn:uuid:{at.id}"):
        with pytest.raises(NotFound):
            uploads.look(spelling, ANN, "tus")


def test_words_changed_a_thousand_times_take_the_space_of_once(house: House, uploads: Resumables) -> None:
    at = uploads.create(wish(tags="sea"))
    for number in range(100):
        assert uploads.amend(at.id, ANN, {"description": [f"{number} " + "x" * 60_000]})
    taken = sum(path.stat().st_size for path in house.services.layout.incoming.iterdir())
    assert taken < 100_000
    send(uploads, at, VIDEO)
    video = house.video(at.id)
    assert (video.description[:3], [tag.tag for tag in video.tags]) == ("99 ", ["sea"])
    house.check()


def test_words_of_an_upload_that_is_gone_go_with_it(house: House, uploads: Resumables) -> None:
    at = uploads.create(wish())
    uploads.amend(at.id, ANN, {"title": ["kept"]})
    partial.journal_path(house.services.layout, at.id).unlink()
    house.sweep()
    assert not list(house.services.layout.incoming.iterdir())


def test_an_upload_that_cannot_go_on_can_still_be_thrown_away(house: House, uploads: Resumables) -> None:
    at = cut(uploads, uploads.create(wish()), VIDEO[:100])
    age(house, at, hours=25)
    uploads.terminate(at.id, ANN, "tus")
    assert not list(house.services.layout.incoming.iterdir())


def test_a_full_disk_is_told_with_what_is_kept(house: House, uploads: Resumables, border: Border) -> None:
    border.fail_when(lambda call: call.name == "pwrite" and call.suffix == ".part", errno.ENOSPC)
    at = uploads.create(wish())
    with pytest.raises(DiskFull, match=r"What came of 'a\.mp4' is kept"):
        send(uploads, at, VIDEO)
    border.heal()
    assert send(uploads, uploads.look(at.id, ANN, "tus"), VIDEO).is_whole
