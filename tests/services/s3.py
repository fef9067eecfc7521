"""Real S3 servers for the tests: Ceph's radosgw, and a MinIO binary as well when one is on PATH."""

from __future__ import annotations

import os
import shutil
from abc import abstractmethod
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from minio import Minio

from tests.services import ceph
from tests.services.process import Server, ServerProcess, find_program, free_port
from tests.services.scratch import scratch_folder

ACCESS_KEY = "testaccesskey"
SECRET_KEY = "testsecretkey123"
_bucket_numbers = count(1)


@dataclass
class S3Server(Server):
    """An S3 server on 127.0.0.1. `stop`, `kill9` and `pause` hit what answers the requests; data stay."""

    folder: Path
    port: int
    gateway: ServerProcess
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def client(self) -> Minio:
        """A client of the test's own, to look at what really lies there."""
        return Minio(self.endpoint, access_key=self.access_key, secret_key=self.secret_key, secure=False)

    def fresh_bucket(self) -> str:
        """Make an empty bucket and return its name."""
        name = self.unused_bucket_name()
        self.client().make_bucket(bucket_name=name)
        return name

    def unused_bucket_name(self) -> str:
        return f"test-{os.getpid()}-{next(_bucket_numbers)}"

    def start(self) -> None:
        self.gateway.start()
        self.gateway.wait_for_port(self.port)

    def kill9(self) -> None:
        self.gateway.kill9()

    def stop(self) -> None:
        # radosgw takes its time over SIGTERM, and a test that wants it gone gains nothing by waiting.
        self.gateway.kill9()

    def pause(self) -> None:
        self.gateway.pause()

    def resume(self) -> None:
        self.gateway.resume()

    @abstractmethod
    def close(self) -> None:
        """End all processes and delete the data."""


@dataclass
class Radosgw(S3Server):
    cluster: ceph.Cluster | None = None

    @classmethod
    def boot(cls) -> Radosgw:
        # Not /tmp: the store writes with O_DIRECT, which a memory disk may refuse.
        folder = scratch_folder("s3", parent=Path("/var/tmp"))
        port = free_port()
        cluster = ceph.Cluster.create(folder, gateway_port=port)
        cluster.add_user(ACCESS_KEY, SECRET_KEY)
        server = cls(folder, port, cluster.daemon("radosgw", "-f", "-n", "client.rgw"), cluster=cluster)
        server.start()
        return server

    def close(self) -> None:
        self.gateway.kill9()
        if self.cluster:
            self.cluster.close()
        shutil.rmtree(self.folder)


@dataclass
class MinioServer(S3Server):
    @classmethod
    def boot(cls) -> MinioServer:
        folder, port = scratch_folder("minio"), free_port()
        command = [find_program("minio", package="minio"), "server", str(folder / "data")]
        command += ["--address", f"127.0.0.1:{port}"]
        environ = {**os.environ, "MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY}
        server = cls(folder, port, ServerProcess("minio", command, folder / "minio.log", environ))
        server.start()
        return server

    def close(self) -> None:
        self.gateway.kill9()
        shutil.rmtree(self.folder)


def available_servers() -> dict[str, type[Radosgw | MinioServer]]:
    """radosgw always, so that its absence fails; MinIO, which Debian does not pack, where there is one."""
    servers: dict[str, type[Radosgw | MinioServer]] = {"radosgw": Radosgw}
    if shutil.which("minio"):
        servers["minio"] = MinioServer
    return servers
