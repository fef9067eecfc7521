"""The storage library: videos with metadata, tags and TTL for Python programs, in memory, in Redis or durable.

    from backend.storage import AutoStorage, MemoryVideoStorage, RedisVideoStorage

Nothing is loaded before it is asked for: who keeps videos in memory needs neither Redis nor a database.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backend.storage.auto import AutoStorage as AutoStorage
    from backend.storage.base import StorageEngine as StorageEngine
    from backend.storage.context import get_storage as get_storage
    from backend.storage.context import use_storage as use_storage
    from backend.storage.factory import get_storage_backend as get_storage_backend
    from backend.storage.memory import MemoryVideoStorage as MemoryVideoStorage
    from backend.storage.redis import RedisVideoStorage as RedisVideoStorage

_HOME = {
    "StorageEngine": "base",
    "MemoryVideoStorage": "memory",
    "RedisVideoStorage": "redis",
    "AutoStorage": "auto",
    "get_storage_backend": "factory",
    "get_storage": "context",
    "use_storage": "context",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
