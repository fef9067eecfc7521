"""The scrub of this node's own files: each is read again every SCRUB_DAYS, those first that waited longest.

Progress is the row of each video, so a scrub that is killed goes on where it was. A file that was begun is read to its
end, whatever the time; one that was cut off is first in line again. Nothing is held meanwhile that an upload or a
delivery needs.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from backend.catalog import damages, scrubs
from backend.catalog.change import change
from backend.catalog.database import Database
from backend.catalog.models import FILE, Video
from backend.catalog.scrubs import Due
from backend.disk.gently import last_in_line
from backend.disk.layout import Layout
from backend.disk.locks import try_lock
from backend.disk.sidecar import Sidecar
from backend.errors import StorageError
from backend.integrity.examine import Examiner, Found
from backend.integrity.repair import Mended, Mender
from backend.log import UploadLog
from backend.outbox.clock import instant
from backend.outbox.heal import Holder, send_again
from backend.outbox.restore import Restorer
from backend.outbox.transfer import Throttle

# Half of each minute: the other half the disk is left to everybody else, whatever the limit.
RUN_SECONDS = 30.0
_PAGE = 500
_NODES_KNOWN_SECONDS = 3600.0
_SAMPLES = 5
# Later than that, the scrub of all files takes it when their turn comes.
_SHA1_LATER, _SHA1_AT_ONCE = timedelta(days=7), 20
# Written down together, so that small files cost no transaction each; a kill loses no more than that.
_WRITE_AFTER_SECONDS, _WRITE_AFTER = 1.0, 200


class State(StrEnum):
    RIGHT = "right"
    REPAIRED = "repaired"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class Looked:
    """What one look found. `ended` tells of each part that was wrong."""

    video: Video
    state: State
    read_bytes: int
    ended: tuple[Mended, ...] = ()


@dataclass(frozen=True)
class Scrubber:
    """Any number may run at once, in any number of processes: a file is in one pair of hands."""

    layout: Layout
    database: Database
    restorer: Restorer
    log: UploadLog
    node: str
    days: float
    max_mib_per_second: float | None
    on_read: Callable[[int], None] = lambda _: None
    _nodes: dict[str, tuple[float, list[str]]] = field(default_factory=dict)

    def run_due(self, run_seconds: float = RUN_SECONDS) -> list[Looked]:
        """What the worker does each minute: damage that waits for its repair, what deliveries complained of, and the
        files whose turn has come."""
        found: list[Looked] = []
        halted = ""
        try:
            found.extend(self.look_at(self.in_turn(self.before()), run_seconds))
        except StorageError as error:
            halted = error.message
            self.log.write("error", "scrub_halted", error=halted)
        self._note_run(found, halted)
        return found

    def take_sha1(self) -> int:
        """Read the large files of these days again for the SHA-1 that their upload did not wait for; how many."""
        with self.database.read() as session:
            since = instant(session) - _SHA1_LATER
            found = scrubs.without_sha1(session, self._nodes_here(), since, _SHA1_AT_ONCE)
        return sum(1 for _ in self.look_at(found, RUN_SECONDS))

    def before(self) -> datetime | None:
        """What was last read before that is due; None: nothing ever is."""
        with self.database.read() as session:
            now = instant(session)
        return now - timedelta(days=self.days) if self.days else None

    def due(self, before: datetime) -> Iterator[Due]:
        """What was last read before then, page by page; none twice."""
        seen: set[str] = set()
        while True:
            with self.database.read() as session:
                page = scrubs.due(session, self._nodes_here(), before, instant(session), _PAGE)
            fresh = [one for one in page if one.video_id not in seen]
            if not fresh:
                return
            seen.update(one.video_id for one in fresh)
            yield from fresh

    def look_at(self, wanted: Iterable[Due], run_seconds: float = math.inf) -> Iterator[Looked]:
        """Look at these, one after the other, and mend what can be; none is begun after the time. Tells each."""
        end, right = time.monotonic() + run_seconds, _Right(self.database)
        examiner = Examiner(self.layout, self.database, self.log)
        pace = self._pace(Throttle(self.max_mib_per_second))
        try:
            for one in wanted:
                if time.monotonic() >= end:
                    return
                looked = self._look(one, examiner, pace, right)
                if looked is not None:
                    yield looked
        finally:
            right.write()

    def note_run(self, looked: int, damaged: int, halted: str = "") -> None:
        with self.database.write() as session:
            scrubs.note_run(session, f"local:{self.node}", instant(session), looked, damaged, halted)

    def in_turn(self, before: datetime | None, *, impatient: bool = False) -> Iterator[Due]:
        """Damage that is to be tried again (`impatient`: all there is), what deliveries complained of, and the files
        that were last read before then."""
        nodes = self._nodes_here()
        with self.database.read() as session:
            now = None if impatient else instant(session)
            ill = list(dict.fromkeys(damage.video_id for damage in damages.due(session, nodes, now, _PAGE)))
            accused = [one for one in scrubs.accused(session, nodes, _PAGE) if one not in ill]
        yield from (Due(video_id, None) for video_id in (*ill, *accused))
        if before is not None:
            yield from self.due(before)

    def _note_run(self, found: list[Looked], halted: str) -> None:
        counts = {str(state): sum(one.state is state for one in found) for state in State}
        if found:
            self.log.write("info", "scrubbed", **counts, bytes=sum(one.read_bytes for one in found))
        self.note_run(len(found), counts["repaired"] + counts["damaged"], halted)

    def _pace(self, throttle: Throttle) -> Callable[[int], None]:
        never = threading.Event()

        def wait(read_bytes: int) -> None:
            self.on_read(read_bytes)
            never.wait(throttle.turn(read_bytes))

        return wait

    def _look(self, one: Due, examiner: Examiner, pace: Callable[[int], None], right: _Right) -> Looked | None:
        """None when another has it in hand or was faster, or when it is not here any more."""
        with try_lock(self.layout, "scrub", one.video_id) as mine:
            if not mine:
                return None
            with self.database.read() as session:
                video = scrubs.one(session, one.video_id)
            if video is None or video.local_state not in ("present", "pruned") or not video.sha256:
                return None
            if one.last_at is not None and one.last_at != (video.scrubbed_at or video.created_at):
                return None
            with last_in_line():
                found = examiner.examine(video, pace)
            return self._judge(video, found, right)

    def _judge(self, video: Video, found: Found, right: _Right) -> Looked:
        with self.database.read() as session:
            known, accused = scrubs.known_ill(session, video.id), scrubs.is_accused(session, video.id)
        mender = Mender(self.layout, self.database, self.restorer, self.log)
        ended = tuple(mender.mend(video, fault) for fault in found.faults)
        bad = {fault.part for fault in found.faults}
        # What was known to be damaged and reads right now.
        settled = [mender.settle(video, part) for part in known if part not in bad]
        if FILE not in bad and all(settled):
            right.add(video.id)
            if found.sha1 and not video.sha1:
                change(self.layout, self.database, video, lambda doc: _with_sha1(doc, found.sha1))
            if accused:
                # What a delivery complained of is not so, or not any more.
                holder = Holder(video.id, video.original_filename, video.relative_path)
                send_again(self.database, self.layout, self.log, [holder])
        if not all(settled) or any(not one.repaired for one in ended):
            return Looked(video, State.DAMAGED, found.read_bytes, ended)
        return Looked(video, State.REPAIRED if ended or settled else State.RIGHT, found.read_bytes, ended)

    def _nodes_here(self) -> list[str]:
        """This node's name, and those of others whose files lie here too: a machine that was renamed, a shared disk."""
        until, known = self._nodes.get("here", (0.0, []))
        if time.monotonic() >= until:
            with self.database.read() as session:
                others = [name for name in scrubs.nodes(session) if name != self.node]
                samples = {name: scrubs.samples(session, name, _SAMPLES) for name in others}
            known = [self.node, *(name for name, places in samples.items() if self._has_any(places))]
            self._nodes["here"] = (time.monotonic() + _NODES_KNOWN_SECONDS, known)
        return known

    def _has_any(self, places: Iterable[str]) -> bool:
        return any(self.layout.absolute(place).exists() for place in places)


def _with_sha1(doc: Sidecar, sha1: str) -> Sidecar:
    """Of what was saved before it was taken."""
    return doc.model_copy(update={"video": doc.video.model_copy(update={"sha1": sha1})})


class _Right:
    """Files that were found right and are not written down yet."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: list[str] = []
        self._since = time.monotonic()

    def add(self, video_id: str) -> None:
        self._ids.append(video_id)
        if len(self._ids) >= _WRITE_AFTER or time.monotonic() >= self._since + _WRITE_AFTER_SECONDS:
            self.write()

    def write(self) -> None:
        if self._ids:
            with self._database.write() as session:
                scrubs.found_right(session, self._ids, instant(session))
        self._ids, self._since = [], time.monotonic()
