"""One attempt to make Drive hold a file: look, go on or begin, and look again when Drive says that things changed.

The file's id is ours before its first byte and is stored with the session, so no attempt makes a second file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from googleapiclient.http import MediaIoBaseUpload, MediaUpload

from backend.errors import PermanentFailure
from backend.targets.base import RemoteCopy, Transfer
from backend.targets.drive.client import Client
from backend.targets.drive.failures import Answer, DriveProblem
from backend.targets.drive.files import IdStock, RemoteFile, find, is_used, remove, search
from backend.targets.drive.folders import Folders, marks_of, parts_of
from backend.targets.drive.sealed import seal, unseal
from backend.targets.drive.upload import Upload
from backend.targets.local_file import LocalFile, damaged

_ROUNDS = 4
# In one request, and in memory for that long. Google's guide draws the line at 5 MB.
_SMALL_BYTES = 4 * 1024 * 1024
_ODD_REQUEST = (400, 405, 411, 415, 501)
_ANSWER = "id,webViewLink"
_FILE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True)
class State:
    """What an attempt leaves to the next. `replaces`: the session is for new content of a file that exists."""

    file_id: str = ""
    session_uri: str = ""
    replaces: bool = False

    def stored(self, sha256: str, secret: bytes) -> dict[str, Any]:
        state: dict[str, Any] = {"file_id": self.file_id, "sha256": sha256}
        if self.session_uri:
            state |= {"session": seal(self.session_uri, secret), "replaces": self.replaces}
        return state


def read_state(stored: Mapping[str, Any], sha256: str, secret: bytes) -> State:
    """The session counts only for the very bytes that it was begun with."""
    file_id, session = stored.get("file_id"), stored.get("session")
    if not isinstance(file_id, str) or not _FILE_ID.fullmatch(file_id):
        return State()
    if stored.get("sha256") != sha256 or not isinstance(session, str):
        return State(file_id)
    return State(file_id, unseal(session, secret) or "", stored.get("replaces") is True)


@dataclass
class Putting:
    """Everything one attempt works with. `state` is what is stored, or what is known beyond it."""

    client: Client
    folders: Folders
    ids: IdStock
    local: LocalFile
    key: str
    transfer: Transfer
    layout: str
    chunk_bytes: int
    state: State = State()
    md5: str = ""
    by_session: bool = False

    def run(self) -> RemoteCopy:
        """Raises `DriveProblem`, and PermanentFailure when the local file is damaged."""
        self.state = read_state(self.transfer.resume, self.local.source.sha256, self.client.identity.secret)
        last = DriveProblem(Answer("changing"))
        for _ in range(_ROUNDS):
            found = self._look()
            if found and self._is_right(found):
                self.transfer.advance(self.local.source.size_bytes)
                return self._copy(found.link)
            self._choose(found)
            resumed = bool(self.state.session_uri)
            try:
                return self._send()
            except DriveProblem as problem:
                self._recover(problem, resumed)
                last = DriveProblem(Answer("changing")) if is_used(problem) else problem
            except PermanentFailure:
                self.transfer.save_resume({})
                raise
        raise last

    def _look(self) -> RemoteFile | None:
        """The file as it is now, wherever people may have moved it."""
        if not self.state.file_id:
            # Nothing was ever begun: what would be found was not made for this copy.
            found = None if self.transfer.is_first else self._search()
            self.state = State(found.id) if found else self.state
            return found
        found = find(self.client, self.state.file_id)
        if found and found.trashed:
            # Perhaps together with a folder that we still trust.
            self.folders.forget()
        return found

    def _search(self) -> RemoteFile | None:
        """What earlier attempts made whose state was lost. Of several that are right, the oldest stays alone."""
        drive_id = self.folders.root(self.client).drive_id
        marks = marks_of(self.key, self.local.source.video_id)
        found = [file for file in search(self.client, marks, drive_id) if not file.is_folder]
        right = next((file for file in found if self._is_right(file)), None)
        for file in found if right else ():
            if file is not right:
                remove(self.client, file.id)
        return right or next(iter(found), None)

    def _is_right(self, found: RemoteFile) -> bool:
        """By Drive's own figures of what it holds; a file in the trash does not count."""
        if found.trashed or found.size_bytes != self.local.source.size_bytes:
            return False
        # Every file has an MD5; some have no SHA-256.
        return found.md5 == self._md5() if found.md5 else found.sha256 == self.local.source.sha256

    def _md5(self) -> str:
        """Of the local file; PermanentFailure if that is not what was saved."""
        if not self.md5:
            md5, sha256 = self.local.digests(0, self.local.source.size_bytes, "md5", "sha256")
            if sha256.hex() != self.local.source.sha256:
                raise damaged(self.local.source, "another SHA-256")
            self.md5 = md5.hex()
        return self.md5

    def _choose(self, found: RemoteFile | None) -> None:
        """Which file gets the bytes: a new one, or the one that is there and wrong. A session serves only one."""
        if found is None and not self.state.replaces:
            file_id = self.state.file_id or self.ids.take(self.client)
            self.state = replace(self.state, file_id=file_id)
        elif found is None or found.trashed:
            self.state = State(self.ids.take(self.client))
        elif not self.state.replaces:
            self.state = State(found.id, replaces=True)

    def _send(self) -> RemoteCopy:
        answer = self._send_whole() if self._fits_one_request() else self._send_chunks()
        link = answer.get("webViewLink")
        if not isinstance(link, str) and (found := find(self.client, self.state.file_id)):
            link = found.link
        return self._copy(link or "")

    def _copy(self, link: str) -> RemoteCopy:
        return RemoteCopy(self.key, {"file_id": self.state.file_id, "md5": self._md5()}, link)

    def _fits_one_request(self) -> bool:
        """Small, and nothing went wrong with it before.

        Google's client ends the content with a bare line feed, so that a last carriage return is taken for a part
        of the line's end and lost: such a file goes by a session, which counts bytes.
        """
        size_bytes = self.local.source.size_bytes
        if self.by_session or self.state.session_uri or self.state.replaces:
            return False
        if size_bytes > min(_SMALL_BYTES, self.chunk_bytes):
            return False
        (last,) = (bytes(piece) for piece in self.local.pieces(size_bytes - 1, 1))
        return last not in (b"\r", b"\n")

    def _send_whole(self) -> dict[str, Any]:
        """A small file in one request: a session would cost it one more."""
        content = self.local.whole()
        self.md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if hashlib.sha256(content).hexdigest() != self.local.source.sha256:
            raise damaged(self.local.source, "another SHA-256")
        media = MediaIoBaseUpload(BytesIO(content), self.local.source.mime_type, resumable=False)
        request = self._request(media)
        self._keep(self.state)
        self.transfer.advance(0)
        answer = self.client.run(request)
        self.transfer.advance(len(content))
        return answer

    def _send_chunks(self) -> dict[str, Any]:
        upload = Upload(
            self.client.wire,
            self.local,
            self.transfer,
            self.chunk_bytes,
            begin=self._request,
            keep=lambda uri: self._keep(replace(self.state, session_uri=uri)),
            session_uri=self.state.session_uri,
        )
        sent = upload.run()
        self.md5 = sent.md5
        return sent.answer

    def _request(self, media: MediaUpload) -> Any:
        files = self.client.drive.files()
        common = {"media_body": media, "supportsAllDrives": True, "fields": _ANSWER}
        if self.state.replaces:
            return files.update(fileId=self.state.file_id, body={}, **common)
        names, name = parts_of(self.key, self.layout)
        folder = self.folders.below(self.client, names)
        marks = marks_of(self.key, self.local.source.video_id)
        body = {"id": self.state.file_id, "name": name, "parents": [folder.id], "appProperties": marks}
        return files.create(body={**body, "mimeType": self.local.source.mime_type}, **common)

    def _keep(self, state: State) -> None:
        """Store what the next attempt needs, before any byte that depends on it."""
        self.transfer.save_resume(state.stored(self.local.source.sha256, self.client.identity.secret))
        self.state = state

    def _recover(self, problem: DriveProblem, resumed: bool) -> None:
        """What to try in the next round; raises what this attempt can do nothing about."""
        if problem.reason == "session-gone":
            self._keep(replace(self.state, session_uri=""))
            if not resumed:
                # It was begun a moment ago: the next attempt does better than the next second.
                raise problem
        elif is_used(problem):
            there = find(self.client, self.state.file_id)
            self.state = State(self.state.file_id) if there else State(self.ids.take(self.client))
        elif problem.status == 404 and not problem.reason.startswith("no-"):
            self.folders.forget()
            self.state = replace(self.state, session_uri="")
            self.by_session = True
        elif problem.status in _ODD_REQUEST and not self.by_session:
            # Not every service that speaks Drive's protocol takes a file in one request.
            self.by_session = True
        else:
            raise problem
