"""The uploader of the Drive target before a server of Google Cloud Storage's dialect, which nobody here wrote."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from gcp_storage_emulator.server import create_server
from google.auth.credentials import AnonymousCredentials
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc

from backend.errors import PermanentFailure, TransferCancelled
from backend.targets.drive.chunks import Media
from backend.targets.drive.client import Wire
from backend.targets.drive.credentials import Identity
from backend.targets.drive.failures import DriveProblem
from backend.targets.drive.upload import Sent, Upload
from backend.targets.local_file import LocalFile
from tests.contract.conftest import Video
from tests.contract.places import MIB
from tests.contract.transfers import CancelAt, Told
from tests.services.process import free_port

_BUCKET, _NAME = "videos", "holiday.mp4"
_NOBODY = Identity(AnonymousCredentials(), "nobody", is_service_account=False)


class Storage:
    """The server, and the uploader that is sent there."""

    def __init__(self, port: int) -> None:
        document: dict[str, Any] = json.loads(get_static_doc("storage", "v1"))
        document["rootUrl"] = f"http://127.0.0.1:{port}/"
        document.pop("mtlsRootUrl", None)
        self.wire = Wire(_NOBODY, 20)
        self.service: Any = build_from_document(document, http=self.wire)
        self.kept: list[str] = []

    def upload(self, video: Video, transfer: Told, session_uri: str = "") -> Sent:
        with LocalFile(video.source) as local:
            return Upload(
                self.wire, local, transfer, MIB, begin=self._begin, keep=self.kept.append, session_uri=session_uri
            ).run()

    def _begin(self, media: Media) -> Any:
        return self.service.objects().insert(bucket=_BUCKET, name=_NAME, media_body=media)

    def names(self) -> list[str]:
        listed = self.service.objects().list(bucket=_BUCKET).execute()
        return [str(item["name"]) for item in listed.get("items", [])]

    def content(self) -> bytes:
        found: bytes = self.service.objects().get_media(bucket=_BUCKET, object=_NAME).execute()
        return found


@pytest.fixture
def storage() -> Iterator[Storage]:
    logging.getLogger("gcp_storage_emulator").setLevel(logging.CRITICAL)
    port = free_port()
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=_BUCKET)
    server.start()
    storage = Storage(port)
    yield storage
    storage.wire.close()
    server.stop()


@pytest.mark.parametrize("size_bytes", [1, MIB - 1, MIB, MIB + 1, 4 * MIB, 5 * MIB + 17])
def test_a_file_arrives_in_chunks(storage: Storage, make_video: Callable[..., Video], size_bytes: int) -> None:
    video, transfer = make_video(size_bytes), Told()

    sent = storage.upload(video, transfer)

    md5 = hashlib.md5(video.content)
    assert sent.md5 == md5.hexdigest()
    assert sent.answer["md5Hash"] == base64.b64encode(md5.digest()).decode()
    assert storage.content() == video.content
    assert len(set(storage.kept)) == 1, "the session was kept, once"
    assert transfer.advances[0] == 0
    assert transfer.advances[-1] == size_bytes


@pytest.mark.parametrize("at_bytes", [1, MIB, 3 * MIB + 1, 5 * MIB])
def test_an_upload_is_taken_up_in_a_new_object_where_the_server_stands(
    storage: Storage, make_video: Callable[..., Video], at_bytes: int
) -> None:
    video = make_video(5 * MIB + 17)
    with suppress(TransferCancelled):
        storage.upload(video, CancelAt(at_bytes=at_bytes))
    assert storage.names() == []

    transfer = Told()
    sent = storage.upload(video, transfer, session_uri=storage.kept[-1])

    # What was confirmed is not sent again.
    assert transfer.advances[0] >= (at_bytes - 1) // MIB * MIB
    assert sent.md5 == hashlib.md5(video.content).hexdigest()
    assert storage.content() == video.content
    assert len(set(storage.kept)) == 1


def test_a_session_that_the_server_does_not_know_is_told_as_gone(
    storage: Storage, make_video: Callable[..., Video]
) -> None:
    video = make_video(2 * MIB)
    storage.upload(video, Told())
    with pytest.raises(DriveProblem, match="session-gone"):
        storage.upload(video, Told(), session_uri=storage.kept[-1].partition("?")[0] + "?upload_id=never-was")


def test_a_damaged_file_is_never_completed(storage: Storage, make_video: Callable[..., Video]) -> None:
    video = make_video(3 * MIB)
    video.source.path.write_bytes(b"?" + video.content[1:])
    with pytest.raises(PermanentFailure):
        storage.upload(video, Told())
    assert storage.names() == []
