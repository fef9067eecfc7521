"""Exports by the real program, its worker and ffmpeg: each asked instant once, proved offline, whoever is killed, and
in the bucket of exports once, whatever that does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3
from sqlalchemy import update

from backend.catalog.database import Database
from backend.catalog.models import Export
from backend.settings import load_settings
from tests.services import stamped
from tests.services.app import RunningApp
from tests.services.media import ffprobe, still_running
from tests.services.s3 import S3Server
from tests.services.waiting import wait_until

pytestmark = pytest.mark.service

PATH = "/api/v1/storage/exports"
CAMERA, OTHER = stamped.CAMERA, "22222222-2222-4222-8222-222222222222"
# Enough work for the exact cut to be seen at it.
LONG = stamped.Shot(fps=25, size=(1280, 768))


@dataclass
class Site:
    app: RunningApp

    def record(self, path: Path, start: float, end: float, camera: str = CAMERA) -> str:
        form = {
            "video": (path.name, path.read_bytes(), "video/mp4"), "camera_id": camera,
            "start_time": stamped.at(start).isoformat(), "end_time": stamped.at(end).isoformat(),
        }  # fmt: skip
        answer = self.app.request("POST", "/api/upload-video", fields=form)
        assert answer.status == 201, answer.data
        return str(answer.json()["video_id"])

    def order(self, start: float, end: float, *cameras: str, **more: Any) -> str:
        times = {"start_time": stamped.at(start).isoformat(), "end_time": stamped.at(end).isoformat()}
        answer = self.app.request("POST", PATH, json={"camera_ids": list(cameras or (CAMERA,)), **times, **more})
        assert answer.status == 202, answer.data
        return str(answer.json()["id"])

    def told(self, export_id: str) -> dict[str, Any]:
        answer = self.app.request("GET", f"{PATH}/{export_id}")
        assert answer.status == 200, answer.data
        shown: dict[str, Any] = answer.json()
        return shown

    def wait_for(self, export_id: str, met: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        last: dict[str, Any] = {}

        def asked() -> bool:
            last.update(self.told(export_id))
            return met(last)

        try:
            wait_until(asked, what, seconds=120)
        except AssertionError as error:
            tail = "\n".join(self.app.log_file.read_text().splitlines()[-15:])
            raise AssertionError(f"{error}; it is {last}\n{tail}") from None
        return last

    def made(self, export_id: str) -> dict[str, Any]:
        ended = self.wait_for(export_id, lambda e: e["status"] in ("COMPLETED", "FAILED"), "it to be made")
        assert ended["status"] == "COMPLETED", ended
        return ended

    def fetched(self, export_id: str, folder: Path) -> Path:
        answer = self.app.request("GET", f"{PATH}/{export_id}/download")
        assert answer.status == 200, answer.data
        place = folder / str(self.told(export_id)["filename"])
        place.write_bytes(answer.data)
        return place

    def set(self, export_id: str, **values: Any) -> None:
        database = Database(load_settings(self.app.environ, None).catalog_url)
        with database.write() as session:
            session.execute(update(Export).where(Export.id == export_id).values(**values))
        database.close()

    def workspaces(self) -> list[Path]:
        return list((self.app.storage_path / "incoming").glob("media-*"))


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(running_app: Callable[..., RunningApp]) -> MakeSite:
    def make(**env: str) -> Site:
        return Site(running_app({"FFMPEG_THREADS": "1", "MEDIA_JOBS": "0", "MIN_FREE_BYTES": "0", **env}))

    return make


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    stamped.record(folder / "a.mp4", 0, 6)
    stamped.record(folder / "b.mp4", 6, 12)
    stamped.record(folder / "long.mp4", 0, 40, LONG)
    return folder


def test_each_asked_instant_is_there_once_and_the_file_proves_itself(
    make_site: MakeSite, footage: Path, tmp_path: Path
) -> None:
    site = make_site()
    site.record(footage / "a.mp4", 0, 6)
    site.record(footage / "b.mp4", 6, 12)
    export_id = site.order(4.05, 8.95, cut="exact", reason="who was it")
    told = site.made(export_id)
    assert (told["partial"], told["gaps"], told["progress"]) == (False, [], 100.0)
    place = site.fetched(export_id, tmp_path)
    assert stamped.watch(place).instants() == [round(4.1 + n / 10, 3) for n in range(49)]
    assert ffprobe(place)["format"]["format_name"].startswith("mov")
    proved = site.app.cli("verify-export", str(place))
    assert (proved.returncode, "who was it" in proved.stdout) == (0, True), proved.stdout + proved.stderr
    key = tmp_path / "key.json"
    key.write_bytes(site.app.request("GET", "/api/receipt-key").data)
    assert site.app.cli("verify-export", str(place), "--key", str(key)).returncode == 0
    content = place.read_bytes()
    place.write_bytes(content[:2000] + bytes([content[2000] ^ 1]) + content[2001:])
    changed = site.app.cli("verify-export", str(place))
    assert (changed.returncode, "NOT PROVED" in changed.stderr) == (1, True)


def test_several_cameras_in_a_zip_and_an_mkv_with_its_manifest(
    make_site: MakeSite, footage: Path, tmp_path: Path
) -> None:
    site = make_site()
    site.record(footage / "a.mp4", 0, 6)
    site.record(footage / "b.mp4", 6, 12, OTHER)
    both, mkv = site.order(0, 12, CAMERA, OTHER), site.order(1, 5, format="mkv")
    gaps = site.made(both)["gaps"]
    assert [(one["camera_id"], one["start"]) for one in gaps] == [
        (CAMERA, "2026-11-21T10:00:06.000Z"), (OTHER, "2026-11-21T10:00:00.000Z"),
    ]  # fmt: skip
    assert site.app.cli("verify-export", str(site.fetched(both, tmp_path))).returncode == 0
    site.made(mkv)
    got = site.app.cli("export", "download", mkv, "--output", str(tmp_path / "clip.mkv"))
    assert got.returncode == 0, got.stderr
    assert site.app.cli("verify-export", str(tmp_path / "clip.mkv")).returncode == 0
    (tmp_path / "clip.mkv.jws").unlink()
    assert site.app.cli("verify-export", str(tmp_path / "clip.mkv")).returncode == 1


def test_a_killed_worker_s_export_is_made_by_the_next_and_two_deaths_set_it_aside(
    make_site: MakeSite, footage: Path
) -> None:
    site = make_site()
    site.record(footage / "long.mp4", 0, 40)
    export_id = site.order(1, 39, cut="exact")
    for deaths in (1, 2):
        site.wait_for(export_id, lambda e: e["status"] == "PROCESSING" and e["progress"] > 20, "it to be under way")
        site.app.kill9("worker")
        site.set(export_id, lease_until=datetime.now(UTC) - timedelta(seconds=1))
        site.app.start("worker")
        if deaths == 1:
            site.wait_for(export_id, lambda e: e["progress"] < 20 or e["status"] != "PROCESSING", "it to begin anew")
    aside = site.wait_for(export_id, lambda e: e["status"] == "FAILED", "it to be set aside")
    assert aside["error_code"] == "worker-died"
    wait_until(lambda: not site.workspaces(), "the dead workers' workspaces to be gone")
    assert site.app.request("POST", f"{PATH}/{export_id}/retry").status == 200
    site.made(export_id)
    assert len(list((site.app.storage_path / "exports").glob("*/*"))) == 1
    assert site.workspaces() == []


def test_a_cancel_ends_ffmpeg(make_site: MakeSite, footage: Path) -> None:
    site = make_site()
    site.record(footage / "long.mp4", 0, 40)
    export_id = site.order(1, 39, cut="exact")
    site.wait_for(export_id, lambda e: e["status"] == "PROCESSING" and e["progress"] > 20, "it to be under way")
    assert site.app.request("POST", f"{PATH}/{export_id}/cancel").json()["status"] == "CANCELLED"
    wait_until(lambda: not site.workspaces() and not still_running(site.app.storage_path), "all of it to end")
    assert site.told(export_id)["status"] == "CANCELLED"
    assert list((site.app.storage_path / "exports").iterdir()) == []


def test_it_waits_in_words_while_the_disk_is_full(make_site: MakeSite, footage: Path) -> None:
    site = make_site()
    site.record(footage / "a.mp4", 0, 6)
    site.app.stop("worker")
    site.app.environ["MIN_FREE_BYTES"] = str(2**60)
    site.app.start("worker")
    export_id = site.order(0, 6)
    waiting = site.wait_for(export_id, lambda e: e["error_code"] == "disk-full", "it to be told")
    assert (waiting["status"], "MIN_FREE_BYTES" in waiting["error"]) == ("PENDING", True)
    site.app.stop("worker")
    site.app.environ["MIN_FREE_BYTES"] = "0"
    site.set(export_id, next_attempt_at=datetime.now(UTC))
    site.app.start("worker")
    assert site.made(export_id)["error"] is None


def test_a_result_is_in_the_bucket_of_exports_once_and_as_long_as_it_is_kept(
    make_site: MakeSite, footage: Path, s3_server: S3Server
) -> None:
    recordings, bucket = s3_server.unused_bucket_name(), s3_server.unused_bucket_name()
    site = make_site(
        MINIO_ENDPOINT=s3_server.endpoint, MINIO_ACCESS_KEY=s3_server.access_key,
        MINIO_SECRET_KEY=s3_server.secret_key, MINIO_BUCKET_RECORDINGS=recordings, MINIO_BUCKET_EXPORTS=bucket,
        MINIO_BUCKET_THUMBNAILS=s3_server.unused_bucket_name(),
    )  # fmt: skip
    site.record(footage / "a.mp4", 0, 6)
    s3_server.stop()
    try:
        export_id = site.order(0, 6)
        away = site.wait_for(export_id, lambda e: bool((e["delivery"] or {}).get("error")), "the bucket to be missed")
        assert (away["status"], away["delivery"]["state"]) == ("COMPLETED", "pending")
        assert away["download_url"] == f"{PATH}/{export_id}/download"
    finally:
        s3_server.start()
    site.set(export_id, delivery_next_at=datetime.now(UTC))
    there = site.wait_for(export_id, lambda e: e["delivery"]["state"] == "verified", "the copy to be verified")
    assert there["delivery"] == {"target": "minio", "state": "verified", "error": None}
    found = urllib3.request("GET", there["download_url"])
    assert (found.status, found.data) == (200, site.app.request("GET", f"{PATH}/{export_id}/download").data)
    audit = site.app.cli("audit", "export")
    assert ("export.linked" in audit.stdout, "X-Amz" in audit.stdout) == (True, False), audit.stderr
    objects = [one.object_name for one in s3_server.client().list_objects(bucket, recursive=True)]
    assert objects == [f"{export_id}.mp4"]
    assert "X-Amz" not in site.app.log_file.read_text()
    assert site.app.request("DELETE", f"{PATH}/{export_id}").status == 200
    site.wait_for(export_id, lambda e: e["delivery"]["state"] == "deleted", "the copy to be deleted")
    assert list(s3_server.client().list_objects(bucket, recursive=True)) == []


def test_what_was_pruned_is_fetched_back_and_what_is_nowhere_is_named(
    running_app: Callable[..., RunningApp], footage: Path, tmp_path: Path
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    toml = f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{copies}"\n'
    site = Site(running_app({"FFMPEG_THREADS": "1", "MEDIA_JOBS": "0", "MIN_FREE_BYTES": "0"}, targets_toml=toml))
    first, second = site.record(footage / "a.mp4", 0, 6), site.record(footage / "b.mp4", 6, 12)

    def delivered(video_id: str) -> bool:
        found = site.app.request("GET", f"/api/videos/{video_id}/deliveries").json()["deliveries"]
        return bool(found[0]["state"] == "delivered")

    wait_until(lambda: delivered(first) and delivered(second), "both to be copied")
    pruned = site.app.cli("cleanup-exec", "0", "--yes")
    assert pruned.returncode == 0, pruned.stderr
    stored = [path for path in (site.app.storage_path / "uploads").rglob("*.mp4") if path.is_file()]
    assert stored == []
    site.made(site.order(0, 12))
    assert site.app.cli("cleanup-exec", "0", "--yes").returncode == 0
    for copy in copies.rglob("*_b-*.mp4"):
        copy.unlink()
    missed, rest = site.order(0, 12), site.order(0, 12, incomplete="partial")
    for export_id in (missed, rest):
        # A target that is away is asked again for a minute before its copy is called missing.
        site.set(export_id, attempts=5, next_attempt_at=datetime.now(UTC))
    failed = site.wait_for(missed, lambda e: e["status"] == "FAILED", "it to be told")
    assert [(one["kind"], one["filename"]) for one in failed["problems"]] == [("missing", "b.mp4")]
    partial = site.made(rest)
    assert (partial["partial"], partial["bounds"][0]["given"]["end"]) == (True, "2026-11-21T10:00:06.000Z")


def test_a_result_ends_with_its_time(make_site: MakeSite, footage: Path) -> None:
    site = make_site()
    site.record(footage / "a.mp4", 0, 6)
    export_id = site.order(0, 6, keep_hours=1)
    site.made(export_id)
    site.app.stop("worker")
    site.set(export_id, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    site.app.start("worker")
    ended = site.wait_for(export_id, lambda e: e["status"] == "EXPIRED", "it to expire")
    assert (ended["download_url"], ended["file_path"]) == (None, None)
    assert site.app.request("GET", f"{PATH}/{export_id}/download").status == 410
    wait_until(lambda: not list((site.app.storage_path / "exports").iterdir()), "its file to be gone")
    assert site.app.request("GET", f"{PATH}/{export_id}/manifest").status == 200
