"""What is done with each new fingerprint: it is kept, and whatever looks like it among all others is written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.catalog import events, fingerprints
from backend.catalog.database import Database
from backend.catalog.fingerprints import HASH_BYTES, Alike, Camera, Hashed
from backend.errors import MediaError
from backend.likeness.index import HashIndex
from backend.likeness.matching import Prints, match
from backend.log import UploadLog
from backend.outbox.clock import instant

# Those with the most frames alike are looked at closely. A still scene may be like thousands of its own camera.
_MOST_COMPARED = 60
_ASKED_AT_ONCE = 200

Found = list[tuple[Camera, Alike]]


def _never() -> bool:
    return False


@dataclass(frozen=True)
class LikenessFinder:
    """One per worker process."""

    database: Database
    log: UploadLog
    index: HashIndex = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", HashIndex(self.database))

    def take(self, video_id: str, made: Path, result: dict[str, Any], should_stop: Callable[[], bool] = _never) -> None:
        """Keep what the media job `fingerprint` left in `made`, and look for others like it.

        May be called again for the same video: by then it finds the same. Of two that are taken at once, the one that
        looks later finds the other.
        """
        if not result.get("frames"):
            return
        hashed = _read(video_id, made / result["file"], result)
        with self.database.write() as session:
            if video_id not in fingerprints.cameras(session, [video_id]):
                return
            known = fingerprints.likenesses(session, video_id)
            fingerprints.put(session, hashed, instant(session))
        self.find(hashed, should_stop, known)

    def find(
        self, hashed: Hashed, should_stop: Callable[[], bool] = _never, known: AbstractSet[str] = frozenset()
    ) -> Found:
        """Write down whatever looks like these frames, and tell of it. `known`: what looked like it before its
        fingerprint was made anew, and was told then."""
        prints = _prints(hashed)
        near = self.index.near(prints, should_stop)
        with self.database.read() as session:
            this = fingerprints.cameras(session, [hashed.video_id]).get(hashed.video_id)
        if this is None:
            return []
        others = self._worth_comparing(this, [other for other, _ in near.most_common() if other != this.video_id])
        found = [pair for other in others if (pair := self._compare(prints, other))]
        if found or known:
            with self.database.write() as session:
                fingerprints.unlike(session, this.video_id, known - {other.video_id for other, _ in found})
                fingerprints.write_likenesses(session, this, found, instant(session))
                self._tell(session, this, found, known)
            self.log.write("info", "looks_alike", upload=this.video_id, found=len(found))
        return found

    def _worth_comparing(self, this: Camera, ids: Sequence[str]) -> list[Camera]:
        others: list[Camera] = []
        for start in range(0, len(ids), _ASKED_AT_ONCE):
            some = ids[start : start + _ASKED_AT_ONCE]
            with self.database.read() as session:
                known = fingerprints.cameras(session, some)
            others += [known[other] for other in some if other in known and may_be_told(this, known[other])]
            if len(others) >= _MOST_COMPARED:
                break
        return others[:_MOST_COMPARED]

    def _compare(self, prints: Prints, other: Camera) -> tuple[Camera, Alike] | None:
        with self.database.read() as session:
            hashed = fingerprints.of(session, other.video_id)
        if hashed is None:
            return None
        matched = match(prints, _prints(hashed))
        if not matched.ranges or not matched.worth_telling:
            return None
        ranges = [{"this": list(each.this), "other": list(each.other)} for each in matched.ranges]
        shares = round(matched.share_of_this, 4), round(matched.share_of_other, 4)
        return other, Alike(other.video_id, *shares, ranges)

    def _tell(self, session: Any, this: Camera, found: Found, known: AbstractSet[str]) -> None:
        """One event, of the earlier video that is most alike; of another project's only that project may know."""
        earlier = [
            (other, alike)
            for other, alike in found
            if other.project_id == this.project_id and _order(other) < _order(this)
        ]
        if not earlier or any(other.video_id in known for other, _ in earlier):
            return
        other, alike = max(earlier, key=lambda pair: max(pair[1].share_of_this, pair[1].share_of_other))
        events.append_of(
            session,
            "looks_alike",
            this.video_id,
            earlier_id=other.video_id,
            share_of_this=alike.share_of_this,
            share_of_earlier=alike.share_of_other,
        )


def may_be_told(this: Camera, other: Camera) -> bool:
    """A fixed camera looks the same every day: of one camera, only what was filmed at the same time counts."""
    if not this.camera_id or this.camera_id != other.camera_id:
        return True
    if this.start_at is None or this.end_at is None or other.start_at is None or other.end_at is None:
        return False
    return this.start_at < other.end_at and other.start_at < this.end_at


def _order(video: Camera) -> tuple[object, str]:
    return video.created_at, video.video_id


def _prints(hashed: Hashed) -> Prints:
    return Prints.of(hashed.hashes, hashed.qualities, hashed.interval_seconds)


def _read(video_id: str, path: Path, result: dict[str, Any]) -> Hashed:
    count = int(result["frames"])
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise MediaError(f"The fingerprint cannot be read ({error.strerror}).") from error
    if len(raw) != count * (HASH_BYTES + 1):
        raise MediaError("The fingerprint on disk is not whole.")
    cut = count * HASH_BYTES
    return Hashed(video_id, float(result["interval_seconds"]), raw[:cut], raw[cut:])
