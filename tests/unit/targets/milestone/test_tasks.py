"""What a task of the VMS says of itself: goes on, ended well, or ended otherwise; nothing is waited for in vain."""

from __future__ import annotations

import pytest

from backend.targets.milestone.tasks import read


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
