"""Drive's files and folders as few typed calls. Each says that shared drives are meant too, or they are "not found"."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

from googleapiclient.http import MediaIoBaseDownload, MediaIoBaseUpload

from backend.targets.drive.client import Client, reading
from backend.targets.drive.failures import Answer, DriveProblem

FOLDER = "application/vnd.google-apps.folder"
_FIELDS = (
    "id,name,mimeType,size,md5Checksum,sha256Checksum,trashed,explicitlyTrashed,webViewLink,driveId,"
    "capabilities(canAddChildren,canDeleteChildren,canTrashChildren)"
)
_IDS_AT_ONCE = 20
_MOST_PAGES = 20


@dataclass(frozen=True)
class RemoteFile:
    """A file or folder as Drive describes it. Checksums are its own, of the bytes that it holds."""

    id: str
    name: str
    is_folder: bool
    trashed: bool
    trashed_with_folder: bool
    link: str
    size_bytes: int | None
    md5: str
    sha256: str
    drive_id: str
    may_add: bool
    may_clear: bool


class IdStock:
    """File ids that Drive gave out for files yet to be made: each upload has its id before its first byte."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: list[str] = []

    def take(self, client: Client) -> str:
        with self._lock:
            if not self._ids:
                request = client.drive.files().generateIds(count=_IDS_AT_ONCE, space="drive", type="files")
                self._ids = [str(file_id) for file_id in _listed(client.run(request), "ids")]
            if not self._ids:
                raise DriveProblem(Answer("garbled", message="no ids"))
            return self._ids.pop()


def find(client: Client, file_id: str) -> RemoteFile | None:
    """The file or folder of that id, also from the trash; None when there is none that we may see."""
    request = client.drive.files().get(fileId=file_id, supportsAllDrives=True, fields=_FIELDS)
    try:
        return described(client.run(request))
    except DriveProblem as problem:
        if problem.status == 404:
            return None
        raise


def search(client: Client, marks: Mapping[str, str], drive_id: str) -> list[RemoteFile]:
    """Everything outside the trash that carries these marks, the oldest first. Drive may lag by minutes here."""
    marked = [f"appProperties has {{ key='{key}' and value='{value}' }}" for key, value in marks.items()]
    where = {"corpora": "drive", "driveId": drive_id} if drive_id else {"corpora": "user"}
    found: list[RemoteFile] = []
    token = None
    for _ in range(_MOST_PAGES):
        request = client.drive.files().list(
            q=" and ".join([*marked, "trashed = false"]),
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
            orderBy="createdTime",
            fields=f"nextPageToken,files({_FIELDS})",
            pageToken=token,
            **where,
        )
        page = client.run(request)
        found += [described(item) for item in _listed(page, "files")]
        token = page.get("nextPageToken")
        if not token:
            break
    return found


def make_folder(client: Client, folder_id: str, name: str, parent_id: str, marks: Mapping[str, str]) -> None:
    """Make a folder of this id, unless the id is used (or used up) already: look what stands there."""
    body = {"id": folder_id, "name": name, "mimeType": FOLDER, "parents": [parent_id], "appProperties": dict(marks)}
    try:
        client.run(client.drive.files().create(body=body, supportsAllDrives=True, fields="id"))
    except DriveProblem as problem:
        if not is_used(problem):
            raise


def is_used(problem: DriveProblem) -> bool:
    """Whether an id was refused: a file has it, had it, or it was never given out."""
    return problem.status == 409 or (problem.status == 400 and "file ID is not usable" in problem.answer.message)


def make_small_file(client: Client, name: str, parent_id: str, content: bytes, marks: Mapping[str, str]) -> str:
    """Make a file the way that videos go, by a session, and return its id."""
    media = MediaIoBaseUpload(BytesIO(content), mimetype="text/plain", resumable=True)
    body = {"name": name, "parents": [parent_id], "appProperties": dict(marks)}
    request = client.drive.files().create(body=body, media_body=media, supportsAllDrives=True, fields="id")
    return str(client.run(request).get("id", ""))


def small_content(client: Client, file_id: str) -> bytes:
    """All of a small file."""
    with reading():
        return bytes(client.drive.files().get_media(fileId=file_id, supportsAllDrives=True).execute(num_retries=0))


def pieces(client: Client, file_id: str, piece_bytes: int, request_bytes: int) -> Iterator[bytes]:
    """The content of a file in pieces of at most `piece_bytes`."""
    buffer = BytesIO()
    warned = begun = done = False
    download = MediaIoBaseDownload(buffer, _media(client, file_id, warned=warned), chunksize=request_bytes)
    while not done:
        try:
            with reading():
                _, done = download.next_chunk(num_retries=0)
        except DriveProblem as problem:
            # Drive takes it for malware. It is our own video, so the warning is acknowledged; not everybody may.
            if problem.reason != "cannotDownloadAbusiveFile" or warned or begun:
                raise
            warned = True
            download = MediaIoBaseDownload(buffer, _media(client, file_id, warned=warned), chunksize=request_bytes)
            continue
        begun, content = True, buffer.getvalue()
        for start in range(0, len(content), piece_bytes):
            yield content[start : start + piece_bytes]
        buffer.seek(0)
        buffer.truncate()


def _media(client: Client, file_id: str, *, warned: bool) -> Any:
    return client.drive.files().get_media(fileId=file_id, supportsAllDrives=True, acknowledgeAbuse=warned)


def remove(client: Client, file_id: str) -> Literal["deleted", "trashed", "gone"]:
    """Delete a file for ever, or where we may not, put it in the trash; "gone" when it was not there any more.

    Content managers of a shared drive may only do the latter.
    """
    files = client.drive.files()
    try:
        client.run(files.delete(fileId=file_id, supportsAllDrives=True))
    except DriveProblem as problem:
        if problem.status == 404:
            return "gone"
        if problem.status != 403 or not problem.reason.startswith("insufficient"):
            raise
        client.run(files.update(fileId=file_id, body={"trashed": True}, supportsAllDrives=True, fields="id"))
        return "trashed"
    return "deleted"


def _listed(answer: Mapping[str, Any], name: str) -> list[Any]:
    found = answer.get(name)
    if not isinstance(found, list):
        raise DriveProblem(Answer("garbled", message=f"an answer without {name}"))
    return found


def described(item: object) -> RemoteFile:
    """Read Drive's description; sizes come as text."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        raise DriveProblem(Answer("garbled", message="a file without id"))
    size, may = str(item.get("size", "")), item.get("capabilities")
    trashed = item.get("trashed") is True
    return RemoteFile(
        id=item["id"],
        name=str(item.get("name", "")),
        is_folder=item.get("mimeType") == FOLDER,
        trashed=trashed,
        trashed_with_folder=trashed and item.get("explicitlyTrashed") is False,
        link=str(item.get("webViewLink", "")),
        size_bytes=int(size) if re.fullmatch("[0-9]{1,18}", size) else None,
        md5=str(item.get("md5Checksum", "")),
        sha256=str(item.get("sha256Checksum", "")),
        drive_id=str(item.get("driveId", "")),
        may_add=not isinstance(may, dict) or may.get("canAddChildren") is not False,
        # Said of folders in shared drives only.
        may_clear=not isinstance(may, dict)
        or may.get("canDeleteChildren") is not False
        or may.get("canTrashChildren") is not False,
    )
