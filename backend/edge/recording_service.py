"""ONVIF's recording and replay services: one recording for each camera, with one track of video and no end to it."""

from __future__ import annotations

from dataclasses import dataclass

from backend.edge.footage import Camera, Footage
from backend.edge.rtsp_session import REPLAY, SESSION_SECONDS
from backend.edge.sdp import TRACK
from backend.edge.soap import Call, Fault, Operation
from backend.edge.soap_xml import Xml, element

_RECORDING, _JOB = "recording-", "job-"
NO_RECORDING = ("InvalidArgVal", "NoRecording")


def recording_token(camera: Camera) -> str:
    return _RECORDING + camera.token


def camera_of(footage: Footage, token: str) -> Camera:
    """Raises Fault."""
    found = next((one for one in footage.cameras() if recording_token(one) == token), None)
    if found is None:
        raise Fault("There is no recording of that token.", *NO_RECORDING)
    return found


def source(camera: Camera, name: str) -> Xml:
    """`SourceId` is the video source's token: drivers find the camera that a recording belongs to by it."""
    told = {"SourceId": camera.token, "Name": camera.name[:64], "Location": "", "Description": "", "Address": ""}
    return element(name, (element(f"tt:{key}", value) for key, value in told.items()))


@dataclass(frozen=True)
class RecordingService:
    footage: Footage

    def operations(self) -> dict[str, Operation]:
        return {
            "GetServiceCapabilities": lambda _: (recording_capabilities(),),
            "GetRecordings": lambda _: tuple(map(_item, self.footage.cameras())),
            "GetRecordingConfiguration": lambda call: (
                _configuration("trc:RecordingConfiguration", self._asked(call)),
            ),
            "GetTrackConfiguration": lambda call: (_track(self._asked(call), "trc:TrackConfiguration"),),
            "GetRecordingJobs": lambda _: tuple(map(_job, self.footage.cameras())),
            "GetRecordingJobConfiguration": lambda call: (
                _job_configuration("trc:JobConfiguration", self._job_asked(call)),
            ),
            "GetRecordingJobState": lambda call: (_job_state(self._job_asked(call)),),
        }

    def _asked(self, call: Call) -> Camera:
        return camera_of(self.footage, call.text("trc:RecordingToken"))

    def _job_asked(self, call: Call) -> Camera:
        token = call.text("trc:JobToken")
        found = next((one for one in self.footage.cameras() if _JOB + one.token == token), None)
        if found is None:
            raise Fault("There is no recording job of that token.", "InvalidArgVal", "NoRecordingJob")
        return found


def recording_capabilities() -> Xml:
    able = {"DynamicRecordings": "false", "DynamicTracks": "false", "Options": "false", "MetadataRecording": "false"}
    return element("trc:Capabilities", attributes=able)


def _item(camera: Camera) -> Xml:
    track = element("tt:Track", element("tt:TrackToken", TRACK), _track(camera, "tt:Configuration"))
    token = element("tt:RecordingToken", recording_token(camera))
    return element("trc:RecordingItem", token, _configuration("tt:Configuration", camera), element("tt:Tracks", track))


def _configuration(name: str, camera: Camera) -> Xml:
    # PT0S: kept without a limit in time, as far as the device knows.
    rest = (element("tt:Content", camera.name), element("tt:MaximumRetentionTime", "PT0S"))
    return element(name, source(camera, "tt:Source"), *rest)


def _track(camera: Camera, name: str) -> Xml:
    return element(name, element("tt:TrackType", "Video"), element("tt:Description", camera.name))


def _job(camera: Camera) -> Xml:
    token = element("tt:JobToken", _JOB + camera.token)
    return element("trc:JobItem", token, _job_configuration("tt:JobConfiguration", camera))


def _job_configuration(name: str, camera: Camera) -> Xml:
    """A job that records nothing by itself: it says which source the recording comes from."""
    kind = {"Type": "http://www.onvif.org/ver10/schema/Profile"}
    origin = element("tt:SourceToken", element("tt:Token", f"profile-{camera.token}"), attributes=kind)
    track = element("tt:Tracks", element("tt:SourceTag", "video"), element("tt:Destination", TRACK))
    return element(
        name,
        element("tt:RecordingToken", recording_token(camera)),
        element("tt:Mode", "Idle"),
        element("tt:Priority", "1"),
        element("tt:Source", origin, track),
    )


def _job_state(camera: Camera) -> Xml:
    return element("trc:State", element("tt:RecordingToken", recording_token(camera)), element("tt:State", "Idle"))


@dataclass(frozen=True)
class ReplayService:
    footage: Footage
    rtsp_port: int

    def operations(self) -> dict[str, Operation]:
        timeout = element("tt:SessionTimeout", f"PT{SESSION_SECONDS}S")
        return {
            "GetServiceCapabilities": lambda _: (replay_capabilities(),),
            "GetReplayUri": self._uri,
            "GetReplayConfiguration": lambda _: (element("trp:Configuration", timeout),),
        }

    def _uri(self, call: Call) -> tuple[Xml, ...]:
        camera = camera_of(self.footage, call.text("trp:RecordingToken"))
        protocol = call.text("trp:StreamSetup/tt:Transport/tt:Protocol")
        if protocol not in ("RTSP", "TCP", ""):
            raise Fault("Replay comes interleaved in the RTSP connection only.", "InvalidArgVal", "InvalidStreamSetup")
        return (element("trp:Uri", f"rtsp://{call.host}:{self.rtsp_port}/{REPLAY}/{camera.token}"),)


def replay_capabilities() -> Xml:
    span = f"{SESSION_SECONDS} {SESSION_SECONDS}"
    able = {"ReversePlayback": "false", "SessionTimeoutRange": span, "RTP_RTSP_TCP": "true"}
    return element("trp:Capabilities", attributes=able)
