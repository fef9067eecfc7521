"""Promises of backend/targets/s3_xml.py."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.targets.s3_xml import (
    Garbled,
    PartsPage,
    StoredPart,
    UploadsPage,
    error_in,
    plain_etag,
    read_parts,
    read_reply,
    read_upload_id,
    read_uploads,
    write_completion,
)

_NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@pytest.mark.parametrize("namespace", ["", _NAMESPACE])
def test_parts_are_read_with_and_without_a_namespace(namespace: str) -> None:
    reply = (
        f"<ListPartsResult{namespace}><IsTruncated>true</IsTruncated>"
        "<NextPartNumberMarker>2</NextPartNumberMarker>"
        '<Part><PartNumber>2</PartNumber><Size>5</Size><ETag>"abc"</ETag></Part></ListPartsResult>'
    )

    assert read_parts(reply.encode()) == PartsPage((StoredPart(2, 5, "abc"),), "2")


def test_the_last_page_of_parts_has_no_next_one() -> None:
    reply = b"<ListPartsResult><IsTruncated>false</IsTruncated><NextPartNumberMarker>0</NextPartNumberMarker>"

    assert read_parts(reply + b"</ListPartsResult>") == PartsPage((), None)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1))
def test_the_uploads_of_a_key_are_found_however_its_name_is_written(key: str) -> None:
    for written in (key, quote(key), quote(key, safe=""), quote_plus(key, safe="/")):
        root = ET.Element("ListMultipartUploadsResult")
        upload = ET.SubElement(root, "Upload")
        ET.SubElement(upload, "Key").text = written
        ET.SubElement(upload, "UploadId").text = "id-1"

        assert read_uploads(ET.tostring(root), key) == UploadsPage(("id-1",), None)


def test_the_uploads_of_a_longer_name_are_not_this_keys() -> None:
    reply = b"<ListMultipartUploadsResult><Upload><Key>a.mp4x</Key><UploadId>1</UploadId></Upload>"

    assert read_uploads(reply + b"</ListMultipartUploadsResult>", "a.mp4") == UploadsPage((), None)


def test_where_a_listing_goes_on_is_read() -> None:
    reply = (
        b"<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>"
        b"<NextUploadIdMarker>7</NextUploadIdMarker><Upload><Key>a</Key><UploadId>7</UploadId></Upload>"
        b"</ListMultipartUploadsResult>"
    )

    assert read_uploads(reply, "a") == UploadsPage(("7",), ("a", "7"))


def test_an_error_is_seen_in_any_reply() -> None:
    assert error_in(b"<Error><Code>SlowDown</Code><Message>later</Message></Error>") == ("SlowDown", "later")
    assert error_in(f"<Error{_NAMESPACE}/>".encode()) == ("UnknownError", "")
    assert error_in(b"<Fine/>") is None
    assert error_in(b"") is None


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"OK",
        b"<html></html>",
        b"<ListPartsResult>",
        b"\xff\xfe",
        b"<ListPartsResult><Part><PartNumber>x</PartNumber></Part></ListPartsResult>",
    ],
)
def test_a_reply_that_is_something_else_is_garbled(reply: bytes) -> None:
    with pytest.raises(Garbled):
        read_parts(reply)
    with pytest.raises(Garbled):
        read_upload_id(b"<InitiateMultipartUploadResult/>")


def test_a_completion_names_every_part_in_order() -> None:
    root = read_reply(write_completion({2: "b", 10: "c", 1: "a&"}), "CompleteMultipartUpload")

    assert [(part.findtext("PartNumber"), part.findtext("ETag")) for part in root] == [
        ("1", '"a&"'),
        ("2", '"b"'),
        ("10", '"c"'),
    ]


@pytest.mark.parametrize("value", ['"abc"', "abc", 'W/"abc"', ' "abc" '])
def test_an_etag_is_compared_without_its_dress(value: str) -> None:
    assert plain_etag(value) == "abc"
