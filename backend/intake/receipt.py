"""The receipt: a signed proof that a video was saved, whole and durable, at an instant."""

from __future__ import annotations

from typing import Any

from backend.catalog.describe import iso
from backend.catalog.models import Video
from backend.disk.sidecar import VideoFacts
from backend.signing import Signer


def payload(video: VideoFacts | Video) -> dict[str, Any]:
    """What is signed: id, content, name, instant, and the node that holds the bytes."""
    saved_at = video.saved_at if isinstance(video, VideoFacts) else video.created_at
    return {
        "id": video.id,
        "sha256": video.sha256,
        "size": video.size_bytes,
        # Lone surrogates cannot be signed as UTF-8; the escape keeps the name readable and unique.
        "filename": video.original_filename.encode("utf-8", "backslashreplace").decode(),
        "saved_at": iso(saved_at),
        "node": video.node,
    }


def receipt(signer: Signer, video: VideoFacts | Video) -> str:
    return signer.sign(payload(video))
