"""The installation on this machine: prepared once, looked at whether it is ready, and opened for who works in it."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence

from backend.catalog.condition import Condition, condition_of
from backend.disk.atomic import TEMPORARY_SUFFIX, fsync_folder, write_new
from backend.disk.incoming import discard_abandoned
from backend.disk.layout import SIDECAR_SUFFIX, Layout
from backend.errors import Conflict, Forbidden
from backend.services import Services, build_services
from backend.settings import Settings
from backend.signing import (
    EDGE_PASSWORD_FILE,
    RECEIPT_KEY_FILE,
    SESSION_KEY_FILE,
    new_edge_password,
    new_receipt_key,
    new_secret,
)
from backend.targets.config import TargetConfig

# Made once, each by its maker.
_KEPT = {RECEIPT_KEY_FILE: new_receipt_key, SESSION_KEY_FILE: new_secret, EDGE_PASSWORD_FILE: new_edge_password}


def open_installation(settings: Settings, more_targets: Sequence[TargetConfig] = (), *, make: bool = False) -> Services:
    """The services of an installation. `make`: prepare one that has no catalog, though videos may be there already.

    Raises `Conflict` saying what is missing, `Forbidden` for another user's. Close the services at the end.
    """
    layout = Layout(settings.storage_path.absolute())
    refuse_other_user(layout)
    condition = condition_of(settings.catalog_url)
    made = make and condition is Condition.ABSENT
    if made:
        prepare(settings)
    elif (problem := what_is_missing(layout, condition)) is not None:
        raise Conflict(problem)
    services = build_services(settings, more_targets=more_targets)
    if made:
        services.seal.begin()
    return services


def prepare(settings: Settings) -> None:
    """Folders, keys and tables."""
    layout = Layout(settings.storage_path.absolute())
    layout.prepare()
    make_keys(layout)
    # Migrations take a while to load, and hardly anybody needs them.
    from backend.catalog.migrate import migrate

    migrate(settings.catalog_url)


def make_keys(layout: Layout) -> None:
    """Make the receipt key, the session secret and the edge device's password, once; 0600, and durable before use."""
    for left in layout.keys.glob(f"*{TEMPORARY_SUFFIX}"):
        discard_abandoned(left)
    for name, fresh in _KEPT.items():
        place = layout.keys / name
        if place.exists():
            continue
        old = os.umask(0o077)
        try:
            write_new(place, fresh(), layout.keys)
        except FileExistsError:
            pass  # another process was first; its key is the key
        finally:
            os.umask(old)
    fsync_folder(layout.keys)


def what_is_missing(layout: Layout, condition: Condition) -> str | None:
    """Why commands cannot work yet and what to do, or None."""
    if condition is Condition.NEWER:
        return "The database was last used by a newer version of Holdfast. Use that version, or one after it."
    if condition is Condition.OLDER:
        return "The database is of an earlier version. `video_manager release` brings it up to date (so does a start)."
    if condition is Condition.ABSENT and has_sidecars(layout):
        return (
            f"The catalog is not there, but videos are in {layout.root}. "
            "`video_manager rebuild` lists them again from what lies beside each file."
        )
    if condition is Condition.ABSENT or not is_prepared(layout):
        return (
            f"Nothing was prepared in {layout.root} yet. Start the server once (scripts/serve), or run "
            "`video_manager release`. If that is not where your videos are, look at STORAGE_PATH: "
            "`video_manager settings` shows where it comes from."
        )
    return None


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
        f"This storage belongs to the user {user_name(owner)}, and what {user_name(os.geteuid())} makes in it the "
        f"server could not read. Run it as that user: sudo -u {user_name(owner)} scripts/video_manager …"
    )


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


def has_sidecars(layout: Layout) -> bool:
    """Whether videos are there, whatever the catalog knows of them."""
    return any(next(kept.glob(f"*/*{SIDECAR_SUFFIX}"), None) for kept in layout.kept)


def user_name(number: int) -> str:
    """The name of an account of this machine."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
