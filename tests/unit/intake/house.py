"""One installation of the intake without a web server, used as every door uses it, and its promises in one check."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import select

from backend.catalog.models import Video
from backend.disk.partial import JOURNAL_SUFFIX
from backend.disk.sidecar import read_sidecar
from backend.installation import prepare
from backend.intake.checks import read_facts
from backend.intake.receive import Caller, Intake, Saved, Upload
from backend.intake.recover import Swept
from backend.services import Services, build_services
from backend.settings import load_settings
from tests.unit.disk.border import Border

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 64
OTHER = VIDEO[::-1]
ANN = Caller(id="t-ann", name="ann")


@dataclass
class House:
    """`upload` does what a door does: open, write, save, and abandon whatever goes wrong."""

    services: Services
    root: Path

    @classmethod
    def open(cls, root: Path, **env: str) -> Self:
        """Build over what lies in `root`, which `fresh` or `copy_to` made."""
        settings = load_settings(
            {"STORAGE_PATH": str(root / "storage"), "LOG_DIR": str(root / "logs"), "MIN_FREE_BYTES": "0", **env}, None
        )
        return cls(build_services(settings, {}), root)

    @classmethod
    def fresh(cls, root: Path, **env: str) -> Self:
        root.mkdir(exist_ok=True)
        settings = load_settings({"STORAGE_PATH": str(root / "storage"), "LOG_DIR": str(root / "logs"), **env}, None)
        prepare(settings)
        return cls.open(root, **env)

    def copy_to(self, root: Path, **env: str) -> House:
        """The same installation again in another place, opened; nothing must be running in this one."""
        shutil.copytree(self.root, root, symlinks=True)
        return House.open(root, **env)

    @property
    def intake(self) -> Intake:
        return self.services.intake

    def begin(
        self, content: bytes = VIDEO, name: str = "a.mp4", *, caller: Caller = ANN, declared: int | None = None
    ) -> Upload:
        upload = self.intake.open(name, caller, "test", declared)
        self.intake.write(upload, content)
        return upload

    def save(self, upload: Upload, *, key: str = "", **fields: str | Sequence[str]) -> Saved:
        lists = {k: [v] if isinstance(v, str) else list(v) for k, v in fields.items()}
        return self.intake.save(upload, read_facts(lists, datetime.now(UTC)), key)

    def upload(
        self,
        content: bytes = VIDEO,
        name: str = "a.mp4",
        *,
        caller: Caller = ANN,
        declared: int | None = None,
        key: str = "",
        **fields: str | Sequence[str],
    ) -> Saved:
        upload = self.intake.open(name, caller, "test", declared)
        try:
            self.intake.write(upload, content)
            return self.save(upload, key=key, **fields)
        except BaseException as error:
            self.intake.abandon(upload, error)
            raise

    def sweep(self) -> Swept:
        return self.services.recovery.sweep()

    def listed(self) -> list[Video]:
        with self.services.database.read() as session:
            return list(session.scalars(select(Video).order_by(Video.created_at)))

    def video(self, video_id: str) -> Video:
        return next(v for v in self.listed() if v.id == video_id)

    def path(self, video: Video) -> Path:
        return self.services.layout.absolute(video.relative_path)

    def place(self, saved: Saved) -> Path:
        return self.path(self.video(saved.video_id))

    def check(self) -> None:
        """What is listed is whole and has its sidecar; what is on disk is listed; nothing else lies about."""
        layout, videos = self.services.layout, self.listed()
        for video in videos:
            content = self.path(video).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (video.size_bytes, video.sha256)
            doc = read_sidecar(layout.sidecar_of(video.relative_path))
            assert doc.video.sha1 == video.sha1 == hashlib.sha1(content, usedforsecurity=False).hexdigest()
            assert (doc.video.id, doc.video.bytes_id, doc.revision) == (video.id, video.bytes_id, video.revision)
        known = {v.relative_path for v in videos} | {f"{v.relative_path}.json" for v in videos}
        files = [path for kept in layout.kept for path in kept.rglob("*") if path.is_file()]
        on_disk = {str(path.relative_to(layout.root)) for path in files}
        assert on_disk == known
        # The journal of a resumable upload stays a while, for a client that lost the last answer.
        assert not [path for path in layout.incoming.iterdir() if path.suffix != JOURNAL_SUFFIX]

    def close(self) -> None:
        self.services.close()


def killed_at(number: int, root: Path, work: Callable[[House], object], weather: Callable[[Border], None]) -> bool:
    """Run `work` in a child over `root` and kill -9 it before its disk call of that number; False: it ended before."""
    child = os.fork()
    if child == 0:
        try:
            house = House.open(root)
            border = Border(root, only=lambda path: "/storage/" in path)
            border.install(pytest.MonkeyPatch())
            weather(border)
            border.kill_at(number)
            work(house)
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the work itself failed in the child"
    return False
