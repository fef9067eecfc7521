"""Uploads under /upload/drive/v3/files: resumable sessions, and small ones in a single request."""

from __future__ import annotations

import os
import re
import secrets
import threading
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

from tests.services.drive.content import BLOCK_BYTES, Blob
from tests.services.drive.creation import Params, check_create, check_quota, find_item, parse_metadata
from tests.services.drive.faults import Fault
from tests.services.drive.files import Files
from tests.services.drive.model import Caller, Item, World
from tests.services.drive.replies import Refused, Reply, invalid, plain_reply, refused
from tests.services.drive.wire import Body, Call, ClientGone

_WEEK_SECONDS = 7 * 24 * 3600.0
_WAIT_SECONDS = 60


@dataclass
class Session:
    """One resumable upload. `stored_bytes` lie in the file at `path`; `lock` lets one request in at a time."""

    id: str
    caller: Caller
    params: Params
    metadata: dict[str, Any]
    mime_type: str
    total_bytes: int | None
    replaces: str | None
    path: Path
    started_at: float
    stored_bytes: int = 0
    item: Item | None = None
    finished_at: float = 0.0
    gone_status: int | None = None
    refusal: Refused | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def open(self) -> bool:
        return self.item is None and self.gone_status is None and self.refusal is None

    def progress(self) -> Reply:
        headers = {"X-GUploader-UploadID": self.id}
        if self.stored_bytes:
            headers["Range"] = f"bytes=0-{self.stored_bytes - 1}"
        return Reply(308, headers=headers)


@dataclass(frozen=True)
class _Range:
    """What a Content-Range says: bytes from `start` up to `end`, or (both None) only a question."""

    start: int | None
    end: int | None
    total_bytes: int | None


class Uploads:
    def __init__(self, world: World, files: Files, root_url: str) -> None:
        self._world = world
        self._files = files
        self._root_url = root_url
        self._lock = threading.Lock()
        self.sessions: dict[str, Session] = {}
        self.finished_seconds = 3600.0
        self.gap_status = 503

    def start(self, caller: Caller, params: Params, call: Call, file_id: str | None) -> Reply:
        """Open a session; everything that stands against the file already is told here."""
        metadata = parse_metadata(call.body.read())
        length = call.header("X-Upload-Content-Length")
        if length is not None and not length.isdigit():
            raise invalid("X-Upload-Content-Length")
        total = None if length is None else int(length)
        self._check(caller, params, metadata, total or 0, file_id)
        session = Session(
            id="AB" + secrets.token_urlsafe(60),
            caller=caller,
            params=params,
            metadata=metadata,
            mime_type=call.header("X-Upload-Content-Type") or "",
            total_bytes=total,
            replaces=file_id,
            path=self._world.new_path(),
            started_at=self._world.now(),
        )
        session.path.touch()
        with self._lock:
            self.sessions[session.id] = session
        location = f"{self._root_url}{call.request.path_without_query.lstrip('/')}"
        location += f"?uploadType=resumable&upload_id={session.id}"
        return Reply(200, headers={"Location": location, "X-GUploader-UploadID": session.id})

    def _check(
        self, caller: Caller, params: Params, metadata: dict[str, Any], size_bytes: int, file_id: str | None
    ) -> None:
        world = self._world
        with world.lock:
            if file_id is None:
                check_create(world, caller, params, metadata, size_bytes)
                return
            item = find_item(world, caller, file_id, all_drives=params.all_drives)
            self._files.check_change(caller, params, item, metadata)
            if item.owner:
                check_quota(world, item.owner, size_bytes - (item.blob.size_bytes if item.blob else 0))

    def cancel(self, upload_id: str) -> Reply:
        session = self._session(upload_id)
        with session.lock:
            session.gone_status = 404
            session.path.unlink(missing_ok=True)
        return plain_reply(499, "Client Closed Request")

    def put(self, upload_id: str, call: Call, fault: Fault | None) -> Reply:
        session = self._session(upload_id)
        if not session.lock.acquire(timeout=_WAIT_SECONDS):
            raise Refused(plain_reply(503, "Another request holds this upload"))
        try:
            return self._put(session, call, fault)
        finally:
            session.lock.release()

    def _session(self, upload_id: str) -> Session:
        session = self.sessions.get(upload_id)
        if session is None:
            raise Refused(plain_reply(404, "Not Found"))
        now = self._world.now()
        forgotten = session.item and now > session.finished_at + self.finished_seconds
        if forgotten or now > session.started_at + _WEEK_SECONDS:
            session.gone_status = session.gone_status or 404
        if session.gone_status:
            words = {404: "Not Found", 410: "Gone"}
            raise Refused(plain_reply(session.gone_status, words.get(session.gone_status, "Upload session is gone")))
        return session

    def _put(self, session: Session, call: Call, fault: Fault | None) -> Reply:
        if session.refusal:
            raise session.refusal
        if session.item is None:
            said = _content_range(call)
            _check_range(session, said, call.body.length_bytes)
            if session.total_bytes is None:
                session.total_bytes = said.total_bytes
            if said.start is not None and said.end is not None:
                self._store(session, call.body, said.start, fault)
            if session.stored_bytes != session.total_bytes:
                return session.progress()
            self._finish(session, damaged=fault is not None and fault.damages)
        assert session.item is not None
        return self._files.show(session.caller, session.params, session.item)

    def _store(self, session: Session, body: Body, start: int, fault: Fault | None) -> None:
        before = session.stored_bytes
        if start > before:
            words = (
                f"Invalid request.  According to the Content-Range header, the upload offset is {start} byte(s), "
                f"which exceeds already uploaded size of {before} byte(s)."
            )
            raise Refused(plain_reply(self.gap_status, words))
        at = start
        try:
            with session.path.open("r+b", buffering=0) as file:
                for part in body.parts():
                    if at + len(part) > before:
                        fresh = part[max(before - at, 0) :]
                        os.pwrite(file.fileno(), fresh, max(at, before))
                    at += len(part)
        except (ClientGone, OSError):
            session.stored_bytes = max(before, at // BLOCK_BYTES * BLOCK_BYTES)
            raise
        session.stored_bytes = max(before, at)
        if fault is not None and session.stored_bytes > before:
            kept = fault.kept_bytes(before, session.stored_bytes)
            session.stored_bytes = min(kept, session.stored_bytes)

    def _finish(self, session: Session, *, damaged: bool) -> None:
        os.truncate(session.path, session.stored_bytes)
        if damaged and session.stored_bytes:
            _flip_a_bit(session.path)
        blob = Blob(session.path)
        try:
            if session.replaces:
                args = (session.caller, session.params, session.replaces, session.metadata, blob)
                session.item = self._files.replace(*args)
            else:
                session.item = self._files.make(
                    session.caller, session.params, session.metadata, blob, session.mime_type
                )
        except Refused as refusal:
            session.refusal = refusal
            session.path.unlink(missing_ok=True)
            raise
        session.finished_at = self._world.now()

    def whole(self, caller: Caller, params: Params, call: Call, file_id: str | None) -> Reply:
        """uploadType=multipart or media: everything in this request."""
        mime_type = call.header("Content-Type") or ""
        metadata: dict[str, Any] = {}
        content = call.body.read()
        if params.text("uploadType") == "multipart":
            metadata, mime_type, content = _parts(mime_type, content)
        self._check(caller, params, metadata, len(content), file_id)
        blob = self._world.new_blob(content)
        if file_id:
            return self._files.show(caller, params, self._files.replace(caller, params, file_id, metadata, blob))
        return self._files.show(caller, params, self._files.make(caller, params, metadata, blob, mime_type))


def _content_range(call: Call) -> _Range:
    text = call.header("Content-Range")
    if text is None:
        return _Range(0, call.body.length_bytes, call.body.length_bytes)
    match = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", text)
    if match is None:
        raise _bad_request("Failed to parse Content-Range header.")
    first, last, total = match.groups()
    total_bytes = None if total == "*" else int(total)
    if first is None:
        return _Range(None, None, total_bytes)
    said = _Range(int(first), int(last) + 1, total_bytes)
    if int(last) < int(first) or (total_bytes is not None and int(last) >= total_bytes):
        raise _bad_request("Failed to parse Content-Range header.")
    return said


def _check_range(session: Session, said: _Range, length_bytes: int) -> None:
    expected = 0 if said.start is None or said.end is None else said.end - said.start
    if length_bytes != expected:
        raise _bad_request(f"Invalid request.  {length_bytes} bytes came, Content-Range says {expected}.")
    if None not in (session.total_bytes, said.total_bytes) and session.total_bytes != said.total_bytes:
        words = f"Invalid request.  The total of {said.total_bytes} bytes differs from the {session.total_bytes} "
        raise _bad_request(words + "that were announced.")
    if said.end is not None and said.end != said.total_bytes and length_bytes % BLOCK_BYTES:
        raise _bad_request(
            "Invalid request.  The number of bytes uploaded is required to be equal or greater than 262144, except "
            "for the final request (it's recommended to be the exact multiple of 262144).  The received request "
            f"contained {length_bytes} bytes, which does not meet this requirement."
        )


def _bad_request(words: str) -> Refused:
    return Refused(plain_reply(400, words))


def _flip_a_bit(path: Path) -> None:
    with path.open("r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))


def _parts(content_type: str, body: bytes) -> tuple[dict[str, Any], str, bytes]:
    """Metadata, type and content of a multipart/related body."""
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    parts = list(message.iter_parts()) if message.is_multipart() else []
    if len(parts) != 2:
        raise refused(400, "badContent", "Malformed multipart body.")
    content = _raw_part(content_type, body)
    return parse_metadata(bytes(parts[0].get_content())), parts[1].get_content_type(), content


def _raw_part(content_type: str, body: bytes) -> bytes:
    """The bytes of the second part: the email parser would change line ends in them."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None:
        raise refused(400, "badContent", "Malformed multipart body.")
    edge = b"--" + match[1].encode()
    second = body.split(edge, 2)[2]
    _, _, content = second.partition(b"\r\n\r\n") if b"\r\n\r\n" in second else second.partition(b"\n\n")
    end = content.rfind(edge)
    return re.sub(rb"\r?\n\Z", b"", content[:end])
