"""How far an index has read, in a file of its own beside it: for indexes that cannot keep a number themselves.

The file is never ahead of the index: it is written after what it stands for. One that is lost or damaged is 0, and the
index is read anew. It is read each time, as other processes of this machine write it too.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PlaceFile:
    path: Path

    def read(self) -> int:
        try:
            text = self.path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return 0
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0

    def write(self, place: int) -> None:
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
        temporary.write_text(f"{place}\n", encoding="ascii")
        temporary.replace(self.path)
