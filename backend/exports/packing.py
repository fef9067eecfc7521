"""From what was cut to what people get: one file with its proof, or a zip; durable, named, and in its place."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.catalog.export_claims import ExportClaim
from backend.disk.atomic import fsync_file, fsync_folder, make_folder, told_as, write_all
from backend.disk.digest import sha256_of
from backend.disk.layout import Layout
from backend.exports import archive, proof_box
from backend.exports.archive import Member
from backend.exports.expire import folder_of
from backend.exports.findings import Made
from backend.exports.manifest import Content
from backend.exports.wish import Wish
from backend.signing import Signer

_TYPES = {"mp4": "video/mp4", "mkv": "video/x-matroska", "zip": "application/zip"}


@dataclass(frozen=True)
class Packed:
    """The whole result, durable in the export's own folder; not yet where people get it from."""

    path: Path
    name: str
    mime_type: str
    size_bytes: int
    sha256: str
    manifest: str


def contents(made: Made, wish: Wish) -> list[Content]:
    """What was made, by the names under which people get it."""
    single = len(made.files) == 1
    return [
        Content(
            path=one.path,
            name=_single_name(wish, one.camera_id) if single else _name(wish, one.camera_id, one.name),
            camera_id=one.camera_id,
            size_bytes=one.path.stat().st_size,
            sha256=one.sha256 or sha256_of(one.path),
        )
        for one in made.files
    ]


def pack(
    claim: ExportClaim,
    wish: Wish,
    files: Sequence[Content],
    payload: dict[str, Any],
    signer: Signer,
    folder: Path,
    check: Callable[[], None],
) -> Packed:
    """Sign what was made and put it into one file in `folder`. `check` is called often and may raise."""
    manifest = signer.sign(payload)
    if len(files) == 1:
        name, path = files[0].name, files[0].path
        _finish(path, proof_box.box(manifest) if wish.format == "mp4" else b"")
    else:
        name = f"export_{_times(claim)}_{claim.id[:8]}.zip"
        path = folder / "export.zip"
        members = [(Member(one.name, one.size_bytes, one.sha256), one.path) for one in files]
        archive.write(path, manifest, members, check)
    kind = name.rpartition(".")[2]
    return Packed(path, name, _TYPES[kind], path.stat().st_size, sha256_of(path), manifest)


def put_in_place(layout: Layout, export_id: str, packed: Packed) -> str:
    """Give the result its name in exports/, durably, in place of what an attempt that died left there; its relative
    path. Quick: no bytes move."""
    folder = folder_of(layout, export_id)
    with told_as("putting an export in its place"):
        if folder.exists():
            shutil.rmtree(folder)
        make_folder(folder)
        packed.path.rename(folder / packed.name)
    fsync_folder(folder)
    return f"exports/{export_id}/{packed.name}"


def _finish(path: Path, more: bytes) -> None:
    with told_as("finishing an export"):
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        write_all(fd, more)
        fsync_file(fd)
    finally:
        os.close(fd)


def _single_name(wish: Wish, camera_id: str | None) -> str:
    who = "grid" if camera_id is None else _word(dict(wish.names).get(camera_id, "")) or f"camera-{camera_id[:8]}"
    return f"{who}_{_stamp(wish.bounds.start)}_{_stamp(wish.bounds.end)}.{wish.format}"


def _name(wish: Wish, camera_id: str | None, made: str) -> str:
    """In a zip, where two cameras may have the same name."""
    word = _word(dict(wish.names).get(camera_id or "", ""))
    return f"{word}_{made}" if word else made


def _times(claim: ExportClaim) -> str:
    return f"{_stamp(claim.bounds.start)}_{_stamp(claim.bounds.end)}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-")[:40]


def named(wish: Wish, names: Sequence[tuple[str, str]]) -> Wish:
    return replace(wish, names=tuple(names))
