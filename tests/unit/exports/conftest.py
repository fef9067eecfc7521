"""Exports of an installation on either database: recordings that are videos, and a worker's runner, turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.catalog import videos
from backend.catalog.gaps import gaps, joined
from backend.catalog.models import Export, Video
from backend.errors import Incomplete, NothingRecorded
from backend.exports.desk import Requester
from backend.exports.findings import CameraFindings, Made, MadeFile, Used
from backend.exports.order import read_order
from backend.exports.runner import ExportRunner
from backend.exports.wish import Problem, Recording, Wish
from backend.exports.work import Allowance, ExportWork
from backend.exports.workshop import Maker, Workshop
from tests.services.waiting import wait_until
from tests.unit.web.conftest import Open, Site, idle_apps, open_site, site

__all__ = ["idle_apps", "open_site", "site"]

CAMERA, OTHER = "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174001"
AT = datetime(2026, 1, 31, 10, tzinfo=UTC)
ANN = Requester("ann", "Ann")


def simple_maker(wish: Wish, recordings: Sequence[Recording], work: ExportWork) -> Made:
    """All bytes of a camera's recordings one after the other, behind an mp4's first box: quick, and easily checked."""
    work.tell(0.5, "cutting")
    files, cameras = [], []
    problems = [
        Problem(one.trouble_kind, one.camera_id, one.segment_id, one.filename, one.bounds, one.trouble)
        for one in recordings
        if one.trouble_kind
    ]
    if problems and wish.incomplete == "fail":
        raise Incomplete("A part cannot be had.", [one.as_json() for one in problems])
    for camera_id in wish.camera_ids:
        good = [one for one in recordings if one.camera_id == camera_id and one.path is not None]
        inside = [(one, part) for one in good if (part := one.bounds.within(wish.bounds))]
        stretches = tuple(joined(part for _, part in inside))
        if good:
            content = b"".join(one.path.read_bytes() for one in good if one.path)
            path = work.workspace / f"{camera_id}.{wish.format}"
            begin = b"\x00\x00\x00\x10ftypisom\x00\x00\x02\x00" if wish.format == "mp4" else b"\x1a\x45\xdf\xa3"
            path.write_bytes(begin + _mdat(content))
            files.append(MadeFile(path, path.name, camera_id))
        cameras.append(
            CameraFindings(
                camera_id=camera_id,
                asked=wish.bounds,
                given=None if not stretches else type(wish.bounds)(stretches[0].start, stretches[-1].end),
                stretches=stretches,
                gaps=tuple(gaps(stretches, wish.bounds)),
                problems=tuple(one for one in problems if one.camera_id == camera_id),
                sources=tuple(Used(one.segment_id, part) for one, part in inside),
                encoded=False,
                why_encoded="",
            )
        )
    if not files:
        raise NothingRecorded("Nothing was recorded.")
    return Made(tuple(files), tuple(cameras))


def _mdat(content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + b"mdat" + content


@dataclass
class Studio:
    """One installation, its recordings, and the runners of its workers."""

    site: Site
    make: Maker = simple_maker
    runners: list[ExportRunner] = field(default_factory=list)
    reserve_bytes: int = 0

    def record(
        self, camera: str = CAMERA, start: float = 0, seconds: float = 60, content: bytes = b"", **fields: Any
    ) -> str:
        """A segment that begins so many seconds after AT; its id."""
        begin = AT + timedelta(seconds=start)
        times = {"start_time": begin.isoformat(), "end_time": (begin + timedelta(seconds=seconds)).isoformat()}
        content = content or f"segment {start} of {camera}".encode() * 100
        answer = self.site.upload("cam.mp4", content, camera_id=camera, **{**times, **fields})
        assert answer.status_code == 201, answer.get_json()
        return str(answer.get_json()["video_id"])

    def order(self, *cameras: str, seconds: float = 120, who: Requester = ANN, **more: Any) -> str:
        end = (AT + timedelta(seconds=seconds)).isoformat()
        body = {"camera_ids": list(cameras or (CAMERA,)), "start_time": AT.isoformat(), "end_time": end, **more}
        return self.site.services.exports.create(read_order(body), who).id

    def runner(self, at_once: int = 1) -> ExportRunner:
        services = self.site.services
        workshop = Workshop(
            layout=services.layout, database=services.database, restorer=services.restorer, tools=services.tools,
            allowance=Allowance(1, 1024**3, 120), signer=services.signer, log=services.log, node="here",
            reserve_bytes=self.reserve_bytes, make_files=self.make, bucket=services.exports.bucket,
        )  # fmt: skip
        made = ExportRunner(services.database, workshop, services.log, "here", at_once)
        self.runners.append(made)
        return made

    def run(self, export_id: str, *statuses: str) -> Export:
        """Let a worker work until the export has one of these states."""
        runner = self.runner()

        def done() -> bool:
            runner.turn()
            return runner.is_idle and self.row(export_id).status in (statuses or ("COMPLETED", "FAILED"))

        wait_until(done, "the export to end", seconds=60)
        return self.row(export_id)

    def row(self, export_id: str) -> Export:
        return self.site.services.exports.get(export_id)

    def set(self, export_id: str, **values: Any) -> None:
        with self.site.services.database.write() as session:
            row = session.get(Export, export_id)
            assert row is not None
            for name, value in values.items():
                setattr(row, name, value)

    def video(self, video_id: str) -> Video:
        with self.site.services.database.read() as session:
            return videos.get(session, video_id)

    def path_of(self, video_id: str) -> Path:
        return self.site.services.layout.absolute(self.video(video_id).relative_path)

    def result(self, export: Export) -> Path:
        assert export.file_path is not None
        return self.site.services.layout.absolute(export.file_path)

    def log(self) -> str:
        return self.site.services.log.path.read_text()

    def workspaces(self) -> list[Path]:
        return [path for path in self.site.services.layout.incoming.iterdir() if path.is_dir()]


@pytest.fixture
def studio(site: Site) -> Iterator[Studio]:
    made = Studio(site)
    yield made
    _end(made)


@pytest.fixture
def open_studio(open_site: Open) -> Iterator[Callable[..., Studio]]:
    opened: list[Studio] = []

    def make(targets: str = "", **env: str) -> Studio:
        opened.append(Studio(open_site(targets, **env)))
        return opened[-1]

    yield make
    for one in opened:
        _end(one)


def _end(studio: Studio) -> None:
    for runner in studio.runners:
        runner.finish()
