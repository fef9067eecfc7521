"""The folder that a folder target may touch: every name is opened below it, and no symbolic link is followed."""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backend.errors import PermanentFailure, TargetParked

INCOMING = ".holdfast-incoming"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RENAME_NOREPLACE = 1
# File systems without this call (FAT over FUSE, CIFS) keep names as well as they can; `check` tells.
_NO_FOLDER_FSYNC = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EBADF}


def split_key(key: str) -> tuple[list[str], str]:
    """The folders and the name in a key such as `project_x/name.mp4`; PermanentFailure if it could lead elsewhere."""
    *folders, name = key.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in (*folders, name)) or key.startswith(INCOMING):
        raise PermanentFailure(f"“{key}” is not a name for a copy.", detail={"reason": "bad-key"})
    return folders, name


class Root:
    """The configured folder, opened anew for each call so that a remount is noticed."""

    def __init__(self, path: Path, require_mount: bool | str) -> None:
        self.path = path
        self._require_mount = require_mount

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Yield a handle on the folder; TargetParked where what must be mounted is not."""
        self._demand_mount()
        fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield fd
        finally:
            os.close(fd)

    def _demand_mount(self) -> None:
        if self._require_mount is False:
            return
        mount = self.path if self._require_mount is True else Path(self._require_mount)
        if not mount.is_mount():
            raise TargetParked(
                f"Nothing is mounted at {mount}, so {self.path} is not the disk it should be. Mount it.",
                detail={"reason": "not-mounted"},
            )


@contextmanager
def folder_below(root_fd: int, names: list[str], *, make: bool) -> Iterator[int]:
    """Yield a handle on a folder below the root; with `make`, make what is missing and fsync its parent."""
    fd = os.dup(root_fd)
    try:
        for name in names:
            below = _step(fd, name, make=make)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


def _step(fd: int, name: str, *, make: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=fd)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):  # another thread was faster
        os.mkdir(name, dir_fd=fd)
    sync_folder(fd)
    return os.open(name, _FOLDER, dir_fd=fd)


def sync_folder(fd: int) -> bool:
    """Make the names in a folder durable; False where its file system has no such call."""
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno in _NO_FOLDER_FSYNC:
            return False
        raise
    return True


def publish_by_link(from_fd: int, temporary: str, to_fd: int, name: str) -> None:
    """Give the file its name by link(2), which never overwrites. The temporary name stays."""
    try:
        os.link(temporary, name, src_dir_fd=from_fd, dst_dir_fd=to_fd, follow_symlinks=False)
    except OSError as error:
        if error.errno in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}:
            raise TargetParked(
                'The folder\'s file system has no hard links. Set the option publish = "rename" '
                '(or "exclusive" if that is refused too).',
                detail={"reason": "no-hard-links"},
            ) from error
        raise


def publish_by_rename(from_fd: int, temporary: str, to_fd: int, name: str) -> None:
    """Rename without overwriting (renameat2 with RENAME_NOREPLACE, Linux)."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        raise _no_rename()
    done = renameat2(from_fd, os.fsencode(temporary), to_fd, os.fsencode(name), _RENAME_NOREPLACE)
    if done == 0:
        return
    number = ctypes.get_errno()
    if number in {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
        raise _no_rename()
    raise OSError(number, os.strerror(number))


def _no_rename() -> TargetParked:
    return TargetParked(
        'The folder\'s file system cannot rename without overwriting. Set the option publish = "exclusive".',
        detail={"reason": "no-rename-noreplace"},
    )


def publish_by_claim(from_fd: int, temporary: str, to_fd: int, name: str) -> None:
    """Claim the name by an exclusive creation, then rename over that empty claim.

    A kill between the two leaves an empty file, which the next put finds to differ and replaces.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(name, flags, 0o666, dir_fd=to_fd))
    os.rename(temporary, name, src_dir_fd=from_fd, dst_dir_fd=to_fd)


PUBLISHERS = {"link": publish_by_link, "rename": publish_by_rename, "exclusive": publish_by_claim}


def unlink_if_there(fd: int, name: str) -> bool:
    try:
        os.unlink(name, dir_fd=fd)
    except FileNotFoundError:
        return False
    return True


def fresh_name(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(6)}.part"
