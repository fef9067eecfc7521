"""One installation's ledger without processes: real catalog, disk and intake; workers run in threads of the test."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.migrate import migrate
from backend.catalog.models import AuditLine, Delivery, TargetRow, Video
from backend.disk.layout import Layout
from backend.disk.sidecar import DeliveryFacts, Sidecar, read_sidecar
from backend.errors import HoldfastError, PermanentFailure
from backend.installation import make_keys
from backend.intake.checks import read_facts
from backend.intake.receive import Caller
from backend.outbox.dispatch import Dispatcher
from backend.outbox.places import Place, Places
from backend.outbox.repair import Repairer
from backend.outbox.reverify import Reverifier
from backend.outbox.twice import Twice
from backend.retention.prune import Pruner
from backend.retention.remove import Remover
from backend.services import Services, build_services
from backend.settings import Settings, load_settings
from backend.targets.base import CheckReport, Expected, Proof, RemoteCopy, Source, Target, Transfer, Verdict
from backend.targets.config import TargetConfig
from backend.targets.config_table import read_table
from backend.targets.registry import build_target
from tests.services.waiting import wait_until

OpenLedger = Callable[..., "Ledger"]
VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 16


@dataclass
class MemoryTarget:
    """A target that keeps its copies in memory, and fails, waits and lies as a test tells it."""

    name: str = "memory"
    kind: str = "memory"
    objects: dict[str, bytes] = field(default_factory=dict)
    puts: list[str] = field(default_factory=list)  # keys, as they begin
    at_once: int = 0
    most_at_once: int = 0
    checks: int = 0
    check_error: str = ""
    on_put: Callable[[Source, str, Transfer], None] | None = None
    """Called in each put before its bytes are kept: may wait, call the transfer, or raise."""
    verifies: list[str] = field(default_factory=list)  # keys, as they are asked for
    on_verify: Callable[[RemoteCopy], None] | None = None
    """Called in each verify before the answer: may wait, change what is kept, or raise as when it is away."""
    lies: bool = False
    """Say that everything is here, and keep nothing."""
    spoils: bool = False
    """Keep one byte less than came."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, source: Source, key: str, transfer: Transfer) -> RemoteCopy:
        with self._lock:
            self.puts.append(key)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            transfer.advance(0)
            if self.on_put:
                self.on_put(source, key, transfer)
            if not self.lies:
                self.objects[key] = source.path.read_bytes()[: -1 if self.spoils else None]
            transfer.advance(source.size_bytes)
        finally:
            with self._lock:
                self.at_once -= 1
        return RemoteCopy(key, {"kept": "in memory"})

    def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
        self.verifies.append(copy.key)
        if self.on_verify:
            self.on_verify(copy)
        content = self.objects.get(copy.key)
        if content is None:
            return Proof(Verdict.MISSING, "looked", reason="It is not there.")
        same = hashlib.sha256(content).hexdigest() == expected.sha256
        return Proof(Verdict.MATCHES if same else Verdict.DIFFERS, "hashed", len(content))

    def check(self) -> CheckReport:
        self.checks += 1
        return CheckReport(not self.check_error, self.check_error or "It works.")

    def delete(self, copy: RemoteCopy) -> None:
        self.objects.pop(copy.key, None)

    def read(self, copy: RemoteCopy) -> Iterator[bytes]:
        content = self.objects.get(copy.key)
        if content is None:
            raise PermanentFailure("It is not there.")
        yield content


def failing(error: Exception, only: Callable[[Source], bool] = lambda _: True) -> Callable[..., None]:
    """For `MemoryTarget.on_put`: raise this, for the files that `only` names."""

    def fail(source: Source, _key: str, _transfer: Transfer) -> None:
        if only(source):
            raise error

    return fail


def place(target: Target, **options: Any) -> Place:
    """The target with its common options, as targets.toml would give them."""
    return Place(TargetConfig(name=target.name, kind=target.kind, label=target.name, **options), target)


def folder_place(path: Path, **options: Any) -> Place:
    """A real folder target, made if it is not there."""
    path.mkdir(exist_ok=True)
    problems: list[str] = []
    config = read_table({"name": "nas", "kind": "folder", "path": str(path), **options}, "test", problems)
    assert config, problems
    return Place(config, build_target(config))


@dataclass
class Ledger:
    """`home` holds storage and logs. `places` may be replaced between two workers, as by an edited targets.toml."""

    home: Path
    services: Services

    @classmethod
    def fresh(cls, home: Path, database_url: str, *there: Place, **env: str) -> Ledger:
        migrate(database_url)
        return cls.on_tables(home, database_url, *there, **env)

    @classmethod
    def on_tables(cls, home: Path, database_url: str, *there: Place, **env: str) -> Ledger:
        """As `fresh`, on a database that has its tables."""
        layout = Layout(_settings(home, database_url, env).storage_path)
        layout.prepare()
        make_keys(layout)
        ledger = cls.open(home, database_url, *there, **env)
        ledger.services.clock.note()
        return ledger

    @classmethod
    def open(cls, home: Path, database_url: str, *there: Place, **env: str) -> Ledger:
        """Over what lies there already."""
        ledger = cls(home, build_services(_settings(home, database_url, env), {}))
        ledger.set_places(*there)
        return ledger

    def set_places(self, *there: Place, default: tuple[str, ...] | None = None) -> None:
        """`default`: those that uploads go to, if not all."""
        named = {p.config.name: p for p in there}
        places = Places(named, (), tuple(named) if default is None else default)
        parts = self.services
        self.services = replace(
            parts,
            places=places,
            intake=replace(parts.intake, places=places),
            desk=replace(parts.desk, places=places),
            restorer=replace(parts.restorer, places=places),
            trash=replace(parts.trash, places=places),
            pruner=replace(parts.pruner, places=places, twice=Twice(second_look_seconds=0)),
        )

    @property
    def database(self) -> Database:
        return self.services.database

    @property
    def pruner(self) -> Pruner:
        return self.services.pruner

    @property
    def remover(self) -> Remover:
        s = self.services
        return Remover(s.layout, s.database, s.places, s.log)

    def add(self, content: bytes = VIDEO, name: str = "a.mp4", **fields: str) -> str:
        """Save a video as every door does; its id."""
        intake = self.services.intake
        upload = intake.open(name, Caller("t-ann", "ann"), "test")
        intake.write(upload, content)
        return intake.save(upload, read_facts({k: [v] for k, v in fields.items()}, datetime.now(UTC))).video_id

    def add_different(self, count: int) -> list[str]:
        """So many videos, no two alike: equal ones would share their bytes."""
        return [self.add(VIDEO + str(number).encode(), f"v{number}.mp4") for number in range(count)]

    def video(self, video_id: str) -> Video:
        with self.database.read() as session:
            return videos.get(session, video_id)

    def trashed(self) -> list[str]:
        with self.database.read() as session:
            return list(session.scalars(select(Video.id).where(Video.trashed_at.is_not(None))))

    def path(self, video_id: str) -> Path:
        return self.services.layout.absolute(self.video(video_id).relative_path)

    def sidecar(self, video_id: str) -> Sidecar:
        return read_sidecar(self.services.layout.sidecar_of(self.video(video_id).relative_path))

    def delivery_in_sidecar(self, video_id: str, target: str = "memory") -> DeliveryFacts:
        return next(d for d in self.sidecar(video_id).deliveries if d.target == target)

    def delivery(self, video_id: str, target: str = "memory") -> Delivery:
        query = select(Delivery).where(Delivery.video_id == video_id, Delivery.target == target)
        with self.database.read() as session:
            return session.scalars(query).one()

    def states(self, target: str = "memory") -> list[str]:
        with self.database.read() as session:
            return sorted(session.scalars(select(Delivery.state).where(Delivery.target == target)))

    def target_row(self, name: str = "memory") -> TargetRow:
        with self.database.read() as session:
            return session.scalars(select(TargetRow).where(TargetRow.name == name)).one()

    def set(self, video_id: str, target: str = "memory", **values: Any) -> None:
        """Write a ledger row behind everybody's back."""
        with self.database.write() as session:
            row = (Delivery.video_id == video_id, Delivery.target == target)
            session.execute(update(Delivery).where(*row).values(**values))

    def set_target(self, name: str = "memory", **values: Any) -> None:
        with self.database.write() as session:
            session.execute(update(TargetRow).where(TargetRow.name == name).values(**values))

    def age(self, video_id: str, days: float) -> None:
        """As if it had been saved so long ago."""
        at = datetime.now(UTC) - timedelta(days=days)
        self.remover.change(
            self.video(video_id), lambda d: d.model_copy(update={"video": d.video.model_copy(update={"saved_at": at})})
        )
        self.set_video(video_id, created_at=at)

    def set_video(self, video_id: str, **values: Any) -> None:
        with self.database.write() as session:
            session.execute(update(Video).where(Video.id == video_id).values(**values))

    def forget_catalog(self) -> None:
        """What a deleted database leaves: nothing but the disk."""
        with self.database.write() as session:
            for table in (Delivery, Video, TargetRow):
                session.execute(delete(table))

    def audit(self) -> list[AuditLine]:
        with self.database.read() as session:
            return list(session.scalars(select(AuditLine).order_by(AuditLine.id)))

    def log_lines(self, step: str) -> list[str]:
        path = self.services.log.path
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.split()[2:3] == [step]]

    def dispatcher(self, **changes: Any) -> Dispatcher:
        """A worker's heart with a database connection of its own, as in a process of its own."""
        parts: Mapping[str, Any] = {
            "database": Database(self.services.settings.catalog_url),
            "layout": self.services.layout,
            "places": self.services.places,
            "log": self.services.log,
            "node": "node",
            "stop_seconds": 5.0,
            **changes,
        }
        return Dispatcher(**parts)

    @contextmanager
    def worker(self, *, hears: bool = True, **changes: Any) -> Iterator[Dispatcher]:
        """A running worker, probes included; stopped in order at the end. `hears`: no target keeps it waiting then."""
        dispatcher = self.dispatcher(**changes)
        over = threading.Event()
        loops = [threading.Thread(target=dispatcher.run), threading.Thread(target=_probe_all, args=(dispatcher, over))]
        for loop in loops:
            loop.start()
        try:
            yield dispatcher
        finally:
            over.set()
            dispatcher.ask_to_stop()
            dispatcher._wake.set()  # a signal would let it finish its half second of waiting
            for loop in loops:
                loop.join()
            finished = dispatcher.finish()
            dispatcher.database.close()
        assert finished or not hears, "a delivery did not hear the word to stop"

    def reverifier(self) -> Reverifier:
        """What a worker looks at copies with, but without the moment that a remote gets before its second answer."""
        s = self.services
        return Reverifier(s.database, s.layout, s.places, s.log, twice=Twice(second_look_seconds=0))

    def repairer(self) -> Repairer:
        s = self.services
        return Repairer(s.database, s.layout, s.places, s.log, s.restorer, Twice(second_look_seconds=0))

    def prune(self, video_id: str) -> None:
        """Remove the local bytes of a video, whatever its age, as `cleanup-exec` does."""
        self.remover.remove(self.video(video_id), "pruned", lambda _: True)

    def wait_for_probe(self, target: MemoryTarget) -> None:
        """Wait for the next probe of a paused target; how long it would really take is tested with the circuit."""
        asked = target.checks
        self.set_target(target.name, next_probe_at=datetime.now(UTC))
        wait_until(lambda: target.checks > asked, "another probe")

    def wait_for(self, state: str, count: int, target: str = "memory", seconds: float = 25) -> None:
        """Wait until so many deliveries of a target are in this state: less than a lease, which would hide a loss."""
        what = f"{count} deliveries to {target} to be {state}"
        wait_until(lambda: self.states(target).count(state) == count, what, seconds=seconds)


def _settings(home: Path, database_url: str, env: Mapping[str, str]) -> Settings:
    return load_settings(
        {
            "STORAGE_PATH": str(home / "storage"), "LOG_DIR": str(home / "logs"), "DATABASE_URL": database_url,
            "MIN_FREE_BYTES": "0", "NODE_NAME": "node", **env,
        },
        None,
    )  # fmt: skip


def _probe_all(dispatcher: Dispatcher, over: threading.Event) -> None:
    """What the worker's scheduled jobs do once a second."""
    while not over.wait(0.05):
        for name in dispatcher.places.by_name:
            with suppress(HoldfastError):
                dispatcher.probe(name)
