"""The one place where the parts are put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.catalog.database import Database
from backend.disk.layout import Layout
from backend.intake.receive import Intake
from backend.intake.recover import Recovery
from backend.log import UploadLog
from backend.outbox.desk import Desk
from backend.outbox.places import Places, open_places
from backend.outbox.restore import Restorer
from backend.retention.prune import Pruner
from backend.retention.trash import Trash
from backend.settings import Settings, read_environment
from backend.signing import Signer, load_secret, load_signer


@dataclass(frozen=True)
class Services:
    """Everything a process works with. Made once per process, after fork; `close` ends the database's connections."""

    settings: Settings
    layout: Layout
    database: Database
    places: Places
    log: UploadLog
    signer: Signer
    session_secret: str
    intake: Intake
    recovery: Recovery
    desk: Desk
    restorer: Restorer
    trash: Trash
    pruner: Pruner

    def close(self) -> None:
        self.database.close()


def build_services(settings: Settings, environ: Mapping[str, str] | None = None) -> Services:
    """Put the parts together. `prepare` (the release step) must have made folders, keys and tables before."""
    layout = Layout(settings.storage_path.absolute())
    database = Database(settings.catalog_url)
    log = UploadLog(settings.log_dir.absolute(), settings.log_level, settings.log_format)
    places = open_places(settings, environ if environ is not None else read_environment())
    secret = settings.secret_key.get_secret_value() or load_secret(layout.keys)
    return Services(
        settings=settings,
        layout=layout,
        database=database,
        places=places,
        log=log,
        signer=load_signer(layout.keys),
        session_secret=secret,
        intake=Intake(settings, layout, database, places, log),
        recovery=Recovery(layout, database, log),
        desk=Desk(database, layout, places, log),
        restorer=Restorer(layout, database, places, log, settings.min_free_bytes),
        trash=Trash(settings, layout, database, places, log),
        pruner=Pruner(layout, database, places, log),
    )
