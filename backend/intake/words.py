"""The text fields of an unfinished upload that were changed since it began: `incoming/{id}.words`, replaced whole.

Not in the journal, which only grows: somebody who writes while a file uploads changes them at every pause.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from backend.disk.atomic import forget as forget_file
from backend.disk.atomic import replace, told_as_gone
from backend.disk.layout import Layout
from backend.errors import LocalDamage
from backend.intake.unfinished import Record

WORDS_SUFFIX = ".words"


def place_of(layout: Layout, upload_id: str) -> Path:
    return layout.incoming / f"{upload_id}{WORDS_SUFFIX}"


def of(layout: Layout, record: Record) -> dict[str, list[str]]:
    """All fields of an upload, as they are now."""
    place = place_of(layout, record.id)
    try:
        with told_as_gone("reading the words of an upload"):
            changed: dict[str, list[str]] = json.loads(place.read_bytes())
    except FileNotFoundError:
        return record.fields
    except ValueError as error:
        raise LocalDamage(f"The words of the upload {record.id} cannot be read.") from error
    return record.fields | changed


def write(layout: Layout, upload_id: str, fields: Mapping[str, Sequence[str]]) -> None:
    """Keep all fields; durable when this returns."""
    replace(place_of(layout, upload_id), json.dumps(fields).encode(), layout.incoming)


def forget(layout: Layout, upload_id: str) -> None:
    """The upload is saved, or gone. Words that stay without a journal are removed by the sweep."""
    forget_file(place_of(layout, upload_id))
