"""What `doctor` asks of the folders whose files recorders register."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from backend.cli.findings import Finding, well, wrong
from backend.settings import Settings


def segment_roots(settings: Settings) -> Iterator[Finding]:
    """From one that is not there, or cannot be read, every registration is refused."""
    for root in settings.segment_roots:
        folder = Path(root).absolute()
        if not folder.is_dir():
            says = f"{folder} is no folder, so no file of it can be registered."
            yield wrong("recorders", says, "Make or mount it, or mend SEGMENT_ROOTS (commas between folders).")
        elif not os.access(folder, os.R_OK | os.X_OK):
            yield wrong("recorders", f"{folder} cannot be read.", "Give the server's user the right to.")
        else:
            yield well("recorders", f"{folder}: its files can be registered.")
