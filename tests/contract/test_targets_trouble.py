"""What every kind of target does when something goes wrong: damage, kills, cancelling, a place that is away."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from backend.errors import PermanentFailure, TargetError, TargetParked, TransferCancelled, TransientFailure
from backend.targets.base import Deletable, Readable, RemoteCopy, Source, Verdict
from tests.contract.conftest import Video
from tests.contract.places import MIB, Place, target_of
from tests.contract.putting import putting, stored_state, wait_until_at
from tests.contract.transfers import CancelAt, Told

KEY = "project_default/20261121_101112_Tutorial_holiday-1f0c2a9b3d.mp4"


def _damage(source: Source, how: str) -> None:
    content = source.path.read_bytes()
    damaged = {
        "last byte flipped": content[:-1] + bytes([content[-1] ^ 1]),
        "first byte flipped": bytes([content[0] ^ 1]) + content[1:],
        "cut short": content[:-1],
        "longer": content + b"!",
    }
    if how == "gone":
        source.path.unlink()
    else:
        source.path.write_bytes(damaged[how])


_DAMAGES = ["last byte flipped", "first byte flipped", "cut short", "longer", "gone"]
# One that is sent in one piece, one that is cut in parts.
_SIZES = [100_000, 11 * MIB]


@pytest.mark.parametrize("how", _DAMAGES)
@pytest.mark.parametrize("size_bytes", _SIZES)
def test_a_damaged_local_file_is_refused_and_leaves_nothing_behind(
    place: Place, make_video: Callable[..., Video], size_bytes: int, how: str
) -> None:
    video = make_video(size_bytes)
    target = place.target()
    assert target.check().ok
    _damage(video.source, how)

    with pytest.raises(PermanentFailure, match="not what was saved"):
        target.put(video.source, KEY, Told())

    assert place.objects() == {}
    assert place.leftovers() == []


@pytest.mark.parametrize("how", _DAMAGES)
@pytest.mark.parametrize("size_bytes", _SIZES)
def test_a_damaged_local_file_never_replaces_a_good_copy(
    place: Place, make_video: Callable[..., Video], size_bytes: int, how: str
) -> None:
    video = make_video(size_bytes)
    target = place.target()
    copy = target.put(video.source, KEY, Told())
    _damage(video.source, how)
    before = place.mark()

    # The copy is right, so a target may say so instead of refusing the local file.
    with suppress(PermanentFailure):
        target.put(video.source, KEY, Told())

    assert place.mark() == before
    assert place.objects() == {KEY: video.content}
    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES


def test_a_damaged_local_file_does_not_repair_a_spoiled_copy(place: Place, video: Video) -> None:
    target = place.target()
    target.put(video.source, KEY, Told())
    spoiled = b"?" * video.source.size_bytes
    place.spoil(KEY, spoiled)
    _damage(video.source, "last byte flipped")

    with pytest.raises(PermanentFailure, match="not what was saved"):
        target.put(video.source, KEY, Told())

    assert place.objects() == {KEY: spoiled}
    assert place.leftovers() == []


def test_progress_is_told_often_never_goes_back_and_ends_at_the_size(place: Place, video: Video) -> None:
    transfer = Told()
    place.target().put(video.source, KEY, transfer)

    assert transfer.advances[0] == 0
    assert transfer.advances == sorted(transfer.advances)
    assert transfer.advances[-1] == video.source.size_bytes
    steps = [b - a for a, b in zip(transfer.advances, transfer.advances[1:], strict=False)]
    assert max(steps) <= 5 * MIB


@pytest.mark.parametrize("at_bytes", [0, 1, 6 * MIB, 12 * MIB])
def test_a_cancelled_put_can_be_taken_up_again_and_leaves_nothing_behind(
    place: Place, video: Video, at_bytes: int
) -> None:
    cancelled = CancelAt(at_bytes=at_bytes)
    with pytest.raises(TransferCancelled):
        place.target().put(video.source, KEY, cancelled)
    assert place.objects() == {}

    target = place.target()
    copy = target.put(video.source, KEY, Told(resume=json.loads(json.dumps(cancelled.resume))))

    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES
    assert place.objects() == {KEY: video.content}
    assert place.leftovers() == []


@pytest.mark.parametrize(
    "state", [{}, {"upload_id": "never-was", "part_bytes": 5 * MIB}, {"temporary": "x", "upload_id": 7}]
)
def test_a_stale_or_strange_resume_state_does_no_harm(place: Place, video: Video, state: dict[str, Any]) -> None:
    target = place.target()

    copy = target.put(video.source, KEY, Told(resume=state))

    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES
    assert place.objects() == {KEY: video.content}
    assert place.leftovers() == []


def test_two_puts_of_one_key_at_once_end_with_one_right_object(place: Place, video: Video) -> None:
    # Both in processes of their own, as two workers would; one lost its lease and does not know it yet.
    with (
        putting(place.table(), video.source, KEY, "one") as one,
        putting(place.table(), video.source, KEY, "two") as two,
    ):
        codes = sorted([one.wait(60), two.wait(60)])
    assert codes[0] == 0, "neither put went through"

    target = place.target()
    copy = target.put(video.source, KEY, Told())

    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES
    assert place.objects() == {KEY: video.content}
    assert place.leftovers() == []


@pytest.mark.parametrize("at_bytes", [1, 6 * MIB, 12 * MIB + 345])
@pytest.mark.parametrize("state_survives", [True, False])
def test_a_put_killed_at_any_point_is_completed_by_the_next_and_leaves_one_object(
    place: Place, video: Video, at_bytes: int, state_survives: bool
) -> None:
    with putting(place.table(), video.source, KEY, "killed", stop_at_bytes=at_bytes) as process:
        wait_until_at(process, at_bytes)
        process.kill()
        process.wait()
    assert set(place.objects()) <= {KEY}, "something unfinished lies under a name"
    state = stored_state(video.source, "killed") if state_survives else {}

    target = place.target()
    copy = target.put(video.source, KEY, Told(resume=state))

    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES
    assert place.objects() == {KEY: video.content}
    assert place.leftovers() == []


def test_a_place_that_does_not_answer_is_never_a_verdict_nor_the_files_fault(place: Place, video: Video) -> None:
    target = place.target()
    copy = target.put(video.source, KEY, Told())
    calls: list[Callable[[], object]] = [
        lambda: target.put(video.source, KEY, Told()),
        lambda: target.verify(video.expected, copy),
        lambda: target.verify(video.expected, RemoteCopy(KEY)),
    ]
    if isinstance(target, Deletable):
        calls.append(lambda: target.delete(copy))
    if isinstance(target, Readable):
        calls.append(lambda: list(target.read(copy)))

    with place.unreachable():
        for call in calls:
            with pytest.raises((TransientFailure, TargetParked)) as failure:
                call()
            assert len(failure.value.message) > 20
        report = target.check()
        assert not report.ok
        assert report.message

    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES


def test_a_check_passes_on_an_empty_place_and_leaves_nothing(place: Place) -> None:
    report = place.target().check()

    assert report.ok, report.message
    assert report.message
    assert place.objects() == {}
    assert place.leftovers() == []


def test_a_check_explains_what_is_wrong_and_what_to_do(place: Place) -> None:
    place.target().check()
    for wrong in place.wrong():
        report = target_of(wrong.table).check()

        assert not report.ok, wrong
        assert re.search(wrong.words, report.message), report.message


def test_a_wrong_configuration_parks_the_target_or_passes_by_itself_but_never_fails_the_file(
    place: Place, video: Video
) -> None:
    for wrong in place.wrong():
        with pytest.raises((TargetParked, TransientFailure)):
            target_of(wrong.table).put(video.source, KEY, Told())


def test_no_secret_is_in_a_message_or_in_what_a_target_shows(place: Place, video: Video) -> None:
    secret = "s3cr3t-that-nobody-may-read"
    table = {name: secret if name == "secret_key" else value for name, value in place.table().items()}
    target = target_of(table)

    shown = [repr(target), str(target), repr(target.check())]
    try:
        target.put(video.source, KEY, Told())
    except TargetError as error:
        shown += [error.message, repr(error), repr(error.detail)]

    assert not [text for text in shown if secret in text]
