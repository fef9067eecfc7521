"""Sends a file's parts, several at once, and resumes what the service holds already.

Only the caller's thread talks to the transfer; it also hashes the whole file, just ahead of the parts' threads.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from backend.targets.base import Transfer
from backend.targets.local_file import LocalFile, damaged
from backend.targets.s3_body import Body
from backend.targets.s3_multipart import S3Store
from backend.targets.s3_plan import Part, Plan
from backend.targets.s3_xml import StoredPart

# How far the parts' threads may run ahead of `advance`: what a bandwidth limit lets through in one go.
_WINDOW_BYTES = 4 * 1024 * 1024
_HEARTBEAT_SECONDS = 1.0


class Stopped(Exception):
    """Ends a part's thread once another part has failed or the transfer was cancelled."""


class Gate:
    """Counts the bytes that parts' threads hand over, and holds them until the caller has told of them."""

    def __init__(self, already_bytes: int) -> None:
        self._changed = threading.Condition()
        self._sent_bytes = already_bytes
        self._told_bytes = already_bytes
        self._stopped = False

    def sent(self, step_bytes: int) -> None:
        """Count a piece; negative takes back what was counted as there. Waits while too much is untold."""
        with self._changed:
            self._sent_bytes += step_bytes
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped or self._sent_bytes - self._told_bytes <= _WINDOW_BYTES)
            if self._stopped:
                raise Stopped

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def tell(self, transfer: Transfer) -> None:
        """Pass the count on; called by the caller's thread alone."""
        count = self._sent_bytes
        transfer.advance(count)
        with self._changed:
            self._told_bytes = count
            self._changed.notify_all()

    def has_news(self) -> bool:
        return self._sent_bytes != self._told_bytes

    def wait(self, finished: Future[SentPart]) -> None:
        """Wait until something was sent, or this part is finished, or for one heartbeat."""
        with self._changed:
            self._changed.wait_for(lambda: self.has_news() or finished.done(), _HEARTBEAT_SECONDS)


@dataclass(frozen=True)
class SentPart:
    """A part that the service holds: our MD5 of its bytes, and the ETag to name it by."""

    number: int
    md5: bytes
    etag: str


@dataclass(frozen=True)
class Upload:
    """An unfinished multipart upload: which, how it is cut, and what the service listed of it."""

    upload_id: str
    plan: Plan
    listed: Mapping[int, StoredPart] = field(default_factory=dict)
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def already_bytes(self) -> int:
        sizes = (part.size_bytes for part in self.listed.values() if self.fits(part))
        return sum(sizes)

    def fits(self, part: StoredPart) -> bool:
        return 1 <= part.number <= self.plan.count and part.size_bytes == self.plan.part(part.number).size_bytes

    def holds(self, part: Part, md5: bytes) -> str | None:
        """The ETag of a listed part that has these bytes. Where an ETag is no MD5, our own record must tell."""
        listed = self.listed.get(part.number)
        if listed is None or not self.fits(listed):
            return None
        recorded = self.recorded.get(str(part.number))
        if listed.etag == md5.hex() or recorded == [md5.hex(), listed.etag]:
            return listed.etag
        return None

    def state(self) -> dict[str, Any]:
        """What the next attempt needs. The service's own list says the rest."""
        state: dict[str, Any] = {"upload_id": self.upload_id, "part_bytes": self.plan.part_bytes}
        return {**state, "parts": dict(self.recorded)} if self.recorded else state


class PartsSender:
    """Sends what is missing of one upload."""

    def __init__(self, store: S3Store, local: LocalFile, key: str, upload: Upload, transfer: Transfer) -> None:
        self._store = store
        self._local = local
        self._key = key
        self._upload = upload
        self._transfer = transfer
        self._gate = Gate(upload.already_bytes())
        self._recorded = dict(upload.recorded)
        self._pending: list[Future[SentPart]] = []
        self._sent: dict[int, SentPart] = {}

    def send(self, concurrency: int) -> list[SentPart]:
        """All parts in order, each held by the service; PermanentFailure if the file is not what was saved."""
        self._gate.tell(self._transfer)
        whole = hashlib.sha256()
        with ThreadPoolExecutor(concurrency, thread_name_prefix="s3-part") as threads:
            try:
                for part in self._upload.plan.parts():
                    while len(self._pending) > concurrency:
                        self._collect()
                    self._hash(part, whole)
                    future = threads.submit(self._send_part, part)
                    future.add_done_callback(lambda _: self._gate.wake())
                    self._pending.append(future)
                while self._pending:
                    self._collect()
            except BaseException:
                self._gate.stop()
                threads.shutdown(wait=False, cancel_futures=True)
                raise
        if whole.hexdigest() != self._local.source.sha256:
            raise damaged(self._local.source, "another SHA-256")
        return [self._sent[number] for number in sorted(self._sent)]

    def _hash(self, part: Part, whole: hashlib._Hash) -> None:
        for piece in self._local.pieces(part.offset_bytes, part.size_bytes):
            whole.update(piece)
            if self._gate.has_news():
                self._gate.tell(self._transfer)

    def _collect(self) -> None:
        self._gate.wait(self._pending[0])
        self._gate.tell(self._transfer)
        for future in [future for future in self._pending if future.done()]:
            self._pending.remove(future)
            self._keep(future.result())

    def _keep(self, sent: SentPart) -> None:
        self._sent[sent.number] = sent
        record = [sent.md5.hex(), sent.etag]
        if sent.etag != sent.md5.hex() and self._recorded.get(str(sent.number)) != record:
            # Encrypted: nobody but us can tell later whose bytes this ETag stands for.
            self._recorded[str(sent.number)] = record
            self._transfer.save_resume({**self._upload.state(), "parts": self._recorded})

    def _send_part(self, part: Part) -> SentPart:
        signed = self._store.connection.sign_payload
        if part.number in self._upload.listed:
            (md5,) = self._local.digests(part.offset_bytes, part.size_bytes, "md5")
            etag = self._upload.holds(part, md5)
            if etag:
                return SentPart(part.number, md5, etag)
            if self._upload.fits(self._upload.listed[part.number]):
                self._gate.sent(-part.size_bytes)
        names = ("md5", "sha256") if signed else ("md5",)
        md5, *sha256 = self._local.digests(part.offset_bytes, part.size_bytes, *names)
        body = Body(
            self._local,
            part.offset_bytes,
            part.size_bytes,
            md5,
            sha256[0] if sha256 else None,
            self._gate.sent,
        )
        etag = self._store.send_part(self._key, self._upload.upload_id, part.number, body)
        return SentPart(part.number, md5, etag or md5.hex())
