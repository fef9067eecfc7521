"""Words: whatever a text holds, it is found by itself, and nothing in it can speak to a database."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.catalog import search, words

_TEXTS = st.text(max_size=40) | st.sampled_from(["beach_cam_04.mov", "東京タワー 2", "Ünïcödé ẞ ﬃ", "🎥🏖️", "ภาษาไทย x"])


@settings(max_examples=150)
@given(_TEXTS, _TEXTS)
def test_every_text_is_found_by_itself_and_by_the_beginnings_of_its_words(text: str, other: str) -> None:
    kept = words.written(other, other, [text]).split(" ")
    for ways in words.asked(text):
        for length in (1, len(ways[0])):
            assert any(word.startswith(ways[0][:length]) for word in kept)


@settings(max_examples=150)
@given(_TEXTS)
def test_words_hold_nothing_that_a_database_would_take_for_its_own(text: str) -> None:
    for word in words.words_of(text):
        assert {unicodedata.category(c)[0] for c in word} <= set("LMNS")
        assert not re.search(r"[\s\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]", word)
    wanted = words.asked(text)
    assert search.for_fts5(wanted).count('"') == 2 * sum(map(len, wanted))
    assert search.for_tsquery(wanted).count("'") == 2 * sum(map(len, wanted))


@settings(max_examples=150)
@given(_TEXTS)
def test_case_and_form_of_letters_do_not_count(text: str) -> None:
    assert words.words_of(text.casefold()) == words.words_of(text)
    for form in ("NFC", "NFD"):
        assert words.words_of(unicodedata.normalize(form, text)) == words.words_of(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("beach_cam_04.mov", ["beach", "cam", "04", "mov"]),
        ("Ångström's naïve Œuvre", ["angstrom", "s", "naive", "oeuvre"]),
        ("東京 tower", ["東京", "京", "tower"]),
        ("й ё", ["и", "е"]),
        ("a" * 100, ["a" * 64]),
        ("…—!", []),
    ],
)
def test_texts_are_taken_apart_as_people_read_them(text: str, found: list[str]) -> None:
    assert words.words_of(text) == found
