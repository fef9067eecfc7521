"""The receipt: a signed proof that a video was saved, whole and durable, at an instant."""

from __future__ import annotations

from typing import Any

from backend.catalog.models import Video
from backend.catalog.types import iso
from backend.disk.sidecar import VideoFacts
from backend.errors import Conflict
from backend.signing import Signer

IMPORT = "import"


def payload(video: VideoFacts | Video) -> dict[str, Any]:
    """What is signed: id, content, name, instant, and the node that holds the bytes."""
    return {
        "id": video.id,
        "sha256": video.sha256,
        "size": video.size_bytes,
        # Lone surrogates cannot be signed as UTF-8; the escape keeps the name readable and unique.
        "filename": video.original_filename.encode("utf-8", "backslashreplace").decode(),
        "saved_at": _saved_at(video),
        "node": video.node,
    }


def _saved_at(video: VideoFacts | Video) -> str | None:
    """What is imported has the date at which another server saved it; what we can sign is when it came to us."""
    if isinstance(video, VideoFacts):
        custom, saved_at = video.metadata, video.saved_at
    else:
        custom, saved_at = video.custom, video.created_at
    imported_at = custom.get("imported_at")
    return imported_at if video.door == IMPORT and isinstance(imported_at, str) else iso(saved_at)


def receipt(signer: Signer, video: VideoFacts | Video) -> str:
    """Raises `Conflict` for what was taken without reading it, until a job has hashed it."""
    if not video.sha256:
        raise Conflict(
            f"'{video.original_filename}' is not hashed yet, so there is nothing to sign. Ask again in a moment.",
            detail={"video_id": video.id},
        )
    return signer.sign(payload(video))
