"""Whether the start is refused in time, and what address people are told."""

from __future__ import annotations

import socket

import pytest

from scripts.lib.address import Address, StartFailed
from tests.services.process import free_port


def test_a_taken_port_is_told_with_a_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartFailed, match=rf"Port {port} of 127.0.0.1 is taken .* PORT="):
            Address("127.0.0.1", port).refuse_if_taken()


def test_a_free_port_is_accepted() -> None:
    Address("127.0.0.1", free_port()).refuse_if_taken()


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(StartFailed, match=r"no address 192\.0\.2\.1"):
        Address("192.0.2.1", 8000).refuse_if_taken()


def test_a_host_that_is_no_address_is_refused() -> None:
    with pytest.raises(StartFailed, match=r"HOST=no\.such\.host\.invalid"):
        Address("no.such.host.invalid", 8000).refuse_if_taken()


@pytest.mark.parametrize(
    ("host", "public_url", "told"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:8000"),
        ("0.0.0.0", "", "http://127.0.0.1:8000"),
        ("::", "", "http://[::1]:8000"),
        ("video.example.org", "", "http://video.example.org:8000"),
        ("127.0.0.1", "https://video.example.org/", "https://video.example.org"),
    ],
)
def test_people_are_told_an_address_that_works(host: str, public_url: str, told: str) -> None:
    assert Address(host, 8000, public_url).for_people == told
