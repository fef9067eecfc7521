"""Which kinds of target exist, built in and from outside, and how a configured one is built."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

from backend.errors import SettingsError
from backend.targets.base import Target
from backend.targets.config import Kind, TargetConfig

ENTRY_POINT_GROUP = "holdfast.targets"


def _folder() -> Kind:
    from backend.targets.folder import KIND

    return KIND


def _minio() -> Kind:
    from backend.targets.minio import MINIO

    return MINIO


def _s3() -> Kind:
    from backend.targets.minio import S3

    return S3


# Functions, so that a command which needs no remote does not load a vendor's SDK.
_BUILT_IN: dict[str, Callable[[], Kind]] = {"folder": _folder, "minio": _minio, "s3": _s3}


def _outside() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def kind_names() -> list[str]:
    """Every kind that can be written in targets.toml, sorted."""
    return sorted({*_BUILT_IN, *_outside()})


def load_kind(name: str) -> Kind:
    """The kind of that name. SettingsError if there is none, or if an outside one cannot be loaded."""
    built_in, outside = _BUILT_IN.get(name), _outside().get(name)
    if built_in and outside:
        raise SettingsError([f"kind “{name}” is built in, but the package behind “{outside.value}” also claims it."])
    if built_in:
        return built_in()
    if outside:
        return _loaded(outside)
    raise SettingsError([f"kind “{name}” is not known; known kinds: {', '.join(kind_names())}."])


def _loaded(point: EntryPoint) -> Kind:
    try:
        kind = point.load()
    except Exception as error:
        raise SettingsError(
            [f"kind “{point.name}” could not be loaded from “{point.value}”: {type(error).__name__}: {error}."]
        ) from error
    if not isinstance(kind, Kind) or kind.name != point.name:
        raise SettingsError(
            [f"kind “{point.name}”: “{point.value}” must be a backend.targets.config.Kind of that name."]
        )
    return kind


def build_target(config: TargetConfig) -> Target:
    """Build the target. It opens no connection: the first call does."""
    return load_kind(config.kind).build(config)
