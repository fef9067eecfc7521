"""tus headers to the letter: what is well formed is read back as it was meant, everything else is refused."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest

from backend.errors import BadField
from backend.web.tus_headers import (
    FIELD_NAMES,
    checksum,
    concat,
    fields,
    length_of,
    metadata,
    natural,
    original_filename,
)

BASE = "/files/"
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1, max_size=20)
# What can stand in a header at all: gunicorn hands every byte but control characters on.
HEADERS = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80)


def _encoded(pairs: dict[str, bytes]) -> str:
    return ",".join(f"{key} {b64encode(value).decode()}" for key, value in pairs.items())


@given(st.integers(0, 10**25))
def test_every_number_is_read(number: int) -> None:
    assert natural("Upload-Offset", str(number)) == natural("Upload-Offset", f"00{number}") == number


def test_number_larger_than_any_file_is_told_as_large() -> None:
    assert natural("Upload-Length", "9" * 8000) > 10**20


@pytest.mark.parametrize("value", ["", "-1", "+1", "1.0", "1e3", " 1", "0x10", "1_000", "٣", "5,5", "five"])
def test_what_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(BadRequest, match="Upload-Offset"):
        natural("Upload-Offset", value)


def test_length_is_told_now_or_later_and_never_both() -> None:
    assert length_of("7", None, is_final=False) == 7
    assert length_of("0", None, is_final=False) == 0
    assert length_of(None, "1", is_final=False) is None
    assert length_of(None, None, is_final=True) is None
    for length, defer, is_final in [
        (None, None, False), ("7", "1", False), (None, "0", False), (None, "true", False), ("7", "", False),
        ("7", None, True), (None, "1", True),
    ]:  # fmt: skip
        with pytest.raises(BadRequest):
            length_of(length, defer, is_final=is_final)


@given(st.dictionaries(KEYS, st.binary(max_size=40), max_size=6))
def test_metadata_comes_back_as_it_was_sent(pairs: dict[str, bytes]) -> None:
    assert metadata(_encoded(pairs)) == pairs
    assert metadata(", ".join(_encoded({k: v}) for k, v in pairs.items())) == pairs


def test_value_and_its_space_may_be_left_out() -> None:
    assert metadata("filename YS5tcDQ=,is_confidential") == {"filename": b"a.mp4", "is_confidential": b""}
    assert metadata("") == metadata("  ") == {}


@pytest.mark.parametrize(
    "header",
    ["a YQ==,a Yg==", " ,a YQ==", "a YQ==,", "ä YQ==", "a Y", "a YQ", "a Y Q==", "a  YQ==", "a Y-_=", "a\tYQ==",
     "\x85 YQ=="],
)  # fmt: skip
def test_malformed_metadata_is_refused(header: str) -> None:
    with pytest.raises(BadRequest, match="Upload-Metadata"):
        metadata(header)


@given(HEADERS)
def test_no_header_breaks_the_reader_and_what_is_told_again_is_plain(header: str) -> None:
    for read in (lambda: metadata(header), lambda: concat(header, BASE), lambda: checksum(header)):
        assert _refusal(read) is not None or re.fullmatch(r"[\x20-\x7e]*", header)


def _refusal(read: Callable[[], object]) -> str | None:
    try:
        read()
    except BadRequest as error:
        words = error.description or ""
        return words if words.isascii() else None
    return None


@pytest.mark.parametrize(
    ("pairs", "name"),
    [
        ({"filename": "Geburtstag ä.mp4".encode(), "name": b"other"}, "Geburtstag ä.mp4"),
        ({"name": b"a.mp4", "filetype": b"text/html"}, "a.mp4"),
        ({"filename": b"", "name": b"a.mp4"}, "a.mp4"),
        ({"filename": b"\xe4.mp4"}, "ä.mp4"),
        ({"filename": b"../../etc\x00/a.mp4"}, "../../etc\x00/a.mp4"),
        ({}, ""),
    ],
)
def test_name_is_taken_verbatim(pairs: dict[str, bytes], name: str) -> None:
    assert original_filename(pairs) == name


def test_fields_of_the_form_are_taken_and_nothing_else() -> None:
    others = {"filename": b"a", "filetype": b"b", "relativePath": b"\xff", "wait": b"9"}
    sent = dict.fromkeys(FIELD_NAMES, b"x") | others
    assert fields(sent) == {name: ["x"] for name in FIELD_NAMES}
    with pytest.raises(BadField, match="title"):
        fields({"title": b"\xff"})


@given(st.binary(max_size=50), st.sampled_from(["sha1", "sha256"]))
def test_checksum_is_read(content: bytes, algorithm: str) -> None:
    digest = hashlib.new(algorithm, content).digest()
    found = checksum(f"{algorithm} {b64encode(digest).decode()}")
    assert found is not None
    assert (found.algorithm, found.digest) == (algorithm, digest)


def test_no_checksum_is_none() -> None:
    assert checksum(None) is None


@pytest.mark.parametrize(
    "header",
    ["", "sha1", "sha1 ", "sha1 YQ==", "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "md5 CY9rzUYh03PK3k6DJie09g==",
     "crc32 AAAAAA==",
     "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "sha1  Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0",
     "sha1 Kq5sNclPz7QV2-lfQIuc6R7oRu0=", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0= x"],
)  # fmt: skip
def test_unknown_or_malformed_checksum_is_refused(header: str) -> None:
    with pytest.raises(BadRequest, match="Upload-Checksum"):
        checksum(header)


@pytest.mark.parametrize(
    "header",
    ["final;/files/b /files/a /files/b", "final;https://video.example/files/b a http://other:80/files/b",
     "final; /files/b  /files/a /files/b", "final;b a b"],
)  # fmt: skip
def test_parts_are_named_absolute_or_relative_and_keep_their_order(header: str) -> None:
    found = concat(header, BASE)
    assert found is not None
    assert (found.is_final, found.part_ids) == (True, ("b", "a", "b"))


def test_a_part_and_an_ordinary_upload() -> None:
    part = concat("partial", BASE)
    assert part is not None
    assert (part.is_final, part.part_ids) == (False, ())
    assert concat(None, BASE) is None


@pytest.mark.parametrize(
    "header",
    ["", "Partial", "partial;", "final", "final;", "final; ", "final;/files/", "final;/uploads/a", "final;/files/a/b",
     "final;/other",
     "final;/files/ä", "final;/files/a\t/files/b", "final;/files/../a", "final;http://[/files/a"],
)  # fmt: skip
def test_malformed_concatenation_is_refused(header: str) -> None:
    with pytest.raises(BadRequest, match="Upload-Concat"):
        concat(header, BASE)
