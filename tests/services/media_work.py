"""A job's work in a test's hands: the real, confined tools on a file, and what came out of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from backend.confine import Confinement
from backend.media.facts import Facts
from backend.media.probe import probe
from backend.media.rendition import browser
from backend.media.work import Allowance, Work
from tests.services.media import ffmpeg, ffprobe, pixels

# One for all tests: it tries out once how far this machine can confine.
_TOOLS = Confinement()
_PLAIN = Facts(
    container="mov",
    duration_seconds=60.0,
    bit_rate=1_000_000,
    video_codec="h264",
    audio_codec="aac",
    width=1920,
    height=1080,
    coded_width=1920,
    coded_height=1080,
    pixel_aspect=1.0,
    rotation=0,
    fps=25.0,
    variable_rate=False,
    pixel_format="yuv420p",
    bits_per_sample=8,
    profile="High",
    interlaced=False,
    hdr=False,
    channels=2,
    sample_rate=48_000,
    recorded_at=None,
    camera="",
    faststart=True,
    browser_plays=True,
    why_not="",
)
_COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
# Red above left, green above right, blue below left, white below right.
QUARTERS = (
    "drawbox=0:0:iw/2:ih/2:red:fill,drawbox=iw/2:0:iw/2:ih/2:lime:fill,"
    "drawbox=0:ih/2:iw/2:ih/2:blue:fill,drawbox=iw/2:ih/2:iw/2:ih/2:white:fill"
)


def plain_facts(**changed: Any) -> Facts:
    """Of a minute of H.264 and AAC, 1080p25, but for what is `changed`."""
    return replace(_PLAIN, **changed)


@dataclass
class Told:
    """Every progress that a maker told."""

    progress: list[float] = field(default_factory=list)

    def __call__(self, done: float) -> None:
        self.progress.append(done)


def work_on(
    source: Path, workspace: Path, parameters: str = "", *, tell: Callable[[float], None] | None = None
) -> Work:
    """Work on `source` as a worker has it in hand after the probe. `workspace` is made."""
    workspace.mkdir(parents=True)
    allowance = Allowance(threads=1, memory_bytes=1024**3, longest_seconds=120)
    work = Work(source, workspace, _TOOLS, allowance, parameters, None, tell or Told(), lambda: False)
    return replace(work, facts=Facts.from_json(probe(work)))


def facts_about(path: Path) -> Facts:
    """What the probe tells of a result."""
    work = Work(path, path.parent, _TOOLS, Allowance(1, 1024**3, 120), "", None, Told(), lambda: False)
    return Facts.from_json(probe(work))


def stream_of(path: Path, kind: str) -> dict[str, Any]:
    """What ffprobe tells of the only stream of this `kind`: video or audio."""
    (found,) = [stream for stream in ffprobe(path)["streams"] if stream["codec_type"] == kind]
    return dict(found)


def packets_hash(path: Path, kind: str, folder: Path) -> str:
    """Of the encoded data of one stream: the same only when not one bit of it differs."""
    made = folder / f"{path.name}.{kind}.hash"
    ffmpeg("-i", path, "-map", f"0:{kind[0]}", "-c", "copy", "-f", "streamhash", made)
    return made.read_text().rpartition("=")[2].strip()


def frame_count(path: Path) -> int:
    """Frames that come out when all of it is decoded as it is stored, none doubled and none dropped."""
    made = path.parent / f"{path.name}.frames"
    ffmpeg("-i", path, "-map", "0:V:0", "-fps_mode", "passthrough", "-f", "framemd5", made)
    lines = [line for line in made.read_text().splitlines() if not line.startswith("#")]
    made.unlink()
    return len(lines)


def quarters(path: Path, *, at_seconds: float = 0) -> list[str]:
    """The colours of the four quarters as shown, row by row."""
    shown = pixels(path, size="4x4", at_seconds=at_seconds)
    return [nearest_colour(shown[3 * n : 3 * n + 3]) for n in (0, 3, 12, 15)]


def nearest_colour(colour: bytes) -> str:
    """One of red, green, blue, white: which `colour`, three bytes, is most like."""

    def distance(name: str) -> int:
        return sum((a - b) ** 2 for a, b in zip(colour, _COLOURS[name], strict=True))

    return min(_COLOURS, key=distance)


def browser_copy_of(source: Path, tmp_path: Path) -> tuple[dict[str, Any], Path]:
    """The result and the file; every promise that holds for all of them is checked on the way."""
    work = work_on(source, tmp_path / "made")
    result = browser(work)
    made = work.workspace / result["file"]
    assert [path.name for path in work.workspace.iterdir()] == [result["file"]]
    assert result["size_bytes"] == made.stat().st_size
    facts = facts_about(made)
    assert facts.browser_plays, facts.why_not
    assert facts.faststart
    assert facts.duration_seconds == pytest.approx(work.known().duration_seconds, abs=0.15)
    if facts.has_video:
        picture = stream_of(made, "video")
        assert (picture["codec_name"], picture["pix_fmt"]) == ("h264", "yuv420p")
        assert not facts.variable_rate
        assert (facts.width, facts.height) == (result["width"], result["height"])
    if facts.has_audio:
        sound = stream_of(made, "audio")
        assert (sound["codec_name"], sound["profile"]) == ("aac", "LC")
    return result, made
