"""A PostgreSQL that has the extension `vector`: from the package pgserver, as Debian has none for its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.services.postgres import PostgresServer
from tests.services.scratch import memory_disk, scratch_folder


@contextmanager
def postgres_with_vectors() -> Iterator[PostgresServer]:
    spec = find_spec("pgserver")
    assert spec is not None, f"pgserver is not installed beside {sys.executable}"
    assert spec.origin is not None
    package = Path(spec.origin).parent
    # Where another user can read it: PostgreSQL refuses to run as root.
    folder = scratch_folder("pgserver", parent=memory_disk())
    try:
        folder.chmod(0o755)
        # Its programs look for their libraries two folders above.
        for name in (package.name, f"{package.name}.libs"):
            shutil.copytree(package.with_name(name), folder / name, symlinks=True)
        server = PostgresServer.boot(folder / package.name / "pginstall" / "bin")
        try:
            yield server
        finally:
            server.close()
    finally:
        shutil.rmtree(folder)
