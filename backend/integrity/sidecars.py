"""The sidecar beside a file: whether it can be read and belongs there, and writing it again from the catalog."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.disk.atomic import told_as
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.disk.reread import Harm
from backend.disk.sidecar import Sidecar, read_sidecar
from backend.errors import LocalDamage, OutOfHandles, StorageError
from backend.intake.mend import rewrite_sidecar


@dataclass(frozen=True)
class Ill:
    """What is wrong with it, as a kind and as a sentence."""

    harm: Harm
    words: str


@dataclass(frozen=True)
class Sidecars:
    layout: Layout
    database: Database

    def look(self, video: Video) -> Ill | None:
        """None when it is there, can be read, and tells of this video. Whether its texts are right nobody can know."""
        try:
            doc = read_sidecar(self.layout.sidecar_of(video.relative_path))
        except FileNotFoundError:
            return Ill(Harm.MISSING, "The JSON beside the file, which a rebuild needs, is gone.")
        except LocalDamage:
            return Ill(Harm.CHANGED, "The JSON beside the file, which a rebuild needs, cannot be understood.")
        except OutOfHandles:
            raise
        except StorageError as error:
            name = error.detail.get("errno", "unknown error")
            return Ill(Harm.UNREADABLE, f"The disk could not read the JSON beside the file ({name}).")
        if _is_about(doc, video):
            return None
        return Ill(Harm.CHANGED, "The JSON beside the file tells of other bytes or of another file.")

    def write_again(self, video: Video, ill: Ill) -> None:
        """From the catalog. What was there is kept in quarantine. Raises `StorageError`."""
        place = self.layout.sidecar_of(video.relative_path)
        if ill.harm is not Harm.MISSING:
            with lock(self.layout, "sidecar", video.id), told_as("setting a sidecar aside"):
                if self.look(video) is None:
                    return
                place.rename(self.layout.quarantine / f"{uuid.uuid4().hex[:8]}-{place.name}")
        rewrite_sidecar(self.layout, self.database, video.relative_path)


def _is_about(doc: Sidecar, video: Video) -> bool:
    told = doc.video
    same = (told.id, told.relative_path, told.sha256, told.size_bytes)
    return same == (video.id, video.relative_path, video.sha256, video.size_bytes)
