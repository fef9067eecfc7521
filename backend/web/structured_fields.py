"""Structured Fields (RFC 9651) as the upload headers use them, in types: what does not fit is None.

The parsing is http-sf's, by an author of the RFC.
"""

from __future__ import annotations

import http_sf
from http_sf import StructuredFieldError


def boolean(value: str | None) -> bool | None:
    """An Item that is a Boolean, such as `?1`."""
    found = _item(value)
    return found if isinstance(found, bool) else None


def natural(value: str | None) -> int | None:
    """An Item that is an Integer of at least 0."""
    found = _item(value)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def dictionary(value: str) -> dict[str, object] | None:
    """A Dictionary's members without their parameters; None when it is no Dictionary."""
    found = _parsed(value, "dictionary")
    if not isinstance(found, dict):
        return None
    # The parser gives each member as (value, parameters).
    return {name: member[0] if isinstance(member, tuple) else member for name, member in found.items()}


def dictionary_of(**members: int) -> str:
    """A Dictionary of Integers, written; `max_size=5` becomes `max-size=5`."""
    return ", ".join(f"{name.replace('_', '-')}={value}" for name, value in members.items())


def byte_sequence(value: bytes) -> str:
    return http_sf.ser(value)


def _item(value: str | None) -> object:
    found = None if value is None else _parsed(value, "item")
    return found[0] if isinstance(found, tuple) else None


def _parsed(value: str, kind: str) -> object:
    try:
        # Headers reach WSGI as latin-1.
        return http_sf.parse(value.encode("latin1"), tltype=kind)
    except (StructuredFieldError, UnicodeEncodeError):
        return None
