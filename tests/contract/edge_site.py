"""An edge device on free ports, with cameras made of files; and the clients that ask it."""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from backend.confine import Confinement
from backend.edge import stored
from backend.edge.clients import Patience
from backend.edge.device import EdgeDevice, Listening
from backend.edge.device_service import Identity
from backend.edge.digest_auth import Credentials
from backend.edge.footage import Camera, Footage, Frame, Recording
from backend.edge.pace import Pace
from backend.log import UploadLog
from backend.offers.entries import Codec
from backend.offers.index import Index, index

USER, PASSWORD = "milestone", 'a "quoted" pässword'
NTP_EPOCH = datetime(1900, 1, 1, tzinfo=UTC)
START = datetime(2020, 2, 27, 8, 13, 50, 250_000, tzinfo=UTC)
SECONDS = 4  # of each film
RATE = 25
GOP = 25
# For ffmpeg: no two neighbouring frames stand equally long, as with a recorder that is busy now and then.
_OF_EACH = "settb=1/90000,setpts='3600*N+mod(N*N*37,2903)'"
UNEVEN = ("-vf", _OF_EACH, "-fps_mode", "passthrough", "-enc_time_base", "1:90000")
_TOOLS = Confinement()
_CLIENT = Path(__file__).with_name("edge_gst_client.py")


@lru_cache
def _index(path: Path) -> Index:
    return index(_TOOLS, path)


@dataclass
class Shelf:
    """Cameras whose recordings are files on the disk."""

    shown: list[Camera] = field(default_factory=list)
    files: dict[str, list[tuple[Recording, Path, Index]]] = field(default_factory=dict)

    def put(self, camera: str, path: Path, at: datetime, codec: Codec = "H264") -> Recording:
        if camera not in self.files:
            self.shown.append(Camera(camera, f"Camera {camera}", codec, 160, 96, RATE))
            self.files[camera] = []
        found = _index(path)
        length = timedelta(seconds=found.last_seconds + 1 / RATE)
        recording = Recording(f"{camera}-{len(self.files[camera])}", at, at + length)
        self.files[camera].append((recording, path, found))
        return recording

    def cameras(self) -> Sequence[Camera]:
        return self.shown

    def recordings(self, camera_token: str) -> Sequence[Recording]:
        return [one for one, _, _ in self.files.get(camera_token, ())]

    def recordings_of(self, camera_tokens: Sequence[str]) -> Mapping[str, Sequence[Recording]]:
        return {token: self.recordings(token) for token in camera_tokens}

    def frames(self, camera_token: str, recording: Recording, since: datetime) -> Iterator[Frame]:
        path, found = next((p, f) for one, p, f in self.files[camera_token] if one == recording)
        return stored.frames(path, found, recording.started_at, since)


def film(folder: Path, name: str, *, codec: str = "libx264", options: Sequence[str] = (), number: int = 0) -> Path:
    """Four seconds in which every picture is another one; `number` makes another film."""
    path = folder / name
    x265 = ["-x265-params", "log-level=error:keyint=25:bframes=0"] if codec == "libx265" else ["-bf", "0"]
    picture = f"testsrc2=s=160x96:r={RATE}:d={SECONDS}"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-vf", f"hue=h={number * 70}"]
    command += [
        "-pix_fmt",
        "yuv420p",
        "-c:v",
        codec,
        "-preset",
        "ultrafast",
        "-g",
        str(GOP),
        *x265,
        *options,
        str(path),
    ]
    subprocess.run(command, check=True, timeout=60)
    return path


def pictures(source: Path | str, *options: str) -> list[str]:
    """The hash of each decoded picture, in the order they are shown in. `options`: how ffmpeg is to open it."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        *options,
        "-i",
        str(source),
        "-map",
        "0:v",
        "-fps_mode",
        "passthrough",
        "-f",
        "framemd5",
        "-",
    ]
    told = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout
    return [line.rpartition(",")[2].strip() for line in told.splitlines() if not line.startswith("#")]


@contextmanager
def serving(
    footage: Footage, folder: Path, *, patience: Patience | None = None, pace: Pace | None = None
) -> Iterator[Listening]:
    """The device in a thread, until the block ends."""
    device = EdgeDevice(
        footage,
        Identity("0123456789", "1.0"),
        Credentials(USER, PASSWORD),
        UploadLog(folder),
        host="127.0.0.1",
        soap_port=0,
        rtsp_port=0,
        patience=patience or Patience(),
        pace=pace or Pace(),
    )
    ready, stop = threading.Event(), asyncio.Event()
    found: list[Listening] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        async with device.listening() as listening:
            found.append(listening)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield found[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive(), "the device does not stop"


class Arrived(NamedTuple):
    """A frame's first packet."""

    at: datetime
    flags: int
    request_number: int
    sequence: int
    timestamp: int


@dataclass(frozen=True)
class Pulled:
    """What GStreamer's client said at its end, and got."""

    said: str
    frames: list[Arrived]
    sequences: list[int]
    stream: Path

    @property
    def times(self) -> list[datetime]:
        return [one.at for one in self.frames]


def seconds_since_1900(at: datetime) -> int:
    return (at - NTP_EPOCH) // timedelta(microseconds=1) * 1000


def pull(
    folder: Path,
    url: str,
    *,
    start: datetime | None = None,
    stop: datetime | None = None,
    password: str = PASSWORD,
    codec: Codec = "H264",
) -> Pulled:
    """By GStreamer, as fast as it goes."""
    (folder / "packets").mkdir(parents=True)
    asked: dict[str, Any] = {"url": url, "user": USER, "password": password, "codec": codec}
    asked |= {"packets": str(folder / "packets/%06d"), "stream": str(folder / "stream")}
    asked |= {"start": seconds_since_1900(start)} if start else {}
    asked |= {"stop": seconds_since_1900(stop)} if stop else {}
    command = ["/usr/bin/python3", str(_CLIENT), json.dumps(asked)]
    done = subprocess.run(command, timeout=60, capture_output=True, text=True, check=False)
    packets = [one.read_bytes() for one in sorted((folder / "packets").iterdir())]
    sequences = [int.from_bytes(one[2:4], "big") for one in packets]
    return Pulled(
        done.stdout.strip() or done.stderr, list(map(arrived, filter(_begins, packets))), sequences, folder / "stream"
    )


def _begins(packet: bytes) -> bool:
    return bool(packet[0] & 0x10) and packet[12:14] == b"\xab\xac"


def arrived(packet: bytes) -> Arrived:
    """What a frame's first packet tells of it."""
    sequence, timestamp = struct.unpack(">HI", packet[2:8])
    ntp, flags, number = struct.unpack(">QBB", packet[16:26])
    # To the nearest microsecond: a fraction of 2**32 parts is finer.
    at = NTP_EPOCH + timedelta(microseconds=round(ntp * 1_000_000 / 2**32))
    return Arrived(at, flags, number, sequence, timestamp)
