"""What `info` says of a video's media: length, picture, codecs, whether it plays, what was made, what is not done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backend.catalog.describe_media import describe_media
from backend.catalog.models import Video
from backend.cli.terminal import Cell, size_cell


def media_facts(video: Video) -> Iterator[tuple[str, Cell | str]]:
    """Names with their values; those that are not known have none."""
    media = describe_media(video)
    facts = media["facts"] or {}
    yield "because", media["reason"] or ""
    seconds = video.duration_seconds
    yield "length", Cell(f"{seconds:.3f}", _clock(seconds)) if seconds is not None else ""
    yield "picture", _picture(facts)
    yield "codecs", ", ".join(facts[kind] for kind in ("video_codec", "audio_codec") if facts.get(kind))
    yield "plays in browsers", _plays(media)
    yield "pictures", ", ".join(name for name in ("thumbnail", "storyboard", "preview") if media[name])
    for copy in media["renditions"]:
        yield f"copy {copy['name']}", _copy(copy)
    for job in media["jobs"]:
        yield f"job {job['id']}", _job(job)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _picture(facts: dict[str, Any]) -> str:
    if not facts.get("width"):
        return ""
    rate = f", {facts['fps']:g} frames per second" if facts["fps"] else ""
    return f"{facts['width']} × {facts['height']}{rate}"


def _plays(media: dict[str, Any]) -> str:
    if media["playable"] == "content":
        return "yes, as it is"
    why = (media["facts"] or {}).get("why_not", "")
    if media["playable"] == "browser":
        return f"yes, by the copy browser.mp4: {why}" if why else "yes, by the copy browser.mp4"
    return f"no: {why}" if why else ""


def _copy(copy: dict[str, Any]) -> str:
    size = f"{copy['width']} × {copy['height']}" if copy["width"] and copy["height"] else ""
    weight = size_cell(copy["size_bytes"]).shown if copy["size_bytes"] else ""
    return ", ".join(filter(None, (size, weight))) or "made"


def _job(job: dict[str, Any]) -> str:
    what = f"{job['kind']} {job['parameters']}".strip()
    moving = f" ({100 * job['progress']:.0f} %)" if job["state"] == "running" else ""
    reason = f": {job['error']}" if job["error"] else ""
    return f"{what} {job['state']}{moving}{reason}"
