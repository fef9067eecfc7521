"""A real Redis for the tests: empty, in a temporary folder; what it holds survives its own restart."""

from __future__ import annotations

import shutil
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.services.process import Server, ServerProcess, find_program, free_port
from tests.services.scratch import memory_disk, scratch_folder
from tests.services.waiting import wait_until


@dataclass
class RedisServer(Server):
    folder: Path
    port: int
    process: ServerProcess

    @classmethod
    def boot(cls, **more: str) -> RedisServer:
        """`more`: options of redis-server, such as `maxmemory="64mb"` or `cluster_enabled="yes"`."""
        program = find_program("redis-server", package="redis-server")
        folder, port = scratch_folder("redis", parent=memory_disk()), free_port()
        options = {
            "bind": "127.0.0.1",
            "port": str(port),
            "dir": str(folder),
            "appendonly": "yes",
            "save": "",
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        command = [program, *(part for name, value in options.items() for part in (f"--{name}", value))]
        server = cls(folder, port, ServerProcess("redis", command, folder / "redis.log", cwd=folder))
        server.start()
        return server

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.process.start()
        self.process.wait_for_port(self.port)
        wait_until(self._has_read_its_data, "Redis to have read what it kept")

    def _has_read_its_data(self) -> bool:
        with closing(redis.Redis.from_url(self.url)) as client, suppress(redis.BusyLoadingError):
            return bool(client.ping())
        return False

    def stop(self) -> None:
        self.process.stop()

    def kill9(self) -> None:
        self.process.kill9()

    def pause(self) -> None:
        self.process.pause()

    def resume(self) -> None:
        self.process.resume()

    def close(self) -> None:
        self.kill9()
        shutil.rmtree(self.folder)
