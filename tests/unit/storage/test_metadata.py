"""A record keeps what was told, shows it as a new dict, and goes into a text and back."""

from __future__ import annotations

from backend.storage import metadata
from backend.storage.metadata import Record, read_changes, read_wanted

_WANTED = read_wanted({"title": "Gate", "tags": ["b"]}, ["a"], None, 1, None, 48)


def test_what_is_given_beside_the_metadata_goes_before_what_stands_in_it() -> None:
    assert (_WANTED.tags, _WANTED.fields_json, _WANTED.ttl_us) == (("a",), '{"title":"Gate"}', 3_600_000_000)
    assert read_wanted({"filename": "a.mp4"}, None, "b.mp4", None, None, 2).filename == "b.mp4"
    assert read_wanted({"filename": "a.mp4"}, None, None, None, None, 2).ttl_us == 7_200_000_000
    assert read_wanted({"filename": None}, None, None, 0, None, 2).ttl_us is None


def test_a_record_shows_itself_anew_each_time() -> None:
    record = metadata.record(_WANTED, "path.mp4", b"nobody knows", 12, 1_000)
    first = record.shown()
    assert (first["filename"], first["mime_type"], first["tags"]) == ("path.mp4", "video/octet-stream", ["a"])
    first["tags"].append("b")
    assert record.shown("key") == {**record.shown(), "key": "key"}
    assert record.shown()["tags"] == ["a"]


def test_a_record_is_over_at_the_end_of_its_time() -> None:
    record = metadata.record(_WANTED, None, b"", 0, 1_000)
    end_us = 1_000 + 3_600_000_000
    assert record.expires_at_us == end_us
    assert not record.is_over(end_us - 1)
    assert record.is_over(end_us)


def test_a_change_merges_and_keeps_the_rest() -> None:
    record = metadata.record(_WANTED, None, b"", 0, 1_000)
    changed = record.changed(read_changes({"fps": 25, "stored_at": "never", "key": "x"}), 2_000)
    assert changed.fields_json == '{"title":"Gate","fps":25}'
    assert (changed.tags, changed.stored_at_us, changed.updated_at_us) == (("a",), 1_000, 2_000)
    assert changed.expires_at_us == record.expires_at_us
    assert record.changed(read_changes({"tags": None}), 2_000).tags == ()


def test_a_record_comes_back_from_its_text() -> None:
    record = metadata.record(read_wanted({"ü": [1]}, ["ä"], "n.mp4", 0, "k", 1), None, b"", 5, 9)
    assert Record.from_json(record.to_json()) == Record.from_json(record.to_json().encode()) == record
