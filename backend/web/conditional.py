"""Which answer a request for a file asks for: all of it, a part, "unchanged" or a refusal (RFC 9110, 13 and 14).

Written out here because Werkzeug's own answers differ from the RFC: it knows no If-Unmodified-Since, applies Range
to HEAD, takes any later date for a match of If-Range, and gives 304 where If-Match asks for 412.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from werkzeug.datastructures import Headers
from werkzeug.exceptions import PreconditionFailed, RequestedRangeNotSatisfiable
from werkzeug.http import parse_date, parse_etags

# Any number is in order, beyond the end too; int() takes no more than some thousands of digits.
_RANGE = re.compile(r"(?:(?P<first>[0-9]{1,999})-(?P<last>[0-9]{1,999})?|-(?P<suffix>[0-9]{1,999}))")
_UNIT = "bytes="


@dataclass(frozen=True)
class Part:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def size_bytes(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class Version:
    """What the file is known by. `etag` without its quotes, and strong: other bytes have another one.

    The date is strong too (section 8.8.2.2): a file that is served never changes in place.
    """

    etag: str
    modified_at: datetime

    @property
    def second(self) -> datetime:
        """HTTP's dates have no fractions."""
        return self.modified_at.astimezone(UTC).replace(microsecond=0)


def is_unchanged(headers: Headers, version: Version) -> bool:
    """True for 304. Raises `PreconditionFailed`. The order is that of section 13.2.2."""
    _demand_same(headers, version)
    if "If-None-Match" in headers:
        tags = parse_etags(headers["If-None-Match"])
        return bool(tags.star_tag) or tags.contains_weak(version.etag)
    since = parse_date(headers.get("If-Modified-Since"))
    return since is not None and version.second <= since


def part_asked(headers: Headers, version: Version, size_bytes: int) -> Part | None:
    """The part that a GET asks for; None: all of it. Raises `RequestedRangeNotSatisfiable`.

    A range that is malformed or of another unit is ignored, and so are several at once (section 14.2 allows both).
    """
    asked = headers.get("Range", "")
    if not asked or not size_bytes or not _is_still(headers, version):
        return None
    if asked[: len(_UNIT)].lower() != _UNIT:
        return None
    ranges = [one.strip(" \t") for one in asked[len(_UNIT) :].split(",")]
    ranges = [one for one in ranges if one]
    found = _RANGE.fullmatch(ranges[0]) if len(ranges) == 1 else None
    return _within(found, size_bytes) if found else None


def _within(found: re.Match[str], size_bytes: int) -> Part | None:
    end = size_bytes - 1
    if found["suffix"]:
        first, last = max(0, size_bytes - int(found["suffix"])), end
    else:
        first, last = int(found["first"]), int(found["last"] or end)
        if found["last"] and first > last:
            return None
    if first > end:
        raise RequestedRangeNotSatisfiable(
            size_bytes, "bytes", f"The file has {size_bytes} bytes; the range asked for begins behind its end."
        )
    return Part(first, min(last, end))


def _demand_same(headers: Headers, version: Version) -> None:
    if "If-Match" in headers:
        tags = parse_etags(headers["If-Match"])
        same = bool(tags.star_tag) or tags.is_strong(version.etag)
    else:
        until = parse_date(headers.get("If-Unmodified-Since"))
        same = until is None or version.second <= until
    if not same:
        raise PreconditionFailed("The file is not the one that the request is about.")


def _is_still(headers: Headers, version: Version) -> bool:
    """Section 13.1.5: with If-Range a part is wanted only of exactly this file, else all of it."""
    if "If-Range" not in headers:
        return True
    condition = headers["If-Range"].strip()
    if condition.startswith(('"', "W/")):
        return condition == f'"{version.etag}"'
    return parse_date(condition) == version.second
