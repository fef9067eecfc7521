"""video_manager beside the running server: take in, deliver, prune, fetch back, and rebuild from the disk."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services.app import RunningApp
from tests.services.waiting import wait_until

pytestmark = pytest.mark.service

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 64
# How often it was tried and when the ledger last wrote it are the catalog's own notes; the disk keeps the outcome.
_OF_THE_LEDGER = ("attempts", "updated_at")

Installed = Callable[..., RunningApp]


@pytest.fixture
def installed(running_app: Callable[..., RunningApp], tmp_path: Path) -> Installed:
    """An installation with one folder for copies; `processes` says what runs."""

    def make(*processes: str, **env: str) -> RunningApp:
        (tmp_path / "nas").mkdir(exist_ok=True)
        text = f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{tmp_path / "nas"}"\n'
        return running_app(env, targets_toml=text, processes=processes or ("web", "worker"))

    return make


def run(app: RunningApp, *arguments: str, code: int = 0) -> str:
    done = app.cli(*arguments)
    assert done.returncode == code, (arguments, done.stdout, done.stderr)
    return done.stdout


def answer(app: RunningApp, *arguments: str, code: int = 0) -> Any:
    return json.loads(run(app, *arguments, "--json", code=code))


def save(app: RunningApp, name: str, content: bytes, *options: str) -> str:
    path = app.home / name
    path.write_bytes(content)
    (entry,) = answer(app, "upload", str(path), *options)
    return str(entry["video_id"])


def everything(app: RunningApp) -> list[dict[str, Any]]:
    return [video for options in ([], ["--state", "trashed"]) for video in answer(app, "list", *options)]


def wait_for(app: RunningApp, video_id: str, step: str, *, times: int = 1) -> dict[str, Any]:
    """Wait until the log told this step of the video so often; the video as `info` shows it then."""

    def told() -> bool:
        lines = app.log_file.read_text().splitlines()
        return sum(f" {step} " in line and f"upload={video_id}" in line for line in lines) >= times

    wait_until(told, f"{step} of {video_id}", seconds=60)
    video: dict[str, Any] = answer(app, "info", video_id)
    return video


def as_kept_on_disk(videos: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for video in videos:
        # What is made of it is made again, or found beside it, by the next worker.
        for name in ("media", "duration_seconds", "thumbnail_path"):
            del video[name]
        if video["status"] in ("processing", "ready", "unplayable"):
            video["status"] = "here"
        for delivery in video["deliveries"]:
            for name in _OF_THE_LEDGER:
                del delivery[name]
    return videos


def test_after_the_database_is_deleted_rebuild_restores_everything(installed: Installed) -> None:
    app = installed()
    fields = (
        "--project", "films", "--label", "Tutorial", "--title", "Ttl", "--description", "Dsc", "--tag", "a,b",
        "--source", "phone", "--metadata", '{"take": {"n": 3}}', "--ttl-hours", "99", "--camera-id", "c1",
        "--start-time", "2026-01-31T12:00:00Z", "--end-time", "2026-01-31T13:00:00Z",
    )  # fmt: skip
    first = save(app, "odd \u202e [red].mp4", VIDEO, *fields)
    twin = save(app, "twin.mp4", VIDEO, "--project", "films")
    thrown = save(app, "thrown.mp4", VIDEO + b"2")
    pruned = save(app, "pruned.mp4", VIDEO + b"3")
    for video_id in (first, twin, thrown, pruned):
        wait_for(app, video_id, "verified")
    run(app, "delete", thrown, "--yes")
    run(app, "cleanup-exec", "0", "--yes")
    before = everything(app)
    assert {video["status"] for video in before} == {"remote-only", "trashed"}
    run(app, "restore", first)
    before = everything(app)
    app.stop()
    for file in (app.storage_path / "metadata").glob("catalog.db*"):
        file.unlink()

    assert answer(app, "rebuild")["problems"] == []
    assert as_kept_on_disk(everything(app)) == as_kept_on_disk(before)
    assert answer(app, "doctor")["ok"] is True
    # And it is a working catalog: the copies are known, so nothing is sent twice, and pruned bytes come back.
    run(app, "token", "create", "--name", "next", "--role", "admin")
    app.start("worker")
    run(app, "restore", pruned)
    assert Path(answer(app, "info", pruned)["path"]).read_bytes() == VIDEO + b"3"


def test_cleanup_prunes_only_what_the_copy_confirms_at_that_moment(installed: Installed, tmp_path: Path) -> None:
    app = installed("worker")
    good, spoiled = save(app, "good.mp4", VIDEO), save(app, "spoiled.mp4", VIDEO + b"2")
    places = {video_id: wait_for(app, video_id, "verified") for video_id in (good, spoiled)}
    app.stop("worker")
    copy = tmp_path / "nas" / places[spoiled]["deliveries"][0]["remote_key"]
    copy.write_bytes(b"x" * copy.stat().st_size)

    assert [entry["prune"] for entry in answer(app, "cleanup", "0")] == [True, True]
    refused = app.cli("cleanup-exec", "0")
    assert refused.returncode == 3
    assert "2 videos" in refused.stderr
    done = {entry["video_id"]: entry for entry in answer(app, "cleanup-exec", "0", "--yes", code=1)}
    assert done[good]["prune"] is True
    assert done[spoiled]["prune"] is False
    assert "nas no longer has it" in done[spoiled]["reason"]
    assert not Path(places[good]["path"]).exists()
    assert Path(places[spoiled]["path"]).read_bytes() == VIDEO + b"2"
    assert answer(app, "info", good)["status"] == "remote-only"

    run(app, "restore", good)
    assert Path(places[good]["path"]).read_bytes() == VIDEO
    assert answer(app, "info", good)["local"] == "present"
    assert answer(app, "restore", good)[0]["was_here"] is True
    # What was found spoiled is sent again.
    app.start("worker")
    wait_for(app, spoiled, "verified", times=2)
    assert copy.read_bytes() == VIDEO + b"2"


def test_a_restore_that_cannot_be_done_is_told(installed: Installed, tmp_path: Path) -> None:
    app = installed("worker")
    video_id = save(app, "a.mp4", VIDEO)
    wait_for(app, video_id, "verified")
    run(app, "cleanup-exec", "0", "--yes")
    app.stop("worker")
    shutil.rmtree(tmp_path / "nas")
    assert answer(app, "restore", video_id, code=1)[0]["error"]


@pytest.mark.parametrize("remedy", [["targets", "check", "nas"], ["retry", "--all"]])
def test_what_waits_for_a_person_goes_on_when_told(installed: Installed, tmp_path: Path, remedy: list[str]) -> None:
    app = installed("worker")
    (tmp_path / "nas").rmdir()
    video_id = save(app, "a.mp4", VIDEO)
    wait_for(app, video_id, "parked")
    assert answer(app, "targets")[0]["state"] == "parked"
    assert answer(app, "doctor", code=1)["ok"] is False
    (tmp_path / "nas").mkdir()
    run(app, *remedy)
    wait_for(app, video_id, "verified")


def test_videos_from_before_a_target_are_delivered_after_enqueue(running_app: Installed, tmp_path: Path) -> None:
    app = running_app(processes=("worker",))
    video_id = save(app, "a.mp4", VIDEO)
    assert answer(app, "info", video_id)["deliveries"] == []
    app.stop("worker")
    nas = tmp_path / "nas"
    nas.mkdir()
    (app.home / "targets.toml").write_text(f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{nas}"\n')
    app.start("worker")
    assert answer(app, "targets", "enqueue", "nas")["count"] == 1
    key = wait_for(app, video_id, "verified")["deliveries"][0]["remote_key"]
    assert (nas / key).read_bytes() == VIDEO


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_it_works_while_the_server_takes_uploads(
    installed: Installed, request: pytest.FixtureRequest, kind: str
) -> None:
    env = {}
    if kind == "postgresql":
        env["DATABASE_URL"] = request.getfixturevalue("postgres_server").fresh_database()
    app = installed(**env)
    folder = app.home / "many"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number}.mp4").write_bytes(VIDEO + b"cli" + bytes([number]))
    statuses: list[int] = []

    def send() -> None:
        for number in range(30):
            form = {"video": (f"w{number}.mp4", VIDEO + b"web" + bytes([number]), "video/mp4")}
            statuses.append(app.request("POST", "/api/upload-video", fields=form).status)

    web = threading.Thread(target=send)
    web.start()
    run(app, "import", str(folder))
    web.join()
    assert statuses == [201] * 30
    assert answer(app, "stats")["total_videos"] == 60
    wait_until(lambda: answer(app, "targets")[0]["backlog"]["count"] == 0, "all copies", seconds=120)
    manifest = json.loads(run(app, "manifest"))
    assert all(entry["copies"][0]["target"] == "nas" for entry in manifest["videos"])
    assert answer(app, "doctor")["ok"] is True


def test_a_receipt_is_proved_with_the_key_that_the_server_publishes(installed: Installed) -> None:
    app = installed("web")
    form = {"video": ("a.mp4", VIDEO, "video/mp4")}
    saved = app.request("POST", "/api/upload-video", fields=form)
    (app.home / "answer.json").write_bytes(saved.data)
    (app.home / "key.json").write_bytes(app.request("GET", "/api/receipt-key").data)
    (app.home / "a.mp4").write_bytes(VIDEO)
    app.environ["STORAGE_PATH"] = str(app.home / "not-a-server")
    run(app, "verify-receipt", "a.mp4", "answer.json", "--key", "key.json")
    (app.home / "a.mp4").write_bytes(VIDEO + b"x")
    run(app, "verify-receipt", "a.mp4", "answer.json", "--key", "key.json", code=1)


def test_a_revoked_token_signs_nobody_in(installed: Installed) -> None:
    app = installed("web")
    made = answer(app, "token", "create", "--name", "Ann", "--role", "viewer")
    assert app.request("GET", "/api/videos/list", token=made["token"]).status == 200
    run(app, "token", "revoke", "Ann", "--yes")
    assert app.request("GET", "/api/videos/list", token=made["token"]).status == 401
