"""The sidecar: a JSON file beside each video that holds all the catalog knows of it. The disk is the truth.

`{schema, revision, video, local, deliveries, holds}`. Rewritten whole and atomically under a per-video lock;
the higher revision wins. A sidecar outlives pruned bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticSerializationError

from backend.disk.atomic import replace, write_new
from backend.disk.holds import HoldFacts, read_holds
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.errors import LocalDamage, from_os_error

SCHEMA = 1


class VideoFacts(BaseModel):
    """What is known of the video itself. Names and texts are verbatim, times are aware."""

    model_config = ConfigDict(frozen=True)

    id: str
    project_id: str
    original_filename: str
    stored_filename: str
    relative_path: str
    sha256: str
    sha1: str = ""  # no proof: for the catalogs of others; "" in sidecars from before it was taken
    size_bytes: int
    mime_type: str
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    content_type: str = ""
    source: str = ""
    camera_id: str = ""
    start_at: datetime | None = None
    end_at: datetime | None = None
    segment_backend: str = ""
    metadata: dict[str, Any] = Field(default_factory=dict)
    duplicate_of: str | None = None
    bytes_id: str
    uploaded_by: str = ""
    uploaded_by_id: str = ""
    node: str = ""
    door: str = ""
    idempotency_key: str = ""
    saved_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    trashed_at: datetime | None = None


class DeliveryFacts(BaseModel):
    """One delivery as it survives the loss of the catalog."""

    model_config = ConfigDict(frozen=True)

    target: str
    state: str
    remote_key: str = ""
    proof: dict[str, Any] = Field(default_factory=dict)
    resume: dict[str, Any] = Field(default_factory=dict)
    verified_at: datetime | None = None
    error: str = ""
    error_code: str = ""
    link: str = ""


class LocalFacts(BaseModel):
    """Whether the bytes are here: `present`, `pruned` by policy, `purged` from the trash; -ing: being removed."""

    model_config = ConfigDict(frozen=True)

    state: Literal["present", "pruning", "pruned", "purging", "purged"] = "present"
    pruned_at: datetime | None = None


class Sidecar(BaseModel):
    """The whole document."""

    model_config = ConfigDict(frozen=True)

    # Named `schema` on disk; pydantic keeps that name for itself.
    version: int = Field(SCHEMA, alias="schema")
    revision: int = 1
    video: VideoFacts
    local: LocalFacts = LocalFacts()
    deliveries: tuple[DeliveryFacts, ...] = ()
    holds: tuple[HoldFacts, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_holds(cls, document: object) -> object:
        if not isinstance(document, dict) or "holds" not in document:
            return document
        video = document.get("video")
        video_id = str(video.get("id")) if isinstance(video, dict) else str(getattr(video, "id", ""))
        return {**document, "holds": read_holds(document["holds"], video_id)}

    def encoded(self) -> bytes:
        if not self.video.metadata:
            # Each upload waits for this: seven times as fast, and the same text but for what is below.
            with suppress(PydanticSerializationError):
                return self.model_dump_json(by_alias=True, indent=1).encode()
        document = self.model_dump(mode="json", by_alias=True)
        # pydantic changes keys that are not Unicode; these came from JSON and go back to it as they are.
        document["video"]["metadata"] = self.video.metadata
        try:
            return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8")
        except UnicodeEncodeError:
            # A name from a folder whose bytes were no UTF-8: lone surrogates live only in escapes.
            return json.dumps(document, indent=1).encode("ascii")


def read_sidecar(path: Path) -> Sidecar:
    """Read one. Raises FileNotFoundError, `LocalDamage` when it cannot be understood, or another `StorageError`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise from_os_error(error, "reading a sidecar") from error
    with told_as_damage(path):
        return Sidecar.model_validate(json.loads(content))


@contextmanager
def told_as_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, ValidationError) as error:
        raise LocalDamage(f"The sidecar {path.name} cannot be read: {type(error).__name__}") from error


def write_first(layout: Layout, sidecar: Sidecar) -> None:
    """Write a new video's sidecar; FileExistsError when the name is taken. Fsync the folder afterwards."""
    write_new(layout.sidecar_of(sidecar.video.relative_path), sidecar.encoded(), layout.incoming)


def change(layout: Layout, relative_path: str, video_id: str, edit: Callable[[Sidecar], Sidecar]) -> Sidecar:
    """Rewrite a sidecar under its lock with the next revision; durable when this returns."""
    place = layout.sidecar_of(relative_path)
    with lock(layout, "sidecar", video_id):
        before = read_sidecar(place)
        after = edit(before)
        if after == before:
            return before
        after = after.model_copy(update={"revision": before.revision + 1})
        replace(place, after.encoded(), layout.incoming)
    return after
