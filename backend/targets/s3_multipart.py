"""The one adapter over minio-py, with the private calls it needs: `_execute` and `_build_headers` of 7.2.20.

Public minio-py has no resumable multipart upload. Replies are read by s3_xml, not by the SDK's classes: those
take a 200 with an <Error> inside for success, lose a listing's marker, and miss names that radosgw url-encodes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any, TypeVar
from xml.etree.ElementTree import ParseError

import urllib3
from minio import Minio
from minio.credentials.credentials import Credentials
from minio.error import InvalidResponseError, S3Error, ServerError
from minio.helpers import DictType
from urllib3.exceptions import HTTPError

from backend.targets.retry_after import retry_after_seconds
from backend.targets.s3_body import Body
from backend.targets.s3_failures import Answer, S3Problem
from backend.targets.s3_http import Connection, Http, unanswered
from backend.targets.s3_xml import (
    Garbled,
    StoredPart,
    error_in,
    plain_etag,
    read_parts,
    read_reply,
    read_upload_id,
    read_uploads,
    write_completion,
)

T = TypeVar("T")

_LONGEST_LINK_SECONDS = 7 * 24 * 3600
_PAGES = 100
_REFUSED = {400, 401, 403, 507}
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Head:
    """What the service says about an object."""

    size_bytes: int
    etag: str


class _Client(Minio):
    """Sends a `Body` with the digests it has, where minio-py would want all its bytes to hash them again."""

    def _build_headers(
        self,
        host: str,
        headers: DictType | None = None,
        body: bytes | Body | None = None,
        creds: Credentials | None = None,
    ) -> tuple[DictType, datetime]:
        if not isinstance(body, Body):
            return super()._build_headers(host, headers, body, creds)
        with_md5 = {**(headers or {}), "Content-MD5": body.content_md5}
        built, date = super()._build_headers(host, with_md5, None, creds)
        built["Content-Length"] = str(len(body))
        built["x-amz-content-sha256"] = body.sha256.hex() if body.sha256 else "UNSIGNED-PAYLOAD"
        return built, date


class S3Store:
    """One bucket of one service, call by call. Whatever is not success raises S3Problem. Safe for threads."""

    def __init__(self, connection: Connection, bucket: str, page_entries: int = 1000) -> None:
        self.connection = connection
        self.bucket = bucket
        self._page_entries = str(page_entries)
        self._http = Http(connection)
        self._client = _Client(
            connection.endpoint,
            access_key=connection.access_key,
            secret_key=connection.secret_key,
            secure=connection.secure,
            region=connection.region,
            http_client=self._http,
        )

    def head(self, key: str) -> Head | None:
        """Size and ETag of an object, or None if it, or its bucket, is not there."""
        try:
            headers = self._call("HEAD", key).headers
        except S3Problem as problem:
            if problem.code in ("NoSuchKey", "NoSuchBucket"):
                return None
            raise
        try:
            return Head(int(headers["content-length"]), plain_etag(headers.get("etag", "")))
        except (KeyError, ValueError) as error:
            raise S3Problem(Answer("garbled", 200)) from error

    def put(self, key: str, body: Body | bytes, headers: Mapping[str, str]) -> str | None:
        """Send an object in one request; the version it became, where the bucket keeps versions."""
        return self._call("PUT", key, body=body, headers=headers).headers.get("x-amz-version-id")

    def create(self, key: str, headers: Mapping[str, str]) -> str:
        """Begin a multipart upload; its id."""
        return self._read(read_upload_id, self._call("POST", key, {"uploads": ""}, headers=headers))

    def send_part(self, key: str, upload_id: str, number: int, body: Body) -> str:
        """Send one part; its ETag."""
        query = {"partNumber": str(number), "uploadId": upload_id}
        return plain_etag(self._call("PUT", key, query, body=body).headers.get("etag", ""))

    def parts(self, key: str, upload_id: str) -> dict[int, StoredPart]:
        """The parts that the service holds of an unfinished upload."""
        found: dict[int, StoredPart] = {}
        query = {"uploadId": upload_id, "max-parts": self._page_entries}
        for _ in range(_PAGES):
            page = self._read(read_parts, self._call("GET", key, query))
            found |= {part.number: part for part in page.parts}
            if not page.next_marker:
                break
            query["part-number-marker"] = page.next_marker
        return found

    def uploads(self, key: str) -> list[str]:
        """The ids of all unfinished uploads of exactly this key."""
        found: list[str] = []
        query = {"uploads": "", "prefix": key, "encoding-type": "url", "max-uploads": self._page_entries}
        for _ in range(_PAGES):
            page = self._read(lambda data: read_uploads(data, key), self._call("GET", None, query))
            found += page.upload_ids
            if not page.next_markers or not page.upload_ids:
                break
            query["key-marker"], query["upload-id-marker"] = page.next_markers
        return found

    def complete(self, key: str, upload_id: str, etags: Mapping[int, str]) -> None:
        """Make the object of its parts. An <Error> inside a 200 is a failure."""
        body = write_completion(etags)
        digest = b64encode(md5(body, usedforsecurity=False).digest()).decode()
        headers = {"Content-Type": "application/xml", "Content-MD5": digest}
        response = self._call("POST", key, {"uploadId": upload_id}, body=body, headers=headers)
        self._read(lambda data: read_reply(data, "CompleteMultipartUploadResult"), response)

    def abort(self, key: str, upload_id: str) -> None:
        """Drop an unfinished upload and its parts; one that is gone already is success."""
        try:
            self._call("DELETE", key, {"uploadId": upload_id})
        except S3Problem as problem:
            if problem.code not in ("NoSuchUpload", "NoSuchKey"):
                raise

    def delete(self, key: str, version_id: str | None = None) -> None:
        """Delete an object, or one version of it for good."""
        self._call("DELETE", key, {"versionId": version_id} if version_id else {})

    def read(self, key: str) -> Iterator[bytes]:
        """Yield an object's bytes; a connection that ends early raises."""
        with self._translating():
            response = self._execute("GET", key, preload_content=False)
            try:
                yield from response.stream(_READ_BYTES, decode_content=False)
            finally:
                response.close()
                response.release_conn()

    def link(self, key: str, expires_seconds: int) -> str:
        """A URL that anyone may fetch the object with, for at most seven days (the limit of signature 4)."""
        expires = timedelta(seconds=max(1, min(expires_seconds, _LONGEST_LINK_SECONDS)))
        with self._translating():
            return self._client.presigned_get_object(self.bucket, key, expires=expires)

    def has_bucket(self, bucket: str) -> bool:
        try:
            self._call("HEAD", None, bucket=bucket)
        except S3Problem as problem:
            if problem.code == "NoSuchBucket":
                return False
            raise
        return True

    def make_bucket(self, bucket: str) -> None:
        """Make a bucket; one that we own already is success."""
        try:
            with self._translating():
                self._client.make_bucket(bucket, self.connection.region)
        except S3Problem as problem:
            if problem.code != "BucketAlreadyOwnedByYou":
                raise

    def _call(
        self, method: str, key: str | None, query: Mapping[str, str] | None = None, **more: Any
    ) -> urllib3.BaseHTTPResponse:
        try:
            with self._translating():
                return self._execute(method, key, query, **more)
        except S3Problem as problem:
            if method == "HEAD" and problem.answer.status in _REFUSED:
                # A refused HEAD has no body and so no reason; the same question by GET has one.
                self._call("GET", None, {"list-type": "2", "max-keys": "1"}, bucket=more.get("bucket"))
            raise

    def _execute(
        self, method: str, key: str | None, query: Mapping[str, str] | None = None, **more: Any
    ) -> urllib3.BaseHTTPResponse:
        bucket = more.pop("bucket", None) or self.bucket
        headers = dict(more.pop("headers", None) or {})
        return self._client._execute(method, bucket, key, headers=headers, query_params=dict(query or {}), **more)

    def _read(self, reader: Callable[[bytes], T], response: urllib3.BaseHTTPResponse) -> T:
        """Read a 200's body; an <Error> inside it is as much a failure as any other."""
        error = error_in(response.data)
        if error:
            raise S3Problem(Answer(error[0], response.status, error[1]))
        with self._translating():
            return reader(response.data)

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except S3Error as error:
            raise S3Problem(self._answer(error.code or "", error.message or "")) from error
        except InvalidResponseError as error:
            raise S3Problem(self._not_xml(error)) from error
        except ServerError as error:
            raise S3Problem(self._answer("", "")) from error
        except (Garbled, ParseError, UnicodeDecodeError) as error:
            raise S3Problem(Answer("garbled", self._http.last_answer()[0], str(error)[:200])) from error
        except HTTPError as error:
            raise S3Problem(unanswered(error)) from error

    def _answer(self, code: str, message: str) -> Answer:
        status, wait = self._http.last_answer()
        return Answer(code or f"HTTP{status}", status, message, retry_after_seconds(wait))

    def _not_xml(self, error: InvalidResponseError) -> Answer:
        """Some services send their XML as another type; anything else is a proxy, or no S3 service at all."""
        status = error._code
        found = error_in((error._body or "").encode())
        if found:
            return self._answer(*found)
        if status >= 500 or status in (408, 429):
            return self._answer("", "")
        return Answer("not-s3", status, f"HTTP {status}, {error._content_type or 'no content type'}")
