"""The one place where the parts are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from backend.catalog.audit_head import Seal
from backend.catalog.clock import Clock
from backend.catalog.database import Database
from backend.catalog.tail import Tail
from backend.confine import Confinement
from backend.disk.layout import Layout
from backend.exports.bucket import open_bucket
from backend.exports.desk import ExportDesk
from backend.intake.edit import Editor
from backend.intake.finding import Finder
from backend.intake.receive import Intake
from backend.intake.recover import Recovery
from backend.intake.resumable import Resumables
from backend.intake.segment_hash import Hasher
from backend.intake.segments import Registrar
from backend.intake.taking import Hands
from backend.integrity.scrub import Scrubber
from backend.log import UploadLog
from backend.media.desk import MediaDesk
from backend.media.missing import Missing
from backend.offers.book import Book
from backend.offers.offering import Offering
from backend.outbox import certain_time, notes, offer_out
from backend.outbox.desk import Desk
from backend.outbox.places import Places, open_places
from backend.outbox.restore import Restorer
from backend.outbox.segment_pictures import PictureBucket, open_picture_bucket
from backend.retention.facts import lasting
from backend.retention.holds import Holder
from backend.retention.project import Emptier
from backend.retention.prune import Pruner
from backend.retention.rules import Retention, load_retention
from backend.retention.run import Housekeeper
from backend.retention.spool import with_spool
from backend.retention.trash import Trash
from backend.settings import Settings, read_environment
from backend.sharing.desk import ShareDesk
from backend.sharing.signature import LinkKey
from backend.signing import Signer, load_secret, load_signer
from backend.targets.config import TargetConfig
from backend.vectors.registry import check_kind
from backend.webhooks.desk import WebhookDesk

if TYPE_CHECKING:
    from backend.likeness.finder import LikenessFinder
    from backend.likeness.vectors import VectorDesk


@dataclass(frozen=True)
class Services:
    """Everything a process works with. Made once per process, after fork; `close` ends the database's connections."""

    settings: Settings
    layout: Layout
    database: Database
    tail: Tail
    places: Places
    log: UploadLog
    signer: Signer
    seal: Seal
    session_secret: str
    intake: Intake
    resumables: Resumables
    editor: Editor
    recovery: Recovery
    desk: Desk
    restorer: Restorer
    clock: Clock
    holder: Holder
    retention: Retention
    trash: Trash
    pruner: Pruner
    shares: ShareDesk
    webhooks: WebhookDesk
    tools: Confinement
    media: MediaDesk
    missing: Missing
    exports: ExportDesk

    @cached_property
    def likeness(self) -> LikenessFinder:
        """Made by the worker only: it keeps hashes of all videos in memory, and nobody else need wait for numpy."""
        from backend.likeness.finder import LikenessFinder

        return LikenessFinder(self.database, self.log)

    @cached_property
    def vectors(self) -> VectorDesk:
        """Made by who asks for vectors: nobody else need wait for numpy."""
        from backend.likeness.vectors import open_desk

        return open_desk(self.settings, self.layout, self.database, self.log, self.signer.kid)

    @property
    def housekeeper(self) -> Housekeeper:
        return Housekeeper(
            layout=self.layout,
            database=self.database,
            places=self.places,
            log=self.log,
            clock=self.clock,
            retention=self.retention,
            trash=self.trash,
            pruner=self.pruner,
            restorer=self.restorer,
        )

    @property
    def hasher(self) -> Hasher:
        return Hasher(self.layout, self.database, self.log)

    @cached_property
    def picture_bucket(self) -> PictureBucket | None:
        return open_picture_bucket(self.places)

    @property
    def registrar(self) -> Registrar:
        return Registrar(self.intake, self.hasher)

    @property
    def emptier(self) -> Emptier:
        return Emptier(self.layout, self.database, self.trash, self.log)

    @property
    def scrubber(self) -> Scrubber:
        return Scrubber(
            layout=self.layout,
            database=self.database,
            restorer=self.restorer,
            log=self.log,
            node=self.settings.node_name,
            days=self.settings.scrub_days,
            max_mib_per_second=self.settings.scrub_mib_per_second or None,
        )

    def close(self) -> None:
        if "vectors" in self.__dict__:
            self.vectors.close()
        self.database.close()


def build_services(
    settings: Settings, environ: Mapping[str, str] | None = None, more_targets: Sequence[TargetConfig] = ()
) -> Services:
    """Put the parts together. `prepare` (the release step) must have made folders, keys and tables before.

    `more_targets`: besides those of targets.toml and the variables.
    """
    check_kind(settings.vector_index)
    layout = Layout(settings.storage_path.absolute())
    log = UploadLog(settings.log_dir.absolute(), settings.log_level, settings.log_format)
    database = Database(settings.catalog_url, lambda error, name: log.broke("receiver_failed", error, event=name))
    places = open_places(settings, environ if environ is not None else read_environment(), more_targets)
    notes.hand_out(places.by_name.values(), database)
    tools = Confinement(settings.ffmpeg_folder)
    offer_out.hand_out(places.by_name.values(), _offering(settings, layout, tools))
    clock, retention = Clock(layout, database), with_spool(load_retention(settings, lasting(places)), places)
    certain_time.hand_out(places.by_name.values(), clock)
    intake = Intake(settings, layout, database, places, log, retention.quota_bytes)
    recovery = Recovery(layout, database, log)
    secret = settings.secret_key.get_secret_value() or load_secret(layout.keys)
    signer = load_signer(layout.keys)
    return Services(
        settings=settings,
        layout=layout,
        database=database,
        # Most threads are for those who ask for something.
        tail=Tail(database, max(1, settings.web_threads // 4)),
        places=places,
        log=log,
        signer=signer,
        seal=Seal(database, layout, signer, log),
        session_secret=secret,
        intake=intake,
        resumables=Resumables(intake, Hands(intake, recovery), Finder(intake)),
        editor=Editor(layout, database, log),
        recovery=recovery,
        desk=Desk(database, layout, places, log),
        restorer=Restorer(
            layout, database, places, log, settings.min_free_bytes, settings.node_name, settings.restore_wait_seconds
        ),
        clock=clock,
        holder=Holder(layout, database, log, clock),
        retention=retention,
        trash=Trash(settings, layout, database, places, log, clock, retention),
        pruner=Pruner(layout, database, places, log, clock),
        shares=ShareDesk(database, log, LinkKey(secret)),
        webhooks=WebhookDesk(database, log, secret),
        tools=tools,
        media=MediaDesk(database, layout, log, settings.video_output_format),
        missing=Missing(database, layout, log),
        exports=ExportDesk(database, layout, log, settings.node_name, settings.export_days, open_bucket(places)),
    )


def _offering(settings: Settings, layout: Layout, tools: Confinement) -> Offering:
    return Offering(
        Book(layout),
        tools,
        layout,
        reserve_bytes=settings.min_free_bytes,
        threads=settings.ffmpeg_threads,
        memory_bytes=settings.media_memory_bytes,
        longest_seconds=settings.media_max_hours * 3600,
    )
