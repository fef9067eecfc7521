"""The only door to ffmpeg and ffprobe: whitelists, limits, no network, no other file than those it was given."""

from backend.confine.door import Confinement
from backend.confine.inputs import SOURCE, Chapter, Chapters, Follower, Following, Input, Inputs, Picture
from backend.confine.limits import Limits

__all__ = [
    "SOURCE", "Chapter", "Chapters", "Confinement", "Follower", "Following", "Input", "Inputs", "Limits", "Picture",
]  # fmt: skip
