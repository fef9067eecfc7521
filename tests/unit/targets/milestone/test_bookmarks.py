"""Promises of bookmarks.py: no second bookmark because an answer said too little."""

from __future__ import annotations

from typing import Any

import pytest

from backend.errors import TransientFailure
from backend.targets.milestone.bookmarks import Bookmarks, Words
from backend.targets.milestone.spans import Span
from tests.contract.transfers import Told
from tests.services.vms.faults import Status
from tests.unit.targets.milestone.vms_answers import answering, rest, told
from tests.unit.targets.milestone.vms_site import LENGTH, START, House, made_by

SEARCH = "POST /api/rest/v1/bookmarks?task=searchTime"
SPAN = Span(START, START + LENGTH)
WORDS = Words("v-1", "The yard", "")


def test_a_bookmark_whose_id_is_not_told_is_not_made_again(house: House) -> None:
    target, source, transfer = house.target(), house.source(), Told()
    house.vms.faults.add(Status(400), "POST bookmarks?task=searchTime", times=None)
    house.vms.faults.add(Status(200, done=True), "POST bookmarks", times=None)
    for _ in range(2):
        assert target.put(source, "p/a.mp4", transfer).proof["bookmark_id"] == ""
    assert transfer.resume["bookmark_id"] == "asked"
    assert made_by(house)["bookmarks"] == 1


def test_a_later_delivery_makes_no_second_one_where_the_first_cannot_be_looked_for(house: House) -> None:
    target, source = house.target(), house.source()
    house.vms.faults.add(Status(400), "POST bookmarks?task=searchTime", times=None)
    for _ in range(2):
        target.put(source, "p/a.mp4", Told())
    assert made_by(house)["bookmarks"] == 1


def test_where_it_can_be_looked_for_it_is_found(house: House) -> None:
    target, source, transfer = house.target(), house.source(), Told()
    house.vms.faults.add(Status(200, done=True), "POST bookmarks")
    target.put(source, "p/a.mp4", transfer)
    assert target.put(source, "p/a.mp4", transfer).proof["bookmark_id"] == house.vms.every("bookmarks")[0].id


def test_a_search_that_finds_nothing_at_all_leads_to_no_second_one(house: House) -> None:
    """The VMS may understand the guessed question as another one: an empty answer proves nothing."""
    target, source, transfer = house.target(), house.source(), Told()
    house.vms.faults.finds_no_bookmarks = True
    house.vms.faults.lose_reply("POST bookmarks")
    with pytest.raises(TransientFailure):
        target.put(source, "p/a.mp4", transfer)
    assert target.put(source, "p/a.mp4", transfer).proof["bookmark_id"] == ""
    assert made_by(house)["bookmarks"] == 1


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"array": []},
        {"result": {"bookmarks": []}},
        {"array": {"items": []}},
        {"found": []},
        {"array": [{"id": "b-1", "header": "The yard"}]},
        {"array": [{"id": f"b-{n}", "reference": "another"} for n in range(100)]},
    ],
    ids=["nothing", "an empty list", "another shape", "no list", "another name", "without references", "cut short"],
)
def test_an_answer_that_is_not_understood_does_not_mean_that_there_is_none(answer: Any) -> None:
    notes: list[str] = []
    with answering() as site:
        site.on(SEARCH, told(answer))
        assert Bookmarks(rest(site)).find("cam-1", SPAN, "v-1") is None
        assert Bookmarks(rest(site)).set_once("cam-1", SPAN, WORDS, "asked", notes.append) == ""
        assert site.asked() == [SEARCH, SEARCH]
    assert notes == []


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"result": [{"id": "b-1", "reference": "another"}]}, ""),
        ({"data": [{"id": "b-1", "reference": "v-1"}]}, "b-1"),
        ({"bookmarks": [{"id": "b-9", "header": "x"}, {"id": "b-1", "reference": "v-1"}]}, "b-1"),
    ],
)
def test_what_is_understood_is_believed(answer: Any, found: str) -> None:
    with answering() as site:
        site.on(SEARCH, told(answer))
        assert Bookmarks(rest(site)).find("cam-1", SPAN, "v-1") == found
