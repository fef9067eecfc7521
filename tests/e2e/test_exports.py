"""Exports by the real program, its worker and ffmpeg: each asked instant once, proved offline, whoever is killed, and
in the bucket of exports once, whatever that does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import urllib3

from tests.e2e.exporting import PATH, Site
from tests.e2e.showing import Studio
from tests.services import stamped
from tests.services.app import AppFactory, RunningApp
from tests.services.media import ffprobe, still_running
from tests.services.s3 import S3Server
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

# Enough work for the exact cut to be met at it.
LARGE = stamped.Shot(size=(640, 384))
SETTINGS = {"FFMPEG_THREADS": "1", "MEDIA_JOBS": "0", "MIN_FREE_BYTES": "0"}

MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(running_app: Callable[..., RunningApp]) -> MakeSite:
    def make(**env: str) -> Site:
        return Site(running_app({**SETTINGS, **env}))

    return make


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[Site]:
    """One for all tests that take cameras of their own, and end no process of it for long."""
    factory = AppFactory(lambda: tmp_path_factory.mktemp("app"), hearth)
    yield Site(factory(SETTINGS))
    factory.close()


@pytest.fixture
def camera() -> str:
    return str(uuid4())


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    stamped.record(folder / "a.mp4", 0, 6)
    stamped.record(folder / "b.mp4", 6, 12)
    stamped.record(folder / "large.mp4", 0, 6, LARGE)
    return folder


def test_each_asked_instant_is_there_once_and_the_file_proves_itself(
    site: Site, camera: str, footage: Path, tmp_path: Path
) -> None:
    site.record(footage / "a.mp4", 0, 6, camera)
    site.record(footage / "b.mp4", 6, 12, camera)
    export_id = site.order(4.05, 8.95, camera, cut="exact", reason="who was it")
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
    site: Site, camera: str, footage: Path, tmp_path: Path
) -> None:
    other = str(uuid4())
    site.record(footage / "a.mp4", 0, 6, camera)
    site.record(footage / "b.mp4", 6, 12, other)
    both, mkv = site.order(0, 12, camera, other), site.order(1, 5, camera, format="mkv")
    gaps = site.made(both)["gaps"]
    assert [(one["camera_id"], one["start"]) for one in gaps] == [
        (camera, "2026-11-21T10:00:06.000Z"), (other, "2026-11-21T10:00:00.000Z"),
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
    site.record(footage / "large.mp4", 0, 6)
    export_id = site.order(0.5, 5.5, cut="exact")
    for _ in range(2):
        Studio(site.app).halt()
        assert site.told(export_id)["status"] == "PROCESSING"
        site.app.kill9("worker")
        wait_until(lambda: not still_running(site.app.storage_path), "its ffmpeg to end with it")
        assert len(site.workspaces()) > 0
        site.set(export_id, lease_until=datetime.now(UTC) - timedelta(seconds=1))
        site.app.start("worker")
    aside = site.wait_for(export_id, lambda e: e["status"] == "FAILED", "it to be set aside")
    assert aside["error_code"] == "worker-died"
    wait_until(lambda: not site.workspaces(), "the dead workers' workspaces to be gone")
    assert site.app.request("POST", f"{PATH}/{export_id}/retry").status == 200
    site.made(export_id)
    assert len(site.results()) == 1
    assert site.workspaces() == []


def test_a_cancel_ends_ffmpeg(site: Site, camera: str, footage: Path) -> None:
    site.record(footage / "large.mp4", 0, 6, camera)
    before = site.results()
    export_id = site.order(0.5, 5.5, camera, cut="exact")
    Studio(site.app).halt()
    assert site.told(export_id)["status"] == "PROCESSING"
    assert site.app.request("POST", f"{PATH}/{export_id}/cancel").json()["status"] == "CANCELLED"
    wait_until(site.all_ended, "all of it to end")
    assert site.told(export_id)["status"] == "CANCELLED"
    assert site.results() == before


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
    site = Site(running_app(SETTINGS, targets_toml=toml))
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


def test_a_result_ends_with_its_time(site: Site, camera: str, footage: Path) -> None:
    site.record(footage / "a.mp4", 0, 6, camera)
    before = site.results()
    export_id = site.order(0, 6, camera, keep_hours=1)
    site.made(export_id)
    site.app.stop("worker")
    site.set(export_id, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    site.app.start("worker")
    ended = site.wait_for(export_id, lambda e: e["status"] == "EXPIRED", "it to expire")
    assert (ended["download_url"], ended["file_path"]) == (None, None)
    assert site.app.request("GET", f"{PATH}/{export_id}/download").status == 410
    wait_until(lambda: site.results() == before, "its file to be gone")
    assert site.app.request("GET", f"{PATH}/{export_id}/manifest").status == 200
