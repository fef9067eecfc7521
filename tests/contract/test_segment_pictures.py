"""Pictures of segments in a real S3 bucket: the seed's variables name it, and the picture lies there as it was made."""

from __future__ import annotations

from pathlib import Path

from backend.outbox.places import open_places
from backend.outbox.segment_pictures import PictureCourier, open_picture_bucket
from backend.settings import load_settings
from tests.services.ledger import Ledger
from tests.services.s3 import S3Server
from tests.unit.outbox.test_segment_pictures import CAMERA, PICTURE, record


def test_the_bucket_of_thumbnails_gets_and_loses_the_picture(
    s3_server: S3Server, tmp_path: Path, sqlite_url: str
) -> None:
    environ = {
        "STORAGE_BACKEND": "MINIO", "MINIO_ENDPOINT": s3_server.endpoint, "MINIO_ACCESS_KEY": s3_server.access_key,
        "MINIO_SECRET_KEY": s3_server.secret_key, "MINIO_BUCKET_RECORDINGS": s3_server.unused_bucket_name(),
        "MINIO_BUCKET_THUMBNAILS": (bucket := s3_server.unused_bucket_name()),
        "STORAGE_PATH": str(tmp_path / "storage"),
    }  # fmt: skip
    found = open_picture_bucket(open_places(load_settings(environ, None), environ))
    assert found is not None
    assert found.name == "minio"
    ledger = Ledger.on_tables(tmp_path, sqlite_url, TRASH_DAYS="0")
    courier = PictureCourier(ledger.database, ledger.services.layout, ledger.services.log, found)
    video_id = record(ledger)
    assert courier.run_due() == 1
    client, key = s3_server.client(), f"{CAMERA}/{video_id}.jpg"
    answer = client.get_object(bucket_name=bucket, object_name=key)
    assert (answer.read(), answer.headers["Content-Type"]) == (PICTURE, "image/jpeg")
    answer.close()
    answer.release_conn()
    ledger.services.trash.throw_away(video_id, "ann")
    ledger.services.trash.purge_due()
    assert courier.run_due() == 1
    assert list(client.list_objects(bucket_name=bucket, recursive=True)) == []
    ledger.services.close()
