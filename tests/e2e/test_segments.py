"""A recorder beside the real server: its files are segments once each, whatever is killed, and nobody else's are."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.e2e.holding import House, video_bytes
from tests.services.app import RunningApp
from tests.services.sampling import rounds
from tests.services.waiting import wait_until

CAMERA = "123e4567-e89b-12d3-a456-426614174000"
BELOW = "/api/v1/storage/segments"
DAY = {"start": "2025-01-23T00:00:00Z", "end": "2025-01-24T00:00:00Z"}


class Recorder:
    """Writes a file a minute into its folder, and registers it as seed 001's example does."""

    def __init__(self, app: RunningApp, folder: Path) -> None:
        self.app, self.house, self.folder = app, House(app), folder

    def record(self, minute: int, content: bytes | None = None) -> Path:
        path = self.folder / f"{minute:04d}.ts"
        path.write_bytes(video_bytes(minute, 20_000) if content is None else content)
        return path

    def register(self, minute: int, path: Path | str, **more: Any) -> tuple[int, Any]:
        hour, rest = divmod(minute, 60)
        bounds = {
            "start_time": f"2025-01-23T{hour:02}:{rest:02}:00Z",
            "end_time": f"2025-01-23T{hour:02}:{rest:02}:59Z",
        }
        body = {"camera_id": CAMERA, "file_path": str(path), **bounds, **more}
        answer = self.app.request("POST", BELOW, json=body, timeout=30)
        return answer.status, answer.json()

    def listed(self) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in DAY.items())
        found = self.app.request("GET", f"{BELOW}/{CAMERA}?{query}").json()
        assert found["next_cursor"] is None
        segments: list[dict[str, Any]] = found["segments"]
        return segments


Make = Callable[..., Recorder]


@pytest.fixture
def make(running_app: Callable[..., RunningApp]) -> Make:
    """`make(processes=["web"], SEGMENT_ADOPT="link")`: on the file system of the storage."""

    def made(processes: tuple[str, ...] = (), **env: str) -> Recorder:
        app = running_app(start=False)
        folder = app.home / "recordings"
        folder.mkdir()
        (app.home / "copy").mkdir()
        (app.home / "targets.toml").write_text(
            f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{app.home / "copy"}"\n'
        )
        app.environ |= {"SEGMENT_ROOTS": str(folder), "TARGETS_FILE": str(app.home / "targets.toml"), **env}
        app.release_here()
        app.start(*processes)
        return Recorder(app, folder)

    return made


def _longer(tried: list[int], wanted: int) -> bool:
    return len(tried) > wanted


@pytest.mark.executed
@pytest.mark.parametrize("adopt", ["copy", "link"])
def test_every_registration_survives_kills_and_comes_once(make: Make, adopt: str) -> None:
    recorder = make(processes=("web",), SEGMENT_ADOPT=adopt)
    chance, minute = random.Random(8), 0
    registered: dict[str, int] = {}
    for _ in range(rounds(3, 40)):
        over = threading.Event()
        tried: list[int] = []

        def work(over: threading.Event = over, tried: list[int] = tried, first: int = minute) -> None:
            number = first
            while not over.is_set():
                tried.append(number)
                with suppress(urllib3.exceptions.HTTPError):
                    status, told = recorder.register(number, recorder.record(number))
                    if status in (200, 201):
                        registered[told["id"]] = number
                number += 1

        thread = threading.Thread(target=work)
        thread.start()
        wanted = chance.randrange(2, 9)
        wait_until(partial(_longer, tried, wanted), "some registrations")
        recorder.app.kill9("web")
        over.set()
        thread.join()
        recorder.house.restart("web")
        minute = max(tried) + 1
        for number in tried:
            status, told = recorder.register(number, recorder.folder / f"{number:04d}.ts")
            assert status in (200, 201)
            assert registered.setdefault(told["id"], number) == number
    assert {one["id"] for one in recorder.listed()} == set(registered)
    assert len(set(registered.values())) == len(registered)
    recorder.app.start("worker")
    wait_until(lambda: all(one["checksum"] for one in recorder.listed()), "everything to be hashed")
    recorder.house.check()
    for path in recorder.folder.iterdir():
        assert path.read_bytes() == video_bytes(int(path.stem), 20_000)


def test_a_linked_file_that_grows_is_delivered_once_it_stands_still_and_whole(make: Make) -> None:
    recorder = make(SEGMENT_ADOPT="link")
    content = video_bytes(1, 50_000)
    path = recorder.record(1, content[:20_000])
    status, told = recorder.register(1, path)
    assert (status, told["checksum"]) == (201, None)
    with path.open("ab") as file:
        file.write(content[20_000:])
    # As if it had been written to a while ago.
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 30))

    def delivered() -> bool:
        (one,) = recorder.listed()
        return bool(one["deliveries"][0]["state"] == "delivered")

    wait_until(delivered, "the copy to be verified")
    (one,) = recorder.listed()
    assert (one["size_bytes"], one["checksum"]) == (50_000, hashlib.sha256(content).hexdigest())
    copies = [found for found in (recorder.app.home / "copy").rglob("*.ts") if found.is_file()]
    assert [found.read_bytes() for found in copies] == [content]
    assert path.read_bytes() == content


def test_names_that_are_swapped_during_registrations_never_bring_in_a_secret(make: Make) -> None:
    recorder = make(processes=("web",))
    secret = recorder.app.home / "secret"
    secret.mkdir()
    (secret / "a.ts").write_bytes(video_bytes(99, 5_000))
    inside = recorder.folder / "gate"
    inside.mkdir()
    (inside / "a.ts").write_bytes(video_bytes(7, 5_000))
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            inside.rename(recorder.app.home / "aside")
            inside.symlink_to(secret)
            inside.unlink()
            (recorder.app.home / "aside").rename(inside)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        found = {recorder.register(minute, inside / "a.ts")[0] for minute in range(60)}
    finally:
        over.set()
        thread.join()
    assert found <= {201, 404, 422}
    good = hashlib.sha256(video_bytes(7, 5_000)).hexdigest()
    assert {one["checksum"] for one in recorder.listed()} <= {good}


def test_what_is_no_recording_is_refused_at_once(make: Make) -> None:
    recorder = make(processes=("web",))
    os.mkfifo(recorder.folder / "pipe.ts")
    (recorder.folder / "link.ts").symlink_to("/etc/passwd")
    (recorder.folder / "tree").symlink_to("/etc")
    folder = recorder.folder
    within = (folder / "pipe.ts", folder / "link.ts", folder / "tree" / "passwd", folder / ("a" * 5000))
    for path in (*within, "/etc/passwd", f"{folder}/../secret", "relative.ts"):
        status, told = recorder.register(1, path)
        assert (status, told["success"]) == (422, False), told
        assert "file_path" in told["error"]
    assert recorder.register(1, recorder.folder / "none.ts")[0] == 404
    assert recorder.register(1, recorder.record(1), size_bytes=1)[0] == 409
    assert recorder.listed() == []
    recorder.house.check()


def test_a_rebuilt_catalog_has_every_segment(make: Make) -> None:
    recorder = make(processes=("web",))
    ids = {recorder.register(minute, recorder.record(minute))[1]["id"] for minute in range(5)}
    recorder.app.stop("web")
    for name in ("catalog.db", "catalog.db-wal", "catalog.db-shm"):
        (recorder.app.storage_path / "metadata" / name).unlink(missing_ok=True)
    done = recorder.app.cli("rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    recorder.app.release_here()
    recorder.app.start("web")
    assert {one["id"] for one in recorder.listed()} == ids
