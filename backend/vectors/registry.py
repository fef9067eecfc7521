"""Which kinds of index there are, built in and from outside."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from backend import plugins
from backend.errors import SettingsError

if TYPE_CHECKING:
    from backend.vectors.base import IndexKind

ENTRY_POINT_GROUP = "holdfast.vectors"
DEFAULT = "numpy"
# Names of modules, each with its KIND: nobody loads what nobody uses.
_BUILT_IN = ("faiss", "milvus", "numpy", "pgvector", "qdrant", "weaviate")


def index_kinds() -> list[str]:
    """Every kind there is, sorted."""
    return sorted({*_BUILT_IN, *plugins.names(ENTRY_POINT_GROUP)})


def load_kind(name: str) -> IndexKind:
    """The kind of that name; it may still need a package that is not installed, which `open` tells.

    SettingsError for an unknown kind, listing the known ones, and for an outside one that cannot be loaded.
    """
    if name in _BUILT_IN:
        kind: IndexKind = import_module(f"backend.vectors.{name}_index").KIND
        return kind
    place = plugins.claimed_by(ENTRY_POINT_GROUP, name)
    if place is None:
        raise _unknown(name)
    return _loaded(name, place)


def check_kind(name: str) -> None:
    """SettingsError for an unknown kind. It loads none: that takes time, and not every process asks for vectors."""
    if name not in _BUILT_IN and name not in plugins.names(ENTRY_POINT_GROUP):
        raise _unknown(name)


def built_in_kinds() -> list[IndexKind]:
    return [load_kind(name) for name in _BUILT_IN]


def _unknown(name: str) -> SettingsError:
    return SettingsError([f"VECTOR_INDEX={name} is unknown; known: {', '.join(index_kinds())}."])


def _loaded(name: str, place: str) -> IndexKind:
    from backend.vectors.base import IndexKind

    try:
        kind = plugins.load(ENTRY_POINT_GROUP, name)
    except plugins.PluginTrouble as error:
        raise SettingsError([f"VECTOR_INDEX={name} {error}"]) from error
    if not isinstance(kind, IndexKind) or kind.name != name:
        raise SettingsError([f"VECTOR_INDEX={name}: “{place}” must be a backend.vectors.base.IndexKind of that name."])
    return kind
