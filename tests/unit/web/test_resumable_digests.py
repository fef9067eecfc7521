"""Digest Fields at the IETF door: what does not match is told and not kept, what is not understood is refused."""

from __future__ import annotations

import hashlib

import pytest

from tests.unit.web.conftest import VIDEO, Open, Site
from tests.unit.web.rufh_client import address_of, append, create, digest, look, problem, saved

HALF = len(VIDEO) // 2
WHOLE = {"Repr-Digest": f"sha-256={digest(VIDEO)}"}
OTHER = {"Repr-Digest": f"sha-256={digest(b'other')}"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The door asks the same of either database."""
    return sqlite_url


def test_a_digest_told_at_the_creation_or_at_the_end_is_compared(site: Site) -> None:
    saved(create(site, VIDEO, complete="?1", headers=WHOLE))
    told_first = address_of(create(site, VIDEO[:9], headers=WHOLE))
    saved(append(site, told_first, 9, VIDEO[9:], complete="?1"))
    told_last = address_of(create(site, VIDEO[:9]))
    saved(append(site, told_last, 9, VIDEO[9:], complete="?1", headers=WHOLE))


def test_a_file_with_another_digest_is_refused_for_good(site: Site) -> None:
    refused = create(site, VIDEO, complete="?1", headers=OTHER)
    told = problem(refused, 422, "digest-mismatch", "digest-mismatching-values")
    (member,) = told["mismatching-digests"]
    assert member == {"algorithm": "sha-256", "provided-digest": digest(b"other"), "header": "Repr-Digest"}
    assert refused.headers["Upload-Complete"] == "?1"
    told_first = address_of(create(site, VIDEO[:9], headers=OTHER))
    refused = append(site, told_first, 9, VIDEO[9:], complete="?1")
    told = problem(refused, 422, "digest-mismatch", "digest-mismatching-values")
    assert told["mismatching-digests"] == [member]
    assert look(site, told_first).status_code == 410
    assert site.call("GET", "/api/videos/list").get_json()["videos"] == []


def test_two_digests_of_one_file_are_told(site: Site) -> None:
    hexadecimal = hashlib.sha256(VIDEO).hexdigest()
    problem(create(site, path=f"/uploads?filename=a.mp4&sha256={hexadecimal}", headers=OTHER), 400, "bad-request")
    saved(create(site, VIDEO, complete="?1", path=f"/uploads?filename=a.mp4&sha256={hexadecimal}", headers=WHOLE))


@pytest.mark.parametrize(("name", "algorithm"), [("sha-256", "sha256"), ("sha-512", "sha512")])
def test_bytes_that_do_not_have_their_digest_are_dropped_and_sent_again(site: Site, name: str, algorithm: str) -> None:
    def told(content: bytes) -> dict[str, str]:
        return {"Content-Digest": f"{name}={digest(content, algorithm)}"}

    refused = create(site, VIDEO[:9], headers=told(b"other"))
    found = problem(refused, 400, "checksum-mismatch", "digest-mismatching-values")
    assert found["mismatching-digests"][0]["header"] == "Content-Digest"
    assert (refused.headers["Upload-Offset"], refused.headers["Upload-Complete"]) == ("0", "?0")
    address = refused.headers["Location"].removeprefix("http://localhost")
    assert append(site, address, 0, VIDEO[:HALF], headers=told(VIDEO[:HALF])).status_code == 204
    refused = append(site, address, HALF, VIDEO[HALF:], complete="?1", headers=told(VIDEO[:HALF]))
    problem(refused, 400, "checksum-mismatch", "digest-mismatching-values")
    assert refused.headers["Upload-Offset"] == str(HALF)
    assert look(site, address).headers["Upload-Offset"] == str(HALF)
    saved(append(site, address, HALF, VIDEO[HALF:], complete="?1", headers=told(VIDEO[HALF:])))


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Content-Digest": "sha-256"}, "digest-invalid-values"),
        ({"Content-Digest": "sha-512=:AAAA:"}, "digest-invalid-values"),
        ({"Repr-Digest": "sha-256=:AAAA:"}, "digest-invalid-values"),
        ({"Repr-Digest": "sha-256=:?:"}, ""),
        ({"Repr-Digest": "x=,"}, ""),
    ],
)
def test_a_digest_that_cannot_be_right_is_refused_before_anything_is_begun(
    site: Site, headers: dict[str, str], kind: str
) -> None:
    told = problem(create(site, VIDEO, complete="?1", headers=headers), 400, "bad-request", kind)
    assert bool(told.get("invalid-digests")) == bool(kind)
    assert list(site.services.layout.incoming.iterdir()) == []
    address = address_of(create(site, VIDEO[:9]))
    problem(append(site, address, 9, VIDEO[9:], complete="?1", headers=headers), 400, "bad-request", kind)
    saved(append(site, address, 9, VIDEO[9:], complete="?1"))


def test_a_wanted_digest_comes_with_the_final_answer_and_with_its_repetition(site: Site) -> None:
    want = {"Want-Repr-Digest": "sha-256=1, sha-512=10"}
    address = address_of(create(site, VIDEO[:9], headers=want))
    first = append(site, address, 9, VIDEO[9:], complete="?1")
    again = append(site, address, len(VIDEO), complete="?1")
    late = append(site, address_of(create(site, VIDEO)), len(VIDEO), complete="?1", headers=want)
    for answer in (first, again, late):
        assert answer.headers["Repr-Digest"] == WHOLE["Repr-Digest"]
    assert "Repr-Digest" not in create(site, VIDEO, complete="?1").headers


def test_content_that_is_here_already_is_refused_for_good_where_it_is_refused(open_site: Open) -> None:
    site = open_site(DUPLICATES="reject")
    saved(create(site, VIDEO, complete="?1"))
    address = address_of(create(site, VIDEO[:9]))
    refused = append(site, address, 9, VIDEO[9:], complete="?1")
    problem(refused, 409, "duplicate")
    assert refused.headers["Upload-Complete"] == "?1"
    assert look(site, address).status_code == 410
