"""ONVIF's media service: one video source and one profile for each camera. Nothing can be changed by it.

There is no live picture. GetStreamUri gives an address all the same, since a VMS asks for it before it takes the
camera in; what is played there stays silent.
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.edge.footage import Camera, Footage
from backend.edge.rtsp_session import LIVE
from backend.edge.soap import Call, Fault, Operation
from backend.edge.soap_xml import Xml, element

_PROFILE = "profile-"


@dataclass(frozen=True)
class MediaService:
    footage: Footage
    rtsp_port: int

    def operations(self) -> dict[str, Operation]:
        return {
            "GetServiceCapabilities": lambda _: (service_capabilities(),),
            "GetVideoSources": lambda _: tuple(map(_source, self.footage.cameras())),
            "GetAudioSources": lambda _: (),
            "GetAudioSourceConfigurations": lambda _: (),
            "GetAudioEncoderConfigurations": lambda _: (),
            "GetVideoSourceConfigurations": lambda _: tuple(
                _source_configuration("trt:Configurations", one) for one in self.footage.cameras()
            ),
            "GetVideoEncoderConfigurations": lambda _: tuple(
                _encoder("trt:Configurations", one) for one in self.footage.cameras()
            ),
            "GetProfiles": lambda _: tuple(_profile("trt:Profiles", one) for one in self.footage.cameras()),
            "GetProfile": lambda call: (_profile("trt:Profile", self._asked(call)),),
            "GetStreamUri": self._stream_uri,
        }

    def _asked(self, call: Call) -> Camera:
        token = call.text("trt:ProfileToken")
        found = next((one for one in self.footage.cameras() if _PROFILE + one.token == token), None)
        if found is None:
            raise Fault("There is no profile of that token.", "InvalidArgVal", "NoProfile")
        return found

    def _stream_uri(self, call: Call) -> tuple[Xml, ...]:
        uri = f"rtsp://{call.host}:{self.rtsp_port}/{LIVE}/{self._asked(call).token}"
        told = {"Uri": uri, "InvalidAfterConnect": "false", "InvalidAfterReboot": "false", "Timeout": "PT0S"}
        return (element("trt:MediaUri", (element(f"tt:{name}", value) for name, value in told.items())),)


def service_capabilities() -> Xml:
    streaming = {"RTPMulticast": "false", "RTP_TCP": "false", "RTP_RTSP_TCP": "true", "NonAggregateControl": "false"}
    return element(
        "trt:Capabilities",
        element("trt:ProfileCapabilities", attributes={"MaximumNumberOfProfiles": "0"}),
        element("trt:StreamingCapabilities", attributes=streaming),
        attributes={"SnapshotUri": "false", "Rotation": "false"},
    )


def _resolution(camera: Camera) -> Xml:
    return element("tt:Resolution", element("tt:Width", str(camera.width)), element("tt:Height", str(camera.height)))


def _source(camera: Camera) -> Xml:
    rate = element("tt:Framerate", f"{camera.frames_per_second:g}")
    return element("trt:VideoSources", rate, _resolution(camera), attributes={"token": camera.token})


def _source_configuration(name: str, camera: Camera) -> Xml:
    bounds = {"x": "0", "y": "0", "width": str(camera.width), "height": str(camera.height)}
    return element(
        name,
        element("tt:Name", camera.name[:64]),
        element("tt:UseCount", "1"),
        element("tt:SourceToken", camera.token),
        element("tt:Bounds", attributes=bounds),
        attributes={"token": f"source-{camera.token}"},
    )


def _encoder(name: str, camera: Camera) -> Xml:
    """This version of the service has no word for H.265: the session's description tells the truth."""
    rate = {"FrameRateLimit": str(round(camera.frames_per_second)), "EncodingInterval": "1", "BitrateLimit": "0"}
    address = element("tt:Address", element("tt:Type", "IPv4"), element("tt:IPv4Address", "0.0.0.0"))
    multicast = (element("tt:Port", "0"), element("tt:TTL", "0"), element("tt:AutoStart", "false"))
    h264 = element("tt:H264", element("tt:GovLength", "0"), element("tt:H264Profile", "High"))
    return element(
        name,
        element("tt:Name", camera.name[:64]),
        element("tt:UseCount", "1"),
        element("tt:Encoding", "H264"),
        _resolution(camera),
        element("tt:Quality", "1"),
        element("tt:RateControl", (element(f"tt:{key}", value) for key, value in rate.items())),
        h264,
        element("tt:Multicast", address, *multicast),
        element("tt:SessionTimeout", "PT60S"),
        attributes={"token": f"encoder-{camera.token}"},
    )


def _profile(name: str, camera: Camera) -> Xml:
    return element(
        name,
        element("tt:Name", camera.name[:64]),
        _source_configuration("tt:VideoSourceConfiguration", camera),
        _encoder("tt:VideoEncoderConfiguration", camera),
        attributes={"token": _PROFILE + camera.token, "fixed": "true"},
    )
