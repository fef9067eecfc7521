"""What `doctor` compares: rows, files and sidecars, project by project. Changes nothing but what `mend` is asked to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backend.catalog import videos
from backend.catalog.database import Database
from backend.cli.findings import Finding, notice, well, wrong
from backend.cli.rebuild import sweep_all
from backend.disk.incoming import PART_SUFFIX, is_abandoned
from backend.disk.layout import SIDECAR_SUFFIX, Layout
from backend.disk.sidecar import read_sidecar
from backend.errors import LocalDamage, StorageError
from backend.intake.mend import rewrite_sidecar
from backend.intake.recover import has_abandoned
from backend.media import room
from backend.services import Services

_REMOVING = ("pruning", "purging")
# For each list of `Compared`: what it means, and what to do.
_PROBLEMS = {
    "without_file": (
        "listed, but the file is not here",
        "video_manager restore NAME fetches back what has a verified copy; look for the others in backups.",
    ),
    "changed": (
        "of another size than they were saved with",
        "Move such a file away, then video_manager restore NAME fetches a verified copy.",
    ),
    "not_listed": ("saved, but not in the catalog", "video_manager doctor --fix"),
    "unknown": ("of which nothing is known", "video_manager upload FILE takes one in; then remove it here."),
    "without_sidecar": ("without the JSON beside them that a rebuild needs", "video_manager doctor --fix"),
    "bad_sidecar": (
        "beside which the JSON cannot be read",
        "video_manager doctor --fix writes those of listed videos again; look for the others in backups.",
    ),
}


@dataclass
class Compared:
    """Relative paths of what does not fit."""

    listed: int = 0
    without_file: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # the file has another size than it was saved with
    not_listed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  # neither row nor sidecar
    without_sidecar: list[str] = field(default_factory=list)
    bad_sidecar: list[str] = field(default_factory=list)
    half_removed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """`told` hears of each folder as it is looked at."""

    layout: Layout
    database: Database
    told: Callable[[str], None] = lambda _: None

    def run(self) -> Compared:
        found = Compared()
        for folder in self.layout.kept_folders():
            self.told(f"{folder.parent.name}/{folder.name}")
            self._compare(folder, found)
        return found

    def _compare(self, folder: Path, found: Compared) -> None:
        prefix = f"{folder.parent.name}/{folder.name}/"
        names = {path.name for path in folder.iterdir()}
        rows = self._rows(prefix)
        media = {prefix + n for n in names if not n.endswith(SIDECAR_SUFFIX)}
        with_sidecar = {prefix + n.removesuffix(SIDECAR_SUFFIX) for n in names if n.endswith(SIDECAR_SUFFIX)}
        found.listed += len(rows)
        found.half_removed += sorted(path for path, state in rows.items() if state in _REMOVING)
        found.without_sidecar += sorted(p for p in rows.keys() - with_sidecar if not self.layout.sidecar_of(p).exists())
        found.without_file += sorted(p for p, state in rows.items() if state == "present" and self._is_gone(p))
        for path in sorted(media - with_sidecar - rows.keys()):
            if self.layout.absolute(path).exists() and not self.layout.sidecar_of(path).exists():
                found.unknown.append(path)
        for path in sorted(with_sidecar):
            self._read(path, rows, found)

    def _read(self, path: str, rows: Mapping[str, str], found: Compared) -> None:
        try:
            doc = read_sidecar(self.layout.sidecar_of(path))
        except (LocalDamage, StorageError):
            found.bad_sidecar.append(path)
            return
        except FileNotFoundError:
            return  # taken back by its upload since the folder was listed
        place = self.layout.absolute(path)
        if path not in rows and not self._is_arriving(doc.video.id) and path not in self._rows(path):
            found.not_listed.append(path)
        elif doc.local.state == "present" and place.exists() and place.stat().st_size != doc.video.size_bytes:
            found.changed.append(path)

    def _rows(self, prefix: str) -> dict[str, str]:
        with self.database.read() as session:
            return videos.places_below(session, prefix)

    def _is_gone(self, path: str) -> bool:
        """Looked at once more: it may have been pruned or put back since the rows were read."""
        return not self.layout.absolute(path).exists() and self._rows(path).get(path) == "present"

    def _is_arriving(self, video_id: str) -> bool:
        part = self.layout.incoming / f"{video_id}{PART_SUFFIX}"
        return part.exists() and not is_abandoned(part)


def records(layout: Layout, compared: Compared) -> Iterator[Finding]:
    """The comparison in words."""
    for kind, (says, remedy) in _PROBLEMS.items():
        items = tuple(getattr(compared, kind))
        if items:
            yield wrong("records", f"{len(items)} {'file' if len(items) == 1 else 'files'} {says}.", remedy, items)
    if compared.half_removed or has_abandoned(layout):
        yield notice("records", "A crash left something unfinished.", "video_manager sweep (every start does it too)")
    kept = sum(1 for _ in layout.quarantine.iterdir())
    if kept:
        yield notice("quarantine", f"{kept} files were set aside.", f"Look at {layout.quarantine}; nothing needs them.")
    yield well("records", f"{compared.listed} videos compared with their files.")


def mend(services: Services) -> None:
    """What `--fix` does: finish what a crash left, list what is saved, write missing sidecars again, and
    have pictures and copies that are gone made anew."""
    sweep_all(services)
    services.missing.begin_anew()
    for video_id, place in room.differences(services.layout, services.database).items():
        room.note(services.layout, services.database, video_id, place)
    compared = Comparison(services.layout, services.database).run()
    for path in (*compared.without_sidecar, *compared.bad_sidecar):
        with services.database.read() as session:
            listed = path in videos.places_below(session, path)
        if listed and rewrite_sidecar(services.layout, services.database, path):
            services.log.write("warning", "sidecar_written", file=path, by="doctor")
