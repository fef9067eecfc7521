"""Resumable uploads: what is told is durable and never shrinks, and whole only once it is saved."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime

import pytest

from backend.catalog.models import Token
from backend.errors import (
    BadField,
    ChecksumMismatch,
    DigestMismatch,
    EmptyFile,
    ExtensionNotAllowed,
    HoldfastError,
    InconsistentLength,
    LengthExceeded,
    NotFound,
    OffsetMismatch,
    TooLarge,
    UploadGone,
)
from backend.intake import appending
from backend.intake.receive import Caller
from backend.intake.resumable import Append, Checksum, Resumables, Wish
from tests.unit.intake.conftest import Build
from tests.unit.intake.house import ANN, OTHER, VIDEO, House
from tests.unit.intake.resuming import LENGTH, age, cut, send, unasked, wish

BOB = Caller(id="t-bob", name="bob")
ADMIN = Caller(id="t-admin", name="admin", is_admin=True)


def test_an_upload_in_one_piece_is_saved_as_the_video_of_its_own_id(house: House, uploads: Resumables) -> None:
    begun = uploads.create(wish(title="A day"))
    whole = send(uploads, begun, VIDEO)
    assert (whole.offset, whole.is_whole, whole.video_id) == (LENGTH, True, begun.id)
    video = house.video(begun.id)
    assert (video.title, video.sha256, video.door) == ("A day", hashlib.sha256(VIDEO).hexdigest(), "tus")
    assert uploads.look(begun.id, ANN, "tus").offset == LENGTH
    house.check()


def test_pieces_over_new_processes_make_the_same_file(house: House) -> None:
    at = house.services.resumables.create(wish())
    third = LENGTH // 3
    for piece in (VIDEO[:third], VIDEO[third : 2 * third], VIDEO[2 * third :]):
        with closing(House.open(house.root)) as again:
            at = send(again.services.resumables, at, piece)
    assert house.video(at.id).sha256 == hashlib.sha256(VIDEO).hexdigest()
    house.check()


def test_a_body_that_breaks_off_keeps_what_came(uploads: Resumables) -> None:
    at = cut(uploads, uploads.create(wish()), VIDEO[:100])
    assert at.offset == 100
    assert send(uploads, at, VIDEO[100:]).is_whole


def test_the_log_tells_where_an_upload_broke_off_and_that_it_goes_on(house: House, uploads: Resumables) -> None:
    at = cut(uploads, uploads.create(wish()), VIDEO[:100])
    at = send(uploads, at, VIDEO[100:200])
    at = send(uploads, at, VIDEO[200:300])
    with closing(House.open(house.root)) as again:
        send(again.services.resumables, at, VIDEO[300:])
    lines = house.intake.log.path.read_text().splitlines()
    steps = [line.split()[2] for line in lines if f"upload={at.id}" in line]
    assert steps == ["receiving", "interrupted", "resumed", "resumed", "received", "saved", "queued"]


def test_all_bytes_without_the_save_are_told_as_one_less(house: House, uploads: Resumables) -> None:
    at = cut(uploads, uploads.create(wish()), VIDEO)
    assert (at.offset, at.is_whole, house.listed()) == (LENGTH - 1, False, [])
    assert send(uploads, at, VIDEO[-1:]).is_whole
    house.check()


@pytest.mark.parametrize("offset", [0, 99, 101, LENGTH])
def test_an_append_elsewhere_than_at_the_end_is_refused_and_changes_nothing(uploads: Resumables, offset: int) -> None:
    at = cut(uploads, uploads.create(wish()), VIDEO[:100])
    with (
        pytest.raises(OffsetMismatch) as refused,
        uploads.append(at.id, ANN, "tus", Append(offset, unasked)),
    ):
        pass
    assert refused.value.detail == {"expected": 100, "provided": offset}
    assert uploads.look(at.id, ANN, "tus").offset == 100


@pytest.mark.parametrize(("caller", "protocol"), [(BOB, "tus"), (ADMIN, "tus"), (ANN, "rufh-8")])
def test_an_upload_is_its_owner_s_and_its_protocol_s_alone(uploads: Resumables, caller: Caller, protocol: str) -> None:
    at = cut(uploads, uploads.create(wish()), VIDEO[:100])
    asked: list[Callable[[], object]] = [
        lambda: uploads.look(at.id, caller, protocol),
        lambda: uploads.terminate(at.id, caller, protocol),
        lambda: uploads.append(at.id, caller, protocol, Append(100, unasked)).__enter__(),
    ]
    # The catalog knows ann's token: only then an admin has nothing to do with it.
    with uploads.intake.database.write() as session:
        session.add(
            Token(id=ANN.id, name="ann", role="uploader", projects=[], sha256="x", created_at=datetime.now(UTC))
        )
    for ask in asked:
        with pytest.raises(NotFound):
            ask()
    assert uploads.amend(at.id, caller, {"title": ["mine"]}) is (protocol != "tus")
    assert uploads.look(at.id, ANN, "tus").offset == 100


def test_an_admin_goes_on_with_an_upload_whose_owner_the_catalog_lost(uploads: Resumables) -> None:
    at = cut(uploads, uploads.create(wish()), VIDEO[:100])
    assert send(uploads, at, VIDEO[100:], caller=ADMIN).is_whole


@pytest.mark.parametrize("upload_id", ["", "x", "../../etc/passwd", "00000000-0000-0000-0000-000000000000", "a" * 5000])
def test_an_unknown_upload_is_told_so(uploads: Resumables, upload_id: str) -> None:
    with pytest.raises(NotFound):
        uploads.look(upload_id, ANN, "tus")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (wish(0), EmptyFile),
        (wish(2 * LENGTH), TooLarge),
        (wish(name="a.exe"), ExtensionNotAllowed),
        (wish(ttl_hours="soon"), BadField),
        (wish(targets="nowhere"), BadField),
    ],
)
def test_what_could_never_be_saved_is_refused_before_a_byte_comes(
    build: Build, asked: Wish, error: type[HoldfastError]
) -> None:
    house = build(UPLOAD_MAX_SIZE=str(LENGTH))
    with pytest.raises(error):
        house.services.resumables.create(asked)
    assert not list(house.services.layout.incoming.iterdir())


def test_a_checked_part_counts_only_when_its_checksum_fits(uploads: Resumables) -> None:
    begun = uploads.create(wish())
    right = Checksum("sha1", hashlib.sha1(VIDEO[:100], usedforsecurity=False).digest())
    with pytest.raises(ChecksumMismatch):
        send(uploads, begun, OTHER[:100], checksum=right)
    assert uploads.look(begun.id, ANN, "tus").offset == 0
    at = send(uploads, begun, VIDEO[:100], checksum=right)
    assert at.offset == 100
    assert send(uploads, at, VIDEO[100:]).is_whole


def test_bytes_that_are_not_proved_yet_are_not_told_after_a_crash_either(house: House, uploads: Resumables) -> None:
    begun = uploads.create(wish())
    checksum = Checksum("sha256", b"x" * 32)
    with uploads.append(begun.id, ANN, "tus", Append(0, unasked, checksum=checksum)) as append:
        append.write(VIDEO[:100])
        assert isinstance(append, appending.Running)
        append.beat()
        assert uploads.look(begun.id, ANN, "tus").offset == 0


def test_a_length_told_later_counts_from_then_on(uploads: Resumables) -> None:
    at = send(uploads, uploads.create(wish(None)), VIDEO[:100])
    assert (at.offset, at.length) == (100, None)
    at = send(uploads, at, VIDEO[100:200], length=LENGTH)
    assert (at.offset, at.length) == (200, LENGTH)
    with pytest.raises(InconsistentLength):
        send(uploads, at, VIDEO[200:300], length=LENGTH + 1)
    assert send(uploads, at, VIDEO[200:]).is_whole


def test_the_length_may_come_when_every_byte_is_there(house: House, uploads: Resumables) -> None:
    at = send(uploads, uploads.create(wish(None)), VIDEO)
    assert (at.offset, at.length, at.is_whole) == (LENGTH, None, False)
    assert send(uploads, at, b"", length=LENGTH).is_whole
    house.check()


def test_the_last_piece_may_say_so_instead_of_a_length(house: House, uploads: Resumables) -> None:
    at = send(uploads, uploads.create(wish(None, "rufh-8")), VIDEO[:100])
    assert send(uploads, at, VIDEO[100:], is_last=True).is_whole
    house.check()


def test_more_than_the_length_is_refused_and_what_was_told_stays(uploads: Resumables) -> None:
    begun = uploads.create(wish())
    with pytest.raises(LengthExceeded):
        send(uploads, begun, VIDEO + b"!")
    with suppress(LengthExceeded), uploads.append(begun.id, ANN, "tus", Append(0, unasked)) as append:
        append.write(VIDEO[:100])
        append.write(VIDEO)
        raise AssertionError("it was taken")
    assert uploads.look(begun.id, ANN, "tus").offset == 100


def test_the_draft_ends_an_upload_that_exceeds_its_length_and_its_bytes_are_kept(
    house: House, uploads: Resumables
) -> None:
    at = cut(uploads, uploads.create(wish(protocol="rufh-8")), VIDEO[:100])
    with pytest.raises(LengthExceeded):
        send(uploads, at, VIDEO)
    with pytest.raises(UploadGone, match="declared with"):
        uploads.look(at.id, ANN, "rufh-8")
    assert [p.read_bytes() for p in house.services.layout.quarantine.iterdir()] == [VIDEO[:100]]


def test_a_refusal_of_the_whole_is_final_and_told(house: House, uploads: Resumables) -> None:
    begun = uploads.create(wish(sha256="0" * 64))
    with pytest.raises(DigestMismatch):
        send(uploads, begun, VIDEO)
    with pytest.raises(UploadGone, match="arrived with SHA-256"):
        uploads.look(begun.id, ANN, "tus")
    assert house.listed() == []
    house.check()


def test_an_upload_thrown_away_leaves_nothing(house: House, uploads: Resumables) -> None:
    at = cut(uploads, uploads.create(wish()), VIDEO[:100])
    uploads.terminate(at.id, ANN, "tus")
    assert not list(house.services.layout.incoming.iterdir())
    with pytest.raises(NotFound):
        uploads.look(at.id, ANN, "tus")


def test_a_saved_video_stays_though_its_upload_is_thrown_away(house: House, uploads: Resumables) -> None:
    at = send(uploads, uploads.create(wish()), VIDEO)
    uploads.terminate(at.id, ANN, "tus")
    assert [video.id for video in house.listed()] == [at.id]
    house.check()


def test_a_sweep_leaves_unfinished_uploads_until_their_time_is_over(house: House, uploads: Resumables) -> None:
    at = cut(uploads, uploads.create(wish()), VIDEO[:100])
    assert house.sweep().expired == []
    assert uploads.look(at.id, ANN, "tus").offset == 100
    age(house, at, hours=25)
    with pytest.raises(UploadGone, match="stood still"):
        uploads.look(at.id, ANN, "tus")
    assert house.sweep().expired == [at.id]
    assert not list(house.services.layout.incoming.iterdir())


def test_an_upload_in_somebody_s_hands_does_not_expire(house: House, uploads: Resumables) -> None:
    at = uploads.create(wish())
    with uploads.append(at.id, ANN, "tus", Append(0, unasked)) as append:
        age(house, at, hours=25)
        assert house.sweep().expired == []
        append.write(VIDEO)
        assert append.finish()[0].is_whole
    house.check()
