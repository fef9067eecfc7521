"""What ffprobe tells of a file, in our own terms."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True)
class Facts:
    """The facts of one file. Sizes in pixels as shown: rotated, and with the pixels' aspect taken into account."""

    container: str  # ffmpeg's short name of the format, the first of its list
    duration_seconds: float | None
    bit_rate: int | None  # bits per second, of all streams
    video_codec: str  # "" without video (a cover picture is none)
    audio_codec: str  # "" without sound
    width: int | None
    height: int | None
    coded_width: int | None  # as stored, before rotation and pixel aspect
    coded_height: int | None
    pixel_aspect: float  # width of a stored pixel divided by its height
    rotation: int  # degrees clockwise to turn it for showing: 0, 90, 180, 270
    fps: float | None  # frames per second, on average
    variable_rate: bool
    pixel_format: str
    bits_per_sample: int | None  # of one colour component
    profile: str
    interlaced: bool
    hdr: bool
    channels: int | None
    sample_rate: int | None
    recorded_at: datetime | None  # when the camera says that it was made
    camera: str  # make and model, if it says so
    faststart: bool | None  # mp4, mov: the index stands before the media data; None for other formats
    browser_plays: bool  # as it is, in today's browsers
    why_not: str  # why a browser does not, in words; "" when it does
    trouble: str = ""  # what is wrong with the file, in words; "" when nothing is known
    silent: bool = False  # no track of sound at all, not even one that nobody can decode
    further_tracks: int | None = None  # beside the first picture, sound and cover; None: unknown

    @property
    def has_video(self) -> bool:
        return bool(self.video_codec)

    @property
    def has_audio(self) -> bool:
        return bool(self.audio_codec)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"recorded_at": self.recorded_at.isoformat() if self.recorded_at else None}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        """Results of before `trouble`, `silent` and `further_tracks` were told have none."""
        at = found["recorded_at"]
        return cls(**(found | {"recorded_at": datetime.fromisoformat(at) if at else None}))
