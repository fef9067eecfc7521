"""Sizes in words."""

from __future__ import annotations


def in_units(size_bytes: int) -> str:
    """A size for people, one decimal, in steps of 1024 as `file_size_mb` and the page count them."""
    size, units = float(size_bytes), ["kB", "MB", "GB", "TB"]
    if size_bytes < 1024:
        return f"{size_bytes} bytes"
    while (size := size / 1024) >= 1024 and len(units) > 1:
        units.pop(0)
    return f"{size:.1f} {units[0]}"
