"""Addresses of share links: only ours are known, and whatever is changed in one makes another of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.sharing.signature import LinkKey

KEY, NOW = LinkKey("secret"), datetime(2026, 11, 21, tzinfo=UTC)
IDS = st.uuids().map(str)


@given(IDS)
def test_an_address_tells_its_link_and_is_safe_in_a_url(share_id: str) -> None:
    address = KEY.address_of(share_id)
    assert KEY.id_in(address) == share_id
    assert address.isascii()
    assert set(address) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@given(IDS, st.text(), st.integers(0, 68))
@settings(max_examples=200)
def test_whatever_is_changed_in_an_address_makes_nothing_of_it(share_id: str, other: str, at: int) -> None:
    address = KEY.address_of(share_id)
    for changed in (other, address[:at] + other + address[at + 1 :], address + other, f"{other}.{address}"):
        assert changed == address or KEY.id_in(changed) is None
    assert LinkKey("another").id_in(address) is None


def test_a_visit_is_known_for_its_own_link_and_for_hours() -> None:
    share_id = "a"
    word = KEY.visit(share_id, NOW)
    assert KEY.is_visit(share_id, word, NOW + timedelta(hours=11))
    assert not KEY.is_visit(share_id, word, NOW + timedelta(hours=13))
    assert not KEY.is_visit("b", word, NOW)
    until, _, signature = word.partition(".")
    for forged in ("", ".", "x", f"{int(until) + 9}.{signature}", f"{until}.", word + "x", "é.é"):
        assert not KEY.is_visit(share_id, forged, NOW)


def test_a_visit_is_no_address_and_an_address_no_visit() -> None:
    assert KEY.id_in(KEY.visit("a", NOW)) is None
    assert not KEY.is_visit("a", KEY.address_of("a"), NOW)
