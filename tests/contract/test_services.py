"""The servers that tests stand on keep their own promises: same port and data, whatever was done to them."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import psycopg
import pytest
import urllib3
from minio import Minio
from minio.error import S3Error

from tests.services.postgres import PostgresServer
from tests.services.process import answers
from tests.services.redis import RedisServer
from tests.services.s3 import S3Server
from tests.services.scratch import scratch_folder


def put(client: Minio, bucket: str, name: str, data: bytes) -> None:
    client.put_object(bucket_name=bucket, object_name=name, data=io.BytesIO(data), length=len(data))


def get(client: Minio, bucket: str, name: str) -> bytes:
    answer = client.get_object(bucket_name=bucket, object_name=name)
    try:
        return answer.read()
    finally:
        answer.close()
        answer.release_conn()


def test_an_acknowledged_object_survives_the_kill_of_the_s3_server(s3_server: S3Server) -> None:
    bucket = s3_server.fresh_bucket()
    put(s3_server.client(), bucket, "a/b.bin", b"bytes" * 1000)
    s3_server.kill9()
    assert not answers(s3_server.port)
    s3_server.start()
    assert get(s3_server.client(), bucket, "a/b.bin") == b"bytes" * 1000


def test_a_wrong_key_is_refused_by_the_s3_server(s3_server: S3Server) -> None:
    stranger = Minio(s3_server.endpoint, access_key="nobody", secret_key="wrongwrong", secure=False)
    with pytest.raises(S3Error, match="InvalidAccessKeyId"):
        stranger.list_buckets()


def test_a_paused_s3_server_answers_again_when_resumed(s3_server: S3Server) -> None:
    with s3_server.paused(), pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", f"http://{s3_server.endpoint}/", timeout=1, retries=False)
    assert s3_server.client().list_buckets() is not None


def test_a_fresh_database_is_empty_and_survives_the_kill_of_postgres(postgres_server: PostgresServer) -> None:
    url = postgres_server.fresh_database()
    name = url.rpartition("/")[2]
    with postgres_server.connect(name) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert tables == []
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        postgres_server.kill9()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    postgres_server.start()
    with postgres_server.connect(name) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_redis_keeps_its_port_over_a_restart(redis_server: RedisServer) -> None:
    with redis_server.stopped():
        assert not answers(redis_server.port)
    assert answers(redis_server.port)


def test_the_browser_is_there(chromium_path: Path) -> None:
    assert chromium_path.is_file()


def test_what_a_killed_test_run_left_behind_is_removed_and_what_runs_is_left(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, used = (tmp_path / f"holdfast-s3-{pid}-x" for pid in (ended.pid, os.getpid()))
    left.mkdir()
    used.mkdir()
    fresh = scratch_folder("s3", parent=tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([used, fresh])
