"""The language of files.list's `q`: parsed to a test of one item. What it does not know is refused, never ignored."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.services.drive.model import Item
from tests.services.drive.replies import Refused, invalid


@dataclass(frozen=True)
class Seen:
    """What a query may ask about an item, as the caller sees it."""

    item: Item
    trashed: bool
    parents: tuple[str, ...]
    app_properties: dict[str, str]


Test: TypeAlias = Callable[[Seen], bool]

_TOKEN = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|([A-Za-z]+)|(!=|<=|>=|[=<>(){}]))""", re.DOTALL)
_TEXT_FIELDS: dict[str, Callable[[Seen], str]] = {
    "name": lambda seen: seen.item.name,
    "mimeType": lambda seen: seen.item.mime_type,
}


@dataclass(frozen=True)
class _Text:
    value: str


@dataclass
class Query:
    """A parsed query; `parents_named` are the folders that it asks about."""

    matches: Test
    parents_named: set[str] = field(default_factory=set)


def parse(text: str | None) -> Query:
    if not text or not text.strip():
        return Query(lambda _seen: True)
    parser = _Parser(text)
    test = parser.parse()
    return Query(test, parser.parents_named)


def _bad() -> Refused:
    return invalid("q")


def _tokens(text: str) -> list[str | _Text]:
    tokens: list[str | _Text] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise _bad()
        string, word, sign = match.groups()
        tokens.append(_Text(_unescaped(string)) if string is not None else word or sign)
        position = match.end()
    return tokens


def _unescaped(string: str) -> str:
    if re.search(r"\\[^'\\]", re.sub(r"\\\\", "", string)):
        raise _bad()
    return re.sub(r"\\(['\\])", r"\1", string)


class _Parser:
    """`and` and `or` bind alike, from left to right, as Google's reference says."""

    def __init__(self, text: str) -> None:
        self._left = _tokens(text)
        self.parents_named: set[str] = set()

    def parse(self) -> Test:
        test = self._terms()
        if self._left:
            raise _bad()
        return test

    def _terms(self) -> Test:
        test = self._term()
        while self._peek() in ("and", "or"):
            test = _joined(test, self._next_word(), self._term())
        return test

    def _term(self) -> Test:
        if self._peek() == "not":
            self._next()
            inner = self._term()
            return lambda seen: not inner(seen)
        if self._peek() == "(":
            self._next()
            test = self._terms()
            self._expect(")")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        left = self._next()
        if isinstance(left, _Text):
            return self._membership(left.value)
        if left in _TEXT_FIELDS:
            return self._text_test(_TEXT_FIELDS[left])
        if left == "trashed":
            return self._trashed()
        if left in ("appProperties", "properties"):
            return self._has(left)
        raise _bad()

    def _membership(self, value: str) -> Test:
        self._expect("in")
        match self._next_word():
            case "parents":
                self.parents_named.add(value)
                return lambda seen: value in seen.parents
            case "owners":
                return lambda seen: seen.item.owner == value
        raise _bad()

    def _text_test(self, text_of: Callable[[Seen], str]) -> Test:
        sign, value = self._next_word(), self._string()
        match sign:
            case "=":
                return lambda seen: text_of(seen) == value
            case "!=":
                return lambda seen: text_of(seen) != value
            case "contains":
                return lambda seen: text_of(seen).lower().startswith(value.lower())
        raise _bad()

    def _trashed(self) -> Test:
        sign, value = self._next_word(), self._next_word()
        if sign not in ("=", "!=") or value not in ("true", "false"):
            raise _bad()
        wanted = (value == "true") == (sign == "=")
        return lambda seen: seen.trashed == wanted

    def _has(self, which: str) -> Test:
        for word in ("has", "{", "key", "="):
            self._expect(word)
        key = self._string()
        for word in ("and", "value", "="):
            self._expect(word)
        value = self._string()
        self._expect("}")
        if which == "properties":
            return lambda seen: seen.item.properties.get(key) == value
        return lambda seen: seen.app_properties.get(key) == value

    def _peek(self) -> str | _Text | None:
        return self._left[0] if self._left else None

    def _next(self) -> str | _Text:
        if not self._left:
            raise _bad()
        return self._left.pop(0)

    def _next_word(self) -> str:
        token = self._next()
        if isinstance(token, _Text):
            raise _bad()
        return token

    def _string(self) -> str:
        token = self._next()
        if not isinstance(token, _Text):
            raise _bad()
        return token.value

    def _expect(self, word: str) -> None:
        if self._next() != word:
            raise _bad()


def _joined(left: Test, word: str, right: Test) -> Test:
    if word == "and":
        return lambda seen: left(seen) and right(seen)
    return lambda seen: left(seen) or right(seen)
