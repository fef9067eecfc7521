"""What the tests of S3 faults share: a place on each server, and a look at what its bucket really holds."""

from __future__ import annotations

import json
from collections.abc import Callable

from minio.datatypes import Part

from backend.targets.base import Verdict
from backend.targets.minio import MinioTarget
from tests.contract.conftest import Video
from tests.contract.places import S3Place
from tests.contract.transfers import Told
from tests.services.s3_faults import Request
from tests.services.waiting import wait_until

KEY = "project_default/20261121_101112_Tutorial_holiday-1f0c2a9b3d.mp4"


def ready(place: S3Place, **changes: object) -> MinioTarget:
    """A target that has seen its bucket, so that only a put's own requests follow."""
    target = place.target(**changes)
    assert isinstance(target, MinioTarget)
    assert target.check().ok
    target._bucket_seen = True
    place.proxy.requests.clear()
    return target


def requests(place: S3Place, method: str, has: str = "") -> list[Request]:
    return [r for r in place.proxy.requests if r.method == method and has in r.target]


def held_parts(place: S3Place) -> dict[int, Part]:
    """The parts of the one unfinished upload in the bucket, once nothing more is on its way there."""
    wait_until(bucket_is_quiet(place), "the requests under way to end")
    (upload,) = place.client._list_multipart_uploads(place.bucket).uploads
    listed = place.client._list_parts(place.bucket, KEY, str(upload.upload_id))
    return {part.part_number: part for part in listed.parts}


def bucket_is_quiet(place: S3Place) -> Callable[[], bool]:
    return lambda: place.proxy.idle() and len(place.leftovers()) == 1


def completed_by_the_next_put(place: S3Place, video: Video, transfer: Told) -> int:
    """Put again as another process would, see that all is right, and return how many bytes that took."""
    before = place.proxy.sent_bytes()
    target = place.target()
    copy = target.put(video.source, KEY, Told(resume=json.loads(json.dumps(dict(transfer.resume)))))
    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES
    assert place.objects() == {KEY: video.content}
    assert place.leftovers() == []
    return place.proxy.sent_bytes() - before
