"""A real Redis for the tests: empty, in a temporary folder; what it holds survives its own restart."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.services.process import Server, ServerProcess, find_program, free_port
from tests.services.scratch import scratch_folder


@dataclass
class RedisServer(Server):
    folder: Path
    port: int
    process: ServerProcess

    @classmethod
    def boot(cls) -> RedisServer:
        program = find_program("redis-server", package="redis-server")
        folder, port = scratch_folder("redis"), free_port()
        options = {
            "bind": "127.0.0.1",
            "port": str(port),
            "dir": str(folder),
            "appendonly": "yes",
            "save": "",
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

    def stop(self) -> None:
        self.process.stop()

    def kill9(self) -> None:
        self.process.kill9()

    def pause(self) -> None:
        self.process.pause()

    def resume(self) -> None:
        self.process.resume()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)
