"""What can go wrong with a request on purpose; plan.py says which request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from tests.services.drive.content import BLOCK_BYTES
from tests.services.drive.replies import Reply, error_reply, json_reply
from tests.services.drive.wire import Call, Dropped


@dataclass
class Fault:
    """Something that goes wrong with one request; by itself nothing does. The kinds override what they break."""

    damages = False

    def before(self, call: Call) -> Reply | None:
        """Before the body is read: an answer ends the request, with nothing stored."""
        return None

    def kept_bytes(self, before: int, after: int) -> int:
        """How many bytes of the upload are stored once this chunk has come."""
        return after

    def after(self, call: Call, reply: Reply) -> Reply:
        """The work is done; what the client is told of it."""
        return reply


@dataclass
class Answer(Fault):
    """This answer instead of the work, or (`stored`) after the work was done in full."""

    reply: Reply
    stored: bool = False

    def before(self, call: Call) -> Reply | None:
        return None if self.stored else self.reply

    def after(self, call: Call, reply: Reply) -> Reply:
        return self.reply


@dataclass
class DropBefore(Fault):
    """The connection ends before the body is read."""

    reset: bool = True

    def before(self, call: Call) -> Reply | None:
        raise Dropped(reset=self.reset)


@dataclass
class DropMiddle(Fault):
    """The connection ends after this share of the body; whole blocks of what came are kept."""

    share: float = 0.5

    def before(self, call: Call) -> Reply | None:
        if not call.body.length_bytes:
            raise Dropped
        call.body.drop_at_bytes = int(call.body.length_bytes * self.share)
        return None


@dataclass
class DropAfter(Fault):
    """All is stored, and the connection ends before the reply."""

    reset: bool = True

    def after(self, call: Call, reply: Reply) -> Reply:
        raise Dropped(reset=self.reset)


@dataclass
class KeepLess(Fault):
    """Of the chunk only the first `blocks` of 256 KiB are stored; the 308 says so."""

    blocks: int = 1

    def kept_bytes(self, before: int, after: int) -> int:
        return min(after - 1, before + self.blocks * BLOCK_BYTES) // BLOCK_BYTES * BLOCK_BYTES


@dataclass
class GoBack(Fault):
    """So many blocks that were confirmed earlier are forgotten, together with this chunk."""

    blocks: int = 1

    def kept_bytes(self, before: int, after: int) -> int:
        return max(0, before - self.blocks * BLOCK_BYTES) // BLOCK_BYTES * BLOCK_BYTES


@dataclass
class Hang(Fault):
    """Nothing happens for a while, then all goes on. `let_go` ends it early."""

    seconds: float
    let_go: threading.Event = field(default_factory=threading.Event)

    def before(self, call: Call) -> Reply | None:
        self.let_go.wait(self.seconds)
        return None


@dataclass
class RevokeToken(Fault):
    """The access token that came is refused from now on, though it was good; a refresh helps."""


@dataclass
class LoseSession(Fault):
    """The upload session that is asked for is gone for ever."""

    status: int = 404


@dataclass
class Damage(Fault):
    """A lie: the file is called stored, and one bit of it is wrong."""

    damages = True


@dataclass
class EmptyAnswer(Fault):
    """A lie: the work is done and the answer is a 200 without a body."""

    def after(self, call: Call, reply: Reply) -> Reply:
        return Reply(200)


def status(number: int, *, stored: bool = False, retry_after_seconds: int | None = None) -> Fault:
    """A bare error of Google's backend."""
    headers = {} if retry_after_seconds is None else {"Retry-After": str(retry_after_seconds)}
    reasons = {429: ("rateLimitExceeded", "Rate limit exceeded"), 500: ("internalError", "Internal Error")}
    reason, message = reasons.get(number, ("backendError", "Backend Error"))
    return Answer(error_reply(number, reason, message, headers=headers), stored)


def forbidden(reason: str, message: str = "", *, domain: str = "usageLimits") -> Fault:
    """A 403 with this reason; the message defaults to Google's for it."""
    known = {
        "rateLimitExceeded": "Rate Limit Exceeded",
        "userRateLimitExceeded": "User Rate Limit Exceeded. Rate of requests for user exceed configured project quota",
        "dailyLimitExceeded": "Daily Limit Exceeded",
        "quotaExceeded": "The download quota for this file has been exceeded.",
        "storageQuotaExceeded": "The user's Drive storage quota has been exceeded.",
        "teamDriveFileLimitExceeded": "The file limit for this shared drive has been exceeded.",
    }
    return Answer(error_reply(403, reason, message or known.get(reason, reason), domain=domain))


def daily_750_gb() -> Fault:
    """The upload limit of a day, in the very words that rclone knows it by."""
    return forbidden("userRateLimitExceeded", "User rate limit exceeded.")


def html_page(number: int = 502) -> Fault:
    page = b"<!DOCTYPE html><html lang=en><title>Error 502 (Server Error)!!1</title><p><b>502.</b> Try again.</html>"
    return Answer(Reply(number, page, content_type="text/html; charset=UTF-8"))


def error_is_text(number: int = 503) -> Fault:
    return Answer(json_reply({"error": "x"}, number))


def message_is_no_text(number: int = 503) -> Fault:
    return Answer(json_reply({"error": {"code": number, "message": {"error": "x"}}}, number))
