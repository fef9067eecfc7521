"""What `doctor` asks of the index of vectors: whether it can be used, and has what the catalog has."""

from __future__ import annotations

from collections.abc import Iterator

from backend.catalog import vectors
from backend.catalog.database import Database
from backend.cli.findings import Finding, notice, well
from backend.disk.layout import Layout
from backend.errors import SettingsError
from backend.log import UploadLog
from backend.settings import Settings
from backend.signing import load_signer
from backend.vectors.registry import DEFAULT

_REMEDY = "Searches are answered by another index meanwhile. Mend it, or set VECTOR_INDEX=numpy."


def vector_index(settings: Settings, layout: Layout, database: Database) -> Iterator[Finding]:
    """Nothing is said where nobody keeps vectors and no index was chosen."""
    with database.read() as session:
        names = list(vectors.namespaces(session))
        there = sum(vectors.count(session, name) for name in names)
    if not names and settings.vector_index == DEFAULT:
        return
    try:
        reason = _trouble(settings, layout, database)
    except SettingsError as error:
        reason = error.message
    has = f"{there} vectors in {len(names)} namespace{'' if len(names) == 1 else 's'}"
    if reason:
        yield notice("vectors", f"{has}; {settings.vector_index} cannot be used. {reason}", _REMEDY)
    else:
        yield well("vectors", f"{has}; {settings.vector_index} has them.")


def _trouble(settings: Settings, layout: Layout, database: Database) -> str:
    from backend.likeness.vectors import open_desk

    log = UploadLog(settings.log_dir.absolute(), settings.log_level, settings.log_format)
    desk = open_desk(settings, layout, database, log, load_signer(layout.keys).kid)
    try:
        return desk.examine()
    finally:
        desk.close()
