"""A running installation that makes exports with the real ffmpeg: what is ordered, what is got, and what lies there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import update

from backend.catalog.database import Database
from backend.catalog.models import Export
from backend.settings import load_settings
from tests.services import stamped
from tests.services.app import RunningApp
from tests.services.media import still_running
from tests.services.waiting import wait_until

PATH = "/api/v1/storage/exports"
CAMERA = stamped.CAMERA


@dataclass
class Site:
    app: RunningApp

    def record(self, path: Path, start: float, end: float, camera: str = CAMERA) -> str:
        form = {
            "video": (path.name, path.read_bytes(), "video/mp4"), "camera_id": camera,
            "start_time": stamped.at(start).isoformat(), "end_time": stamped.at(end).isoformat(),
        }  # fmt: skip
        answer = self.app.request("POST", "/api/upload-video", fields=form)
        assert answer.status == 201, answer.data
        return str(answer.json()["video_id"])

    def order(self, start: float, end: float, *cameras: str, **more: Any) -> str:
        times = {"start_time": stamped.at(start).isoformat(), "end_time": stamped.at(end).isoformat()}
        answer = self.app.request("POST", PATH, json={"camera_ids": list(cameras or (CAMERA,)), **times, **more})
        assert answer.status == 202, answer.data
        return str(answer.json()["id"])

    def told(self, export_id: str) -> dict[str, Any]:
        answer = self.app.request("GET", f"{PATH}/{export_id}")
        assert answer.status == 200, answer.data
        shown: dict[str, Any] = answer.json()
        return shown

    def wait_for(self, export_id: str, met: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        last: dict[str, Any] = {}

        def asked() -> bool:
            last.update(self.told(export_id))
            return met(last)

        try:
            wait_until(asked, what, seconds=120)
        except AssertionError as error:
            tail = "\n".join(self.app.log_file.read_text().splitlines()[-15:])
            raise AssertionError(f"{error}; it is {last}\n{tail}") from None
        return last

    def made(self, export_id: str) -> dict[str, Any]:
        ended = self.wait_for(export_id, lambda e: e["status"] in ("COMPLETED", "FAILED"), "it to be made")
        assert ended["status"] == "COMPLETED", ended
        return ended

    def fetched(self, export_id: str, folder: Path) -> Path:
        answer = self.app.request("GET", f"{PATH}/{export_id}/download")
        assert answer.status == 200, answer.data
        place = folder / str(self.told(export_id)["filename"])
        place.write_bytes(answer.data)
        return place

    def set(self, export_id: str, **values: Any) -> None:
        database = Database(load_settings(self.app.environ, None).catalog_url)
        with database.write() as session:
            session.execute(update(Export).where(Export.id == export_id).values(**values))
        database.close()

    def workspaces(self) -> list[Path]:
        return list((self.app.storage_path / "incoming").glob("media-*"))

    def results(self) -> list[Path]:
        return sorted((self.app.storage_path / "exports").glob("*/*"))

    def all_ended(self) -> bool:
        return not self.workspaces() and not still_running(self.app.storage_path)
