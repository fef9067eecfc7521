"""Buckets as the S3 targets meet them: absent, vanished, versioned, locked, behind https, with a storage class."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from minio.commonconfig import ENABLED, GOVERNANCE
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.versioningconfig import VersioningConfig

from backend.errors import TargetParked, TransientFailure
from backend.targets.base import Verdict
from tests.contract.conftest import Video
from tests.contract.places import S3Place, target_of
from tests.contract.s3_bucket import KEY, ready, requests
from tests.contract.transfers import Told
from tests.services.lying_s3 import LyingS3


@pytest.fixture
def small(make_video: Callable[..., Video]) -> Video:
    """One request carries it."""
    return make_video(700_000, "small")


def test_a_bucket_that_vanishes_is_made_again(bucket: S3Place, small: Video) -> None:
    target = ready(bucket)
    bucket.client.remove_bucket(bucket_name=bucket.bucket)

    with pytest.raises(TransientFailure, match="made again"):
        target.put(small.source, KEY, Told())
    target.put(small.source, KEY, Told())

    assert bucket.objects() == {KEY: small.content}


def test_a_bucket_that_is_not_to_be_made_parks_the_target(bucket: S3Place, small: Video) -> None:
    with pytest.raises(TargetParked, match="create_bucket"):
        bucket.target(create_bucket=False).put(small.source, KEY, Told())


def test_a_check_makes_all_three_buckets(bucket: S3Place) -> None:
    names = {name: f"{bucket.bucket}-{name}" for name in ("exports", "thumbnails")}

    report = bucket.target(bucket_exports=names["exports"], bucket_thumbnails=names["thumbnails"]).check()

    assert report.ok
    assert report.details["buckets_made"] == [bucket.bucket, *names.values()]
    assert all(bucket.client.bucket_exists(bucket_name=name) for name in (bucket.bucket, *names.values()))


def test_a_versioned_bucket_gets_one_version_one_mark_and_no_probes(bucket: S3Place, video: Video) -> None:
    bucket.client.make_bucket(bucket_name=bucket.bucket)
    bucket.client.set_bucket_versioning(bucket_name=bucket.bucket, config=VersioningConfig(ENABLED))
    target = ready(bucket)

    def versions() -> list[tuple[str, bool]]:
        listed = bucket.client.list_objects(bucket_name=bucket.bucket, recursive=True, include_version=True)
        return [(str(item.object_name), item.is_delete_marker) for item in listed]

    assert versions() == []
    copy = target.put(video.source, KEY, Told())
    target.put(video.source, KEY, Told())
    assert versions() == [(KEY, False)]

    target.delete(copy)
    target.delete(copy)
    assert sorted(versions()) == [(KEY, False), (KEY, True)]
    # Some services add a mark each time they are asked.
    assert len([r for r in requests(bucket, "DELETE", "holiday") if "uploadId" not in r.target]) == 1


def test_a_bucket_that_locks_what_it_holds_can_be_checked_and_used(bucket: S3Place, video: Video) -> None:
    bucket.client.make_bucket(bucket_name=bucket.bucket, object_lock=True)
    lock = ObjectLockConfig(GOVERNANCE, 1, DAYS)
    bucket.client.set_object_lock_config(bucket_name=bucket.bucket, config=lock)
    target = bucket.target()

    report = target.check()
    copy = target.put(video.source, KEY, Told())

    assert report.ok
    assert "lock" in report.details["probe"]
    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for 127.0.0.1: its file, and what a server needs to show it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "holdfast test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "certificate.pem"
    pem.write_bytes(made.public_bytes(Encoding.PEM))
    key_file = tmp_path / "key.pem"
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key_file)
    return pem, context


def test_https_is_spoken_with_a_certificate_of_ones_own_and_with_no_unknown_one(
    bucket: S3Place, video: Video, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    pem, context = certificate
    bucket.proxy.close()
    bucket.proxy = LyingS3(bucket.server.port, tls=context)
    endpoint = f"https://{bucket.proxy.endpoint}"
    table = {name: value for name, value in bucket.table().items() if name != "secure"}

    unknown = target_of({**table, "endpoint": endpoint})
    with pytest.raises(TargetParked, match=r"certificate is not accepted.*ca_file"):
        unknown.put(video.source, KEY, Told())

    target = target_of({**table, "endpoint": endpoint, "ca_file": str(pem)})
    copy = target.put(video.source, KEY, Told())
    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES
    assert bucket.objects() == {KEY: video.content}


def test_type_and_storage_class_are_those_configured(bucket: S3Place, small: Video, video: Video) -> None:
    target = ready(bucket, storage_class="STANDARD")
    target.put(small.source, "small.mp4", Told())
    target.put(video.source, "large.mp4", Told())

    stored = bucket.client.stat_object(bucket_name=bucket.bucket, object_name="large.mp4")
    assert stored.content_type == "video/mp4"
    begun = requests(bucket, "PUT", "small.mp4") + requests(bucket, "POST", "?uploads")
    assert [request.headers["x-amz-storage-class"] for request in begun] == ["STANDARD"] * 2
