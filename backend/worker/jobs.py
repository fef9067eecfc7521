"""The scheduled jobs: a table of thin functions over the use cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from backend.catalog import counts, events, saves
from backend.catalog.backup import back_up_nightly
from backend.disk.locks import lock
from backend.exports.delivery import ExportDeliverer
from backend.exports.expire import Expirer
from backend.intake.inbox import Inbox
from backend.media import room
from backend.media.kinds import missed_fingerprint
from backend.offers.book import Book
from backend.outbox.dispatch import Dispatcher
from backend.outbox.erase import Eraser
from backend.outbox.evidence import Evidence
from backend.outbox.offer_ends import OfferEnder, tell_page
from backend.outbox.repair import Repairer
from backend.outbox.reverify import RUN_SECONDS, Reverifier
from backend.outbox.segment_pictures import PictureCourier
from backend.retention.remove import Remover
from backend.services import Services
from backend.targets.base import Offerer

_HOUR = 3600
_DAY = 24 * _HOUR
_INBOX_SECONDS = 2
_COPY_EXPORTS_SECONDS = 2
_LOCK_SECONDS = 5


Row = tuple[str, float, Callable[[], object], bool]  # name, how often in seconds, work, at once


@dataclass(frozen=True)
class Job:
    name: str
    every_seconds: float
    work: Callable[[], object]
    services: Services
    at_once: bool = False

    def first_run(self) -> datetime:
        wait = 0 if self.at_once else self.every_seconds
        return datetime.now(UTC) + timedelta(seconds=wait)

    def run(self) -> None:
        """A job that fails is told in our log and comes again at its next turn."""
        try:
            self.work()
        except Exception as error:
            self.services.log.broke("job_failed", error, job=self.name)


def make_again(services: Services) -> int:
    """Begin anew the pictures and copies that are gone from the disk; not while there is no ffmpeg to make them."""
    return 0 if services.tools.missing() else services.missing.begin_anew()


def back_up(services: Services) -> None:
    """Each night, once for all workers of this node."""
    layout, keep = services.layout, services.settings.backup_keep
    with lock(layout, "backup", "all"):
        kept = partial(Book(layout).pages.told, partial(tell_page, services.log))
        made = back_up_nightly(services.database, layout.backups, keep, datetime.now(UTC), kept)
    if made is not None:
        services.log.write("info", "backed_up", file=made.name, bytes=made.stat().st_size)


def forget_events(services: Services) -> int:
    """Forget what happened too long ago for anybody to catch up with."""
    days = services.settings.events_days
    with services.database.write() as session:
        return events.prune(session, services.clock.read().certain_at - timedelta(days=days))


def catch_up(services: Services) -> Callable[[], int]:
    """Fingerprints for the videos that were here before there were any."""
    from backend.likeness.catch_up import CatchUp

    return CatchUp(services.database, services.likeness, services.layout.pictures_of, missed_fingerprint).run


def export_copies(services: Services, stopped: Callable[[float], bool]) -> list[Row]:
    """Results go to the bucket of exports, where there is one."""
    bucket = services.exports.bucket
    if bucket is None:
        return []
    node = services.settings.node_name
    deliverer = ExportDeliverer(services.database, services.layout, bucket, services.log, node, stopped)
    return [("copy exports", _COPY_EXPORTS_SECONDS, deliverer.run_due, True)]


def expire_exports(services: Services) -> int:
    """Remove results whose time is over, by a clock that is not ahead."""
    expirer = Expirer(services.database, services.layout, services.log, services.settings.node_name)
    return expirer.run_due(services.clock.read().certain_at)


def evidence(services: Services) -> list[Row]:
    """What holds ask of targets that would let go of their copies, where there are any."""
    s = services
    keeper = Evidence(s.database, s.layout, s.places, s.log, s.clock)
    if not keeper.is_needed:
        return []
    return [
        ("lock what is held elsewhere", _LOCK_SECONDS, keeper.run_due, True),
        ("find locks again", _HOUR, keeper.find_again, True),
    ]


def offer_ends(services: Services) -> list[Row]:
    """What targets that offer wait for in vain, where there are any."""
    s = services
    if not any(isinstance(place.target, Offerer) for place in s.places.by_name.values()):
        return []
    ender = OfferEnder(s.database, Book(s.layout), s.places, s.log)
    return [("end offers", 60, ender.run_due, True), ("tidy offers", _DAY, ender.tidy, True)]


def inbox(services: Services) -> Inbox | None:
    """The watched folder, if there is one."""
    settings = services.settings
    if not settings.inbox_path:
        return None
    return Inbox(
        services.intake, Path(settings.inbox_path).absolute(), settings.inbox_settle_seconds, settings.inbox_after
    )


def jobs(services: Services, dispatcher: Dispatcher) -> list[Job]:
    layout, database, places, log = services.layout, services.database, services.places, services.log
    remover, eraser = Remover(layout, database, places, log), Eraser(database, layout, places, log)
    reverifier = Reverifier(database, layout, places, log)
    repairer = Repairer(database, layout, places, log, services.restorer)
    watched = inbox(services)
    courier = PictureCourier(database, layout, log, services.picture_bucket)
    if_pictures = [("send pictures of segments", 2, courier.run_due, True)] if courier.bucket else []
    if_inbox = [("take in what is in the inbox", _INBOX_SECONDS, watched.look, True)] if watched else []
    if_media = [
        ("make again what is gone", _HOUR, partial(make_again, services), True),
        ("catch up on fingerprints", 30, catch_up(services), False),
    ]
    table: list[Row] = [
        ("delete remote copies", 5, eraser.erase_due, True),
        ("fetch back what is damaged elsewhere", 5, repairer.repair_due, True),
        ("read files here again", 60, services.scrubber.run_due, True),
        ("take the SHA-1 of large files", 5, services.scrubber.take_sha1, False),
        ("hash recordings", 1, services.hasher.run_due, True),
        ("go on fetching back", 60, services.restorer.go_on, True),
        ("finish removals", _HOUR, remover.finish_interrupted, True),
        ("sign the audit", 60, services.seal.renew, True),
        ("measure what was made", _HOUR, partial(room.note_unmeasured, layout, database), True),
        ("back up the catalog", _HOUR, partial(back_up, services), True),
        ("finish emptied projects", _HOUR, services.emptier.finish_interrupted, True),
        ("sweep", _HOUR, services.recovery.sweep, True),
        ("note the time", 60, services.clock.note, True),
        ("empty the trash", 60, services.trash.purge_due, True),
        ("apply the retention rules", _HOUR, services.housekeeper.run_all, True),
        ("mend clocks", 60, dispatcher.mend_clock, True),
        ("fold counts", 10, partial(counts.fold, database), True),
        ("forget old events", _HOUR, partial(forget_events, services), False),
        ("forget old keys", _HOUR, lambda: saves.forget_old_keys(database), False),
        ("end exports", 60, partial(expire_exports, services), True),
        *export_copies(services, dispatcher.waits_in_vain),
        *evidence(services),
        *offer_ends(services),
        *if_inbox,
        *if_pictures,
        *(if_media if services.settings.media_jobs else ()),
        # Each on its own: one that hangs must not keep the others from being asked.
        *((f"probe {name}", 1, partial(dispatcher.probe, name), True) for name in places.by_name),
        *((f"look again {name}", RUN_SECONDS, partial(reverifier.run_due, name), True) for name in places.by_name),
    ]
    return [Job(name, every, work, services, at_once) for name, every, work, at_once in table]
