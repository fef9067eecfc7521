"""What the S3 targets make of a service that refuses, lies, stalls or garbles: no copy is called right that is not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import md5

import pytest

from backend.errors import PermanentFailure, TargetError, TargetParked, TransientFailure
from backend.targets.base import RemoteCopy, Verdict
from tests.contract.conftest import Video
from tests.contract.places import MIB, S3Place
from tests.contract.s3_bucket import KEY, completed_by_the_next_put, ready, requests
from tests.contract.transfers import Told
from tests.services.s3_faults import Answer, Corrupt, CutReply, EditReply, Stall, s3_error


@pytest.fixture
def small(make_video: Callable[..., Video]) -> Video:
    """One request carries it."""
    return make_video(700_000, "small")


def test_a_service_that_says_yes_and_keeps_nothing_is_found_out(bucket: S3Place, small: Video) -> None:
    target = ready(bucket)
    with bucket.proxy.broken(Answer("PUT", times=0, status=200, headers={"ETag": '"0"'})):
        copy = target.put(small.source, KEY, Told())

    assert target.verify(small.expected, copy).verdict is Verdict.MISSING
    assert completed_by_the_next_put(bucket, small, Told()) == small.source.size_bytes


def test_a_service_that_says_yes_to_a_part_and_drops_it_is_found_out(bucket: S3Place, video: Video) -> None:
    transfer = Told()
    target = ready(bucket)
    lie = Answer("PUT", "partNumber=2&", status=200, headers={"ETag": '"0123456789abcdef0123456789abcdef"'})
    with bucket.proxy.broken(lie), pytest.raises(TransientFailure, match="does not hold every part"):
        target.put(video.source, KEY, transfer)
    assert bucket.objects() == {}

    assert completed_by_the_next_put(bucket, video, transfer) == 5 * 1024 * 1024


@pytest.mark.parametrize(
    "body",
    [
        s3_error("InternalError", "We encountered an internal error. Please try again."),
        b"",
        b"<html>Welcome to the hotel wifi</html>",
        b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>",
    ],
    ids=["an error inside a 200", "nothing", "another page", "a plain lie"],
)
def test_a_200_to_complete_is_not_believed_by_itself(bucket: S3Place, video: Video, body: bytes) -> None:
    transfer = Told()
    target = ready(bucket)
    verdict = Verdict.MISSING
    with bucket.proxy.broken(Answer("POST", "uploadId=", times=0, status=200, body=body)):
        try:
            verdict = target.verify(video.expected, target.put(video.source, KEY, transfer)).verdict
        except TransientFailure:
            assert b"Result>" not in body

    assert verdict is Verdict.MISSING
    # A lie that was believed lets its upload go, as it would be after a true answer.
    assert completed_by_the_next_put(bucket, video, transfer) in (0, video.source.size_bytes)


@pytest.mark.parametrize("body", [b"", b"<html>Welcome to the hotel wifi</html>", b"OK"])
def test_something_that_says_200_to_everything_is_no_storage(bucket: S3Place, video: Video, body: bytes) -> None:
    target = ready(bucket)
    with bucket.proxy.broken(Answer(times=0, status=200, body=body)):
        with suppress(TargetError):
            copy = target.put(video.source, KEY, Told())
            assert target.verify(video.expected, copy).verdict is not Verdict.MATCHES
        report = target.check()

    assert not report.ok
    assert bucket.objects() == {}


@pytest.mark.parametrize("sign_payload", [True, False])
@pytest.mark.parametrize("has", ["", "partNumber=2&"])
def test_a_bit_that_flips_on_the_way_is_refused_by_the_service(
    bucket: S3Place, small: Video, video: Video, sign_payload: bool, has: str
) -> None:
    sent = video if has else small
    transfer = Told()
    target = ready(bucket, sign_payload=sign_payload)
    with bucket.proxy.broken(Corrupt("PUT", has, at_bytes=333_333)), pytest.raises(TransientFailure):
        target.put(sent.source, KEY, transfer)
    assert bucket.objects() == {}

    completed_by_the_next_put(bucket, sent, transfer)


def test_a_copy_with_another_size_differs_without_being_read(bucket: S3Place, small: Video) -> None:
    target = ready(bucket)
    copy = target.put(small.source, KEY, Told())
    with bucket.proxy.broken(EditReply("HEAD", header="Content-Length", value="699999")):
        proof = target.verify(small.expected, copy)

    assert (proof.verdict, proof.size_bytes) == (Verdict.DIFFERS, 699_999)
    assert not requests(bucket, "GET")


@pytest.mark.parametrize("etag", ['"d41d8cd98f00b204e9800998ecf8427e"', '"c3f0a1b2-kms"', '"abc-2"'])
def test_where_the_etag_is_no_md5_the_copy_is_read_back(bucket: S3Place, small: Video, etag: str) -> None:
    target = ready(bucket)
    copy = target.put(small.source, KEY, Told())
    encrypted = EditReply("HEAD", times=0, header="ETag", value=etag)
    with bucket.proxy.broken(encrypted):
        proof = target.verify(small.expected, copy)
        before = bucket.proxy.sent_bytes()
        again = target.put(small.source, KEY, Told())

    assert (proof.verdict, proof.checksum) == (Verdict.MATCHES, f"sha256:{small.source.sha256}")
    assert bucket.proxy.sent_bytes() == before
    assert target.verify(small.expected, again).verdict is Verdict.MATCHES


def test_what_is_expected_there_is_computed_from_the_bytes_sent(bucket: S3Place, small: Video, video: Video) -> None:
    target = ready(bucket)
    with bucket.proxy.broken(EditReply(times=0, header="ETag", value='"00000000000000000000000000000000"')):
        copy = target.put(small.source, KEY, Told())
    assert copy.proof == {"etag": _md5(small.content).hex()}

    with bucket.proxy.broken(EditReply("HEAD", times=0, header="ETag", value=f'"{"0" * 32}-3"')):
        copy = target.put(video.source, KEY, Told())
    parts = [video.content[start : start + 5 * MIB] for start in range(0, len(video.content), 5 * MIB)]
    assert copy.proof == {"etag": f"{_md5(b''.join(map(_md5, parts))).hex()}-3"}


def _md5(content: bytes) -> bytes:
    return md5(content, usedforsecurity=False).digest()


def test_a_reading_back_that_is_cut_is_trouble_and_no_verdict(bucket: S3Place, small: Video) -> None:
    target = ready(bucket)
    target.put(small.source, KEY, Told())
    with bucket.proxy.broken(CutReply("GET", at_bytes=100_000)), pytest.raises(TransientFailure):
        target.verify(small.expected, RemoteCopy(KEY))
    with bucket.proxy.broken(CutReply("GET", at_bytes=100_000)), pytest.raises(TransientFailure):
        list(target.read(RemoteCopy(KEY)))


@pytest.mark.parametrize("at", ["HEAD", "PUT"])
def test_the_services_own_wish_when_to_come_back_is_passed_on(bucket: S3Place, small: Video, at: str) -> None:
    target = ready(bucket)
    busy = Answer(at, times=0, status=503, headers={"Retry-After": "7"}, body=s3_error("SlowDown"))
    with bucket.proxy.broken(busy), pytest.raises(TransientFailure) as failure:
        target.put(small.source, KEY, Told())

    assert failure.value.retry_after_seconds == 7
    assert len(requests(bucket, at)) == 1, "the outbox retries, nobody else does"


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("AccessDenied", 403, "rights"),
        ("InvalidAccessKeyId", 403, "access_key"),
        ("SignatureDoesNotMatch", 403, "secret key"),
        ("RequestTimeTooSkewed", 403, "clock"),
        ("QuotaExceeded", 403, "quota"),
        ("AccountProblem", 403, "account"),
        ("XMinioStorageFull", 507, "full"),
    ],
)
@pytest.mark.parametrize("at", ["HEAD", "PUT"])
def test_what_needs_a_person_parks_the_target_and_says_what_to_do(
    bucket: S3Place, small: Video, code: str, status: int, words: str, at: str
) -> None:
    target = ready(bucket)
    # A refused HEAD has no body: the reason is in the answer to the GET that asks for it.
    refusals = [Answer(method, times=0, status=status, body=s3_error(code)) for method in {at, "GET"}]
    with bucket.proxy.broken(*refusals), pytest.raises(TargetParked, match=words):
        target.put(small.source, KEY, Told())

    completed_by_the_next_put(bucket, small, Told())


def test_a_file_that_the_service_can_never_take_fails_for_good(bucket: S3Place, small: Video, video: Video) -> None:
    target = ready(bucket)
    for refused in (small, video):
        too_large = Answer("PUT", status=400, body=s3_error("EntityTooLarge"))
        with bucket.proxy.broken(too_large), pytest.raises(PermanentFailure, match="this large"):
            target.put(refused.source, KEY, Told())
    assert bucket.leftovers() == []


@pytest.mark.parametrize(
    "odd",
    [
        Answer("PUT", status=502, headers={"Content-Type": "text/html"}, body=b"<h1>Bad gateway</h1>"),
        Answer("PUT", status=500, body=b""),
        Answer("PUT", status=418, body=s3_error("SomethingNew")),
        Answer("PUT", status=400, body=s3_error("RequestTimeout")),
        Answer("PUT", status=409, body=s3_error("OperationAborted")),
        Answer("PUT", status=503, body=b"<Error><Code>SlowDo"),
        Answer("PUT", status=500, body=b"\xff\xfe\x00"),
        Answer("HEAD", status=500),
    ],
    ids=lambda fault: f"{fault.method} {fault.status} {fault.body[:24]!r}",
)
def test_what_may_pass_by_itself_is_tried_again(bucket: S3Place, small: Video, odd: Answer) -> None:
    target = ready(bucket)
    with bucket.proxy.broken(odd), pytest.raises(TransientFailure):
        target.put(small.source, KEY, Told())

    completed_by_the_next_put(bucket, small, Told())


def test_a_redirect_is_told_and_not_followed(bucket: S3Place, small: Video) -> None:
    target = ready(bucket)
    away = Answer("HEAD", times=0, status=307, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    with bucket.proxy.broken(away), pytest.raises(TargetParked):
        target.put(small.source, KEY, Told())
    assert len(requests(bucket, "HEAD")) == 1


def test_a_stalled_service_is_given_up_in_time_and_resumed(bucket: S3Place, video: Video) -> None:
    transfer = Told()
    target = ready(bucket, read_timeout_seconds=1, connect_timeout_seconds=1)
    stall = Stall("PUT", "partNumber=2&", at_bytes=100_000)
    with bucket.proxy.broken(stall), pytest.raises(TransientFailure, match="in time"):
        target.put(video.source, KEY, transfer)

    assert completed_by_the_next_put(bucket, video, transfer) < video.source.size_bytes


def test_while_nothing_moves_the_transfer_is_still_asked_whether_to_go_on(bucket: S3Place, video: Video) -> None:
    transfer = Told()
    target = ready(bucket, read_timeout_seconds=3, connect_timeout_seconds=3)
    stall = Stall("PUT", "partNumber=", times=0, at_bytes=0)
    with bucket.proxy.broken(stall), pytest.raises(TransientFailure):
        target.put(video.source, KEY, transfer)

    assert len(transfer.advances) - len(set(transfer.advances)) >= 2
