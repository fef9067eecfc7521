"""Which kinds of target exist, built in and from outside, and how a configured one is built."""

from __future__ import annotations

from collections.abc import Callable

from backend import plugins
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


def _drive() -> Kind:
    from backend.targets.drive.target import DRIVE

    return DRIVE


def _milestone() -> Kind:
    from backend.targets.milestone.target import KIND

    return KIND


def _redis() -> Kind:
    from backend.targets.redis import KIND

    return KIND


# Functions, so that a command which needs no remote does not load a vendor's SDK.
_BUILT_IN: dict[str, Callable[[], Kind]] = {
    "drive": _drive,
    "folder": _folder,
    "milestone": _milestone,
    "minio": _minio,
    "redis": _redis,
    "s3": _s3,
}


def kind_names() -> list[str]:
    """Every kind that can be written in targets.toml, sorted."""
    return sorted({*_BUILT_IN, *plugins.names(ENTRY_POINT_GROUP)})


def load_kind(name: str) -> Kind:
    """The kind of that name. SettingsError if there is none, or if an outside one cannot be loaded."""
    built_in, outside = _BUILT_IN.get(name), plugins.claimed_by(ENTRY_POINT_GROUP, name)
    if built_in and outside:
        raise SettingsError([f"kind “{name}” is built in, but the package behind “{outside}” also claims it."])
    if built_in:
        return built_in()
    if outside:
        return _loaded(name, outside)
    raise SettingsError([f"kind “{name}” is not known; known kinds: {', '.join(kind_names())}."])


def _loaded(name: str, place: str) -> Kind:
    try:
        kind = plugins.load(ENTRY_POINT_GROUP, name)
    except plugins.PluginTrouble as error:
        raise SettingsError([f"kind “{name}” {error}"]) from error
    if not isinstance(kind, Kind) or kind.name != name:
        raise SettingsError([f"kind “{name}”: “{place}” must be a backend.targets.config.Kind of that name."])
    return kind


def build_target(config: TargetConfig) -> Target:
    """Build the target. It opens no connection: the first call does."""
    return load_kind(config.kind).build(config)
