"""A file that only its owner may read, from its first byte on: written whole and durable, or not at all."""

from __future__ import annotations

import os
import pwd
import secrets
from contextlib import suppress
from pathlib import Path

from backend.disk.atomic import fsync_file, fsync_folder, told_as, write_all
from backend.errors import Forbidden


def refuse_unwritable(path: Path) -> None:
    """Forbidden, with the remedy, when `path` could not be written or would become somebody else's file."""
    folder = path.parent
    if path.is_dir() or not folder.is_dir():
        what = "is a folder" if path.is_dir() else f"cannot be made: there is no folder {folder}"
        raise Forbidden(f"{path} {what}. Correct the target's option credentials, or make the folder.")
    owner = _owner(path)[0]
    if os.geteuid() not in (0, owner) and path.exists():
        raise Forbidden(f"{path} belongs to {_user(owner)}. Run it as that user: sudo -u {_user(owner)} …")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Forbidden(f"{_user(os.geteuid())} may not write in {folder}. Correct its rights, or run it as its owner.")


def write_private(path: Path, content: bytes) -> str:
    """Replace `path` by `content`, mode 0600, and return its owner's name: a reader sees the old or the new one.

    Run as root, the file belongs to whoever owned the one before, or else the folder: root's own file the server could
    not read.
    """
    user, group = _owner(path)
    temporary = path.parent / f".{path.name}.{secrets.token_hex(8)}.tmp"
    with told_as(f"writing {path}"):
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            # A umask may have taken even the owner's rights.
            os.fchmod(fd, 0o600)
            if os.geteuid() == 0:
                os.fchown(fd, user, group)
            write_all(fd, content)
            fsync_file(fd)
            temporary.replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise
        finally:
            os.close(fd)
    fsync_folder(path.parent)
    return _user(path.stat().st_uid)


def keep_beside(path: Path, content: bytes) -> Path:
    """Write what lies at `path` under a free name beside it."""
    number = 1
    while (kept := path.with_name(f"{path.name}.before-{number}")).exists():
        number += 1
    write_private(kept, content)
    return kept


def _owner(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        status = path.parent.stat()
    return status.st_uid, status.st_gid


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
