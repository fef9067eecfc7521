"""ONVIF's second media service: the profiles and sources of the first one, with a word for H.265."""

from __future__ import annotations

from dataclasses import dataclass

from backend.edge.footage import Camera, Footage
from backend.edge.media_service import (
    PROFILE,
    encoder_token,
    profile_of,
    resolution,
    source_configuration,
    source_token,
)
from backend.edge.rtsp_session import LIVE
from backend.edge.soap import Call, Fault, Operation
from backend.edge.soap_xml import NAMESPACES, Xml, element


@dataclass(frozen=True)
class Media2Service:
    footage: Footage
    rtsp_port: int

    def operations(self) -> dict[str, Operation]:
        return {
            "GetServiceCapabilities": lambda _: (service_capabilities(),),
            "GetProfiles": self._profiles,
            "GetVideoSourceConfigurations": self._source_configurations,
            "GetVideoEncoderConfigurations": self._encoders,
            "GetAudioSourceConfigurations": lambda _: (),
            "GetAudioEncoderConfigurations": lambda _: (),
            "GetStreamUri": self._stream_uri,
        }

    def _profiles(self, call: Call) -> tuple[Xml, ...]:
        """Without their configurations, unless those are asked for."""
        token = call.text("tr2:Token")
        cameras = [profile_of(self.footage, token)] if token else self.footage.cameras()
        types = {(one.text or "").strip() for one in call.operation.findall("tr2:Type", NAMESPACES)}
        return tuple(_profile(camera, types) for camera in cameras)

    def _source_configurations(self, call: Call) -> tuple[Xml, ...]:
        found = [(source_token(one), one) for one in self._asked(call)]
        return tuple(source_configuration("tr2:Configurations", one) for _, one in _named(call, found))

    def _encoders(self, call: Call) -> tuple[Xml, ...]:
        found = [(encoder_token(one), one) for one in self._asked(call)]
        return tuple(_encoder("tr2:Configurations", one) for _, one in _named(call, found))

    def _asked(self, call: Call) -> list[Camera]:
        profile = call.text("tr2:ProfileToken")
        return [profile_of(self.footage, profile)] if profile else list(self.footage.cameras())

    def _stream_uri(self, call: Call) -> tuple[Xml, ...]:
        camera = profile_of(self.footage, call.text("tr2:ProfileToken"))
        return (element("tr2:Uri", f"rtsp://{call.host}:{self.rtsp_port}/{LIVE}/{camera.token}"),)


def service_capabilities() -> Xml:
    streaming = {
        "RTSPStreaming": "true",
        "RTPMulticast": "false",
        "RTP_RTSP_TCP": "true",
        "NonAggregateControl": "false",
    }
    profiles = {"MaximumNumberOfProfiles": "0", "ConfigurationsSupported": "VideoSource VideoEncoder"}
    return element(
        "tr2:Capabilities",
        element("tr2:ProfileCapabilities", attributes=profiles),
        element("tr2:StreamingCapabilities", attributes=streaming),
        attributes={"SnapshotUri": "false", "Rotation": "false"},
    )


def _named(call: Call, found: list[tuple[str, Camera]]) -> list[tuple[str, Camera]]:
    """All, or the one configuration that is asked for. Raises Fault."""
    token = call.text("tr2:ConfigurationToken")
    if not token:
        return found
    named = [one for one in found if one[0] == token]
    if not named:
        raise Fault("There is no configuration of that token.", "InvalidArgVal", "NoConfig")
    return named


def _profile(camera: Camera, types: set[str]) -> Xml:
    configurations: list[Xml] = []
    if types & {"All", "VideoSource"}:
        configurations.append(source_configuration("tr2:VideoSource", camera))
    if types & {"All", "VideoEncoder"}:
        configurations.append(_encoder("tr2:VideoEncoder", camera))
    return element(
        "tr2:Profiles",
        element("tr2:Name", camera.name[:64]),
        [element("tr2:Configurations", configurations)] if types else [],
        attributes={"token": PROFILE + camera.token, "fixed": "true"},
    )


def _encoder(name: str, camera: Camera) -> Xml:
    rate = {"FrameRateLimit": f"{camera.frames_per_second:g}", "BitrateLimit": "0"}
    return element(
        name,
        element("tt:Name", camera.name[:64]),
        element("tt:UseCount", "1"),
        element("tt:Encoding", camera.codec),
        resolution(camera),
        element("tt:RateControl", (element(f"tt:{key}", value) for key, value in rate.items())),
        element("tt:Quality", "1"),
        attributes={"token": encoder_token(camera)},
    )
