"""The targets `minio` and `s3`: objects in one bucket of a service that speaks S3.

How a file gets there: look first; one PUT if it is one part; else a multipart upload that any later attempt, in any
process, finds again. What is expected there is computed from the bytes sent, never taken from the service.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from backend.errors import PermanentFailure, TargetError, TargetParked
from backend.targets.base import CheckReport, Expected, Proof, RemoteCopy, Source, Transfer, Verdict
from backend.targets.config import Kind, TargetConfig
from backend.targets.local_file import LocalFile, damaged
from backend.targets.s3_body import Body
from backend.targets.s3_failures import Answer, Place, S3Problem, judge
from backend.targets.s3_look import find_copy, proof_of, sha256_at
from backend.targets.s3_multipart import S3Store
from backend.targets.s3_options import S3_OPTIONS, bucket_names, connection_of, option_problems, plain_endpoint
from backend.targets.s3_plan import MIB, MOST_PART_BYTES, Plan, etag_of_parts, plan_parts
from backend.targets.s3_upload import PartsSender, Upload

_BY_ETAG = "the service's own size and ETag, equal to those of the bytes sent"
_BY_READING = "read back from the service and hashed"


class MinioTarget:
    """Copies in a bucket, as `{key}`. Holds one connection pool and no state of any transfer."""

    def __init__(self, config: TargetConfig) -> None:
        self.name = config.name
        self.kind = config.kind
        options = config.options
        self._store = S3Store(connection_of(options, config.max_concurrent), options["bucket"])
        self._buckets = bucket_names(options)
        self._create_bucket = bool(options["create_bucket"])
        self._part_bytes = int(options["part_mib"]) * MIB
        self._part_concurrency = int(options["part_concurrency"])
        self._storage_class = options["storage_class"]
        self._place = Place(self._store.connection.endpoint, self._store.bucket)
        self._bucket_seen = False

    def place(self) -> str:
        """The bucket, whatever the scheme and the key that lead to it (see `Placed`)."""
        return f"the bucket “{self._place.bucket}” at {plain_endpoint(self._place.endpoint)}"

    def put(self, source: Source, key: str, transfer: Transfer) -> RemoteCopy:
        """Send the file, or what is missing of it (see `Target.put`)."""
        plan = plan_parts(source.size_bytes, self._part_bytes)
        if plan.part_bytes > MOST_PART_BYTES:
            raise PermanentFailure(f"“{source.original_filename}” is larger than any S3 object may be.")
        with self._judging(), LocalFile(source) as local:
            if not self._bucket_seen:
                self._make_sure(self._store.bucket)
                self._bucket_seen = True
            stored_part_bytes = transfer.resume.get("part_bytes")
            sizes = [stored_part_bytes] if isinstance(stored_part_bytes, int) else []
            copy = find_copy(self._store, local, key, transfer, [*sizes, plan.part_bytes])
            if copy is None:
                put = self._put_whole if plan.count == 1 else self._put_parts
                copy = put(local, key, plan, transfer)
            if plan.count > 1 or transfer.resume:
                self._drop_uploads(key)
            return copy

    def _put_whole(self, local: LocalFile, key: str, plan: Plan, transfer: Transfer) -> RemoteCopy:
        md5, sha256 = local.digests(0, plan.size_bytes, "md5", "sha256")
        if sha256.hex() != local.source.sha256:
            raise damaged(local.source, "another SHA-256")
        done_bytes = 0

        def sent(step_bytes: int) -> None:
            nonlocal done_bytes
            done_bytes += step_bytes
            transfer.advance(done_bytes)

        sent(0)
        signed = sha256 if self._store.connection.sign_payload else None
        self._store.put(key, Body(local, 0, plan.size_bytes, md5, signed, sent), self._headers(local.source))
        return RemoteCopy(key, proof_of(md5.hex()))

    def _put_parts(self, local: LocalFile, key: str, plan: Plan, transfer: Transfer) -> RemoteCopy:
        upload = self._begin(local.source, key, plan, transfer)
        try:
            sent = PartsSender(self._store, local, key, upload, transfer).send(self._part_concurrency)
        except (PermanentFailure, S3Problem) as failure:
            if isinstance(failure, PermanentFailure) or self._is_permanent(failure):
                self._store.abort(key, upload.upload_id)
                transfer.save_resume({})
            raise
        etag = etag_of_parts([part.md5 for part in sent])
        head = self._store.head(key)
        # Another worker may have been faster; completing again would make a second version.
        if head is None or (head.size_bytes, head.etag) != (plan.size_bytes, etag):
            self._store.complete(key, upload.upload_id, {part.number: part.etag for part in sent})
        return RemoteCopy(key, proof_of(etag))

    def _begin(self, source: Source, key: str, plan: Plan, transfer: Transfer) -> Upload:
        """The upload to go on with: the stored one, one that a kill left unstored, or a new one."""
        upload = self._stored_upload(source, key, transfer.resume) or self._left_upload(key, plan)
        if upload is None:
            upload = Upload(self._store.create(key, self._headers(source)), plan)
        if transfer.resume.get("upload_id") != upload.upload_id:
            transfer.save_resume(upload.state())
        return upload

    def _stored_upload(self, source: Source, key: str, state: Mapping[str, Any]) -> Upload | None:
        upload_id, part_bytes = state.get("upload_id"), state.get("part_bytes")
        recorded = state.get("parts", {})
        if not isinstance(upload_id, str) or not isinstance(part_bytes, int) or part_bytes < 1:
            return None
        plan = Plan(source.size_bytes, part_bytes)
        return self._listed(key, upload_id, plan, recorded if isinstance(recorded, dict) else {})

    def _left_upload(self, key: str, plan: Plan) -> Upload | None:
        """Adopt the unfinished upload of this key that holds most, if it is cut as ours would be."""
        found = [self._listed(key, upload_id, plan, {}) for upload_id in self._store.uploads(key)]
        fitting = [upload for upload in found if upload and all(map(upload.fits, upload.listed.values()))]
        return max(fitting, key=Upload.already_bytes, default=None)

    def _listed(self, key: str, upload_id: str, plan: Plan, recorded: Mapping[str, Any]) -> Upload | None:
        try:
            return Upload(upload_id, plan, self._store.parts(key, upload_id), recorded)
        except S3Problem as problem:
            # radosgw says NoSuchKey for an upload that it has dropped.
            if problem.code in ("NoSuchUpload", "NoSuchKey"):
                return None
            raise

    def _drop_uploads(self, key: str) -> None:
        """Nothing unfinished may stay behind a finished object: its parts are stored, and paid for, unseen."""
        for upload_id in self._store.uploads(key):
            self._store.abort(key, upload_id)

    def _headers(self, source: Source) -> dict[str, str]:
        # For people who meet the object without us; nothing here is ever taken as proof.
        headers = {"Content-Type": source.mime_type, "x-amz-meta-sha256": source.sha256}
        return {**headers, "x-amz-storage-class": self._storage_class} if self._storage_class else headers

    def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
        """Ask the service for size and ETag; read the copy back where these cannot tell (see `Target.verify`)."""
        with self._judging():
            head = self._store.head(copy.key)
            if head is None:
                return Proof(Verdict.MISSING, _BY_ETAG, reason="The bucket holds no object of that name.")
            if head.size_bytes != expected.size_bytes:
                reason = f"It has {head.size_bytes} bytes instead of {expected.size_bytes}."
                return Proof(Verdict.DIFFERS, _BY_ETAG, head.size_bytes, f"etag:{head.etag}", reason)
            if head.etag and head.etag == copy.proof.get("etag"):
                return Proof(Verdict.MATCHES, _BY_ETAG, head.size_bytes, f"etag:{head.etag}")
            sha256 = sha256_at(self._store, copy.key)
        if sha256 is None:
            return Proof(Verdict.MISSING, _BY_READING, reason="The object was gone when it was read.")
        verdict = Verdict.MATCHES if sha256 == expected.sha256 else Verdict.DIFFERS
        reason = "" if verdict is Verdict.MATCHES else "Its SHA-256 is another one."
        return Proof(verdict, _BY_READING, head.size_bytes, f"sha256:{sha256}", reason, head.size_bytes)

    def check(self) -> CheckReport:
        """Make the buckets, then write, read back and remove a small object (see `Target.check`)."""
        details: dict[str, Any] = {"endpoint": self._place.endpoint, "bucket": self._place.bucket}
        try:
            with self._judging():
                details["buckets_made"] = [bucket for bucket in self._buckets if self._make_sure(bucket)]
                details["probe"] = self._probe()
        except TargetError as error:
            return CheckReport.failed(error, **details)
        message = f"Bucket “{self._place.bucket}” at {self._place.endpoint} can be written, read and cleared."
        return CheckReport(ok=True, message=message, details=details)

    def _probe(self) -> str:
        key, content = f".holdfast-check/{secrets.token_hex(8)}", secrets.token_hex(32).encode()
        version_id = self._store.put(key, content, {})
        try:
            if b"".join(self._store.read(key)) != content:
                words = "gave back other bytes than were written"
                raise TargetParked(f"The storage at {self._place.endpoint} {words}.")
            self._store.uploads(key)
        finally:
            outcome = self._remove_probe(key, version_id)
        return outcome

    def _remove_probe(self, key: str, version_id: str | None) -> str:
        """By version, so that a bucket that keeps versions keeps none of these; unless it keeps all by a lock."""
        try:
            self._store.delete(key, version_id)
        except S3Problem as problem:
            if version_id is None or problem.code != "AccessDenied":
                raise
            self._store.delete(key)
            return "hidden; the bucket's object lock keeps it"
        return "removed"

    def _make_sure(self, bucket: str) -> bool:
        """True if the bucket was absent and had to be made."""
        if self._store.has_bucket(bucket):
            return False
        if not self._create_bucket:
            raise judge(Answer("NoSuchBucket", 404), Place(self._place.endpoint, bucket))
        self._store.make_bucket(bucket)
        return True

    def delete(self, copy: RemoteCopy) -> None:
        """Delete the object; a versioned bucket keeps its versions (see `Deletable`)."""
        with self._judging():
            self._drop_uploads(copy.key)
            # Deleting what is gone would add one more delete marker to a versioned bucket.
            if self._store.head(copy.key) is not None:
                self._store.delete(copy.key)

    def read(self, copy: RemoteCopy) -> Iterator[bytes]:
        """Yield the object's bytes (see `Readable`)."""
        with self._judging():
            yield from self._store.read(copy.key)

    def link(self, copy: RemoteCopy, expires_seconds: int) -> str:
        """A presigned URL, for seven days at most (see `Linkable`)."""
        with self._judging():
            return self._store.link(copy.key, expires_seconds)

    def _is_permanent(self, problem: S3Problem) -> bool:
        return isinstance(judge(problem.answer, self._place), PermanentFailure)

    @contextmanager
    def _judging(self) -> Iterator[None]:
        try:
            yield
        except S3Problem as problem:
            answer = problem.answer
            if answer.code == "NoSuchBucket" and self._create_bucket:
                self._bucket_seen = False
                answer = Answer("bucket-gone", answer.status)
            raise judge(answer, self._place) from problem


MINIO = Kind("minio", S3_OPTIONS, MinioTarget, option_problems)
S3 = Kind("s3", S3_OPTIONS, MinioTarget, option_problems)
