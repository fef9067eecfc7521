"""The page's words: sizes, durations, refusals and states, as the page's own modules make them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.visit import Visit
from tests.services.app import RunningApp

NOW = "2026-11-21T12:00:00Z"


@pytest.fixture(scope="module")
def visit(browser: Browser, team_server: RunningApp) -> Iterator[Visit]:
    """One page for all: the words depend on nothing but what is asked."""
    with closing(browser.new_context()) as context:
        made = Visit(context.new_page(), team_server.base_url)
        made.open()
        yield made


def said(visit: Visit, module: str, function: str, *arguments: Any) -> Any:
    """What `function` of a module of the page answers, in the browser."""
    return visit.page.evaluate(
        "([module, name, given]) => partOfPage(module).then((found) => found[name](...given))",
        [module, function, list(arguments)],
    )


def test_sizes_have_one_decimal_where_it_tells_something(visit: Visit) -> None:
    shown = {
        1: "1 byte", 999: "999 bytes", 2048: "2 KB", 1_572_864: "1.5 MB", 880_803_840: "840 MB",
        1_288_490_189: "1.2 GB", 2_147_483_648: "2.0 GB", 25_877_414_707: "24.1 GB", 3 * 1024**4: "3.0 TB",
    }  # fmt: skip
    assert {size: said(visit, "words/sizes.js", "size", size) for size in shown} == shown
    assert said(visit, "words/sizes.js", "size", 20 * 1024**3, {"plain": True}) == "20 GB"


def test_a_percentage_is_never_rounded_up_to_a_hundred(visit: Visit) -> None:
    assert said(visit, "words/sizes.js", "percent", 9_999, 10_000) == 99
    assert said(visit, "words/sizes.js", "percent", 0, 0) == 0


def test_durations_and_ages_are_told_as_people_do(visit: Visit) -> None:
    spans = {12: "12 s", 89.6: "2 min", 150: "3 min", 3900: "1 h 5 min", 7200: "2 h", 200_000: "2 days"}
    assert {span: said(visit, "words/times.js", "duration", span) for span in spans} == spans
    now = visit.page.evaluate("Date.parse('2026-11-21T12:00:00Z')")
    ages = {
        "2026-11-21T11:59:55Z": "just now",
        "2026-11-21T11:57:00Z": "3 min ago",
        "2026-11-21T09:00:00Z": "3 h ago",
        "2026-11-20T11:00:00Z": "yesterday",
        "2026-01-21T12:00:00Z": "9 months ago",
    }
    assert {at: said(visit, "words/times.js", "ago", at, now) for at in ages} == ages


@pytest.mark.parametrize(
    ("state", "shape", "word"),
    [
        ("pending", "waiting", "Waiting"),
        ("delivered", "verified", "Verified"),
        ("parked", "needs", "Needs you"),
        ("failed", "failed", "Failed"),
        ("skipped", "none", "Not taken"),
        ("a state of tomorrow", "waiting", "a state of tomorrow"),
    ],
)
def test_each_state_has_its_shape_and_its_word(visit: Visit, state: str, shape: str, word: str) -> None:
    mark = said(visit, "words/states.js", "mark", {"state": state})
    assert (mark["shape"], mark["word"]) == (shape, word)


def test_a_copy_that_was_there_for_a_while_is_not_called_verified_afterwards(visit: Visit) -> None:
    words = {
        at: said(visit, "words/states.js", "mark", {"state": "delivered", "expires_at": at})["word"]
        for at in ("2000-01-01T00:00:00+00:00", "9000-01-01T00:00:00+00:00")
    }
    assert list(words.values()) == ["Time over", "Verified"]


def test_a_copy_is_called_verified_only_when_the_server_says_so(visit: Visit) -> None:
    whole = {"state": "in_progress", "bytes_sent": 100, "bytes_total": 100}
    assert said(visit, "words/states.js", "mark", whole)["word"] == "Checking"
    assert said(visit, "words/states.js", "mark", {**whole, "bytes_sent": 41})["word"] == "Moving 41\u00a0%"


def test_a_failed_attempt_is_told_with_its_reason_and_the_next_one(visit: Visit) -> None:
    delivery = {
        "state": "pending",
        "error": "It did not answer",
        "attempts": 4,
        "next_attempt_at": "2026-11-21T12:04:00Z",
    }
    now = visit.page.evaluate(f"Date.parse('{NOW}')")
    assert said(visit, "words/states.js", "explain", delivery, "NAS", now) == (
        "NAS did not take it yet: It did not answer. Tried 4 times. The next attempt is in 4 min."
    )


@pytest.mark.parametrize("code", ["local-damage", "local-missing"])
def test_damage_here_is_told_as_ours_and_never_as_the_targets(visit: Visit, code: str) -> None:
    delivery = {"state": "failed", "error": "See `a command`", "error_code": code, "attempts": 1}
    assert said(visit, "words/states.js", "explain", delivery, "NAS", 0) == (
        "There is nothing right to send to NAS. Upload the same file again: that repairs the server's copy, "
        "and it is sent."
    )
    assert said(visit, "words/states.js", "mark", delivery)["word"] == "Not sent"
    assert said(visit, "words/states.js", "canRetry", delivery) is False
    told = {"damaged": "The server's own copy is damaged", "missing": "The server's own copy is missing", "present": ""}
    assert {local: said(visit, "words/states.js", "ownDamage", {"local": local}) for local in told} == told


def test_a_copy_that_went_bad_says_what_happened_and_that_it_is_sent_again(visit: Visit) -> None:
    delivery = {"state": "damaged", "error": "It is in Drive's trash.", "attempts": 0}
    assert said(visit, "words/states.js", "explain", delivery, "Drive", 0) == (
        "The copy on Drive was verified once and is not right any more: It is in Drive's trash. It is being sent again."
    )
    assert said(visit, "words/states.js", "mark", delivery)["word"] == "Repairing"
    assert said(visit, "words/states.js", "isInMotion", delivery) is True


def test_the_loss_of_a_last_copy_is_called_a_loss_and_promises_nothing(visit: Visit) -> None:
    delivery = {"state": "damaged", "error": "It is gone. No other copy is known.", "error_code": "no-copy-left"}
    mark = said(visit, "words/states.js", "mark", delivery)
    assert (mark["shape"], mark["word"]) == ("failed", "Lost")
    assert said(visit, "words/states.js", "explain", delivery, "NAS", 0) == (
        "The copy on NAS was verified once and is not right any more: It is gone. No other copy is known."
    )
    assert said(visit, "words/states.js", "isInMotion", delivery) is False


def test_characters_that_turn_a_name_around_are_made_visible(visit: Visit) -> None:
    assert said(visit, "words/names.js", "shown", "tour_\u202e4pm.exe") == "tour_\ufffd4pm.exe"


def test_the_polite_voice_tells_trouble_first_and_of_many_only_the_number(visit: Visit) -> None:
    told = visit.page.evaluate("""async () => {
        const { announce, spoken } = await partOfPage("shell/announce.js");
        for (const n of [1, 2, 3]) announce(`${n}.mp4: saved.`, { kind: "saved" });
        announce("a.mp4: sent.", { kind: "sent" });
        announce("b.txt: not taken.", { isTrouble: true });
        return new Promise((done) => spoken.subscribe((words) => words && done(words)));
    }""")
    assert told == "b.txt: not taken. 3 files saved. a.mp4: sent."
