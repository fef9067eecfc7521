"""The options of one process: what they are (options), and where they are read from (sources)."""

from backend.settings.options import PathOrSecret, Settings, is_loopback
from backend.settings.sources import (
    Sourced,
    explain_settings,
    hand_to_libraries,
    load_settings,
    read_environment,
    unused_settings,
)

__all__ = [
    "PathOrSecret",
    "Settings",
    "Sourced",
    "explain_settings",
    "hand_to_libraries",
    "is_loopback",
    "load_settings",
    "read_environment",
    "unused_settings",
]
