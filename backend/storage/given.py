"""What a caller of the library may give, checked before anything is kept. Pure.

Everything wrong is a `ValueError` that names the thing, the limit and the remedy. The limits are those of the HTTP
doors, so that what one engine takes another takes too.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

MIB = 1024 * 1024
MOST_TAGS = 100
LONGEST_TAG = 100
LONGEST_FILENAME = 1024
LONGEST_KEY = 200
DEEPEST_METADATA = 64
MOST_METADATA_BYTES = MIB
MOST_TTL_HOURS = 24 * 365 * 100
_MOST_BITS = 1024  # what no floating point number reaches, few readers of JSON take
_HOUR_US = 3600 * 1_000_000
# Made once: it is asked for with every video.
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_FORMATS = {"data": "data", "bytes": "data", "metadata": "metadata", "stream": "stream"}
# No braces: a Redis cluster would read a slot in them. No spaces or control characters: keys stand in logs.
_KEY = re.compile(r"[\w.:@=+/-]+", re.ASCII)


def read_format(format: object) -> str:
    """One of "data", "metadata", "stream"."""
    known = _FORMATS.get(format) if isinstance(format, str) else None
    if known is None:
        raise ValueError(f"The format {format!r} is not known. Known: data (or bytes), metadata, stream.")
    return known


def read_operator(operator: object) -> str:
    """One of "OR", "AND"."""
    known = operator.upper() if isinstance(operator, str) else ""
    if known not in ("OR", "AND"):
        raise ValueError(f"The operator {operator!r} is not known. Known: OR, AND.")
    return known


def read_tags(tags: object) -> tuple[str, ...]:
    """The tags without spaces around them, each once, in their order; empty ones are left out."""
    if tags is None:
        return ()
    if isinstance(tags, str | bytes | Mapping) or not isinstance(tags, Sequence | set | frozenset):
        raise ValueError(f"tags must be a list of texts, not {type(tags).__name__}. Write tags=['one', 'two'].")
    # A set has no order of its own: it gets one that is the same everywhere.
    in_order = tags if isinstance(tags, Sequence) else sorted(tags, key=str)
    found = tuple(dict.fromkeys(filter(None, map(_tag, in_order))))
    if len(found) > MOST_TAGS:
        raise ValueError(f"tags are {len(found)}, more than {MOST_TAGS}. Give fewer.")
    return found


def read_filename(filename: object) -> str:
    """Kept as it was written: a name may hold what it likes."""
    if not isinstance(filename, str):
        raise ValueError(f"filename must be a text, not {type(filename).__name__}.")
    if not filename.strip():
        raise ValueError("filename is empty. Leave it out, or give a name such as 'gate.mp4'.")
    if len(filename) > LONGEST_FILENAME:
        raise ValueError(f"filename is longer than {LONGEST_FILENAME} characters. Shorten it.")
    if "\0" in filename or _has_surrogates(filename):
        raise ValueError("filename holds a NUL character or half a character. Remove it.")
    return filename


def read_key(key: object) -> str:
    if isinstance(key, str) and len(key) <= LONGEST_KEY and _KEY.fullmatch(key):
        return key
    raise ValueError(
        f"The key {key!r} cannot be used. Take 1 to {LONGEST_KEY} of the letters a to z, digits and . _ : @ = + / -, "
        "or leave it out."
    )


def read_ttl_us(ttl_hours: object, name: str = "ttl_hours") -> int | None:
    """How long to keep it, in microseconds, at least one; None is for ever."""
    if ttl_hours is None:
        return None
    if isinstance(ttl_hours, bool) or not isinstance(ttl_hours, int | float) or not 0 <= ttl_hours <= MOST_TTL_HOURS:
        raise ValueError(
            f"{name} must be a number of hours from 0 (for ever) to {MOST_TTL_HOURS} (a hundred years), "
            f"not {ttl_hours!r}."
        )
    return math.ceil(ttl_hours * _HOUR_US) or None


def read_positive(name: str, value: object) -> None:
    """A limit of an engine."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a number greater than 0, not {value!r}.")


def read_limit(limit: object) -> int | None:
    """How many of a list are wanted."""
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise ValueError(f"limit must be a whole number from 0, or None for all, not {limit!r}.")
    return limit


def read_metadata(metadata: object) -> dict[str, Any]:
    """A plain copy that JSON can hold: texts, numbers, true and false, None, lists and dicts with texts as names."""
    if not isinstance(metadata, Mapping):
        raise ValueError(f"metadata must be a dict, not {type(metadata).__name__}. Give {{}} when there is none.")
    found: dict[str, Any] = _plain(metadata, "metadata", 0)
    return found


def as_json(fields: Mapping[str, Any]) -> str:
    """Metadata as one text. `ValueError` when it is too long."""
    text = _JSON.encode(fields)
    # Counting characters first spares the encoding in nearly every case.
    if len(text) * 4 > MOST_METADATA_BYTES and len(text.encode()) > MOST_METADATA_BYTES:
        raise ValueError(
            f"metadata takes {len(text.encode())} bytes as JSON, more than {MOST_METADATA_BYTES}. "
            "Keep what is so large in a file of its own."
        )
    return text


def _tag(tag: object) -> str:
    if not isinstance(tag, str):
        raise ValueError(f"A tag must be a text, not {type(tag).__name__}: {tag!r}.")
    tag = tag.strip()
    if len(tag) > LONGEST_TAG:
        raise ValueError(f"The tag '{tag[:20]}…' is longer than {LONGEST_TAG} characters. Shorten it.")
    if "," in tag:
        raise ValueError(f"The tag {tag!r} holds a comma. Give two tags.")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in tag):
        raise ValueError(f"The tag {tag!r} holds control characters. Remove them.")
    return tag


def _plain(value: object, where: str, depth: int) -> Any:
    if depth > DEEPEST_METADATA:
        raise ValueError(f"metadata is nested more than {DEEPEST_METADATA} deep. Make it flatter.")
    if isinstance(value, str):
        return _plain_text(value, where)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _plain_number(value, where)
    if isinstance(value, Mapping):
        return {_name(name, where): _plain(item, f"{where}[{name!r}]", depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{n}]", depth + 1) for n, item in enumerate(value)]
    raise ValueError(
        f"{where} is of type {type(value).__name__}, which JSON cannot hold. Give a text (of a time: its isoformat()), "
        "a number, true or false, None, a list or a dict."
    )


def _plain_text(text: str, where: str) -> str:
    if _has_surrogates(text):
        raise ValueError(f"{where} holds half a character (a lone surrogate). Remove it.")
    return text


def _plain_number(number: float, where: str) -> float:
    if isinstance(number, int):
        if number.bit_length() > _MOST_BITS:
            raise ValueError(f"{where} is a whole number of more than {_MOST_BITS} bits. Give it as a text.")
        return int(number)
    if not math.isfinite(number):
        raise ValueError(f"{where} is {number}, which JSON cannot hold. Give a number, or None.")
    return float(number)


def _name(name: object, where: str) -> str:
    if not isinstance(name, str):
        raise ValueError(f"{where} has the name {name!r}, which is no text. Names are texts.")
    return _plain_text(name, where)


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)
