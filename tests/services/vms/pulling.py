"""`RetrieveEdgeStorage`: an interval of a camera's recordings, fetched from the device into the recording database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.services.drive.replies import Reply
from tests.services.vms.depacketise import Arrived, Depacketiser
from tests.services.vms.faults import CutPull, FailedPull, Faults, PartialPull, PullFault, StuckPull
from tests.services.vms.footage import Frame
from tests.services.vms.hardware import client_of
from tests.services.vms.jobs import Failed, Job, Jobs
from tests.services.vms.model import Item, World, instant, written
from tests.services.vms.objects import footage_of
from tests.services.vms.onvif_client import DeviceTrouble, OnvifClient
from tests.services.vms.onvif_search import present, recording_of, replay_uri
from tests.services.vms.refusal import Refused, bad
from tests.services.vms.rtsp_client import RtspClient

_KNOWN = {"startTime", "endTime", "identifier", "relatedTasks"}


@dataclass
class Pulls:
    world: World
    jobs: Jobs
    faults: Faults
    by_digest: bool = False  # how the driver signs in to SOAP; to RTSP always by digest
    closed_range: bool = False  # whether PLAY names the interval's end; the documented driver leaves it open
    let_go: threading.Event = field(default_factory=threading.Event)

    def begin(self, camera: Item, body: dict[str, Any]) -> Reply:
        for name in body:
            if name not in _KNOWN:
                raise bad(name, "Unknown property")
        start, end = instant(body.get("startTime")), instant(body.get("endTime"))
        if start is None or end is None:
            raise bad("startTime" if start is None else "endTime", "A time with its zone is needed")
        if end <= start:
            raise bad("endTime", "The interval is empty")
        hardware = camera.parent
        assert hardware is not None
        if not (camera.enabled and hardware.enabled):
            raise Refused(400, "The device is disabled.")
        if not camera.fields["recordingEnabled"]:
            raise Refused(400, "Recording is not enabled on the device.", "recordingEnabled")
        if not camera.fields["edgeStorageEnabled"]:
            raise Refused(400, "Edge storage is not enabled on the device.", "edgeStorageEnabled")
        fault = self.faults.take_pull()
        told = {"startTime": written(start), "endTime": written(end), "identifier": body.get("identifier", "")}
        return self.jobs.start(
            "Retrieve edge storage",
            "StorageRetrieval",
            lambda job: self._pulled(job, camera, start, end, fault),
            cameraPath=camera.path(),
            **told,
        )

    def _pulled(self, job: Job, camera: Item, start: datetime, end: datetime, fault: PullFault | None) -> None:
        if isinstance(fault, FailedPull):
            raise Failed(fault.text, fault.code)
        while isinstance(fault, StuckPull) and not (fault.let_go.wait(0.02) or self.let_go.is_set()):
            if not fault.deaf:
                job.reached(1)
        hardware = camera.parent
        assert hardware is not None
        client = client_of(hardware)
        client.by_digest = self.by_digest
        kept: list[Frame] = []
        try:
            for one in self._frames(client, camera, start, end):
                kept.append(one.frame)
                job.reached(_percent(one.frame.at, start, end))
                if isinstance(fault, CutPull) and len(kept) >= fault.after_frames:
                    raise DeviceTrouble("The line to the device broke.")
        except DeviceTrouble as error:
            raise Failed(str(error), 101) from None
        finally:
            share = fault.share if isinstance(fault, PartialPull) else 1
            footage_of(camera).keep(kept[: int(len(kept) * share)])

    def _frames(self, client: OnvifClient, camera: Item, start: datetime, end: datetime) -> Iterator[Arrived]:
        """From the keyframe at or before the start up to the end, or to the end of all."""
        client.connect()
        recording = recording_of(client, camera.hidden["source"], camera.hidden["profile"])
        if recording is None:
            raise DeviceTrouble("The device has no recording of this camera.")
        if recording.latest is None or recording.earliest is None:
            return
        there = present(client, recording, start, end)
        if not there:
            return  # nothing to fetch is no failure
        with RtspClient(replay_uri(client, recording), client.user, client.password) as line:
            track = line.describe()
            line.set_up(track)
            number = line.play(start, end if self.closed_range else None)
            for one in frames_until(line, Depacketiser(track.codec, track.payload_type), number, end):
                if one.frame.at >= start and not any(span.start <= one.frame.at < span.end for span in there):
                    raise DeviceTrouble("A frame came of a time at which the device says it has nothing.")
                yield one


def frames_until(line: RtspClient, packets: Depacketiser, number: int, end: datetime) -> Iterator[Arrived]:
    last: datetime | None = None
    for channel, content in line.packets():
        if channel != 0:
            continue  # the device's reports
        arrived = packets.take(content)
        if arrived is None:
            continue
        if arrived.request_number != number & 0xFF:
            raise DeviceTrouble("A frame came that another request had asked for.")
        if last is None and not arrived.frame.is_keyframe:
            raise DeviceTrouble("The first frame is no keyframe.")
        if last is not None and arrived.frame.at <= last:
            raise DeviceTrouble("Time went back.")
        last = arrived.frame.at
        if last < end:
            yield arrived
        if last >= end or arrived.terminal:
            line.tear_down()
            return
    raise DeviceTrouble("The device ended the replay before its end.")


def _percent(at: datetime, start: datetime, end: datetime) -> int:
    return max(1, min(99, int(100 * (at - start) / (end - start))))
