"""How a file is cut into S3 parts, and the ETag its object must then have. Pure: no network, no disk.

Limits are those of Amazon S3 (UploadPart, "Multipart upload limits"): parts of 5 MiB to 5 GiB, at most 10,000.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

MIB = 1024 * 1024
LEAST_PART_BYTES = 5 * MIB
MOST_PART_BYTES = 5 * 1024 * MIB
MOST_PARTS = 10_000

_ETAG = re.compile(r"(?P<md5>[0-9a-f]{32})(-(?P<parts>[1-9][0-9]{0,4}))?")


@dataclass(frozen=True)
class Part:
    """One stretch of the file. `number` counts from 1, as S3 does."""

    number: int
    offset_bytes: int
    size_bytes: int


@dataclass(frozen=True)
class Plan:
    """A file of `size_bytes` in parts of `part_bytes`, the last one shorter."""

    size_bytes: int
    part_bytes: int

    @property
    def count(self) -> int:
        return max(1, -(-self.size_bytes // self.part_bytes))

    def part(self, number: int) -> Part:
        offset = (number - 1) * self.part_bytes
        return Part(number, offset, min(self.part_bytes, self.size_bytes - offset))

    def parts(self) -> list[Part]:
        return [self.part(number) for number in range(1, self.count + 1)]


def plan_parts(size_bytes: int, wanted_part_bytes: int) -> Plan:
    """Keep the wanted part size, or the next whole MiB that needs no more than 10,000 parts."""
    least = -(-size_bytes // MOST_PARTS)
    if least <= wanted_part_bytes:
        return Plan(size_bytes, wanted_part_bytes)
    return Plan(size_bytes, -(-least // MIB) * MIB)


def etag_of_parts(md5s: Sequence[bytes]) -> str:
    """The ETag of a multipart object that is not encrypted: MD5 of the parts' MD5s, then their number."""
    return f"{hashlib.md5(b''.join(md5s), usedforsecurity=False).hexdigest()}-{len(md5s)}"


def plan_behind(etag: str, size_bytes: int, candidates: Sequence[int]) -> Plan | None:
    """The first plan that could have made an object with this ETag, or None where only reading it can tell.

    A plain MD5 is a plan of one part as large as the file. `candidates` are part sizes to consider.
    """
    match = _ETAG.fullmatch(etag)
    if match is None:
        return None
    if match["parts"] is None:
        return Plan(size_bytes, max(1, size_bytes))
    for part_bytes in candidates:
        if part_bytes > 0 and Plan(size_bytes, part_bytes).count == int(match["parts"]):
            return Plan(size_bytes, part_bytes)
    return None


def is_multipart(etag: str) -> bool:
    return "-" in etag
