"""The places that the contract is tried on: one class per kind, with a way to see and spoil what really lies there."""

from __future__ import annotations

import json
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from backend.targets.base import Target
from backend.targets.config_table import read_table
from backend.targets.registry import build_target
from tests.services.drive.server import DriveServer
from tests.services.lying_s3 import LyingS3
from tests.services.s3 import S3Server

MIB = 1024 * 1024


@dataclass(frozen=True)
class Wrong:
    """A configuration that cannot work, and what `check` must say about it (a regular expression)."""

    table: Mapping[str, Any]
    words: str


class Place(ABC):
    """What a kind's target writes to, seen from outside the target."""

    kind: str

    @abstractmethod
    def table(self) -> dict[str, Any]:
        """The [[target]] table."""

    @abstractmethod
    def objects(self) -> dict[str, bytes]:
        """Everything that lies there under a name."""

    @abstractmethod
    def leftovers(self) -> list[str]:
        """Everything unfinished that lies there."""

    @abstractmethod
    def mark(self) -> object:
        """Something that differs as soon as anything more was written there."""

    @abstractmethod
    def spoil(self, key: str, content: bytes) -> None:
        """Replace a copy behind the target's back."""

    @abstractmethod
    def lose(self, key: str) -> None:
        """Remove a copy behind the target's back."""

    @abstractmethod
    def unreachable(self) -> Any:
        """A context in which the place does not answer."""

    @abstractmethod
    def wrong(self) -> list[Wrong]:
        """Configurations that `check` must explain."""

    @abstractmethod
    def close(self) -> None:
        """Stop what was started for this place alone."""

    def target(self, **changes: Any) -> Target:
        return target_of({**self.table(), **changes})


def target_of(table: Mapping[str, Any]) -> Target:
    problems: list[str] = []
    config = read_table(table, "test", problems)
    assert config is not None, problems
    return build_target(config)


class FolderPlace(Place):
    kind = "folder"

    def __init__(self, root: Path, publish: str) -> None:
        self.root = root / "second disk"
        self.root.mkdir()
        self._publish = publish

    def table(self) -> dict[str, Any]:
        return {"name": "nas", "kind": "folder", "path": str(self.root), "publish": self._publish}

    def _files(self) -> Iterator[Path]:
        return (path for path in self.root.rglob("*") if path.is_file())

    def objects(self) -> dict[str, bytes]:
        named = {str(path.relative_to(self.root)): path for path in self._files()}
        return {name: path.read_bytes() for name, path in named.items() if not name.startswith(".")}

    def leftovers(self) -> list[str]:
        return [path.name for path in self._files() if path.relative_to(self.root).parts[0].startswith(".")]

    def mark(self) -> object:
        return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in self._files()}

    def spoil(self, key: str, content: bytes) -> None:
        (self.root / key).write_bytes(content)

    def lose(self, key: str) -> None:
        (self.root / key).unlink()

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        away = self.root.with_name("taken away")
        self.root.rename(away)
        try:
            yield
        finally:
            away.rename(self.root)

    def wrong(self) -> list[Wrong]:
        file = self.root.with_name("a file")
        file.write_text("not a folder")
        return [
            Wrong({**self.table(), "path": "/nowhere/at/all"}, r"/nowhere/at/all is not there.*mount"),
            Wrong({**self.table(), "path": str(file)}, "is not a folder"),
            Wrong({**self.table(), "require_mount": True}, r"Nothing is mounted at .*Mount it"),
        ]

    def close(self) -> None:
        """Nothing runs for it."""


class ExamplePlace(Place):
    kind = "example"

    def __init__(self, root: Path) -> None:
        self._file = root / "copies.db"

    def table(self) -> dict[str, Any]:
        return {"name": "outside", "kind": "example", "file": str(self._file)}

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._file)) as database, database:
            return database.execute(statement, values).fetchall()

    def objects(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for key, data in self._ask("SELECT key, data FROM piece ORDER BY key, number"):
            found[key] = found.get(key, b"") + data
        return found

    def leftovers(self) -> list[str]:
        return []

    def mark(self) -> object:
        return self._ask("PRAGMA data_version"), self._file.stat().st_mtime_ns

    def spoil(self, key: str, content: bytes) -> None:
        self.lose(key)
        self._ask("INSERT INTO piece VALUES (?, 0, ?)", key, content)

    def lose(self, key: str) -> None:
        self._ask("DELETE FROM piece WHERE key = ?", key)

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        away = self._file.parent.with_name("taken away")
        self._file.parent.rename(away)
        try:
            yield
        finally:
            away.rename(self._file.parent)

    def wrong(self) -> list[Wrong]:
        return [Wrong({**self.table(), "file": "/nowhere/at/all.db"}, "is not there")]

    def close(self) -> None:
        """Nothing runs for it."""


class S3Place(Place):
    """A bucket of a real server, reached through a proxy that counts what passes and can break it."""

    def __init__(self, kind: str, server: S3Server) -> None:
        self.kind = kind
        self.server = server
        self.proxy = LyingS3(server.port)
        self.bucket = server.unused_bucket_name()
        self.client = server.client()

    def table(self) -> dict[str, Any]:
        return {
            "name": self.kind,
            "kind": self.kind,
            "endpoint": self.proxy.endpoint,
            "access_key": self.server.access_key,
            "secret_key": self.server.secret_key,
            "secure": False,
            "bucket": self.bucket,
            "part_mib": 5,
            "part_concurrency": 2,
            "read_timeout_seconds": 20,
        }

    def objects(self) -> dict[str, bytes]:
        listed = self.client.list_objects(bucket_name=self.bucket, recursive=True)
        return {str(item.object_name): self._content(str(item.object_name)) for item in listed}

    def _content(self, key: str) -> bytes:
        response = self.client.get_object(bucket_name=self.bucket, object_name=key)
        with closing(response):
            return response.read()

    def leftovers(self) -> list[str]:
        listed = self.client._list_multipart_uploads(self.bucket)
        return [f"{upload.object_name} {upload.upload_id}" for upload in listed.uploads]

    def mark(self) -> object:
        return self.proxy.sent_bytes()

    def spoil(self, key: str, content: bytes) -> None:
        self.client.put_object(bucket_name=self.bucket, object_name=key, data=BytesIO(content), length=len(content))

    def lose(self, key: str) -> None:
        self.client.remove_object(bucket_name=self.bucket, object_name=key)

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        self.proxy.pause()
        try:
            yield
        finally:
            self.proxy.resume()

    def wrong(self) -> list[Wrong]:
        table = self.table()
        return [
            Wrong({**table, "secret_key": "not-the-secret"}, "does not accept the secret key.*Correct"),
            Wrong({**table, "access_key": "nobody"}, "does not know the access key.*Correct"),
            Wrong({**table, "endpoint": "no-such-host.invalid:9000"}, "host name is unknown"),
            Wrong({**table, "endpoint": "127.0.0.1:9", "connect_timeout_seconds": 1}, "refused the connection"),
            Wrong(
                {**table, "endpoint": self.server.endpoint, "secure": True},
                "certificate is not accepted|does not answer like",
            ),
            Wrong({**table, "create_bucket": False, "bucket": "never-made"}, "no bucket “never-made”"),
            Wrong({**table, "region": "mars-1", "secret_key": "not-the-secret"}, "does not accept the secret key"),
        ]

    def close(self) -> None:
        self.proxy.close()


class DrivePlace(Place):
    """A shared drive of the emulator, and a service account that is one of its content managers."""

    kind = "drive"

    def __init__(self, root: Path) -> None:
        self.server = DriveServer()
        self.account = self.server.service_account("bot@holdfast.iam.gserviceaccount.com")
        self.drive_id = self.server.shared_drive("Team", {self.account["client_email"]: "fileOrganizer"})
        self._root = root
        self._credentials = self.file("key.json", self.account)

    def file(self, name: str, content: Mapping[str, Any]) -> str:
        """Write a credentials file; its path."""
        path = self._root / name
        path.write_text(json.dumps(content))
        return str(path)

    def table(self) -> dict[str, Any]:
        return {
            "name": "drive",
            "kind": "drive",
            "credentials": self._credentials,
            "folder_id": self.drive_id,
            "root_url": self.server.root_url,
            "chunk_mib": 5,
            "read_timeout_seconds": 20,
        }

    def objects(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for file in self.server.live_files(self.drive_id):
            # Drive allows two files of one name: the second must not hide behind the first.
            found[f"{file.path} again" if file.path in found else file.path] = file.content
        return found

    def leftovers(self) -> list[str]:
        """Nothing unfinished is to be seen in Drive: a session that nobody knows of ends by itself."""
        return []

    def mark(self) -> object:
        asked = [r for r in self.server.requests if r.method != "GET" and r.kind != "token"]
        return self.server.upload_bytes(), len(asked)

    def _id(self, key: str) -> str:
        return next(file.id for file in self.server.live_files(self.drive_id) if file.path == key)

    def spoil(self, key: str, content: bytes) -> None:
        self.server.replace_content(self._id(key), content)

    def lose(self, key: str) -> None:
        self.server.remove(self._id(key))

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        self.server.pause()
        try:
            yield
        finally:
            self.server.resume()

    def wrong(self) -> list[Wrong]:
        table = self.table()
        nobody = self.server.service_account("nobody@holdfast.iam.gserviceaccount.com")
        return [
            Wrong({**table, "credentials": "/nowhere/key.json"}, r"/nowhere/key.json is not there.*login drive"),
            Wrong({**table, "credentials": self.file("client.json", self.server.client_secrets())}, "OAuth client"),
            Wrong({**table, "credentials": self.file("nobody.json", nobody)}, "Share it with nobody@holdfast"),
            Wrong({**table, "folder_id": "no-such-folder"}, "shows no folder “no-such-folder”"),
            Wrong({**table, "subject": "boss@example.org"}, "domain-wide delegation"),
            Wrong({**table, "root_url": "http://127.0.0.1:9/"}, "refused the connection"),
        ]

    def close(self) -> None:
        self.server.close()


PlaceMaker = Callable[[Path, Callable[[str], S3Server]], Place]


def _s3(kind: str, server: str) -> PlaceMaker:
    return lambda _root, servers: S3Place(kind, servers(server))


def place_makers(servers: list[str]) -> dict[str, PlaceMaker]:
    """Every place to try the contract on. A kind that is registered and not here fails the suite."""
    makers: dict[str, PlaceMaker] = {
        "folder": lambda root, _: FolderPlace(root, "link"),
        "folder, by rename": lambda root, _: FolderPlace(root, "rename"),
        "folder, by claim": lambda root, _: FolderPlace(root, "exclusive"),
        "example": lambda root, _: ExamplePlace(root),
        "drive": lambda root, _: DrivePlace(root),
    }
    for server in servers:
        makers[f"minio on {server}"] = _s3("minio", server)
        makers[f"s3 on {server}"] = _s3("s3", server)
    return makers


KINDS = {place.kind for place in (FolderPlace, ExamplePlace, DrivePlace)} | {"minio", "s3", "redis"}


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
