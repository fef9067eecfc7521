"""The headers of the IETF draft, read and written. What does not fit a header's type counts as not sent (the draft)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Request, Response

from backend.errors import InconsistentLength
from backend.intake.resumable import Standing
from backend.web.interim import VERSION_HEADER
from backend.web.structured_fields import boolean, dictionary_of, natural

OLD, NEW = 6, 8
# Draft -03, which tus-js-client can still speak: as 8 is understood here, but its appends have no media type yet.
_UNTYPED = 5
MEDIA_TYPE = "application/partial-upload"


@dataclass(frozen=True)
class Ask:
    """One request. `body_bytes`: Content-Length; None where its body is chunked."""

    version: int | None
    complete: bool | None
    offset: int | None
    length: int | None
    body_bytes: int | None
    needs_type: bool = True

    @property
    def is_old(self) -> bool:
        return self.version == OLD

    @property
    def protocol(self) -> str:
        return "rufh-6" if self.is_old else "rufh-8"

    @property
    def has_body(self) -> bool:
        return self.body_bytes != 0

    def whole_length(self, offset: int) -> int | None:
        """The upload's length, as Upload-Length says or as the last request's own size shows; both must agree."""
        if not self.complete or self.body_bytes is None:
            return self.length
        shown = offset + self.body_bytes
        if self.length not in (None, shown):
            raise InconsistentLength(
                f"Upload-Length says {self.length} bytes, but Upload-Complete: ?1 with this Content-Length makes "
                f"{shown}.",
                detail={"length": self.length, "shown": shown},
            )
        return shown


def read_ask(request: Request) -> Ask:
    headers = request.headers
    version = natural(headers.get(VERSION_HEADER))
    is_chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
    return Ask(
        version=version if version in (OLD, NEW) else None,
        complete=boolean(headers.get("Upload-Complete")),
        offset=natural(headers.get("Upload-Offset")),
        length=natural(headers.get("Upload-Length")),
        body_bytes=None if is_chunked else request.content_length or 0,
        needs_type=version != _UNTYPED or "Content-Type" in headers,
    )


def limits(max_size_bytes: int, seconds_left: float, *, is_old: bool) -> str:
    """Upload-Limit. An empty file is never kept."""
    seconds = max(0, int(seconds_left))
    # The name changed with interop version 7.
    lifetime = {"expires": seconds} if is_old else {"max_age": seconds}
    return dictionary_of(max_size=max_size_bytes, min_size=1, **lifetime)


def limits_of(standing: Standing, max_size_bytes: int) -> str:
    left = (standing.expires_at - datetime.now(UTC)).total_seconds()
    return limits(max_size_bytes, left, is_old=standing.protocol == "rufh-6")


def tell(answer: Response, standing: Standing, max_size_bytes: int, *, complete: bool) -> None:
    """Where the upload stands: version 6 demands the offset in each answer, version 8 allows it."""
    answer.headers["Upload-Offset"] = str(standing.offset)
    answer.headers["Upload-Complete"] = "?1" if complete else "?0"
    answer.headers["Upload-Limit"] = limits_of(standing, max_size_bytes)
