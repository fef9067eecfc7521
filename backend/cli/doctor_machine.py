"""What `doctor` looks at on the machine: settings, storage folder, disk, ffmpeg, clock. Leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from backend.cli.findings import Finding, notice, well, wrong
from backend.cli.opened import refuse_other_user
from backend.disk.atomic import discard, free_bytes, fsync_folder, write_new
from backend.disk.layout import Layout
from backend.errors import Forbidden, StorageError
from backend.intake.receive import in_units
from backend.settings import Settings, unused_settings

_IN_MEMORY = ("tmpfs", "ramfs")
_REMOTE = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "glusterfs", "ceph")
_CLOCK_SLACK_SECONDS = 2.0


def machine(settings: Settings, layout: Layout) -> Iterator[Finding]:
    """All findings about the machine, the storage folder first."""
    for option in unused_settings():
        yield notice("settings", f"{option.name} ({option.source}) {option.description}.")
    yield from _storage(settings, layout)
    yield _log_folder(settings.log_dir.absolute())
    yield from _programs()


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
    folders = [layout.uploads, layout.quarantine, *(p for p in layout.uploads.iterdir() if p.is_dir())]
    foreign = tuple(str(f.relative_to(layout.root)) for f in folders if f.stat().st_dev != home)
    if foreign:
        says = "These folders lie on another file system than incoming/, so nothing can be saved there."
        return wrong("one file system", says, "Mount one file system at STORAGE_PATH, not below it.", foreign)
    return well("one file system", "incoming, uploads and quarantine lie on one.")


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


def _log_folder(folder: Path) -> Finding:
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    if os.access(existing, os.W_OK | os.X_OK):
        return well("log folder", f"{folder} can be written.")
    return wrong("log folder", f"{folder} cannot be written.", "Give it to the server's user, or set LOG_DIR.")


def _programs() -> Iterator[Finding]:
    missing = [name for name in ("ffmpeg", "ffprobe") if shutil.which(name) is None]
    if missing:
        yield notice(
            "ffmpeg",
            f"{' and '.join(missing)} not found. Uploads and copies need neither; pictures and durations will.",
            "As root: apt-get install ffmpeg",
        )
    else:
        yield well("ffmpeg", f"{shutil.which('ffmpeg')}")
