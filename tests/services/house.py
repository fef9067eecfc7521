"""A house with a memory of its own: real use cases over a real catalog, folder targets, a clock that is set, kills.

After each act it looks at the disk, and says by rules of its own what may have gone. It knows the true time, every
byte that was saved, every hold and what lies on each target; it asks none of the parts that decide.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from backend.catalog.clock import Clock
from backend.catalog.models import Video
from backend.disk.sidecar import Sidecar
from backend.errors import Held, HoldfastError, TransientFailure
from backend.outbox.circuit import lock_target
from backend.outbox.claim import claim
from backend.outbox.clock import instant
from backend.outbox.deliver import Deliverer
from backend.outbox.record import record_delivery
from backend.outbox.settle import settle
from backend.outbox.transfer import LedgerTransfer, Throttle, held_from_now
from tests.services.house_eyes import DAY, GONE, RULES, TRASH_DAYS, Eyes, Kept, Killed
from tests.services.ledger import Ledger, MemoryTarget, folder_place, place
from tests.unit.disk.border import Border


class House(Eyes):
    def __init__(self, template: Path, home: Path) -> None:
        shutil.copytree(template, home)
        self.home = home
        self.now = datetime.now(UTC)
        self.wrong = timedelta()  # how far the clock is off
        self.videos: dict[str, Kept] = {}
        self.rules = "none"
        self.flaky = MemoryTarget("flaky")
        self.away = False
        self.flaky.on_verify = lambda _: self._answer()
        self.border = Border(home)
        self.happened: Counter[str] = Counter()
        self.patch = pytest.MonkeyPatch()
        # A kill is no power loss: what was written stays. Thousands of acts would wait for the disk otherwise.
        self.patch.setattr(os, "fsync", lambda _: None)
        self.border.install(self.patch)
        self.kill_next = 0
        self.number = 0
        self.open()
        self.ledger.services.clock.note()

    @staticmethod
    def template(home: Path) -> None:
        Ledger.fresh(home, f"sqlite:///{home / 'catalog.db'}").services.close()

    def open(self) -> None:
        url = f"sqlite:///{self.home / 'catalog.db'}"
        self.ledger = Ledger.open(self.home, url, TRASH_DAYS=str(TRASH_DAYS))
        nas = folder_place(self.home / "nas")
        cold = folder_place(self.home / "cold", name="cold", required=False)
        self.ledger.set_places(nas, cold, place(self.flaky, required=False), default=("nas", "flaky"))
        s = self.ledger.services
        event.listen(s.database.engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF"))
        clock = Clock(s.layout, s.database, lambda: self.now + self.wrong)
        self.ledger.services = replace(
            s,
            clock=clock,
            holder=replace(s.holder, clock=clock),
            trash=replace(s.trash, clock=clock),
            pruner=replace(s.pruner, clock=clock),
        )
        self.use(self.rules)

    def use(self, rules: str) -> None:
        self.rules = rules
        s = self.ledger.services
        self.ledger.services = replace(s, retention=RULES[rules], trash=replace(s.trash, retention=RULES[rules]))

    def close(self) -> None:
        self.ledger.services.close()
        self.patch.undo()
        shutil.rmtree(self.home)

    # What people, the worker and the world do.

    def upload(self, *, twin: bool = False, tags: str = "", ttl_hours: float | None = None) -> None:
        self.number += not twin
        ttl = None if ttl_hours is None else timedelta(hours=ttl_hours)
        content = b"\x00\x00\x00\x18ftypmp42" + str(self.number).encode()
        with self.act("upload"):
            self.ledger.add(content, f"v{self.number}.mp4", tags=tags)
        for video_id in self._unknown():
            self._stamp(video_id, ttl)

    def deliver(self) -> None:
        with self.act("deliver"):
            for name in ("nas", "cold", "flaky"):
                self._deliver_to(name)

    def rot(self, number: int, *, gone: bool) -> None:
        """The copy on the second disk is lost or changes, while the bytes are here."""
        video_id = self._any(number)
        copy = self._copy("nas", video_id)
        if self._is_here(video_id) and copy.exists():
            copy.unlink() if gone else copy.write_bytes(b"rotten")

    def lose_flaky(self) -> None:
        self.flaky.objects.clear()

    def turn_flaky(self) -> None:
        self.away = not self.away

    def hold(self, number: int, days: float | None) -> None:
        video_id, s = self._any(number), self.ledger.services
        time = s.clock.read()
        until = None if days is None else max(time.now, time.certain_at) + timedelta(days=days)
        with self.act("hold"), suppress(HoldfastError):
            s.holder.hold(video_id, "court", until)

    def release(self, number: int) -> None:
        video_id, holder = self._any(number), self.ledger.services.holder
        with self.act("release"):
            for one in self.doc(video_id).holds:
                holder.release(video_id, one.id)

    def trash(self, number: int) -> None:
        video_id = self._any(number)
        with self.act("trash"):
            try:
                self.ledger.services.trash.throw_away(video_id, "ann")
            except Held:
                return
        if self.videos[video_id].held(self.now) and self.doc(video_id).video.trashed_at:
            self._demand(self.videos[video_id].trashed_at is not None, "a held video went into the trash")

    def take_out(self, number: int) -> None:
        with self.act("undo"), suppress(HoldfastError):
            self.ledger.services.trash.take_out(self._any(number), "ann")

    def purge(self) -> None:
        with self.act("purge"):
            self.ledger.services.trash.purge_due()

    def apply_rules(self) -> None:
        with self.act("rules"):
            self.ledger.services.housekeeper.run_all()

    def cleanup(self, days: float) -> None:
        with self.act(f"cleanup {days}"):
            list(self.ledger.services.pruner.execute(days))

    def day(self) -> None:
        """What the worker does of itself."""
        self.deliver()
        self.pass_time(24)
        self.apply_rules()
        self.purge()

    def restore(self, number: int) -> None:
        video_id = self._any(number)
        if self.doc(video_id).local.state in GONE:
            return
        with self.act("restore"):
            self.ledger.services.restorer.restore(video_id)
            self._demand(self._is_here(video_id), "what was restored is not there")

    def pass_time(self, hours: float) -> None:
        """The worker runs, and notes the time."""
        while hours > 0:
            step = min(hours, 20.0)
            self.now, hours = self.now + timedelta(hours=step), hours - step
            self.ledger.services.clock.note()

    def stand_still(self, days: float) -> None:
        """The machine is off."""
        self.now += timedelta(days=days)

    def set_clock(self, days: float) -> None:
        """The clock is set wrong, or right again; the worker sees it within the minute."""
        self.wrong = timedelta(days=days)
        self.ledger.services.clock.note()

    def trust(self) -> None:
        """A person looks at a clock that is right, and says so."""
        if not self.wrong:
            self.ledger.services.clock.trust()

    def lose_catalog(self) -> None:
        with self.act("rebuild"):
            self.ledger.forget_catalog()
            self.ledger.services.recovery.rebuild()

    def restart(self) -> None:
        self.ledger.services.close()
        for left in (self.home / "storage" / "incoming").glob("restore-*.part"):
            # Its lock would have gone with its process, and who restores next would take it away.
            left.unlink()
        self.open()
        with self.act("restart"):
            self.ledger.services.clock.note()
            s = self.ledger.services
            replace(self.ledger.remover, now=s.clock.now).finish_interrupted()
            s.recovery.sweep()

    # What is looked at after each act.

    @contextmanager
    def act(self, name: str) -> Iterator[None]:
        before, killed = {video_id: self._see(video_id) for video_id in self.videos}, False
        self.border.heal()
        if self.kill_next:
            self._kill_at(self.kill_next)
        try:
            yield
        except Killed:
            killed = True
        finally:
            self.kill_next = 0
            self.border.heal()
        self._look(name, before)
        if killed:
            self.happened[f"{name.split(maxsplit=1)[0]}: killed"] += 1
            self.restart()
            for video_id in self._unknown():
                self._stamp(video_id, None)

    def _kill_at(self, number: int) -> None:
        dead: list[bool] = []

        def fault(at: int, _call: object) -> None:
            if at >= number or dead:
                dead.append(True)
                raise Killed

        self.border._fault = fault

    def _any(self, number: int) -> str:
        return list(self.videos)[number % len(self.videos)]

    def _unknown(self) -> list[str]:
        with self.ledger.database.read() as session:
            return [v for v in session.scalars(select(Video.id)) if v not in self.videos]

    def _stamp(self, video_id: str, ttl: timedelta | None) -> None:
        """What the intake would have written by this clock: it reads the machine's own."""
        told_at = self.now + self.wrong
        expires_at = None if ttl is None else told_at + ttl
        stamps = {"saved_at": told_at, "updated_at": told_at, "expires_at": expires_at}

        def stamped(doc: Sidecar) -> Sidecar:
            return doc.model_copy(update={"video": doc.video.model_copy(update=stamps)})

        self.ledger.remover.change(self.ledger.video(video_id), stamped)
        self.ledger.set_video(video_id, created_at=told_at)
        video = self.ledger.video(video_id)
        content = self.ledger.path(video_id).read_bytes()
        tags, over_at = tuple(tag.tag for tag in video.tags), None if ttl is None else self.now + ttl
        self.videos[video_id] = Kept(content, video.relative_path, self.now, tags, over_at)

    def _answer(self) -> None:
        if self.away:
            raise TransientFailure("does not answer")

    def _deliver_to(self, name: str) -> None:
        """What a worker does, in this thread."""
        s, there = self.ledger.services, self.ledger.services.places.get(name)
        held_until = held_from_now()
        with s.database.write() as session:
            claims = claim(session, lock_target(session, name), "house", 9, instant(session) + DAY, 9)
        for taken in claims:
            transfer = LedgerTransfer(taken, s.database, s.layout, Throttle(None), held_until)
            outcome = Deliverer(s.layout, s.log).run(there, transfer)
            with s.database.write() as session:
                settle(session, lock_target(session, name), outcome, instant(session))
            record_delivery(s.database, s.layout, taken.relative_path, taken.video_id, name)
