"""What DESCRIBE answers: one video track, its codec, its recorded span (RFC 4566, ONVIF's `x-onvif-track`)."""

from __future__ import annotations

from backend.edge import clock_range
from backend.edge.footage import Camera
from backend.edge.rtp import CLOCK_RATE, PAYLOAD_TYPE
from backend.edge.timeline import Stretch
from backend.offers.nal import ParameterSets

TRACK = "VIDEO001"
TRACK_PATH = "track1"


def describe(camera: Camera, sets: ParameterSets | None, bounds: Stretch | None) -> bytes:
    """`sets` are those of the first recording; each keyframe brings its own again, as recordings may differ."""
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=Holdfast",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
    ]
    if bounds:
        lines.append(f"a=range:{clock_range.written(bounds.start, bounds.end)}")
    lines += [
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} {camera.codec}/{CLOCK_RATE}",
    ]
    if sets is not None and (parameters := sets.in_sdp()):
        lines.append(f"a=fmtp:{PAYLOAD_TYPE} {parameters}")
    elif camera.codec == "H264":
        lines.append(f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1")
    lines += [f"a=framerate:{camera.frames_per_second:g}", f"a=control:{TRACK_PATH}", "a=recvonly"]
    lines.append(f"a=x-onvif-track:{TRACK}")
    return "\r\n".join([*lines, ""]).encode()
