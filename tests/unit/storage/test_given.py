"""What a caller gives: tags in order, a TTL to the microsecond, metadata as plain JSON."""

from __future__ import annotations

import json
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from backend.storage import given


def test_tags_keep_their_order_and_a_set_gets_one() -> None:
    assert given.read_tags(["b", " a ", "b", "", "A"]) == ("b", "a", "A")
    assert given.read_tags(("b", "a")) == ("b", "a")
    assert given.read_tags({"b", "a", "c"}) == ("a", "b", "c")
    assert given.read_tags(None) == ()
    with pytest.raises(ValueError, match="A tag must be a text"):
        given.read_tags({"b", 1})


def test_a_ttl_is_counted_to_the_microsecond_and_never_comes_to_nothing() -> None:
    assert given.read_ttl_us(1) == 3_600_000_000
    assert given.read_ttl_us(0.5) == 1_800_000_000
    assert given.read_ttl_us(1e-300) == 1
    assert given.read_ttl_us(0) is given.read_ttl_us(0.0) is given.read_ttl_us(None) is None
    assert given.read_ttl_us(given.MOST_TTL_HOURS) == given.MOST_TTL_HOURS * 3_600_000_000
    with pytest.raises(ValueError, match="a hundred years"):
        given.read_ttl_us(given.MOST_TTL_HOURS + 1)


@pytest.mark.parametrize("key", ["a", "vid:gate_7.mp4", "0" * 200, "A/b@c=d+e-f"])
def test_keys_of_ones_own_may_hold_what_stands_in_names(key: str) -> None:
    assert given.read_key(key) == key


@pytest.mark.parametrize("key", ["", "a b", "{a}", "ä", "a\n", "0" * 201, None])
def test_keys_that_would_trouble_logs_or_a_cluster_are_refused(key: Any) -> None:
    with pytest.raises(ValueError, match=r"cannot be used\. Take 1 to 200"):
        given.read_key(key)


def test_metadata_becomes_plain_and_is_a_copy() -> None:
    class Mode(StrEnum):
        DAY = "day"

    inner = [1, (2, 3)]
    told = MappingProxyType({"mode": Mode.DAY, "inner": inner, "map": MappingProxyType({"a": None})})
    found = given.read_metadata(told)
    assert json.loads(given.as_json(found)) == {"mode": "day", "inner": [1, [2, 3]], "map": {"a": None}}
    inner.append(4)
    assert found["inner"] == [1, [2, 3]]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=40)
@drawn(st.dictionaries(st.text(max_size=5), _JSON, max_size=4))
def test_whatever_json_can_hold_comes_through_unchanged(fields: dict[str, Any]) -> None:
    assert json.loads(given.as_json(given.read_metadata(fields))) == fields


@drawn(st.binary() | st.complex_numbers() | st.sets(st.integers()) | st.functions() | st.datetimes())
def test_whatever_it_cannot_hold_is_refused_by_name(value: object) -> None:
    with pytest.raises(ValueError, match=r"metadata\['a'\]\[0\]"):
        given.read_metadata({"a": [value]})


def test_the_limit_of_metadata_counts_bytes_not_characters() -> None:
    given.as_json({"a": "x" * (given.MOST_METADATA_BYTES - len('{"a":""}'))})
    with pytest.raises(ValueError, match="takes 1048577 bytes as JSON, more than 1048576"):
        given.as_json({"a": "x" * (given.MOST_METADATA_BYTES - len('{"a":""}') + 1)})
    with pytest.raises(ValueError, match="more than 1048576"):
        given.as_json({"a": "ä" * 600_000})
