"""Every promise of the target port (backend/targets/base.py), kept by every kind there is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import urllib3

from backend.errors import PermanentFailure, TransferCancelled
from backend.targets.base import Deletable, Expected, Linkable, Readable, RemoteCopy, Verdict
from backend.targets.registry import kind_names
from tests.contract.conftest import Video
from tests.contract.places import KINDS, MIB, Place
from tests.contract.putting import putting, wait_until_at
from tests.contract.transfers import CancelAt, Told

KEY = "project_default/20261121_101112_Tutorial_holiday-1f0c2a9b3d.mp4"


def test_every_kind_that_can_be_configured_is_tried_here(outside_kind: Path) -> None:
    # A VMS takes in no files: what it must do instead is tested beside the emulated one.
    assert set(kind_names()) - {"milestone"} == KINDS


def test_a_put_makes_exactly_one_object_with_the_bytes_of_the_file(place: Place, video: Video) -> None:
    copy = place.target().put(video.source, KEY, Told())

    assert copy.key == KEY
    assert place.objects() == {KEY: video.content}
    assert place.leftovers() == []


@pytest.mark.parametrize("last", [b"\r", b"\n", b"\r\n", b"\r\n--", b"\x00", b"\x1a"])
def test_bytes_that_a_transport_might_take_for_its_own_arrive_too(
    place: Place, make_video: Callable[..., Video], last: bytes
) -> None:
    video = make_video(1000)
    content = last + video.content + last
    video.source.path.write_bytes(content)
    source = replace(video.source, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())

    place.target().put(source, KEY, Told())

    assert place.objects() == {KEY: content}


@pytest.mark.parametrize("size_bytes", [1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB])
def test_every_size_around_a_part_arrives_whole(
    place: Place, make_video: Callable[..., Video], size_bytes: int
) -> None:
    video = make_video(size_bytes)
    target = place.target()

    copy = target.put(video.source, KEY, Told())

    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES
    assert place.objects() == {KEY: video.content}


def test_a_right_copy_is_verified_with_the_remotes_own_size(place: Place, video: Video) -> None:
    target = place.target()
    copy = target.put(video.source, KEY, Told())

    proof = target.verify(video.expected, copy)

    assert (proof.verdict, proof.size_bytes) == (Verdict.MATCHES, video.source.size_bytes)
    assert proof.checksum
    assert proof.how


def test_a_copy_whose_proof_was_lost_is_verified_by_reading_it_back(place: Place, video: Video) -> None:
    target = place.target()
    target.put(video.source, KEY, Told())

    proof = target.verify(video.expected, RemoteCopy(KEY))

    assert (proof.verdict, proof.checksum) == (Verdict.MATCHES, f"sha256:{video.source.sha256}")


def test_the_proof_survives_being_stored_as_json(place: Place, video: Video) -> None:
    target = place.target()
    copy = target.put(video.source, KEY, Told())

    stored = RemoteCopy(copy.key, json.loads(json.dumps(dict(copy.proof))))

    assert target.verify(video.expected, stored).verdict is Verdict.MATCHES


def test_a_second_put_sends_nothing(place: Place, video: Video) -> None:
    first = place.target().put(video.source, KEY, Told())
    before = place.mark()

    transfer = Told()
    again = place.target().put(video.source, KEY, transfer)

    assert place.mark() == before
    assert again == first
    assert transfer.advances[-1] == video.source.size_bytes
    assert place.objects() == {KEY: video.content}


def test_a_copy_that_the_remote_lost_is_missing_and_the_next_put_makes_it_again(place: Place, video: Video) -> None:
    target = place.target()
    copy = target.put(video.source, KEY, Told())
    place.lose(KEY)

    proof = target.verify(video.expected, copy)
    assert proof.verdict is Verdict.MISSING
    assert proof.reason

    target.put(video.source, KEY, Told())
    assert place.objects() == {KEY: video.content}


@pytest.mark.parametrize("change", ["other bytes, same size", "cut short", "longer", "empty"])
def test_a_spoiled_copy_differs_and_the_next_put_puts_it_right(place: Place, video: Video, change: str) -> None:
    target = place.target()
    copy = target.put(video.source, KEY, Told())
    spoiled = {
        "other bytes, same size": bytes([video.content[0] ^ 1]) + video.content[1:],
        "cut short": video.content[:-1],
        "longer": video.content + b"!",
        "empty": b"",
    }[change]
    place.spoil(KEY, spoiled)

    assert target.verify(video.expected, copy).verdict is not Verdict.MATCHES
    assert target.verify(video.expected, RemoteCopy(KEY)).verdict is not Verdict.MATCHES

    again = target.put(video.source, KEY, Told())
    assert target.verify(video.expected, again).verdict is Verdict.MATCHES
    assert place.objects() == {KEY: video.content}
    assert place.leftovers() == []


def test_a_copy_of_another_video_differs(place: Place, video: Video) -> None:
    target = place.target()
    copy = target.put(video.source, KEY, Told())

    other = Expected(video.source.size_bytes, "0" * 64)

    assert target.verify(other, RemoteCopy(copy.key)).verdict is Verdict.DIFFERS


@pytest.mark.parametrize(
    "name",
    [
        "with space.mp4",
        "plus+sign.mp4",
        "percent%20sign%.mp4",
        "ünïcödé 日本語 🎬.mp4",
        "quote'\"&<>;=?#[]{}.mp4",
        "two  spaces .mp4",
        "~tilde-and.dots..mp4",
    ],
)
@pytest.mark.parametrize("size_bytes", [1000, 6 * MIB])
def test_a_copy_keeps_its_name_whatever_characters_it_has(
    place: Place, make_video: Callable[..., Video], name: str, size_bytes: int
) -> None:
    video = make_video(size_bytes)
    target = place.target()
    key = f"project_x/{name}"

    cancelled = CancelAt(at_bytes=1)
    with pytest.raises(TransferCancelled):
        target.put(video.source, key, cancelled)
    copy = target.put(video.source, key, Told())

    assert place.objects() == {key: video.content}
    assert place.leftovers() == []
    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES
    if isinstance(target, Readable):
        assert b"".join(target.read(copy)) == video.content
    if isinstance(target, Deletable):
        target.delete(copy)
        assert place.objects() == {}


def test_other_copies_are_left_alone(place: Place, make_video: Callable[..., Video]) -> None:
    first, second, third = (make_video(6 * MIB, seed) for seed in ("first", "second", "third"))
    target = place.target()
    target.put(first.source, "project_a/clip.mp4", Told())
    target.put(second.source, "project_a/clip.mp4.more", Told())
    target.put(third.source, "project_b/clip.mp4", Told())
    if isinstance(target, Deletable):
        target.delete(RemoteCopy("project_a/clip.mp4"))

    kept = place.objects()

    kept.pop("project_a/clip.mp4", None)
    assert kept == {"project_a/clip.mp4.more": second.content, "project_b/clip.mp4": third.content}


def test_deleting_removes_the_copy_and_may_be_repeated(place: Place, video: Video) -> None:
    target = place.target()
    assert isinstance(target, Deletable)
    copy = target.put(video.source, KEY, Told())

    target.delete(copy)
    target.delete(copy)

    assert place.objects() == {}
    assert target.verify(video.expected, copy).verdict is Verdict.MISSING


def test_deleting_removes_what_an_unfinished_put_left(place: Place, video: Video) -> None:
    with putting(place.table(), video.source, KEY, "killed", stop_at_bytes=6 * MIB) as process:
        wait_until_at(process, 6 * MIB)
        process.kill()
        process.wait()
    target = place.target()
    assert isinstance(target, Deletable)

    target.delete(RemoteCopy(KEY))

    assert place.objects() == {}
    assert place.leftovers() == []


def test_deleting_what_was_never_there_is_success(place: Place) -> None:
    target = place.target()
    assert target.check().ok
    assert isinstance(target, Deletable)

    target.delete(RemoteCopy("project_never/was.mp4"))


def test_reading_gives_back_the_same_bytes_in_small_pieces(place: Place, video: Video) -> None:
    target = place.target()
    assert isinstance(target, Readable)
    copy = target.put(video.source, KEY, Told())

    pieces = list(target.read(copy))

    assert b"".join(pieces) == video.content
    assert max(map(len, pieces)) <= MIB


def test_reading_may_be_stopped_in_the_middle(place: Place, video: Video) -> None:
    target = place.target()
    assert isinstance(target, Readable)
    copy = target.put(video.source, KEY, Told())

    reading = iter(target.read(copy))
    first = next(reading)
    del reading

    assert video.content.startswith(first)
    assert b"".join(target.read(copy)) == video.content


def test_reading_a_copy_that_is_gone_says_so(place: Place) -> None:
    target = place.target()
    assert target.check().ok
    assert isinstance(target, Readable)

    with pytest.raises(PermanentFailure, match="does not hold"):
        list(target.read(RemoteCopy("project_never/was.mp4")))


def test_a_link_lets_its_holder_download_the_copy(place: Place, video: Video) -> None:
    target = place.target()
    if place.kind not in ("minio", "s3"):
        assert not isinstance(target, Linkable)
        return
    assert isinstance(target, Linkable)
    copy = target.put(video.source, KEY, Told())

    answer = urllib3.request("GET", target.link(copy, 60))

    assert (answer.status, answer.data) == (200, video.content)


def test_one_instance_serves_several_threads(place: Place, make_video: Callable[..., Video]) -> None:
    videos = {f"project_t/{n}.mp4": make_video(6 * MIB if n % 2 else 1000, f"thread-{n}") for n in range(6)}
    target = place.target()

    with ThreadPoolExecutor(6) as threads:
        copies = list(threads.map(lambda item: target.put(item[1].source, item[0], Told()), videos.items()))

    assert place.objects() == {key: video.content for key, video in videos.items()}
    for copy in copies:
        assert target.verify(videos[copy.key].expected, copy).verdict is Verdict.MATCHES
