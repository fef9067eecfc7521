"""What may be sent as a vector: finite numbers with a direction; all else is refused in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import BadField
from backend.likeness.given_vector import MOST_DIMENSIONS, read_limit, read_namespace, read_vector


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (None, "list of numbers"),
        ("1,2", "list of numbers"),
        (b"12", "list of numbers"),
        ([], "has 1 to 4,096"),
        ([1.0] * (MOST_DIMENSIONS + 1), "has 4,097"),
        ([1.0, "2"], "something else"),
        ([1.0, True], "something else"),
        ([[1.0]], "something else"),
        ([1.0, float("nan")], "place 1 of the vector is nan"),
        ([float("-inf")], "place 0 of the vector is -inf"),
        ([1e300], "too large"),
        ([10**400], "too large"),
        ([0, 0.0, -0.0], "no direction"),
        ([1e-60], "no direction"),
        (np.zeros((2, 2)), "one dimension"),
        (np.array(["a"]), "numbers in it"),
    ],
)
def test_what_is_no_vector_is_refused_in_words(wrong: Any, words: str) -> None:
    with pytest.raises(BadField, match=words) as refused:
        read_vector(wrong)
    assert refused.value.detail == {"field": "vector"}


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=8).filter(any))
def test_a_vector_is_kept_to_the_bit(numbers: list[float]) -> None:
    for given_one in (numbers, tuple(numbers), np.array(numbers), np.array(numbers, np.float32)):
        read = read_vector(given_one)
        assert read.dtype == np.dtype("<f4")
        assert read.tolist() == numbers


@pytest.mark.parametrize("wrong", ["", "-a", ".", "a" * 65, "a b", "ä", "a/b", 7, None, "a\n"])
def test_a_namespace_is_a_plain_word(wrong: object) -> None:
    with pytest.raises(BadField, match="A namespace is"):
        read_namespace(wrong)
    assert read_namespace("Faces_v2.1-small") == "Faces_v2.1-small"


@pytest.mark.parametrize("wrong", [0, -1, 1001, 2.0, True, "3", None])
def test_a_limit_is_a_whole_number(wrong: object) -> None:
    with pytest.raises(BadField, match="1 to 1000"):
        read_limit(wrong)
    assert read_limit(1000) == 1000
