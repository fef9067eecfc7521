"""Quotas on the wire, the inbox and the backup of a server that runs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.holding import House, video_bytes
from tests.services.app import AppFactory
from tests.services.cutting import BOUNDARY, Answer, Part, Wire
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

MIB = 1024 * 1024
QUOTA = 3 * MIB
_HEAD, _ = Part("video", b"", "a.mp4").encoded()
PATH = "/projects/{project}/videos"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("projects"), hearth)
    home = tmp_path_factory.mktemp("rules")
    (home / "retention.toml").write_text(f'[[quota]]\nproject = "*"\nmax_gib = {QUOTA / 1024**3}\n')
    (home / "inbox").mkdir()
    env = {
        "RETENTION_FILE": str(home / "retention.toml"), "INBOX_PATH": str(home / "inbox"),
        "INBOX_SETTLE_SECONDS": "0", "WEB_WORKERS": "2",
    }  # fmt: skip
    yield House(factory(env, processes=["web", "worker"]))
    factory.close()


def _field(name: str, value: str) -> bytes:
    return b"".join(Part(name, value.encode()).encoded()) + b"\r\n"


def _refused(answer: Answer | None) -> None:
    assert answer is not None
    assert (answer.status, answer.json["code"]) == (507, "quota")
    assert {"used_bytes", "limit_bytes", "needed_bytes"} <= set(answer.json["detail"])


def test_a_quota_is_told_before_the_body_comes(house: House) -> None:
    """Nothing but the head was sent, and no more comes: the answer does not wait for it."""
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token, 100 * MIB, path=PATH.format(project="waits"))
        _refused(wire.answer())
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token, 100 * MIB)
        wire.send(_field("project_id", "waits") + _HEAD)
        _refused(wire.answer())
    house.check()


def test_a_project_behind_the_file_is_refused_when_it_comes_and_nothing_is_kept(house: House) -> None:
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token, 100 * MIB)
        wire.send(_HEAD + video_bytes(1, 4 * MIB) + b"\r\n" + _field("project_id", "late"))
        wire.send(f"--{BOUNDARY}\r\n".encode())
        _refused(wire.answer())
    house.check()


def test_of_uploads_at_once_in_several_processes_no_more_get_in_than_fit(house: House) -> None:
    def send(number: int) -> int:
        return house.upload(video_bytes(number, MIB), f"{number}.mp4", project_id="crowd")[0]

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(send, range(8)))
    assert statuses == [201] * 3 + [507] * 5
    project = next(
        p for p in house.app.request("GET", "/api/projects").json()["projects"] if p["project_id"] == "crowd"
    )
    assert (project["videos"], project["bytes"], project["quota_bytes"]) == (3, QUOTA, QUOTA)
    house.check()


def test_the_worker_takes_in_what_lands_in_the_inbox(house: House) -> None:
    inbox = Path(house.app.environ["INBOX_PATH"])
    (inbox / "summer").mkdir()
    content = video_bytes(77, MIB)
    (inbox / "summer" / "beach.mp4").write_bytes(content)
    (inbox / "notes.txt").write_text("no video")
    wait_until((inbox / ".done/summer/beach.mp4").exists, "the file to be put away", seconds=60)
    wait_until((inbox / ".refused/notes.txt").exists, "the other to be refused", seconds=60)
    assert "does not take" in (inbox / ".refused/notes.txt.txt").read_text()
    (video,) = house.app.request("GET", "/projects/summer/videos").json()
    assert (video["original_filename"], video["size_bytes"]) == ("beach.mp4", MIB)
    house.check()


def test_a_backup_of_a_running_server_brings_back_who_may_sign_in(house: House, tmp_path: Path) -> None:
    app = house.app
    made = app.cli("token", "create", "--name", "ben", "--role", "operator", "--json")
    assert made.returncode == 0, made.stderr
    with ThreadPoolExecutor(2) as pool:
        uploads = [pool.submit(house.upload, video_bytes(n, 1000), f"{n}.mp4", project_id=f"b{n}") for n in range(20)]
        backup = app.cli("backup", str(tmp_path / "backups"), "--keep", "3")
        assert backup.returncode == 0, backup.stderr
        assert [upload.result()[0] for upload in uploads] == [201] * 20
    listed = {video["id"] for video in house.listed()}
    app.stop()
    for left in (app.storage_path / "metadata").glob("catalog.db*"):
        left.unlink()
    assert app.cli("rebuild").returncode == 0
    (file,) = (tmp_path / "backups").iterdir()
    restored = app.cli("restore-backup", str(file), "--yes")
    assert restored.returncode == 0, restored.stderr
    assert "ben" in app.cli("token", "list").stdout
    app.release()
    app.start("web", "worker")
    assert {video["id"] for video in house.listed()} == listed
