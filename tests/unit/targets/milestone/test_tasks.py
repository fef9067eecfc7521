"""What a task of the VMS says of itself: goes on, ended well, or ended otherwise; nothing is waited for in vain.

One that is stopped ends when it can, and is cleaned up then: not before, as the VMS refuses that.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.targets.milestone import tasks
from backend.targets.milestone.failures import VmsProblem
from backend.targets.milestone.tasks import read, stop
from tests.unit.targets.milestone.vms_answers import Site, answering, rest, told

TASK = "/api/rest/v1/tasks/33"
LOOK, STOP, CLEAN_UP = f"GET {TASK}", f"POST {TASK}?task=TaskStop", f"POST {TASK}?task=TaskCleanup"
RUNS = told({"data": {"state": "InProgress", "progress": 40}})
ENDED = told({"data": {"state": "Error", "progress": 100}})
DONE = told({"result": {"state": "Success"}})


@pytest.fixture
def site() -> Iterator[Site]:
    with answering() as found:
        yield found.on(STOP, DONE).on(CLEAN_UP, DONE).on(LOOK, RUNS)


class Clock:
    """Goes on by what is waited."""

    def __init__(self, step_seconds: float) -> None:
        self.step_seconds, self.seconds, self.told = step_seconds, 0.0, list[int]()

    def now(self) -> float:
        return self.seconds

    def pause(self, percent: int) -> None:
        self.told.append(percent)
        self.seconds += self.step_seconds


@pytest.mark.parametrize(
    ("told", "is_over", "is_good"),
    [
        ({"state": "InProgress", "progress": 40}, False, False),
        ({"state": "InProgress", "progress": 100}, False, False),
        ({"state": "In Progress", "progress": 250}, False, False),
        ({"state": "Success", "progress": 100}, True, True),
        ({"state": " SUCCESS "}, True, True),
        ({"state": "Error", "progress": 100, "errorText": "no"}, True, False),
        ({"progress": 100}, True, True),
        # A word of tomorrow's release: at its end it is not waited for any longer, before that it goes on.
        ({"state": "Canceled", "progress": 100}, True, False),
        ({"state": "Canceled", "progress": 250}, True, False),
        ({"state": "Preparing", "progress": 7}, False, False),
    ],
)
def test_a_task_is_over_by_its_word_or_by_its_progress(told: dict[str, object], is_over: bool, is_good: bool) -> None:
    found = read(told, "33")
    assert (found.is_over, found.is_good) == (is_over, is_good)


def test_one_that_ended_by_an_unknown_word_says_which() -> None:
    assert read({"state": "Canceled", "progress": 100}, "33").error == "the task ended as “canceled”"
    assert read({"state": "Canceled", "progress": 100, "errorText": "By hand."}, "33").error == "By hand."


def test_a_task_that_was_stopped_is_cleaned_up_once_it_is_over(site: Site) -> None:
    site.on(LOOK, RUNS, RUNS, ENDED)
    clock = Clock(1)
    assert stop(rest(site), "33", clock.pause, clock.now)
    assert site.asked() == [STOP, LOOK, LOOK, LOOK, CLEAN_UP]
    assert clock.told == [40, 40]


def test_one_that_does_not_end_is_waited_for_so_long_and_said_to_be_there(site: Site) -> None:
    clock = Clock(tasks._END_SECONDS / 4)
    assert not stop(rest(site), "33", clock.pause, clock.now)
    assert len(clock.told) == 4
    assert CLEAN_UP not in site.asked()


def test_nor_is_it_looked_at_for_ever_by_a_clock_that_stands(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_END_LOOKS", 5)
    clock = Clock(0)
    assert not stop(rest(site), "33", clock.pause, clock.now)
    assert site.asked().count(LOOK) == 5


@pytest.mark.parametrize("status", [400, 404, 405, 409])
def test_one_that_cannot_be_stopped_as_it_is_over_is_cleaned_up(site: Site, status: int) -> None:
    site.on(STOP, told({}, status)).on(LOOK, ENDED)
    assert stop(rest(site), "33", Clock(1).pause)
    assert site.asked() == [STOP, LOOK, CLEAN_UP]


def test_a_cleanup_that_is_refused_at_first_is_asked_for_again(site: Site) -> None:
    site.on(LOOK, ENDED).on(CLEAN_UP, told({}, 503), DONE)
    assert stop(rest(site), "33", Clock(1).pause)
    assert site.asked().count(CLEAN_UP) == 2


def test_one_that_the_vms_knows_no_more_is_gone(site: Site) -> None:
    site.on(LOOK, told({}, 404))
    assert stop(rest(site), "33", Clock(1).pause)
    assert CLEAN_UP not in site.asked()


@pytest.mark.parametrize("asked", [STOP, LOOK])
def test_trouble_says_nothing_about_the_task(site: Site, asked: str) -> None:
    site.on(asked, told({}, 503))
    with pytest.raises(VmsProblem):
        stop(rest(site), "33", Clock(1).pause)
