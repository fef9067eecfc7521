"""Upload clients that nobody here wrote, unmodified: tuspy, tus-js-client (tus and the IETF's drafts), curl."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage

from tests.services.app import AppFactory, RunningApp
from tests.services.cut_line import CutLine
from tests.services.process import find_program
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

_SCRIPT = Path(__file__).parent / "clients" / "tus_js.mjs"
_CHUNK_BYTES = 5_000_000
_SIZE_BYTES = 12_345_678
_TUS = ("-H", "Tus-Resumable: 1.0.0")
_SECONDS = 60


@dataclass(frozen=True)
class Desk:
    """An installation, a file on the client's side, and the questions whether it arrived."""

    app: RunningApp
    file: Path

    @property
    def sign_in(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.app.admin_token}"}

    def address(self, door: str) -> str:
        return self.app.base_url + door

    def curl(self, *words: str, stdin: bytes = b"") -> Answer:
        """The final answer to `curl WORDS`."""
        command = [find_program("curl", package="curl"), "-sS", "-i", "-H", f"Authorization: {self._token()}", *words]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=_SECONDS)
        assert done.returncode == 0, done.stderr.decode()
        return Answer.of(done.stdout)

    def node(self, **task: Any) -> dict[str, Any]:
        """What tus_js.mjs tells of the upload that `task` describes."""
        options = {"headers": self.sign_in, "metadata": {"filename": "clip.mp4"}} | task.pop("options")
        words = json.dumps({"file": str(self.file), "options": options, **task})
        node = find_program("node", package="nodejs", extra_folders=[Path(sys.executable).parent])
        done = subprocess.run(
            [node, str(_SCRIPT), words], capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        assert done.returncode == 0, f"{done.stderr}\n{self.app.process('web').tail()}"
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def has(self, place: str) -> None:
        """The upload at `place` is a video: the same bytes on disk, and the same digest in catalog and sidecar."""
        answer = self.app.request("GET", f"/api/videos/{_id(place)}").json()
        video = answer["video"]
        stored = self.app.storage_path / video["relative_path"]
        sent = hashlib.sha256(self.file.read_bytes()).hexdigest()
        assert hashlib.sha256(stored.read_bytes()).hexdigest() == sent
        assert video["sha256"] == sent
        assert json.loads(stored.with_name(f"{stored.name}.json").read_text())["video"]["sha256"] == sent
        assert video["original_filename"] == "clip.mp4"

    def _token(self) -> str:
        return self.sign_in["Authorization"]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, output: bytes) -> Answer:
        """What `curl -i` wrote: the last head and its body; interim answers come before it."""
        head, _, body = output.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        if status < 200:
            return cls.of(body)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return cls(status, headers, body)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[RunningApp]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("app"), hearth)
    yield factory(processes=["web"])
    factory.close()


@pytest.fixture
def desk(app: RunningApp, tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"\x00\x00\x00\x18ftypmp42" + random.Random(request.node.name).randbytes(_SIZE_BYTES - 12))
    return Desk(app, file)


# tuspy ---------------------------------------------------------------------------------------------------------------


# It leaves its files to the collector.
_UNCLOSED = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@_UNCLOSED
def test_tuspy_uploads_in_chunks_with_checksums(desk: Desk) -> None:
    uploader = _tuspy(desk, upload_checksum=True)
    uploader.upload()
    desk.has(uploader.url)


@_UNCLOSED
def test_tuspy_resumes_from_the_url_it_stored(desk: Desk, tmp_path: Path) -> None:
    urls: Any = FileStorage  # its types are told only in part
    kept = {"store_url": True, "url_storage": urls(str(tmp_path / "urls.json"))}
    begun = _tuspy(desk, **kept)
    begun.upload_chunk()
    assert begun.offset == _CHUNK_BYTES
    resumed = _tuspy(desk, **kept)
    assert (resumed.url, resumed.offset) == (begun.url, _CHUNK_BYTES)
    resumed.upload()
    desk.has(resumed.url)


def _tuspy(desk: Desk, **options: Any) -> Any:
    client = TusClient(desk.address("/files/"), headers=desk.sign_in)
    return client.uploader(str(desk.file), chunk_size=_CHUNK_BYTES, metadata={"filename": "clip.mp4"}, **options)


# tus-js-client -------------------------------------------------------------------------------------------------------

_WAYS: dict[str, dict[str, Any]] = {
    "at once": {},
    "in chunks": {"chunkSize": _CHUNK_BYTES},
    "with the creation": {"uploadDataDuringCreation": True},
    "in chunks from the creation on": {"uploadDataDuringCreation": True, "chunkSize": _CHUNK_BYTES},
}
_DRAFTS = ("ietf-draft-03", "ietf-draft-05")
_IETF_DOOR = "/uploads?filename=clip.mp4"


@pytest.mark.parametrize("way", sorted(_WAYS))
def test_tus_js_client_uploads(desk: Desk, way: str) -> None:
    told = desk.node(options={"endpoint": desk.address("/files/"), **_WAYS[way]})
    desk.has(told["url"])


def test_tus_js_client_uploads_three_parts_at_a_time(desk: Desk) -> None:
    told = desk.node(options={"endpoint": desk.address("/files/"), "parallelUploads": 3})
    desk.has(told["url"])


def test_tus_js_client_uploads_a_stream_whose_length_it_learns_at_its_end(desk: Desk) -> None:
    options = {"endpoint": desk.address("/files/"), "uploadLengthDeferred": True, "chunkSize": _CHUNK_BYTES}
    told = desk.node(options=options, stream=True)
    desk.has(told["url"])


def test_tus_js_client_resumes_after_an_abort(desk: Desk, tmp_path: Path) -> None:
    _aborts_and_resumes(desk, tmp_path, {"endpoint": desk.address("/files/")})


@pytest.mark.parametrize("parts", [1, 3])
def test_tus_js_client_goes_on_after_its_line_was_cut(desk: Desk, parts: int) -> None:
    _goes_on_after_a_cut(desk, "/files/", {"parallelUploads": parts})


@pytest.mark.parametrize("draft", _DRAFTS)
@pytest.mark.parametrize("way", sorted(_WAYS))
def test_tus_js_client_uploads_as_the_ietf_drafts_say(desk: Desk, draft: str, way: str) -> None:
    told = desk.node(options={"endpoint": desk.address(_IETF_DOOR), "protocol": draft, **_WAYS[way]})
    desk.has(told["url"])


@pytest.mark.parametrize("draft", _DRAFTS)
def test_tus_js_client_resumes_as_the_ietf_drafts_say(desk: Desk, draft: str, tmp_path: Path) -> None:
    _aborts_and_resumes(desk, tmp_path, {"endpoint": desk.address(_IETF_DOOR), "protocol": draft})


@pytest.mark.parametrize("draft", _DRAFTS)
def test_tus_js_client_goes_on_as_the_ietf_drafts_say(desk: Desk, draft: str) -> None:
    _goes_on_after_a_cut(desk, _IETF_DOOR, {"protocol": draft})


def _aborts_and_resumes(desk: Desk, folder: Path, options: dict[str, Any]) -> None:
    """Cut in the middle of the second chunk; another Upload object finds the address and sends the rest."""
    urls = str(folder / "urls.json")
    told = desk.node(options=options | {"chunkSize": _CHUNK_BYTES}, cutAt=_CHUNK_BYTES + 1, urls=urls)
    first, second, *resumed = told["offsets"]
    assert (first, second) == (0, _CHUNK_BYTES)
    assert resumed
    assert min(resumed) >= _CHUNK_BYTES
    desk.has(told["url"])


def _goes_on_after_a_cut(desk: Desk, door: str, options: dict[str, Any]) -> None:
    """A request is cut in its middle; the client asks by itself how far it came, and sends only the rest."""
    with CutLine(desk.app.port, _CHUNK_BYTES) as line:
        told = desk.node(options={"endpoint": f"http://127.0.0.1:{line.port}{door}", **options})
    assert line.was_cut
    assert max(told["offsets"]) > 0
    desk.has(told["url"])


# curl ----------------------------------------------------------------------------------------------------------------


def test_curl_uploads_a_file_into_the_folder(desk: Desk) -> None:
    answer = desk.curl("-T", str(desk.file), desk.address("/uploads/"))
    assert answer.status == 201, answer
    desk.has(json.loads(answer.body)["video_id"])


def test_curl_uploads_what_it_reads_from_a_pipe(desk: Desk) -> None:
    answer = desk.curl("-T", "-", desk.address("/uploads/clip.mp4"), stdin=desk.file.read_bytes())
    assert answer.status == 201, answer
    desk.has(json.loads(answer.body)["video_id"])


def test_curl_by_hand_speaks_tus(desk: Desk) -> None:
    creation = ("-H", f"Upload-Length: {_SIZE_BYTES}", "-H", "Upload-Metadata: filename Y2xpcC5tcDQ=")
    created = desk.curl(*_TUS, "-X", "POST", *creation, desk.address("/files/"))
    assert created.status == 201, created
    place = created.headers["location"]
    content = desk.file.read_bytes()
    assert _patched(desk, place, 0, content[:_CHUNK_BYTES]) == _CHUNK_BYTES
    looked = desk.curl(*_TUS, "--head", place)
    assert (looked.status, looked.headers["upload-offset"]) == (200, str(_CHUNK_BYTES))
    assert _patched(desk, place, _CHUNK_BYTES, content[_CHUNK_BYTES:]) == _SIZE_BYTES
    desk.has(place)


def test_curl_by_hand_speaks_the_ietf_draft(desk: Desk) -> None:
    content, door = desk.file.read_bytes(), desk.address("/uploads?filename=clip.mp4")
    begun = _sent(desk, "POST", door, content[:_CHUNK_BYTES], "?0")
    assert begun.status == 201, begun
    place = begun.headers["location"]
    looked = desk.curl("--head", place)
    assert (looked.status, looked.headers["upload-offset"]) == (204, str(_CHUNK_BYTES))
    kind = ("-H", "Content-Type: application/partial-upload", "-H", f"Upload-Offset: {_CHUNK_BYTES}")
    ended = _sent(desk, "PATCH", place, content[_CHUNK_BYTES:], "?1", *kind)
    assert (ended.status, ended.headers["upload-complete"]) == (201, "?1"), ended
    desk.has(place)


def _sent(desk: Desk, method: str, address: str, content: bytes, complete: str, *more: str) -> Answer:
    words = ("-H", "Upload-Draft-Interop-Version: 8", "-H", f"Upload-Complete: {complete}", "-H", "Content-Type:")
    return desk.curl(*words, *more, "-X", method, "--data-binary", "@-", address, stdin=content)


def _patched(desk: Desk, place: str, offset: int, content: bytes) -> int:
    kind = ("-H", "Content-Type: application/offset+octet-stream", "-H", f"Upload-Offset: {offset}")
    answer = desk.curl(*_TUS, *kind, "-X", "PATCH", "--data-binary", "@-", place, stdin=content)
    assert answer.status == 204, answer
    return int(answer.headers["upload-offset"])


def _id(place: str) -> str:
    return urlsplit(place).path.rpartition("/")[2]
