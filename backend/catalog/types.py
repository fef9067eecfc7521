"""Column types that behave the same on SQLite and PostgreSQL: aware instants, text of any content, pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_SPECIAL = re.compile(r"[\\\x00\ud800-\udfff]")
_PAGE = re.compile(r"https?://[!#-;=?-\[\]_a-z~]{1,2000}", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(\\|0|u[0-9a-f]{4})")


def iso(at: datetime | None) -> str | None:
    """UTC ISO 8601 with Z, to the millisecond: how every time is told."""
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Instant(TypeDecorator[datetime]):
    """An aware datetime, UTC in the database. A naive one is refused: nobody could say what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class VerbatimText(TypeDecorator[str]):
    """Text with any character in it. PostgreSQL refuses NUL and both refuse lone surrogates, so those are escaped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _SPECIAL.sub(_escape, value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        return None if value is None else _ESCAPED.sub(_unescape, value)


class PageAddress(VerbatimText):
    """The address of a web page, or "". Whatever else a remote answers there (`javascript:…`) is not kept: people
    click on it."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        is_page = value is not None and _PAGE.fullmatch(value)
        return super().process_bind_param(value if is_page else "", dialect)


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character == "\\":
        return "\\\\"
    return "\\0" if character == "\x00" else f"\\u{ord(character):04x}"


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    if code == "\\":
        return "\\"
    return "\x00" if code == "0" else chr(int(code[1:], 16))
