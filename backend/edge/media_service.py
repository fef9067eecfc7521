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

PROFILE = "profile-"


def profile_of(footage: Footage, token: str) -> Camera:
    """The camera of a profile. Raises Fault."""
    found = next((one for one in footage.cameras() if PROFILE + one.token == token), None)
    if found is None:
        raise Fault("There is no profile of that token.", "InvalidArgVal", "NoProfile")
    return found


def source_token(camera: Camera) -> str:
    """Of its source's configuration."""
    return f"source-{camera.token}"


def encoder_token(camera: Camera) -> str:
    """Of its encoder's configuration."""
    return f"encoder-{camera.token}"


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
                source_configuration("trt:Configurations", one) for one in self.footage.cameras()
            ),
            "GetVideoEncoderConfigurations": lambda _: tuple(
                _encoder("trt:Configurations", one) for one in self.footage.cameras() if one.codec == "H264"
            ),
            "GetProfiles": lambda _: tuple(_profile("trt:Profiles", one) for one in self.footage.cameras()),
            "GetProfile": lambda call: (_profile("trt:Profile", self._asked(call)),),
            "GetStreamUri": self._stream_uri,
        }

    def _asked(self, call: Call) -> Camera:
        return profile_of(self.footage, call.text("trt:ProfileToken"))

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


def resolution(camera: Camera) -> Xml:
    return element("tt:Resolution", element("tt:Width", str(camera.width)), element("tt:Height", str(camera.height)))


def _source(camera: Camera) -> Xml:
    rate = element("tt:Framerate", f"{camera.frames_per_second:g}")
    return element("trt:VideoSources", rate, resolution(camera), attributes={"token": camera.token})


def source_configuration(name: str, camera: Camera) -> Xml:
    bounds = {"x": "0", "y": "0", "width": str(camera.width), "height": str(camera.height)}
    return element(
        name,
        element("tt:Name", camera.name[:64]),
        element("tt:UseCount", "1"),
        element("tt:SourceToken", camera.token),
        element("tt:Bounds", attributes=bounds),
        attributes={"token": source_token(camera)},
    )


def _encoder(name: str, camera: Camera) -> Xml:
    """Of H.264: this version of the service has no word for H.265, whose encoders media2_service tells."""
    rate = {"FrameRateLimit": str(round(camera.frames_per_second)), "EncodingInterval": "1", "BitrateLimit": "0"}
    address = element("tt:Address", element("tt:Type", "IPv4"), element("tt:IPv4Address", "0.0.0.0"))
    multicast = (element("tt:Port", "0"), element("tt:TTL", "0"), element("tt:AutoStart", "false"))
    h264 = element("tt:H264", element("tt:GovLength", "0"), element("tt:H264Profile", "High"))
    return element(
        name,
        element("tt:Name", camera.name[:64]),
        element("tt:UseCount", "1"),
        element("tt:Encoding", "H264"),
        resolution(camera),
        element("tt:Quality", "1"),
        element("tt:RateControl", (element(f"tt:{key}", value) for key, value in rate.items())),
        h264,
        element("tt:Multicast", address, *multicast),
        element("tt:SessionTimeout", "PT60S"),
        attributes={"token": encoder_token(camera)},
    )


def _profile(name: str, camera: Camera) -> Xml:
    return element(
        name,
        element("tt:Name", camera.name[:64]),
        source_configuration("tt:VideoSourceConfiguration", camera),
        [_encoder("tt:VideoEncoderConfiguration", camera)] if camera.codec == "H264" else [],
        attributes={"token": PROFILE + camera.token, "fixed": "true"},
    )
