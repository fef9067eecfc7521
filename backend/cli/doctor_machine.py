"""What `doctor` looks at on the machine: settings, storage folder, disk, ffmpeg, clock. Leaves nothing behind."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.catalog.backup import backups, made_at
from backend.cli.findings import Finding, notice, well, wrong
from backend.confine import Confinement
from backend.disk.atomic import discard, free_bytes, fsync_folder, write_new
from backend.disk.layout import Layout
from backend.disk.sizes import in_units
from backend.errors import Forbidden, StorageError
from backend.installation import refuse_other_user
from backend.settings import Settings, unused_settings

_IN_MEMORY = ("tmpfs", "ramfs")
_REMOTE = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "glusterfs", "ceph")
_CLOCK_SLACK_SECONDS = 2.0
_OLD_BACKUP = timedelta(days=2)


def machine(settings: Settings, layout: Layout) -> Iterator[Finding]:
    """All findings about the machine, the storage folder first."""
    for option in unused_settings():
        yield notice("settings", f"{option.name} ({option.source}) {option.description}.")
    yield from _storage(settings, layout)
    yield _log_folder(settings.log_dir.absolute())
    yield from _programs(settings)
    yield from _backups(settings, layout)


def _storage(settings: Settings, layout: Layout) -> Iterator[Finding]:
    if not layout.incoming.is_dir():
        yield wrong(
            "storage folder",
            f"{layout.root} was never prepared.",
            "Start the server once (scripts/serve), or run `video_manager release`; or mend STORAGE_PATH.",
        )
        return
    try:
        refuse_other_user(layout)
    except Forbidden as error:
        yield wrong("owner", error.message, "Run this as that user.")
        return
    yield from _writing(layout)
    yield _space(settings, layout)
    yield _one_file_system(layout)
    yield from _kind_of_disk(layout.root)


def _writing(layout: Layout) -> Iterator[Finding]:
    """Write, fsync, link and remove a small file, as every upload does with a large one."""
    place, started = layout.quarantine / f".doctor-{uuid.uuid4().hex}", time.monotonic()
    try:
        write_new(place, os.urandom(4096), layout.incoming)
        fsync_folder(place.parent)
        took, written_at = time.monotonic() - started, place.stat().st_mtime
        discard(place)
    except StorageError as error:
        yield wrong("writing", error.message, f"Look at the disk and the rights of {layout.root}.")
        return
    yield well("writing", f"{layout.root}: write, fsync and link work ({1000 * took:.0f} ms).")
    ahead = written_at - time.time()
    if abs(ahead) > _CLOCK_SLACK_SECONDS:
        says = f"The disk of the storage folder dates files {ahead:+.0f} s off this machine's clock."
        yield wrong("clock", says, "Set both clocks by NTP.")
    elif time.time() < Path(__file__).stat().st_mtime - 24 * 3600:
        yield wrong("clock", "This machine's clock is older than this program.", "Set it by NTP.")
    else:
        yield well("clock", f"{time.strftime('%Y-%m-%d %H:%M:%SZ', time.gmtime())}, and the disk agrees.")


def _space(settings: Settings, layout: Layout) -> Finding:
    free, reserve = free_bytes(layout.incoming), settings.min_free_bytes
    if free < reserve:
        return wrong(
            "free space",
            f"{in_units(free)} free, less than the reserve of {in_units(reserve)}: uploads are refused.",
            "Free space (`video_manager cleanup 30` shows what could go), or lower MIN_FREE_BYTES.",
        )
    return well("free space", f"{in_units(free)} free, {in_units(reserve)} kept in reserve.")


def _one_file_system(layout: Layout) -> Finding:
    """Publishing is link(2): it cannot cross into another file system."""
    home = layout.incoming.stat().st_dev
    folders = [*(p for p in layout.kept if p.is_dir()), layout.quarantine, *layout.kept_folders()]
    foreign = tuple(str(f.relative_to(layout.root)) for f in folders if f.stat().st_dev != home)
    if foreign:
        says = "These folders lie on another file system than incoming/, so nothing can be saved there."
        return wrong("one file system", says, "Mount one file system at STORAGE_PATH, not below it.", foreign)
    return well("one file system", "incoming, uploads, music and quarantine lie on one.")


def _kind_of_disk(root: Path) -> Iterator[Finding]:
    kind = file_system_of(root, Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace"))
    if kind in _IN_MEMORY:
        yield notice(
            "kind of disk",
            f"{root} lies in memory ({kind}): everything is gone with the power.",
            "Good for a trial only.",
        )
    elif kind in _REMOTE:
        yield notice(
            "kind of disk",
            f"{root} lies on a network disk ({kind}); SQLite's locks are not safe on those.",
            "Keep the storage on a local disk and make the network disk a target, or use PostgreSQL.",
        )


def file_system_of(path: Path, mountinfo: str) -> str:
    """The type of the file system that holds `path`, by the text of /proc/self/mountinfo; "" when unknown."""
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in mountinfo.splitlines():
        mount, _, kind = line.partition(" - ")
        if mount.split()[2:3] == [wanted]:
            return kind.split()[0]
    return ""


def _backups(settings: Settings, layout: Layout) -> Iterator[Finding]:
    """One is made each night; what is older says that the worker does not run, or cannot."""
    newest = max(map(made_at, backups(layout.backups)), default=None)
    if not settings.backup_keep or newest is None:
        return
    age = datetime.now(UTC) - newest
    if age > _OLD_BACKUP:
        says = f"The newest copy of the catalog is {age.days} days old."
        yield notice("backup", says, "Is the worker running, and is there room? Now: video_manager backup")
    else:
        yield well("backup", f"The catalog was copied on {newest:%Y-%m-%d %H:%MZ}.")


def _log_folder(folder: Path) -> Finding:
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    if os.access(existing, os.W_OK | os.X_OK):
        return well("log folder", f"{folder} can be written.")
    return wrong("log folder", f"{folder} cannot be written.", "Give it to the server's user, or set LOG_DIR.")


def _programs(settings: Settings) -> Iterator[Finding]:
    tools = Confinement(settings.ffmpeg_folder)
    if missing := tools.missing():
        yield notice(
            "ffmpeg",
            f"{missing} Uploads and copies need neither; pictures, durations and playable copies wait for it.",
            "As root: apt-get install --no-install-recommends ffmpeg bubblewrap",
        )
    elif not tools.sandboxed():
        remedy = "As root: apt-get install --no-install-recommends bubblewrap; in a container, allow user namespaces."
        yield notice("ffmpeg", tools.describe(), remedy)
    else:
        yield well("ffmpeg", tools.describe())
