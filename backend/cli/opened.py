"""The way into an installation: settings read, catalog found ready or made so, services built, and closed again."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

from backend.catalog.condition import Condition, condition_of
from backend.catalog.database import sqlite_path
from backend.disk.layout import SIDECAR_SUFFIX, Layout
from backend.errors import Conflict, Forbidden
from backend.intake.receive import Caller
from backend.services import Services, build_services
from backend.settings import load_settings
from backend.signing import RECEIPT_KEY_FILE, SESSION_KEY_FILE


@contextmanager
def opened(*, make: bool = False) -> Iterator[Services]:
    """The services of this installation. `make`: prepare one that never was, where that does no harm."""
    settings = load_settings()
    layout = Layout(settings.storage_path.absolute())
    refuse_other_user(layout)
    condition = condition_of(settings.catalog_url)
    if make and condition is Condition.ABSENT:
        # Migrations take a while to load, and hardly any command needs them.
        from backend.cli.release import prepare

        prepare(settings)
    elif (problem := what_is_missing(layout, condition)) is not None:
        raise Conflict(problem)
    services = build_services(settings)
    try:
        yield services
    finally:
        services.close()


def what_is_missing(layout: Layout, condition: Condition) -> str | None:
    """Why commands cannot work yet and what to do, or None."""
    if condition is Condition.NEWER:
        return "The database was last used by a newer version of Holdfast. Use that version, or one after it."
    if condition is Condition.OLDER:
        return "The database is of an earlier version. `video_manager release` brings it up to date (so does a start)."
    if condition is Condition.ABSENT and _has_sidecars(layout):
        return (
            f"The catalog is not there, but videos are in {layout.uploads}. "
            "`video_manager rebuild` lists them again from what lies beside each file."
        )
    if condition is Condition.ABSENT or not is_prepared(layout):
        return (
            f"Nothing was prepared in {layout.root} yet. Start the server once (scripts/serve), or run "
            "`video_manager release`. If that is not where your videos are, look at STORAGE_PATH: "
            "`video_manager settings` shows where it comes from."
        )
    return None


def way_back(catalog_url: str) -> str:
    """What to do about a catalog that cannot be read."""
    place = sqlite_path(catalog_url)
    if place is None:
        return "Look whether PostgreSQL runs, and at DATABASE_URL or POSTGRES_*: `video_manager settings`."
    return (
        f"Stop the server, move {place} away (and {place.name}-wal, {place.name}-shm if they are there), then start it "
        "again or run `video_manager rebuild`: every video comes back from the sidecars; sign-in tokens do not."
    )


def is_prepared(layout: Layout) -> bool:
    keys = [layout.keys / name for name in (RECEIPT_KEY_FILE, SESSION_KEY_FILE)]
    folders = [layout.uploads, layout.incoming, layout.quarantine, layout.locks]
    return all(key.is_file() for key in keys) and all(folder.is_dir() for folder in folders)


def refuse_other_user(layout: Layout) -> None:
    """What another user makes here the server could not read: SQLite's own files above all."""
    if not layout.metadata.is_dir():
        return
    owner = layout.metadata.stat().st_uid
    if owner in (os.geteuid(), _owner_of_new_files(layout)):
        return
    raise Forbidden(
        f"This storage belongs to the user {_user_name(owner)}, and what {_user_name(os.geteuid())} makes in it the "
        f"server could not read. Run it as that user: sudo -u {_user_name(owner)} scripts/video_manager …"
    )


def caller() -> Caller:
    """Who acts, in the log and in the catalog: the account of this machine."""
    return Caller(id="cli", name=f"{_user_name(os.geteuid())} (command line)")


def _owner_of_new_files(layout: Layout) -> int | None:
    """Some network disks give every file one owner, whoever makes it; then all users are the server's."""
    probe = layout.incoming / f"owner-{os.getpid()}.tmp"
    try:
        probe.touch()
        owner = probe.stat().st_uid
        probe.unlink()
    except OSError:
        return None
    return owner


def _has_sidecars(layout: Layout) -> bool:
    return any(layout.uploads.glob(f"*/*{SIDECAR_SUFFIX}"))


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
