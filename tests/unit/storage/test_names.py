"""What the library offers by name, without loading what nobody asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import backend.storage

ROOT = Path(__file__).resolve().parents[3]


def test_who_keeps_videos_in_memory_loads_neither_a_database_nor_a_server_nor_a_client() -> None:
    program = (
        "import sys\n"
        "from backend.storage import MemoryVideoStorage, StorageEngine\n"
        "storage = MemoryVideoStorage()\n"
        "assert isinstance(storage, StorageEngine)\n"
        "storage.store_video(b'x', {})\n"
        "heavy = {'flask', 'sqlalchemy', 'redis', 'minio', 'pydantic', 'backend.services', 'backend.settings'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_its_names_are_listed_and_others_are_unknown() -> None:
    names = {"StorageEngine", "MemoryVideoStorage", "RedisVideoStorage", "AutoStorage", "get_storage_backend"}
    assert names | {"get_storage", "use_storage"} <= set(dir(backend.storage))
    with pytest.raises(AttributeError, match="no attribute 'TapeVideoStorage'"):
        backend.storage.TapeVideoStorage  # noqa: B018 - asking for it is what is tried
