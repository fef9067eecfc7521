"""The durable engine with an object store of its own: what `get_storage_backend("s3", …)` promises, on a real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.storage import AutoStorage, get_storage_backend
from tests.contract.engines import MP4
from tests.contract.places import S3Place

pytestmark = pytest.mark.service


@pytest.mark.parametrize("kind", ["s3", "minio"])
def test_what_is_stored_is_copied_to_the_store_and_read_back(kind: str, bucket: S3Place, tmp_path: Path) -> None:
    table = {name: value for name, value in bucket.table().items() if name not in ("name", "kind")}
    with get_storage_backend(kind, {**table, "storage_path": tmp_path / "videos", "min_free_bytes": 0}) as storage:
        assert isinstance(storage, AutoStorage)
        key = storage.store_video(MP4, {"title": "Gate"})
        assert storage.wait_until_delivered(key)
        assert storage.deliveries(key) == {kind: "delivered"}
    assert list(bucket.objects().values()) == [MP4]
