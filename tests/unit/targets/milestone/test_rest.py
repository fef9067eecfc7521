"""Promises of backend/targets/milestone/rest.py: both shapes of errors, pages, and a token that is renewed once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import TargetParked, TransientFailure
from backend.targets.milestone.failures import VmsProblem, judge
from backend.targets.milestone.idp import Kept, Token
from backend.targets.milestone.rest import Rest, as_id, path_id, refused
from backend.targets.milestone.wire import Reply
from tests.unit.targets.milestone.vms_answers import Said, Site, answering, rest, told, wire
from tests.unit.targets.milestone.vms_site import House

DETAIL = {"errorText": "Incorrect value", "property": "enabled", "errorTextId": "VMO1"}
PLAIN = {"httpCode": 400, "details": [DETAIL]}
ROOT = "/api/rest/v1"


@pytest.fixture
def site() -> Iterator[Site]:
    with answering() as found:
        yield found


@pytest.mark.parametrize("shape", [PLAIN, {"error": PLAIN}], ids=["as the schema has it", "as it comes"])
def test_both_shapes_of_an_error_are_read(site: Site, shape: dict[str, Any]) -> None:
    site.on(f"PATCH {ROOT}/cameras/1", told(shape, 400))
    with pytest.raises(VmsProblem) as caught:
        rest(site).patch("cameras", "1", body={"enabled": True})
    assert caught.value.answer.message == "enabled: Incorrect value"
    assert caught.value.answered


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["error", "details", "errorText", "property", "message"]), inner)
        ),
        max_leaves=8,
    ),
    st.sampled_from([400, 401, 403, 404, 429, 500, 503]),
)
def test_any_error_is_read_and_judged(body: Any, status: int) -> None:
    error = judge(refused(Reply(status, json.dumps(body).encode())))
    assert error.message.startswith("Milestone ")
    assert "\n" not in error.message


def test_lists_are_read_page_by_page(site: Site) -> None:
    first, second = [{"id": str(n)} for n in range(100)], [{"id": "100"}]
    paged(site, "disabled&", first, second, [])
    assert list(rest(site).every("cameras", query="disabled")) == first + second


def paged(site: Site, query: str, *pages: list[dict[str, Any]]) -> None:
    for number, page in enumerate(pages):
        site.on(f"GET {ROOT}/cameras?{query}page={number}&size=100", told({"array": page}))


@pytest.mark.parametrize("most", [1, 2, 3, 7, 99])
def test_who_gives_fewer_at_once_than_asked_for_is_read_to_the_end(site: Site, most: int) -> None:
    every = [{"id": str(n)} for n in range(9)]
    paged(site, "", *(every[at : at + most] for at in range(0, 9 + most, most)))
    assert list(rest(site).every("cameras")) == every


@pytest.mark.parametrize("most", [1, 2, 5])
def test_the_emulators_lists_are_read_whole_however_short_its_pages(house: House, most: int) -> None:
    house.vms.install(cameras=5, enabled=False)
    house.vms.faults.most_on_a_page = most
    rest_of = house.target()._rest
    hardware = house.vms.every("hardware")[0]
    for found in (
        rest_of.every("cameras", query="disabled"),
        rest_of.every("hardware", hardware.id, "cameras", query="disabled"),
    ):
        assert [one["id"] for one in found] == [one.id for one in house.vms.every("cameras")]
    assert len(house.vms.called("GET cameras")) == 5 // most + (2 if 5 % most else 1)


def test_what_moved_to_the_next_page_meanwhile_comes_once(site: Site) -> None:
    paged(site, "", [{"id": "1"}, {"id": "2"}], [{"id": "2"}, {"id": "3"}], [{"id": "3"}])
    assert [one["id"] for one in rest(site).every("cameras")] == ["1", "2", "3"]


def test_what_has_no_id_is_told_apart_by_all_it_says(site: Site) -> None:
    paged(site, "", [{"name": "a"}, {"name": "b"}], [{"name": "a"}, {"name": "b"}])
    assert list(rest(site).every("cameras")) == [{"name": "a"}, {"name": "b"}]


@pytest.mark.parametrize("status", [400, 404])
def test_a_page_behind_the_last_one_may_be_refused(site: Site, status: int) -> None:
    paged(site, "", [{"id": "1"}])
    site.on(f"GET {ROOT}/cameras?page=1&size=100", told(PLAIN, status))
    assert list(rest(site).every("cameras")) == [{"id": "1"}]


def test_trouble_on_a_later_page_is_no_end_of_the_list(site: Site) -> None:
    paged(site, "", [{"id": "1"}])
    site.on(f"GET {ROOT}/cameras?page=1&size=100", told({}, 503))
    with pytest.raises(VmsProblem):
        list(rest(site).every("cameras"))


def test_a_list_without_end_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.targets.milestone.rest._MOST_PAGES", 3)
    paged(site, "", *([{"id": str(n)}] for n in range(9)))
    with pytest.raises(VmsProblem, match="garbled") as caught:
        list(rest(site).every("cameras"))
    assert "more than 3 pages" in caught.value.answer.message
    assert len(site.requests) == 3


def test_who_ignores_pages_is_not_asked_for_ever(site: Site) -> None:
    same = told({"array": [{"id": str(n)} for n in range(100)]})
    for page in range(2):
        site.on(f"GET {ROOT}/cameras?page={page}&size=100", same)
    assert len(list(rest(site).every("cameras"))) == 100
    assert len(site.requests) == 2


@pytest.mark.parametrize("said", [told({"array": 7}), told([]), told({}), Said(200, b"<html>"), Said(200, b"[" * 9999)])
def test_what_is_no_list_is_told(site: Site, said: Said) -> None:
    site.on(f"GET {ROOT}/cameras?page=0&size=100", said)
    with pytest.raises(VmsProblem, match="garbled"):
        list(rest(site).every("cameras"))


def tokens() -> Kept:
    given_out = iter(range(1, 9))
    return Kept(lambda: Token(f"tok-{next(given_out)}", float("inf")))


def test_a_refused_token_is_replaced_once_and_the_request_made_again(site: Site) -> None:
    site.on(f"GET {ROOT}/cameras/1", told({}, 401), told({"data": {"id": "1"}}))
    assert Rest(wire(), site.url, tokens()).get("cameras", "1") == {"id": "1"}
    assert [one.headers["Authorization"] for one in site.requests] == ["Bearer tok-1", "Bearer tok-2"]


def test_a_token_that_is_refused_again_is_a_persons_matter(site: Site) -> None:
    site.on(f"GET {ROOT}/cameras/1", told({}, 401))
    with pytest.raises(VmsProblem) as caught:
        Rest(wire(), site.url, tokens()).get("cameras", "1")
    assert isinstance(judge(caught.value.answer), TargetParked)
    assert len(site.requests) == 2


def test_what_is_not_there_is_none_and_deleting_it_no_error(site: Site) -> None:
    assert rest(site).find("cameras", "1") is None
    assert rest(site).delete("bookmarks", "1") is False


def test_an_id_cannot_leave_its_place_in_an_address(site: Site) -> None:
    rest(site).find("cameras", "../hardware/1?task=x")
    assert site.asked() == [f"GET {ROOT}/cameras/..%2Fhardware%2F1%3Ftask%3Dx"]


def test_a_wish_to_be_left_alone_is_passed_on(site: Site) -> None:
    site.on(f"GET {ROOT}/cameras/1", told({}, 503, **{"Retry-After": "30"}))
    with pytest.raises(VmsProblem) as caught:
        rest(site).get("cameras", "1")
    error = judge(caught.value.answer)
    assert isinstance(error, TransientFailure)
    assert error.retry_after_seconds == 30


@pytest.mark.parametrize("value", ["", "a/b", "..", "x" * 65, "ü", 7, None, {"id": "1"}, "a b", "1\n"])
def test_what_cannot_be_an_id_is_none(value: Any) -> None:
    assert as_id(value) == ""
    assert path_id({"type": "cameras", "id": value}, "cameras") == ""


def test_a_path_of_another_kind_is_none() -> None:
    assert path_id({"type": "Hardware", "id": "1-a"}, "hardware") == "1-a"
    assert path_id({"type": "cameras", "id": "1-a"}, "hardware") == ""
