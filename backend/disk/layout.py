"""Where everything lies on disk, and how stored names are made. Pure but for `Layout.prepare`.

STORAGE_PATH/
  uploads/project_{id}/20241112_143052_{Label}_{stem}-{hash10}{ext}   the video
  uploads/project_{id}/20241112_143052_{Label}_{stem}-{hash10}{ext}.json   its sidecar
  incoming/    uploads that are arriving; every temporary file
  quarantine/  kept for a person to look at, never served
  metadata/    catalog.db, keys/, locks/
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from backend.disk.atomic import make_folder
from backend.errors import SettingsError

SIDECAR_SUFFIX = ".json"
_STEM_LENGTH = 80
_LABEL_LENGTH = 40
_PROJECT_LENGTH = 60


@dataclass(frozen=True)
class Layout:
    """The folders below one storage root."""

    root: Path

    @property
    def uploads(self) -> Path:
        return self.root / "uploads"

    @property
    def incoming(self) -> Path:
        return self.root / "incoming"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def metadata(self) -> Path:
        return self.root / "metadata"

    @property
    def keys(self) -> Path:
        return self.metadata / "keys"

    @property
    def locks(self) -> Path:
        return self.metadata / "locks"

    def absolute(self, relative_path: str) -> Path:
        """The place of a stored path. Relative paths are made here only, so they cannot leave the root."""
        return self.root / PurePosixPath(relative_path)

    def sidecar_of(self, relative_path: str) -> Path:
        return self.absolute(relative_path + SIDECAR_SUFFIX)

    def prepare(self) -> None:
        """Make the folders, durably, and refuse a root that spans file systems: publishing is link(2)."""
        for folder in (
            self.root,
            self.uploads,
            self.incoming,
            self.quarantine,
            self.metadata,
            self.keys,
            self.locks,
        ):
            make_folder(folder)
        self.keys.chmod(0o700)
        devices = {os.stat(f).st_dev for f in (self.uploads, self.incoming, self.quarantine)}
        if len(devices) > 1:
            raise SettingsError(
                [f"STORAGE_PATH={self.root}: uploads, incoming and quarantine must be on one file system"]
            )


def project_folder(project_id: str) -> str:
    """`project_{id}` for the file system; an id that sanitising changes gets `-{hash6}`, so none share a folder."""
    safe = _ascii_word(project_id, _PROJECT_LENGTH)
    # An id that looks like a sanitised one gets its own hash too, or it could name another project's folder.
    if safe != project_id or not safe or re.search(r"-[0-9a-f]{6}$", safe):
        safe = f"{safe or 'project'}-{hashlib.sha1(_bytes(project_id), usedforsecurity=False).hexdigest()[:6]}"
    return f"project_{safe}"


def stored_name(project_id: str, original_filename: str, label: str, extension: str, at: datetime) -> str:
    """The name on disk: time, label, sanitised stem, ten hex digits of SHA-1(project:filename:timestamp), extension.

    `at` is an aware instant; its microseconds enter the hash, so a collision is solved by a new instant.
    `extension` comes without its dot, lower case.
    """
    at = at.astimezone(UTC)
    identity = f"{project_id}:{original_filename}:{at.isoformat()}"
    hash10 = hashlib.sha1(_bytes(identity), usedforsecurity=False).hexdigest()[:10]
    stem, _ = split_extension(original_filename)
    words = [
        at.strftime("%Y%m%d_%H%M%S"),
        _ascii_word(label, _LABEL_LENGTH),
        _ascii_word(stem, _STEM_LENGTH) or "video",
    ]
    return "_".join(w for w in words if w) + f"-{hash10}.{extension}"


def split_extension(filename: str) -> tuple[str, str]:
    """`("holiday.final", "mp4")` for `holiday.final.MP4`; the extension is lower case, "" when there is none."""
    base = re.split(r"[/\\]", filename)[-1]
    stem, dot, extension = base.rpartition(".")
    return (stem, extension.strip().lower()) if dot else (base, "")


def _ascii_word(text: str, length: int) -> str:
    """Letters, digits, dash, underscore and dot only; accents are dropped, the rest becomes one underscore."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    word = re.sub(r"[^A-Za-z0-9._-]+", "_", folded)
    return re.sub(r"_+", "_", word).strip("._-")[:length].rstrip("._-")


def _bytes(text: str) -> bytes:
    # Names read from a folder may hold lone surrogates where the bytes were not UTF-8.
    return text.encode("utf-8", "surrogatepass")
