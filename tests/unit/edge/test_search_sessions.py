"""Searches under way."""

from __future__ import annotations

from functools import partial

import pytest

from backend.edge.search_sessions import Found, SearchSessions, seconds
from backend.edge.soap_xml import Xml


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def results(count: int) -> list[Found]:
    return [Found(None, partial(Xml, number)) for number in range(count)]


def test_results_come_in_pages_until_it_is_completed() -> None:
    sessions = SearchSessions()
    token = sessions.begin("events", results(5), 4, "PT30S")
    first, second = sessions.take(token, "events", 3), sessions.take(token, "events", 3)
    assert first is not None
    assert second is not None
    assert [one.written() for one in (*first.found, *second.found)] == ["0", "1", "2", "3"]
    assert (first.completed, second.completed) == (False, True)


def test_a_search_lives_as_long_as_asked_for_after_each_question() -> None:
    clock = Clock()
    sessions = SearchSessions(clock)
    token = sessions.begin("events", results(5), 5, "PT1M")
    clock.now = 50
    assert sessions.take(token, "events", 1) is not None
    clock.now = 100
    assert sessions.take(token, "events", 1) is not None
    clock.now = 161
    assert sessions.take(token, "events", 1) is None
    assert sessions.end(token) is None


def test_the_oldest_goes_when_there_are_too_many() -> None:
    sessions = SearchSessions()
    tokens = [sessions.begin("events", results(1), 1, "PT30S") for _ in range(201)]
    assert sessions.take(tokens[0], "events", 1) is None
    assert sessions.take(tokens[1], "events", 1) is not None
    assert sessions.take(tokens[2], "recordings", 1) is None


def test_what_is_over_makes_room_before_what_still_lives() -> None:
    clock = Clock()
    sessions = SearchSessions(clock)
    living = sessions.begin("events", results(1), 1, "PT1H")
    for _ in range(199):
        sessions.begin("events", results(1), 1, "PT10S")
    clock.now = 20
    sessions.begin("events", results(1), 1, "PT10S")
    assert sessions.take(living, "events", 1) is not None


def test_the_oldest_goes_when_they_hold_too_much_together_and_one_search_is_never_too_much() -> None:
    sessions = SearchSessions()
    many = results(1) * 100_000
    tokens = [sessions.begin("events", many, 100_000, "PT1H") for _ in range(3)]
    assert sessions.take(tokens[0], "events", 1) is None
    for token in tokens[1:]:
        taken = sessions.take(token, "events", 100_000)
        assert taken is not None
        assert taken.completed


def test_what_was_fetched_is_held_no_longer() -> None:
    sessions = SearchSessions()
    many = results(1) * 100_000
    tokens = []
    for _ in range(3):
        tokens.append(sessions.begin("events", many, 100_000, "PT1H"))
        sessions.take(tokens[-1], "events", 100_000)
    assert all(sessions.take(token, "events", 1) is not None for token in tokens)


@pytest.mark.parametrize(
    ("written", "length"), [("PT10S", 10), ("PT1M30.5S", 90), ("P1DT1H", 90_000), ("", 0), ("10", 0), ("-PT5S", 0)]
)
def test_durations_are_read(written: str, length: float) -> None:
    assert seconds(written) == length
