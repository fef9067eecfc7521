"""The target `drive`: one file in Google Drive for each video (see backend/targets/base.py for what is promised)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from backend.errors import PermanentFailure, TargetError
from backend.targets.base import CheckReport, Expected, Notes, Proof, RemoteCopy, Source, Transfer, Verdict
from backend.targets.config import Kind, TargetConfig
from backend.targets.drive import files
from backend.targets.drive.client import Client, ClientPool
from backend.targets.drive.credentials import CredentialsFile, Identity
from backend.targets.drive.failures import Answer, DriveProblem, Who, judge
from backend.targets.drive.folders import Folders, marks_of
from backend.targets.drive.options import DRIVE_OPTIONS, option_problems
from backend.targets.drive.probe import Probe
from backend.targets.drive.putting import Putting
from backend.targets.local_file import LocalFile

MIB = 1024 * 1024
# "Files you can store in Google Drive", Google's help.
_MOST_BYTES = 5 * 10**12
_READ_BYTES = 8 * MIB
_BY_MD5 = "Drive's own size and MD5, equal to those of the bytes sent"
_BY_SHA256 = "Drive's own size and SHA-256"
_BY_READING = "read back from Drive and hashed"


class DriveTarget:
    """Copies below one folder. Holds pooled clients and what is known of folders, no state of any transfer."""

    def __init__(self, config: TargetConfig) -> None:
        self.name = config.name
        self.kind = config.kind
        options = config.options
        self._folder_id = options["folder_id"] or ""
        self._folder_name = options["folder_name"]
        self._layout = options["layout"]
        self._chunk_bytes = int(options["chunk_mib"]) * MIB
        self._credentials = CredentialsFile(options["credentials"], options["subject"] or "", self.name)
        self._clients = ClientPool(options["root_url"], self._credentials, options["read_timeout_seconds"])
        self._ids = files.IdStock()
        self._folders = Folders(self._folder_id, self._folder_name, self._ids)

    def take_notes_in(self, notes: Notes) -> None:
        """Keep the ids of folders there (see `NoteTaker`)."""
        self._folders.notes = notes

    def place(self) -> str:
        """The folder (see `Placed`)."""
        if self._folder_id:
            return f"the Drive folder {self._folder_id}"
        return f"the Drive folder “{self._folder_name}” of {self._credentials.shown}"

    def put(self, source: Source, key: str, transfer: Transfer) -> RemoteCopy:
        """Send the file, or what is missing of it (see `Target.put`)."""
        if source.size_bytes > _MOST_BYTES:
            raise PermanentFailure(
                f"“{source.original_filename}” is larger than 5 TB, the most a file in Drive may have."
            )
        with LocalFile(source) as local, self._client() as client:
            attempt = Putting(client, self._folders, self._ids, local, key, transfer, self._layout, self._chunk_bytes)
            return attempt.run()

    def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
        """Ask Drive for size and checksum; read the copy back where these cannot tell (see `Target.verify`)."""
        with self._client() as client:
            found = self._find(client, copy)
            if found is None:
                return Proof(Verdict.MISSING, _BY_MD5, reason="It was deleted in Drive, or moved out of our sight.")
            if found.trashed:
                how = ", together with its folder" if found.trashed_with_folder else ""
                return Proof(Verdict.MISSING, _BY_MD5, reason=f"It is in Drive's trash{how}.")
            if found.size_bytes != expected.size_bytes:
                reason = f"It was changed in Drive: {found.size_bytes} bytes instead of {expected.size_bytes}."
                return Proof(Verdict.DIFFERS, _BY_MD5, found.size_bytes, f"md5:{found.md5}", reason)
            ours = copy.proof.get("md5")
            if ours and found.md5:
                return _compared(_BY_MD5, found.size_bytes, "md5", ours, found.md5)
            if found.sha256:
                return _compared(_BY_SHA256, found.size_bytes, "sha256", expected.sha256, found.sha256)
            whole = hashlib.sha256()
            for piece in files.pieces(client, found.id, MIB, _READ_BYTES):
                whole.update(piece)
            return _compared(_BY_READING, found.size_bytes, "sha256", expected.sha256, whole.hexdigest())

    def check(self) -> CheckReport:
        """Make, read back and delete a small file (see `Target.check`)."""
        identity: Identity | None = None
        try:
            identity = self._clients.identity()
            with self._client() as client:
                self._folders.forget()
                report = Probe(client, self._folders, self._who(identity)).run()
        except TargetError as error:
            account = {"account": identity.who} if identity else {}
            return CheckReport.failed(error, **account)
        if report.ok and (warning := self._credentials.warning()):
            return replace(report, message=f"{report.message} {warning}")
        return report

    def delete(self, copy: RemoteCopy) -> None:
        """Delete the file, or where only an organizer may, put it in the trash (see `Deletable`)."""
        with self._client() as client:
            for found in self._found(client, copy):
                if not found.trashed:
                    files.remove(client, found.id)

    def read(self, copy: RemoteCopy) -> Iterator[bytes]:
        """Yield the file's bytes (see `Readable`)."""
        with self._client() as client:
            found = self._find(client, copy)
            if found is None or found.trashed:
                raise DriveProblem(Answer("no-copy", 404))
            yield from files.pieces(client, found.id, MIB, _READ_BYTES)

    def _find(self, client: Client, copy: RemoteCopy) -> files.RemoteFile | None:
        return next(iter(self._found(client, copy)), None)

    def _found(self, client: Client, copy: RemoteCopy) -> list[files.RemoteFile]:
        """By the id in the proof; when that was lost, by the marks that every copy carries, the oldest first."""
        file_id = copy.proof.get("file_id")
        if isinstance(file_id, str) and file_id:
            found = files.find(client, file_id)
            return [found] if found else []
        drive_id = self._folders.root(client).drive_id
        return [file for file in files.search(client, marks_of(copy.key), drive_id) if not file.is_folder]

    @contextmanager
    def _client(self) -> Iterator[Client]:
        """A client of our own; what goes wrong with it is judged."""
        with self._clients.borrow() as client:
            try:
                yield client
            except DriveProblem as problem:
                raise judge(problem.answer, self._who(client.identity)) from problem

    def _who(self, identity: Identity) -> Who:
        return Who(self.name, identity.who, self._folders.shown, identity.sees_own_files_only)


def _compared(how: str, size_bytes: int | None, name: str, wanted: str, found: str) -> Proof:
    same = wanted == found
    reason = "" if same else f"It was changed in Drive: its {name.upper()} is another one."
    return Proof(Verdict.MATCHES if same else Verdict.DIFFERS, how, size_bytes, f"{name}:{found}", reason)


DRIVE = Kind("drive", DRIVE_OPTIONS, DriveTarget, option_problems)
