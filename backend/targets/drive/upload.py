"""One file's resumable upload: begun or found again, then sent until Drive has all of it.

Google's client does the protocol. It is driven chunk by chunk, so that the session is kept before the first byte,
what Drive says to have is believed even when it goes back, and a failure that passes costs one question, not a turn.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from backend.errors import PermanentFailure
from backend.targets.base import Transfer
from backend.targets.drive.chunks import Digests, Media
from backend.targets.drive.client import Wire, reading
from backend.targets.drive.failures import Answer, DriveProblem, is_passing
from backend.targets.drive.options import LOOPBACK
from backend.targets.local_file import LocalFile

# These say nothing against the session itself: credentials, limits, a name that is taken.
_KEEPS_SESSION = (401, 403, 408, 409, 429)
_MOST_STALLS = 3
_A_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class Sent:
    """All is there: the MD5 (hex) of the bytes sent, and Drive's description of the file, {} if it gave none."""

    md5: str
    answer: dict[str, Any]


@dataclass
class _Headway:
    """Whether Drive comes to have more, though it may go back now and then: sending must end some day."""

    highest_bytes: int
    stalls: int = 0

    def step(self, before_bytes: int, after_bytes: int) -> None:
        if after_bytes > self.highest_bytes:
            self.highest_bytes, self.stalls = after_bytes, 0
        elif after_bytes <= before_bytes:
            self.stalls += 1

    @property
    def is_lost(self) -> bool:
        return self.stalls > _MOST_STALLS


@dataclass
class Upload:
    """`begin` makes the request for the bytes; `keep` stores a session's address for the next attempt."""

    wire: Wire
    local: LocalFile
    transfer: Transfer
    chunk_bytes: int
    begin: Callable[[Media], Any]
    keep: Callable[[str], None]
    session_uri: str = ""

    def run(self) -> Sent:
        """Raises `DriveProblem`: "session-gone" when it must be begun anew; PermanentFailure for a damaged file."""
        with Digests(self.local) as digests:
            media = Media(self.local, digests, self.chunk_bytes, self.transfer.advance)
            try:
                answer = self._finish(media)
                return Sent(digests.finish(), answer)
            except PermanentFailure:
                self._cancel()
                raise

    def _finish(self, media: Media) -> dict[str, Any]:
        request = self._request(media, 0)
        if self.session_uri:
            answer = self._ask(request)
            if answer is not None:
                return answer
        failed_at, headway = -1, _Headway(request.resumable_progress)
        while True:
            offset = request.resumable_progress
            if offset >= media.size() or headway.is_lost:
                # It wants what it has, or what does not exist.
                raise DriveProblem(Answer("session-gone", message="it makes no progress"))
            try:
                with reading():
                    underway, answer = request.next_chunk(num_retries=0)
                if underway is None:
                    return answer if isinstance(answer, dict) else {}
                headway.step(offset, request.resumable_progress)
            except DriveProblem as problem:
                request, answer = self._after(problem, media)
                if answer is None and request.resumable_progress <= failed_at:
                    raise
                failed_at = request.resumable_progress
            if answer is not None:
                return answer

    def _request(self, media: Media, offset_bytes: int) -> Any:
        """A request that goes on in our session, if there is one."""
        request = self.begin(media)
        request.resumable_uri = self.session_uri or None
        request.resumable_progress = offset_bytes
        media.before_bytes = lambda: self._keep(request)
        return request

    def _keep(self, request: Any) -> None:
        """Called before any byte is sent: what was just begun, or has moved, is stored first."""
        uri = str(request.resumable_uri)
        if uri != self.session_uri:
            if not _may_follow(request.uri, uri):
                raise DriveProblem(Answer("garbled", message="the session is at another host"))
            self.session_uri = uri
            self.keep(uri)

    def _after(self, problem: DriveProblem, media: Media) -> tuple[Any, dict[str, Any] | None]:
        """What a failure leaves: a request that goes on where Drive stands, or the answer that got lost."""
        if not self.session_uri:
            raise problem
        self._raise_if_gone(problem)
        if not is_passing(problem.answer):
            raise problem
        request = self._request(media, 0)
        return request, self._ask(request)

    def _ask(self, request: Any) -> dict[str, Any] | None:
        """Ask how far the session is; the file's description when it is finished."""
        headers = {"Content-Range": f"bytes */{self.local.source.size_bytes}", "content-length": "0"}
        try:
            response, content = self.wire.request(self.session_uri, "PUT", headers=headers)
        except DriveProblem as problem:
            self._raise_if_gone(problem)
            raise
        if response.status != 308:
            return _described(content)
        request.resumable_progress = _next_offset(response.get("range"))
        return None

    def _raise_if_gone(self, problem: DriveProblem) -> None:
        status = problem.status or 0
        if 400 <= status < 500 and status not in _KEEPS_SESSION:
            raise DriveProblem(Answer("session-gone", status, problem.answer.message)) from problem

    def _cancel(self) -> None:
        """Nothing of a damaged file may stay behind. Drive answers 499; what it does not hear of ends in a week."""
        if self.session_uri:
            try:
                self.wire.request(self.session_uri, "DELETE", headers={"content-length": "0"})
            except DriveProblem:
                return


def _may_follow(begun_at: str, session_at: str) -> bool:
    """Whether a session may be taken where Drive says it is: our credentials go along with every request."""
    here, there = urlsplit(begun_at), urlsplit(session_at)
    if here.scheme != there.scheme:
        return False
    one_machine = here.hostname in LOOPBACK and there.hostname in LOOPBACK and here.port == there.port
    if here.netloc == there.netloc or one_machine:
        return True
    return all((part.hostname or "").endswith(".googleapis.com") for part in (here, there))


def _described(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _next_offset(header: str | None) -> int:
    """The first byte that Drive has not got, from `bytes=0-N`; without the header it has none."""
    last = (header or "").rpartition("-")[2]
    return int(last) + 1 if _A_NUMBER.fullmatch(last) else 0
