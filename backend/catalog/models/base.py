"""What all tables have in common: names of constraints, types of columns."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, MetaData, text
from sqlalchemy.orm import DeclarativeBase

from backend.catalog.types import Instant, VerbatimText


class Base(DeclarativeBase):
    # Every constraint has a name, so that a later migration can find it on either database.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: Instant,
        str: VerbatimText,
        dict[str, Any]: JSON,
        list[str]: JSON,
    }


def only(condition: str) -> dict[str, Any]:
    """For an index of the rows that matter, on either database."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
