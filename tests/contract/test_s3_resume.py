"""S3 uploads that are taken up again: nothing is sent twice, nothing unfinished stays, nothing needs memory."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from backend.errors import TransferCancelled, TransientFailure
from backend.targets.base import Verdict
from backend.targets.local_file import LocalFile
from backend.targets.s3_body import Body
from backend.targets.s3_multipart import S3Store
from tests.contract.conftest import Video
from tests.contract.places import MIB, S3Place
from tests.contract.putting import last_line, putting, stored_state
from tests.contract.s3_bucket import KEY, completed_by_the_next_put, held_parts, ready, requests
from tests.contract.transfers import CancelAt, Told
from tests.services.s3_faults import CutRequest, LoseReply, Stall
from tests.services.waiting import wait_until


@pytest.mark.parametrize("state_survives", [True, False])
def test_parts_that_arrived_before_a_kill_are_not_sent_again(
    bucket: S3Place, make_video: Callable[..., Video], state_survives: bool
) -> None:
    video = make_video(22 * MIB)
    ready(bucket)
    stall = Stall("PUT", "partNumber=4&", at_bytes=MIB)
    with bucket.proxy.broken(stall), putting(bucket.table(), video.source, KEY, "killed") as process:
        assert stall.stalled.wait(60)
        earlier = [f"partNumber={number}&" for number in (1, 2, 3)]
        wait_until(lambda: all(_answered(bucket, has) for has in earlier), "three parts to be there")
        process.kill()
        process.wait()
    held = held_parts(bucket)
    missing_bytes = 22 * MIB - sum(part.size or 0 for part in held.values())

    transfer = Told(resume=stored_state(video.source, "killed") if state_survives else {})

    assert completed_by_the_next_put(bucket, video, transfer) == missing_bytes


def _answered(bucket: S3Place, has: str) -> bool:
    return any(request.status == 200 for request in requests(bucket, "PUT", has))


def test_a_part_that_arrived_damaged_is_sent_again_and_only_that(bucket: S3Place, video: Video) -> None:
    cancelled = CancelAt(at_bytes=12 * MIB)
    target = ready(bucket)
    with pytest.raises(TransferCancelled):
        target.put(video.source, KEY, cancelled)
    missing = 12 * MIB + 345 - sum(part.size or 0 for part in held_parts(bucket).values())
    bucket.client._upload_part(bucket.bucket, KEY, b"?" * (5 * MIB), {}, str(cancelled.resume["upload_id"]), 1)

    sent_bytes = completed_by_the_next_put(bucket, video, cancelled)

    assert sent_bytes == 5 * MIB + missing


def test_the_part_size_of_a_running_upload_outlives_a_change_of_settings(bucket: S3Place, video: Video) -> None:
    cancelled = CancelAt(at_bytes=11 * MIB)
    with pytest.raises(TransferCancelled):
        ready(bucket).put(video.source, KEY, cancelled)
    missing = 12 * MIB + 345 - sum(part.size or 0 for part in held_parts(bucket).values())
    target = ready(bucket, part_mib=6)

    copy = target.put(video.source, KEY, Told(resume=cancelled.resume))

    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES
    assert bucket.proxy.sent_bytes() == missing
    # Nor does the finished object have to be cut as we would cut it now.
    assert ready(bucket, part_mib=6).put(video.source, KEY, Told()).key == KEY
    assert bucket.proxy.sent_bytes() == 0


def test_a_part_size_that_now_holds_the_whole_file_leaves_no_upload_behind(bucket: S3Place, video: Video) -> None:
    cancelled = CancelAt(at_bytes=6 * MIB)
    with pytest.raises(TransferCancelled):
        ready(bucket).put(video.source, KEY, cancelled)

    ready(bucket, part_mib=16).put(video.source, KEY, Told(resume=cancelled.resume))

    assert bucket.objects() == {KEY: video.content}
    assert bucket.leftovers() == []


def test_an_upload_cut_in_other_parts_by_nobody_we_know_is_dropped(bucket: S3Place, video: Video) -> None:
    target = ready(bucket)
    upload_id = bucket.client._create_multipart_upload(bucket.bucket, KEY, {})
    bucket.client._upload_part(bucket.bucket, KEY, b"?" * (6 * MIB), {}, upload_id, 1)

    target.put(video.source, KEY, Told())

    assert bucket.objects() == {KEY: video.content}
    assert bucket.leftovers() == []


def test_a_lost_reply_to_create_leaves_no_upload_behind(bucket: S3Place, video: Video) -> None:
    transfer = Told()
    target = ready(bucket)
    with bucket.proxy.broken(LoseReply("POST", "?uploads")), pytest.raises(TransientFailure):
        target.put(video.source, KEY, transfer)
    assert len(bucket.leftovers()) == 1
    assert transfer.resume == {}

    assert completed_by_the_next_put(bucket, video, transfer) == video.source.size_bytes
    assert not requests(bucket, "DELETE"), "the upload that was there could have been used"


def test_a_lost_reply_to_complete_costs_not_one_byte_more(bucket: S3Place, video: Video) -> None:
    transfer = Told()
    target = ready(bucket)
    with bucket.proxy.broken(LoseReply("POST", "uploadId=")), pytest.raises(TransientFailure):
        target.put(video.source, KEY, transfer)

    assert completed_by_the_next_put(bucket, video, transfer) == 0


def test_a_lost_reply_to_a_small_put_costs_not_one_byte_more(bucket: S3Place, make_video: Callable[..., Video]) -> None:
    video = make_video(700_000)
    target = ready(bucket)
    with bucket.proxy.broken(LoseReply("PUT")), pytest.raises(TransientFailure):
        target.put(video.source, KEY, Told())

    assert completed_by_the_next_put(bucket, video, Told()) == 0


def test_a_lost_reply_to_one_part_costs_at_most_that_part(bucket: S3Place, video: Video) -> None:
    transfer = Told()
    target = ready(bucket)
    with bucket.proxy.broken(LoseReply("PUT", "partNumber=3&")), pytest.raises(TransientFailure):
        target.put(video.source, KEY, transfer)
    missing = 12 * MIB + 345 - sum(part.size or 0 for part in held_parts(bucket).values())

    assert completed_by_the_next_put(bucket, video, transfer) == missing


def test_an_upload_that_the_service_dropped_starts_anew(bucket: S3Place, video: Video) -> None:
    cancelled = CancelAt(at_bytes=8 * MIB)
    with pytest.raises(TransferCancelled):
        ready(bucket).put(video.source, KEY, cancelled)
    bucket.client._abort_multipart_upload(bucket.bucket, KEY, str(cancelled.resume["upload_id"]))

    assert completed_by_the_next_put(bucket, video, cancelled) == video.source.size_bytes


@pytest.mark.parametrize("by", ["FIN", "RST"])
@pytest.mark.parametrize("at_bytes", [0, 1, 70_000, 5 * MIB])
def test_a_connection_cut_in_a_part_costs_only_what_had_not_arrived(
    bucket: S3Place, video: Video, at_bytes: int, by: str
) -> None:
    transfer = Told()
    target = ready(bucket)
    cut = CutRequest("PUT", "partNumber=2&", at_bytes=at_bytes, by="FIN" if by == "FIN" else "RST")
    with bucket.proxy.broken(cut), pytest.raises(TransientFailure):
        target.put(video.source, KEY, transfer)
    missing = 12 * MIB + 345 - sum(part.size or 0 for part in held_parts(bucket).values())

    assert completed_by_the_next_put(bucket, video, transfer) <= missing


def test_a_cancelled_put_stops_all_its_parts_at_once(bucket: S3Place, make_video: Callable[..., Video]) -> None:
    video = make_video(40 * MIB)
    cancelled = CancelAt(at_bytes=6 * MIB)
    target = ready(bucket)

    with pytest.raises(TransferCancelled):
        target.put(video.source, KEY, cancelled)

    # What was under way when it was told, and the window of 4 MiB; not the 34 MiB that were left.
    assert bucket.proxy.sent_bytes() < 16 * MIB


def test_a_put_held_back_by_its_bandwidth_limit_sends_no_faster(
    bucket: S3Place, make_video: Callable[..., Video]
) -> None:
    video = make_video(40 * MIB)
    ahead: list[int] = []

    class Slow(Told):
        """Notes how far the wire is ahead of what was told whenever it is told something."""

        def advance(self, done_bytes: int) -> None:
            last = self.advances[-1] if self.advances else 0
            super().advance(done_bytes)
            ahead.append(bucket.proxy.sent_bytes() - last)

    ready(bucket).put(video.source, KEY, Slow())

    # The window, and one piece for each part under way.
    assert max(ahead) <= 9 * MIB


def test_listings_of_several_pages_are_read_to_the_end(bucket: S3Place, make_video: Callable[..., Video]) -> None:
    video = make_video(1000)
    connection = ready(bucket)._store.connection
    store = S3Store(connection, bucket.bucket, page_entries=10)
    with LocalFile(video.source) as local:
        (md5,) = local.digests(0, 1000, "md5")
        body = Body(local, 0, 1000, md5, None, lambda _step: None)
        uploads = {store.create(KEY, {}) for _ in range(23)}
        store.create(KEY + ".longer", {})
        upload_id = min(uploads)
        for number in range(1, 24):
            store.send_part(KEY, upload_id, number, body)

    assert set(store.parts(KEY, upload_id)) == set(range(1, 24))
    assert sorted(store.uploads(KEY)) == sorted(uploads)


def test_memory_stays_flat_whatever_the_file_and_the_parts(bucket: S3Place, make_video: Callable[..., Video]) -> None:
    peaks = {}
    for size_bytes in (6 * MIB, 160 * MIB):
        video = make_video(size_bytes)
        table = {**bucket.table(), "part_mib": 32, "part_concurrency": 4}
        with putting(table, video.source, f"{KEY}{size_bytes}", f"size{size_bytes}", quiet=True) as process:
            word, _, result = last_line(process).partition(" ")
        assert word == "done", result
        peaks[size_bytes] = json.loads(result)["peak_kib"]

    assert peaks[160 * MIB] - peaks[6 * MIB] < 12 * 1024
