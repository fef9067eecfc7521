"""What a caller may say of a video: every field's limits, in words that name the field."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import BadField, ExtensionNotAllowed
from backend.intake.checks import check_extension, read_facts, wait_seconds

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FIELDS = ("project_id", "content_type", "contentType", "title", "description", "tags", "source", "camera_id",
          "start_time", "end_time", "ttl_hours", "targets", "sha256", "metadata", "wait", "anything")  # fmt: skip


def test_nothing_said_is_all_right() -> None:
    facts = read_facts({}, NOW)
    assert facts.project_id == "default"
    assert facts.targets is None
    assert facts.expires_at is None
    assert facts.metadata == {}


def test_every_field_is_read() -> None:
    facts = read_facts(
        {
            "project_id": [" summer "], "contentType": ["Tutorial"], "title": ["Tag 1"], "description": ["a\nb"],
            "tags": ["sea, sand", "sun,sea", " "], "source": ["phone"], "camera_id": ["c1"], "ttl_hours": ["1.5"],
            "start_time": ["2026-01-31T13:00:00+01:00"], "end_time": ["2026-01-31T12:00:01Z"],
            "targets": ["nas, s3"], "sha256": ["SHA256:" + "AB" * 32], "metadata": ['{"take": 3, "é": [null]}'],
        },
        NOW,
    )  # fmt: skip
    assert (facts.project_id, facts.content_type, facts.title, facts.description) == (
        "summer",
        "Tutorial",
        "Tag 1",
        "a\nb",
    )
    assert facts.tags == ("sea", "sand", "sun")
    assert facts.expires_at == NOW + timedelta(minutes=90)
    assert facts.start_at == datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    assert facts.end_at == datetime(2026, 1, 31, 12, 0, 1, tzinfo=UTC)
    assert facts.targets == ("nas", "s3")
    assert facts.sha256 == "ab" * 32
    assert facts.metadata == {"take": 3, "é": [None]}


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("project_id", ["x" * 100]),
        ("project_id", ["../..", "/"][:1]),
        ("content_type", ["日本語"]),
        ("title", ["x" * 65_536]),
        ("title", ["\x1b[31m\n\u202e"]),
        ("tags", [",".join(f"t{n}" for n in range(100))]),
        ("tags", ["x" * 100]),
        ("ttl_hours", ["0.001"]),
        ("ttl_hours", [str(24 * 365 * 100)]),
        ("start_time", ["1900-01-01T00:00:00Z"]),
        ("metadata", ["{}"]),
        ("sha256", [""]),
    ],
)
def test_limits_are_inclusive(field: str, values: Sequence[str]) -> None:
    read_facts({field: values}, NOW)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        *[(field, ["x" * 101]) for field in ("project_id", "content_type", "source", "camera_id", "tags")],
        *[(field, ["a", "b"]) for field in FIELDS[:5] + FIELDS[6:11] + FIELDS[12:14]],
        *[("project_id", [f"a{c}b"]) for c in "\x00\n\r\x1b\x7f\x85\ud800"],
        *[(field, ["a\nb"]) for field in ("content_type", "contentType", "tags", "source", "camera_id")],
        ("title", ["x" * 65_537]),
        ("title", ["a\x00b"]),
        ("description", ["a\x00b"]),
        ("tags", [",".join(f"t{n}" for n in range(101))]),
        *[("ttl_hours", [v]) for v in ("0", "-1", "nan", "inf", "1e309", "soon", str(24 * 365 * 100 + 1))],
        *[("start_time", [v]) for v in ("yesterday", "2026-01-31", "2026-01-31T12:00:00", "2026-02-30T00:00:00Z")],
        *[("start_time", [v]) for v in ("0001-01-01T00:00:00+14:00", "1899-12-31T23:59:59Z", "9999-01-01T00:00:00Z")],
        ("end_time", ["9999-12-31T23:59:59-14:00"]),
        *[("sha256", [v]) for v in ("ab", "g" * 64, "a" * 65, "md5:" + "a" * 64)],
        *[("metadata", [v]) for v in ("[]", "1", "null", '"a"', "{", "{'a': 1}", '{"a": NaN}', '{"a": 1e999}')],
        ("metadata", ['{"a":' * 50_000 + "1" + "}" * 50_000]),
        ("metadata", ['{"a": ' + "9" * 5000 + "}"]),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_by_the_name_of_its_field(field: str, values: Sequence[str]) -> None:
    if field == "contentType":
        values = [*values, "c"]
    with pytest.raises(BadField) as told:
        read_facts({field: values}, NOW)
    assert told.value.detail == {"field": field}
    assert told.value.message.startswith(field)


def test_recording_must_end_after_it_began() -> None:
    at = ["2026-01-31T12:00:00Z"]
    with pytest.raises(BadField, match="end_time"):
        read_facts({"start_time": at, "end_time": at}, NOW)


@given(st.dictionaries(st.sampled_from(FIELDS), st.lists(st.text(st.characters(), max_size=50), max_size=3)))
def test_no_text_at_all_breaks_the_check(fields: dict[str, list[str]]) -> None:
    try:
        facts = read_facts(fields, NOW)
        wait_seconds(fields, 0)
    except BadField as refused:
        field = refused.detail["field"]
    else:
        field = "metadata"
        json.dumps(facts.metadata, allow_nan=False)
    assert field in FIELDS


@pytest.mark.parametrize(("given", "seconds"), [([], 7.0), (["0"], 0.0), (["60"], 60.0), (["1.5"], 1.5), ([""], 7.0)])
def test_wait_is_read(given: list[str], seconds: float) -> None:
    assert wait_seconds({"wait": given}, 7.0) == seconds


@pytest.mark.parametrize("given", [["61"], ["-1"], ["nan"], ["x"], ["1", "2"]])
def test_wait_beyond_a_minute_is_refused(given: list[str]) -> None:
    with pytest.raises(BadField, match="wait"):
        wait_seconds({"wait": given}, 0)


@pytest.mark.parametrize(
    ("name", "extension"), [("a.mp4", "mp4"), ("a.b.MOV", "mov"), ("noext", ""), ("", ""), (r"c:\x\a.MKV", "mkv")]
)
def test_extension_on_the_list_is_taken(name: str, extension: str) -> None:
    assert check_extension(name, ("mp4", "mov", "mkv")) == extension


@pytest.mark.parametrize("name", ["a.exe", "a.mp4.exe", ".exe", "a.mp4\x00.exe", "a.mp4/.exe", "a.jpg "])
def test_extension_off_the_list_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(ExtensionNotAllowed) as told:
        check_extension(name, ("mp4", "mov"))
    assert told.value.detail["allowed"] == ["mp4", "mov"]
    assert "mp4, mov" in told.value.message
