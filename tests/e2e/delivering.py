"""A running installation that delivers to a real S3 server through a proxy that counts and breaks requests."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from minio import Minio
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig
from sqlalchemy import update

from backend.catalog.database import Database
from backend.catalog.models import Delivery, DeliveryState
from backend.settings import load_settings
from tests.services.app import RunningApp
from tests.services.lying_s3 import LyingS3
from tests.services.process import ServerProcess
from tests.services.s3 import S3Server
from tests.services.waiting import wait_until

MIB = 1024 * 1024


def video_bytes(size_bytes: int, seed: str = "video") -> bytes:
    """A file of that size; other seeds give other bytes."""
    head = b"\x00\x00\x00\x18ftypmp42"
    return head + hashlib.shake_256(seed.encode()).digest(size_bytes - len(head))


@dataclass
class Site:
    """`bucket` keeps versions, so that a second object made by mistake stays visible."""

    app: RunningApp
    server: S3Server
    proxy: LyingS3
    bucket: str

    @classmethod
    def make(cls, running_app: Any, server: S3Server, env: dict[str, str] | None = None, **options: Any) -> Site:
        """Install it; nothing runs yet."""
        bucket = server.fresh_bucket()
        server.client().set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(status=ENABLED))
        site = cls(running_app(start=False), server, LyingS3(server.port), bucket)
        # What is delivered here is no video: its media jobs would only take time from what is looked at.
        site.app.environ |= {"MEDIA_JOBS": "0"} | (env or {})
        site.configure(**options)
        site.app.release_here()
        return site

    def configure(self, **options: Any) -> None:
        """Write targets.toml anew; takes effect at the next start."""
        known: dict[str, Any] = {
            "name": "s3", "kind": "s3", "endpoint": self.proxy.endpoint, "secure": False, "bucket": self.bucket,
            "access_key": self.server.access_key, "secret_key": self.server.secret_key, "part_mib": 5,
            "part_concurrency": 2, "read_timeout_seconds": 30,
        }  # fmt: skip
        lines = (f"{name} = {_toml(value)}" for name, value in (known | options).items())
        self.write_targets("[[target]]\n" + "\n".join(lines))

    def write_targets(self, text: str) -> None:
        (self.app.home / "targets.toml").write_text(text)
        self.app.environ["TARGETS_FILE"] = str(self.app.home / "targets.toml")

    @property
    def client(self) -> Minio:
        return self.server.client()

    # What people do and see

    def upload(self, content: bytes, name: str = "a.mp4", **fields: str) -> str:
        """Save a video; its id."""
        answer = self.app.request("POST", "/api/upload-video", fields={"video": (name, content, "video/mp4"), **fields})
        assert answer.status == 201, answer.data
        return str(answer.json()["video_id"])

    def delivery(self, video_id: str, target: str = "s3") -> dict[str, Any]:
        shown = self.app.request("GET", f"/api/videos/{video_id}").json()["video"]["deliveries"]
        return next(d for d in shown if d["target"] == target)

    def target(self, name: str = "s3") -> dict[str, Any]:
        shown = self.app.request("GET", "/api/targets").json()["targets"]
        return next(t for t in shown if t["name"] == name)

    def wait_for(self, video_id: str, state: str, seconds: float = 60) -> dict[str, Any]:
        what = f"the delivery to be {state}"
        return wait_until(lambda: (d := self.delivery(video_id))["state"] == state and d, what, seconds=seconds)

    def wait_for_all(self, count: int, seconds: float = 60) -> None:
        def all_delivered() -> bool:
            totals = self.app.request("GET", "/api/videos/storage-stats").json()["deliveries"]["s3"]
            return bool(set(totals) == {"delivered"} and totals["delivered"]["count"] == count)

        wait_until(all_delivered, f"{count} deliveries", seconds=seconds)

    def content(self, video_id: str) -> Any:
        return self.app.request("GET", f"/api/videos/{video_id}/content")

    # What really lies at the remote

    def versions(self) -> list[str]:
        """The key of every version of every object; a key that stands here twice was sent twice."""
        listed = self.client.list_objects(bucket_name=self.bucket, recursive=True, include_version=True)
        return sorted(str(item.object_name) for item in listed)

    def object(self, key: str) -> bytes:
        response = self.client.get_object(bucket_name=self.bucket, object_name=key)
        try:
            return response.read()
        finally:
            response.close()
            response.release_conn()

    def unfinished(self) -> list[tuple[str, str]]:
        """Key and id of every unfinished multipart upload."""
        listed = self.client._list_multipart_uploads(self.bucket)
        return [(upload.object_name, str(upload.upload_id)) for upload in listed.uploads]

    def assert_one_object(self, content: bytes) -> None:
        (key,) = self.versions()
        assert self.object(key) == content
        assert self.unfinished() == []

    def parts_sent(self) -> dict[int, int]:
        """How often each part was sent whole, through the proxy."""
        found: dict[int, int] = {}
        for request in self.proxy.requests:
            number = re.search(r"partNumber=(\d+)", request.target)
            if request.method == "PUT" and request.status == 200 and number:
                found[int(number[1])] = found.get(int(number[1]), 0) + 1
        return found

    # Processes and time

    def start_all(self) -> None:
        """Start web and worker, and wait for both: a worker that is still loading knows no orderly stop."""
        ups = self._workers_up()
        self.app.start()
        wait_until(lambda: self._workers_up() > ups, "the worker to be up")

    def _workers_up(self) -> int:
        return self.app.log_file.read_text().count(" worker_up ") if self.app.log_file.exists() else 0

    def second_worker(self) -> ServerProcess:
        """One more worker of the same installation."""
        first = self.app.process("worker")
        process = ServerProcess(
            "worker-2", first.command, self.app.home / "worker-2.log", self.app.environ, self.app.home
        )
        process.start()
        self.app._processes["worker-2"] = process  # so that it is ended with the others
        return process

    @contextmanager
    def ledger(self) -> Iterator[Database]:
        """The installation's database, to look at and to turn its clock."""
        database = Database(load_settings(self.app.environ, None).catalog_url)
        try:
            yield database
        finally:
            database.close()

    def run_leases_out(self, name: str = "worker") -> None:
        """What half a minute does to the claims of a worker that is gone, or frozen."""
        with self.ledger() as database, database.write() as session:
            past = datetime.now(UTC) - timedelta(seconds=1)
            its = Delivery.leased_by.endswith(f":{self.app.process(name).pid}")
            left = update(Delivery).where(Delivery.state == DeliveryState.IN_PROGRESS, its)
            session.execute(left.values(lease_until=past, next_attempt_at=past))

    def sidecar(self, video_id: str) -> Path:
        shown = self.app.request("GET", f"/api/videos/{video_id}").json()["video"]
        return self.app.storage_path / f"{shown['relative_path']}.json"

    def close(self) -> None:
        self.proxy.close()


def timed(work: Any) -> tuple[Any, float]:
    started = time.monotonic()
    return work(), time.monotonic() - started


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else f'"{value}"'
