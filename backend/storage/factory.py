"""Makes a storage engine by the name of its kind: built in, or from outside by an entry point.

    store = get_storage_backend("s3", {"endpoint": …, "bucket": …, "storage_path": "/srv/videos"})

memory, redis, auto      the engines of this library; `config` holds their constructor's arguments
folder, minio, s3, drive AutoStorage with that target required; `config` holds the target's options, as in
                         targets.toml, beside AutoStorage's own arguments
others                   entry points of the group `holdfast.engines`: a class or function that is called with
                         `config` as named arguments and returns a StorageEngine
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from backend import plugins
from backend.storage.base import StorageEngine

ENTRY_POINT_GROUP = "holdfast.engines"
# Named, not imported: who wants memory loads neither Redis nor a database.
_ENGINES = {
    "auto": ("backend.storage.auto", "AutoStorage"),
    "memory": ("backend.storage.memory", "MemoryVideoStorage"),
    "redis": ("backend.storage.redis", "RedisVideoStorage"),
}
_TARGETS = ("drive", "folder", "minio", "s3")

Maker = Callable[..., StorageEngine]


def engine_kinds() -> list[str]:
    """Every kind there is, sorted."""
    return sorted({*_ENGINES, *_TARGETS, *plugins.names(ENTRY_POINT_GROUP)})


def get_storage_backend(kind: str, config: Mapping[str, Any] | None = None) -> StorageEngine:
    """The engine of that kind, made with `config`. `ValueError` for an unknown kind, listing the known ones, and for
    what is wrong in `config`."""
    if config is not None and not isinstance(config, Mapping):
        raise ValueError(f"config must be a dict of the engine's options, not {type(config).__name__}.")
    return _made(kind, _maker(kind), dict(config or {}))


def _maker(kind: object) -> Maker:
    if not isinstance(kind, str):
        raise ValueError(f"The kind of a storage engine is a text, not {kind!r}. Known: {', '.join(engine_kinds())}.")
    outside = plugins.claimed_by(ENTRY_POINT_GROUP, kind)
    built_in = kind in _ENGINES or kind in _TARGETS
    if built_in and outside:
        raise ValueError(f"The kind {kind!r} is built in, but the package behind “{outside}” also claims it.")
    if outside:
        return _loaded(kind, outside)
    if kind in _TARGETS:
        return partial(_with_target, kind)
    if kind in _ENGINES:
        return _engine(kind)
    raise ValueError(f"There is no storage engine {kind!r}. Known: {', '.join(engine_kinds())}.")


def _engine(kind: str) -> Maker:
    module, name = _ENGINES[kind]
    maker: Maker = getattr(import_module(module), name)
    return maker


def _loaded(kind: str, place: str) -> Maker:
    try:
        maker = plugins.load(ENTRY_POINT_GROUP, kind)
    except plugins.PluginTrouble as error:
        raise ValueError(f"The engine {kind!r} {error}") from error
    if not callable(maker):
        raise ValueError(f"The engine {kind!r}: “{place}” is neither a class nor a function.")
    return maker


def _made(kind: str, maker: Maker, config: Mapping[str, Any]) -> StorageEngine:
    _check(kind, maker, config)
    made: object = maker(**config)
    if not isinstance(made, StorageEngine):
        raise ValueError(f"The engine {kind!r} made a {type(made).__name__}, which is no StorageEngine.")
    return made


def _check(kind: str, maker: Maker, config: Mapping[str, Any]) -> None:
    try:
        takes = inspect.signature(maker)
    except ValueError:
        return  # what is written in C may not say what it takes
    try:
        takes.bind(**config)
    except TypeError as error:
        known = ", ".join(takes.parameters) or "nothing"
        raise ValueError(f"config of the storage engine {kind!r}: {error}. It takes {known}.") from None


def _with_target(kind: str, **config: Any) -> StorageEngine:
    """What a target calls its own is the target's: its secret_key is not the one that signs sessions."""
    from backend.settings import Settings
    from backend.targets.registry import load_kind

    auto = _engine("auto")
    shared = {*inspect.signature(auto).parameters, *Settings.model_fields} - {"targets", "settings"}
    own = shared - {option.name for option in load_kind(kind).options}
    table = {"name": kind, "kind": kind, **{name: value for name, value in config.items() if name not in own}}
    return auto(targets=[table], **{name: value for name, value in config.items() if name in own})
