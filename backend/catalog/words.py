"""Words as they are searched: the same on either database and for any script, made here and nowhere else.

A text is taken apart at whatever is neither letter, digit nor picture (emoji); case, accents and forms of one letter
do not count. Scripts that are written without spaces are cut into pairs of letters, so that a piece from within a run
is found there too. A video is found by words that begin as those that are asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

_LONGEST = 64
_MOST = 20_000
# Letters that Unicode does not take apart although people do.
_FOLDED = str.maketrans({
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h",
})  # fmt: skip
# Accents over Latin, Greek and Cyrillic letters, and the points of Hebrew and Arabic, which most people leave out.
# Vowel signs of Indian scripts are marks too, and they are no ornament.
_ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0670]")
# Thai to Myanmar, Khmer, and what Chinese and Japanese are written in.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
                       "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")  # fmt: skip
_TRAILING_NUMBER = re.compile(r"[^\W\d]+(\d{2,})")
# The name on disk ends with a digest. Nobody looks for its beginning, and every sixteenth begins with any one letter.
_DIGEST = re.compile(r"(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{10}")
DIGEST_MARK = "0x"


def words_of(text: str) -> list[str]:
    """The words of a text in their order, each one once."""
    return list(dict.fromkeys(_cut(text)))


def written(original_filename: str, stored_filename: str, others: Iterable[str]) -> str:
    """What is kept of a video to find it by: its words with a space between them."""
    named = words_of(original_filename)
    stored = [DIGEST_MARK + word if _DIGEST.fullmatch(word) else word for word in words_of(stored_filename)]
    found = dict.fromkeys([*named, *stored, *(word for text in others for word in _cut(text))])
    numbers = [number[1] for word in found if (number := _TRAILING_NUMBER.fullmatch(word))]
    return " ".join(list(dict.fromkeys([*found, *numbers]))[:_MOST])


def asked(text: str) -> list[tuple[str, ...]]:
    """Each word that is looked for, with the other way in which it may be written."""
    return [(word, DIGEST_MARK + word) if _DIGEST.fullmatch(word) else (word,) for word in words_of(text)]


def _cut(text: str) -> Iterator[str]:
    for word in "".join(_as_letter(character) for character in _plain(text)).split():
        place = 0
        for run in _UNSPACED.finditer(word):
            yield from _piece(word[place : run.start()])
            yield from _pairs(run.group())
            place = run.end()
        yield from _piece(word[place:])


def _plain(text: str) -> str:
    """One form for all that people take for the same letter."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text).casefold().translate(_FOLDED)
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", unicodedata.normalize("NFKD", apart)))


@lru_cache(maxsize=4096)
def _as_letter(character: str) -> str:
    """The character itself, a picture on its own, and a space for all else."""
    category = unicodedata.category(character)
    if category[0] in "LMN" and not "\ufe00" <= character <= "\ufe0f":
        return character
    return f" {character} " if category == "So" else " "


def _piece(word: str) -> Iterator[str]:
    if word:
        yield word[:_LONGEST]


def _pairs(run: str) -> Iterator[str]:
    """Pairs of neighbours, and the last letter, which begins no pair: so that any piece is found by its beginning."""
    yield from (run[place : place + 2] for place in range(len(run) - 1))
    yield run[-1]
