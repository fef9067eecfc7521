"""The folder target: a second disk or a NAS, written as carefully as the intake writes its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from backend.errors import PermanentFailure, TargetError, TargetParked
from backend.targets.base import CheckReport, Expected, Proof, RemoteCopy, Source, Transfer, Verdict
from backend.targets.config import Kind, Option, Shape, TargetConfig
from backend.targets.folder_copy import Incoming, demand_space, holds, measure, opened, publish, write_copy
from backend.targets.folder_failures import judging
from backend.targets.folder_root import (
    PUBLISHERS,
    Root,
    folder_below,
    split_key,
    sync_folder,
    unlink_if_there,
)
from backend.targets.local_file import PIECE_BYTES, LocalFile

_HOW = "read back from the folder and hashed"


class FolderTarget:
    """Copies below one folder, as `{key}`. Verified by reading the disk again; needs nothing kept."""

    def __init__(self, config: TargetConfig) -> None:
        self.name = config.name
        self.kind = config.kind
        self._path = str(config.options["path"])
        self._root = Root(Path(self._path), config.options["require_mount"])
        self._publish = str(config.options["publish"])

    def place(self) -> Path:
        """The folder (see `Placed`)."""
        return Path(self._path)

    def put(self, source: Source, key: str, transfer: Transfer) -> RemoteCopy:
        """Copy the file below the folder (see `Target.put`)."""
        folders, name = split_key(key)
        with judging(self._path, "copying"), self._root.opened() as root_fd:
            incoming = Incoming(root_fd, key)
            incoming.remove_leftovers(transfer.resume.get("temporary"))
            with LocalFile(source) as local, folder_below(root_fd, folders, make=True) as folder_fd:
                self._refuse_itself(local, folder_fd, name)
                there = partial(transfer.advance, source.size_bytes)
                if holds(folder_fd, name, source.size_bytes, source.sha256, there):
                    there()
                    return RemoteCopy(key)
                demand_space(folder_fd, source.size_bytes, self._path)
                with incoming.temporary(transfer) as (from_fd, temporary, fd):
                    write_copy(local, fd, transfer)
                    publish(self._publish, from_fd, temporary, folder_fd, name, source.size_bytes, source.sha256)
        return RemoteCopy(key)

    def _refuse_itself(self, local: LocalFile, folder_fd: int, name: str) -> None:
        """A "copy" that is the stored file itself would be pruned as if there were two."""
        try:
            there = os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
        except FileNotFoundError:
            return
        if os.path.samestat(there, local.stat()):
            raise TargetParked(
                f"The folder {self._path} is where the uploads themselves are kept, so it holds no second copy. "
                "Choose a folder on another disk.",
                detail={"reason": "same-file"},
            )

    def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
        """Read the copy from the disk and hash it (see `Target.verify`)."""
        folders, name = split_key(copy.key)
        with judging(self._path, "reading back"), self._root.opened() as root_fd:
            try:
                with folder_below(root_fd, folders, make=False) as fd:
                    size_bytes, sha256 = measure(fd, name, expected.size_bytes)
            except FileNotFoundError:
                return Proof(Verdict.MISSING, _HOW, reason="There is no file of that name.")
        if size_bytes != expected.size_bytes:
            reason = f"It has {size_bytes} bytes instead of {expected.size_bytes}."
            return Proof(Verdict.DIFFERS, _HOW, size_bytes, reason=reason)
        if sha256 != expected.sha256:
            reason = "Its SHA-256 is another one."
            return Proof(Verdict.DIFFERS, _HOW, size_bytes, f"sha256:{sha256}", reason, size_bytes)
        return Proof(Verdict.MATCHES, _HOW, size_bytes, f"sha256:{sha256}", read_bytes=size_bytes)

    def check(self) -> CheckReport:
        """Publish, read back and remove a small file (see `Target.check`)."""
        try:
            with judging(self._path, "writing a small file to try it"), self._root.opened() as root_fd:
                details = self._probe(root_fd)
        except TargetError as error:
            return CheckReport.failed(error)
        return CheckReport(ok=True, message=f"The folder {self._path} can be written and read.", details=details)

    def _probe(self, root_fd: int) -> dict[str, Any]:
        name, content = f".holdfast-check-{secrets.token_hex(8)}", secrets.token_bytes(64)
        incoming = Incoming(root_fd, name)
        try:
            with incoming.temporary(_NoTransfer()) as (from_fd, temporary, fd):
                os.write(fd, content)
                os.fsync(fd)
                # By its configured way, so that a file system that refuses it is known before the first upload.
                PUBLISHERS[self._publish](from_fd, temporary, root_fd, name)
            with opened(root_fd, name) as fd:
                if os.read(fd, 128) != content:
                    raise TargetParked(f"The folder {self._path} gave back other bytes than were written.")
        finally:
            unlink_if_there(root_fd, name)
        state = os.fstatvfs(root_fd)
        return {
            "free_bytes": state.f_bavail * state.f_frsize,
            "publish": self._publish,
            "names_are_durable": sync_folder(root_fd),
        }

    def delete(self, copy: RemoteCopy) -> None:
        """Remove the copy (see `Deletable`)."""
        folders, name = split_key(copy.key)
        with judging(self._path, "deleting"), self._root.opened() as root_fd:
            Incoming(root_fd, copy.key).remove_leftovers(None)
            try:
                with folder_below(root_fd, folders, make=False) as fd:
                    if unlink_if_there(fd, name):
                        sync_folder(fd)
            except FileNotFoundError:
                return

    def read(self, copy: RemoteCopy) -> Iterator[bytes]:
        """Yield the copy's bytes (see `Readable`)."""
        folders, name = split_key(copy.key)
        with judging(self._path, "reading"), self._root.opened() as root_fd:
            try:
                with folder_below(root_fd, folders, make=False) as folder_fd, opened(folder_fd, name) as fd:
                    while piece := os.read(fd, PIECE_BYTES):
                        yield piece
            except FileNotFoundError as error:
                raise PermanentFailure(
                    f"The folder {self._path} does not hold “{copy.key}”.", detail={"reason": "missing"}
                ) from error


class _NoTransfer:
    """A probe has no attempt behind it and none to come."""

    is_first = True
    resume: Mapping[str, Any] = {}

    def save_resume(self, state: Mapping[str, Any]) -> None:
        """There is nothing to resume."""

    def advance(self, done_bytes: int) -> None:
        """There is nothing to show."""


def _problems(options: Mapping[str, Any]) -> list[str]:
    path, mount = Path(options["path"]), options["require_mount"]
    found = []
    if not path.is_absolute():
        found.append("option “path” must begin with /")
    if isinstance(mount, str) and not (Path(mount) == path or Path(mount) in path.parents):
        found.append("option “require_mount” must be true, false, or a folder that holds “path”")
    return found


KIND = Kind(
    name="folder",
    options=(
        Option("path", (Shape.TEXT,), "the folder that gets the copies; it must exist", required=True),
        Option(
            "require_mount",
            (Shape.FLAG, Shape.TEXT),
            "true: “path” must be a mount point; or the mount point it lies under",
            default=False,
        ),
        Option(
            "publish",
            (Shape.TEXT,),
            "how a finished file gets its name; rename or exclusive for file systems without hard links",
            default="link",
            choices=("link", "rename", "exclusive"),
        ),
        Option("exports", (Shape.FLAG,), "true: exports are copied there too, below exports/", default=False),
    ),
    build=FolderTarget,
    problems=_problems,
)
