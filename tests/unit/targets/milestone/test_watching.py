"""Promises of backend/targets/milestone/watching.py: an address to watch at, for whatever the VMS calls its cameras."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from backend.targets.milestone.measure import Wanted
from backend.targets.milestone.proofs import proof_of
from backend.targets.milestone.spans import Span
from backend.targets.milestone.watching import address
from tests.contract.transfers import Told
from tests.unit.targets.milestone.vms_site import House

START = datetime(2024, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))
SPAN = Span(START, START + timedelta(seconds=60))


def proof(camera_id: str = "c-7") -> dict[str, Any]:
    return proof_of("a-video", camera_id, Wanted(SPAN), "", "")


@pytest.mark.parametrize("plain", ["", "https://vms.example.org:8082/XProtect%20Web%20Client/"])
def test_a_plain_address_stays_as_it_is(plain: str) -> None:
    assert address(plain, proof()) == plain


@pytest.mark.parametrize("camera_id", ["8f4c1f2e", "a&from=x", "{start}", "gate/../#"])
def test_each_field_is_filled_in_and_can_change_no_other_part(camera_id: str) -> None:
    made = urlsplit(address("https://v.example.org/play?camera={camera_id}&from={start}&to={end}", proof(camera_id)))
    assert made.netloc == "v.example.org"
    assert made.path == "/play"
    assert made.fragment == ""
    told = parse_qs(made.query)
    assert told["camera"] == [camera_id]
    times = [datetime.fromisoformat(told[name][0]) for name in ("from", "to")]
    assert times == [datetime(2024, 3, 1, 12, tzinfo=UTC), datetime(2024, 3, 1, 12, 1, tzinfo=UTC)]


@pytest.mark.parametrize("lacking", [{}, {"vms_camera_id": ""}, {"vms_camera_id": 7}])
def test_no_address_leads_to_a_camera_that_the_proof_does_not_name(lacking: dict[str, Any]) -> None:
    assert address("https://v.example.org/?camera={camera_id}", lacking) == ""
    assert address("https://v.example.org/", lacking) == "https://v.example.org/"


def test_the_check_says_that_nobody_is_led_to_the_footage_but_calls_it_no_fault(house: House) -> None:
    said, led = house.target().check(), house.target(watch_url="https://vms.example.org/").check()
    assert (said.ok, led.ok) == (True, True)
    assert "No watch_url is set" in said.message
    assert "watch_url" not in led.message


def test_a_copy_says_where_it_is_watched_after_each_put_and_nothing_where_nobody_said_it(house: House) -> None:
    source = house.source()
    target = house.target(watch_url="https://vms.example.org/?camera={camera_id}")
    copy = target.put(source, "p/a.mp4", Told())
    assert copy.link == f"https://vms.example.org/?camera={house.vms.cameras[0].id}"
    assert target.put(source, "p/a.mp4", Told()).link == copy.link
    assert target.hold(copy, "for the court").link == copy.link
    assert house.target().put(source, "p/a.mp4", Told()).link == ""
