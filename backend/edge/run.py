"""The edge process: the device over the offers on disk, from its start to an orderly end. It needs no catalog."""

from __future__ import annotations

import asyncio
import hashlib
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from backend.confine import Confinement
from backend.disk.layout import Layout
from backend.edge.device import EdgeDevice
from backend.edge.device_service import Identity
from backend.edge.digest_auth import Credentials
from backend.edge.footage import Footage
from backend.edge.offered import OfferedFootage
from backend.edge.pace import Pace
from backend.errors import SettingsError
from backend.log import UploadLog
from backend.offers.book import Book
from backend.settings import Settings, is_loopback
from backend.signing import load_edge_password, load_signer

_VERSION = "1.0"  # of what the device can do, for those who ask for its firmware


def run_edge(settings: Settings, *, wanted: bool, mib_per_second: float | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Not `wanted`: wait for that and listen on nothing, since whoever starts processes
    by a list takes the end of one for a fault. `mib_per_second`: what all streams together may take; None: no limit.
    Raises SettingsError for a port that cannot be had."""
    log = UploadLog(settings.log_dir.absolute(), settings.log_level, settings.log_format)
    if wanted:
        if is_loopback(settings.edge_host or settings.host):
            log.write("warning", "edge_loopback", reason="only this machine can reach it: set EDGE_HOST, or HOST")
        layout = Layout(settings.storage_path.absolute())
        with closing(OfferedFootage(Book(layout), Confinement(settings.ffmpeg_folder), log)) as footage:
            asyncio.run(_serve(open_device(settings, footage, log, mib_per_second), log))
    else:
        log.write("info", "edge_idle", reason="no target of kind milestone is enabled")
        asyncio.run(_wait())


def open_device(settings: Settings, footage: Footage, log: UploadLog, mib_per_second: float | None) -> EdgeDevice:
    layout = Layout(settings.storage_path.absolute())
    try:
        password = settings.edge_password.get_secret_value() or load_edge_password(layout.keys)
        serial = hashlib.sha256(load_signer(layout.keys).kid.encode()).hexdigest()[:12]
    except FileNotFoundError as error:
        raise SettingsError(
            [f"STORAGE_PATH={settings.storage_path}: nothing was prepared there yet; `video_manager release` does it"]
        ) from error
    return EdgeDevice(
        footage=footage,
        identity=Identity(serial, _VERSION),
        credentials=Credentials(settings.edge_username, password),
        log=log,
        host=settings.edge_host or settings.host,
        soap_port=settings.edge_port,
        rtsp_port=settings.edge_rtsp_port,
        pace=Pace(mib_per_second),
    )


async def _serve(device: EdgeDevice, log: UploadLog) -> None:
    async with _told_to_stop() as stop, device.listening():
        await stop.wait()
    log.write("info", "edge_down")


async def _wait() -> None:
    async with _told_to_stop() as stop:
        await stop.wait()


@asynccontextmanager
async def _told_to_stop() -> AsyncIterator[asyncio.Event]:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    yield stop
