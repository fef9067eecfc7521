"""Where everything lies on disk, and how stored names are made. Pure but for `Layout.prepare`.

STORAGE_PATH/
  uploads/project_{id}/20241112_143052_{Label}_{stem}-{hash10}{ext}   the video
  uploads/project_{id}/20241112_143052_{Label}_{stem}-{hash10}{ext}.json   its sidecar
  music/project_{id}/…   the same for sound: mp3, wav, m4a, flac (earlier versions kept it in uploads/: it stays there)
  thumbnails/project_{id}/{stored name without its extension}/   pictures made from it
  processed/project_{id}/{stored name without its extension}/    playable copies and conversions
  exports/     clips that were cut
  incoming/    uploads that are arriving; every temporary file
  quarantine/  kept for a person to look at, never served
  metadata/    catalog.db, backups/, keys/, locks/, vectors/, edge/
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from backend.disk.atomic import make_folder, told_as
from backend.errors import SettingsError

SIDECAR_SUFFIX = ".json"
# The folders that seed 004 counts, in its order.
CATEGORIES = ("uploads", "processed", "thumbnails", "exports", "music")
_SOUND = frozenset({"mp3", "wav", "m4a", "flac"})
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
    def thumbnails(self) -> Path:
        return self.root / "thumbnails"

    @property
    def processed(self) -> Path:
        return self.root / "processed"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def music(self) -> Path:
        return self.root / "music"

    @property
    def kept(self) -> tuple[Path, Path]:
        """The folders that hold what people sent, with a sidecar beside each file."""
        return self.uploads, self.music

    def kept_folders(self) -> list[Path]:
        """Every project's folder of what people sent."""
        with told_as("listing a folder"):
            return [p for kept in self.kept if kept.is_dir() for p in sorted(kept.iterdir()) if p.is_dir()]

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
    def backups(self) -> Path:
        return self.metadata / "backups"

    @property
    def keys(self) -> Path:
        return self.metadata / "keys"

    @property
    def locks(self) -> Path:
        return self.metadata / "locks"

    @property
    def vectors(self) -> Path:
        """What indexes of vectors keep: all of it can be made anew from the catalog."""
        return self.metadata / "vectors"

    @property
    def edge(self) -> Path:
        """The book of what a VMS may pull: it survives the catalog, and nothing can make it anew."""
        return self.metadata / "edge"

    def absolute(self, relative_path: str) -> Path:
        """The place of a stored path. Relative paths are made here only, so they cannot leave the root."""
        return self.root / PurePosixPath(relative_path)

    def sidecar_of(self, relative_path: str) -> Path:
        return self.absolute(relative_path + SIDECAR_SUFFIX)

    def pictures_of(self, relative_path: str) -> Path:
        """The folder of what is shown of a video: thumbnail, storyboard, preview."""
        return self._made_from(relative_path, self.thumbnails)

    def renditions_of(self, relative_path: str) -> Path:
        """The folder of a video's playable copies and conversions."""
        return self._made_from(relative_path, self.processed)

    def _made_from(self, relative_path: str, category: Path) -> Path:
        # Stored names without their extensions are unique too: each has its own ten hex digits.
        return category / without_category(relative_path).with_suffix("")

    def prepare(self) -> None:
        """Make the folders, durably, and refuse a root that spans file systems: publishing is link(2)."""
        for folder in (
            self.root,
            self.uploads,
            self.thumbnails,
            self.processed,
            self.exports,
            self.music,
            self.incoming,
            self.quarantine,
            self.metadata,
            self.keys,
            self.locks,
        ):
            make_folder(folder)
        self.keys.chmod(0o700)
        made = (self.thumbnails, self.processed, self.exports)
        together = (*self.kept, *made, self.incoming, self.quarantine)
        if len({os.stat(folder).st_dev for folder in together}) > 1:
            names = ", ".join(folder.name for folder in together[:-1])
            raise SettingsError(
                [f"STORAGE_PATH={self.root}: {names} and {together[-1].name} must be on one file system"]
            )


def category_of(extension: str, media_type: str) -> str:
    """Where an upload is kept: sound, by its name or by its content, is music. Either may be silent about it."""
    return "music" if extension in _SOUND or media_type.startswith("audio/") else "uploads"


def without_category(relative_path: str) -> PurePosixPath:
    """`project_{id}/{name}`: the same in every category."""
    return PurePosixPath(*PurePosixPath(relative_path).parts[1:])


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
