"""Every promise of the storage library's port (backend/storage/base.py), kept by every engine there is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from inspect import isabstract
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

import backend.storage
from backend.errors import UnsupportedByEngine
from backend.storage.base import StorageEngine
from tests.contract.engine_forms import FORMS
from tests.contract.engines import ENGINES, MP4, Engine, every_engine
from tests.services.waiting import wait_until

_SECOND = 1 / 3600  # of ttl_hours


@pytest.fixture(params=every_engine())
def case(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]


@pytest.fixture
def storage(case: Engine, request: pytest.FixtureRequest) -> Iterator[StorageEngine]:
    with case.make(request) as made:
        yield made


def keys(found: list[dict[str, Any]]) -> list[str]:
    return [video["key"] for video in found]


def test_every_engine_of_the_library_is_tried_here() -> None:
    modules = [import_module(f"backend.storage.{found.name}") for found in iter_modules(backend.storage.__path__)]
    engines = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, StorageEngine) and not isabstract(value)
    }
    assert engines == {case.kind for case in ENGINES.values() if case.kind.__module__.startswith("backend.")}


@pytest.mark.parametrize("form", FORMS)
def test_what_was_stored_comes_back_byte_for_byte_whatever_form_it_came_in(
    storage: StorageEngine, form: str, tmp_path: Path
) -> None:
    given = FORMS[form](MP4, tmp_path)
    key = storage.store_video(given, {})
    if isinstance(given, io.BufferedReader):
        assert not given.closed
        given.close()
    assert storage.retrieve_video(key) == MP4
    assert type(storage.retrieve_video(key)) is bytes
    assert storage.get_video(key) == {**(storage.retrieve_video(key, "metadata") or {}), "key": key}


def test_a_stream_is_read_from_where_it_stands(storage: StorageEngine) -> None:
    stream = io.BytesIO(b"a header" + MP4)
    stream.seek(len(b"a header"))
    assert storage.retrieve_video(storage.store_video(stream, {})) == MP4


def test_a_video_is_had_as_bytes_as_metadata_and_as_a_stream(storage: StorageEngine) -> None:
    key = storage.store_video(MP4, {"title": "Gate"})
    assert storage.retrieve_video(key, "data") == storage.retrieve_video(key, "bytes") == MP4
    stream = storage.retrieve_video(key, format="stream")
    assert stream is not None
    with stream:
        assert stream.read(12) == MP4[:12]
        assert stream.seek(-5, io.SEEK_END) == len(MP4) - 5
        assert stream.read() == MP4[-5:]
        assert stream.read() == b""
    metadata = storage.retrieve_video(key, format="metadata")
    assert metadata is not None
    assert metadata["title"] == "Gate"


def test_metadata_has_the_documented_shape(storage: StorageEngine) -> None:
    before = datetime.now()
    told = {"title": "Gate", "duration": 30.5, "fps": 25, "take": {"of": [1, 2, None, True, "ä"]}}
    key = storage.store_video(MP4, told, tags=["demo", " gate ", "demo", ""], filename="gäte/[1].mp4")
    found = storage.get_video(key)
    assert found is not None
    stored_at, updated_at = (datetime.fromisoformat(found.pop(name)) for name in ("stored_at", "updated_at"))
    assert found == {
        **told,
        "key": key,
        "tags": ["demo", "gate"],
        "filename": "gäte/[1].mp4",
        "video_size_bytes": len(MP4),
        "mime_type": "video/mp4",
    }
    assert stored_at.tzinfo is None
    assert before <= stored_at <= datetime.now()
    assert updated_at == stored_at


@pytest.mark.parametrize(
    ("head", "mime_type", "filename"),
    [
        (MP4, "video/mp4", "video.mp4"),
        (b"\x1aE\xdf\xa3\x01webm" + bytes(30), "video/webm", "video.webm"),
        (b"RIFF\0\0\0\0AVI " + bytes(30), "video/x-msvideo", "video.avi"),
        (b"\x00\x00\x01\xba" + bytes(30), "video/mpeg", "video.mpg"),
        (b"nobody knows", "video/octet-stream", "video"),
    ],
    ids=["mp4", "webm", "avi", "mpeg", "unknown"],
)
def test_the_type_is_what_the_content_shows_and_names_what_has_no_name(
    storage: StorageEngine, head: bytes, mime_type: str, filename: str
) -> None:
    found = storage.get_video(storage.store_video(head, {}))
    assert found is not None
    assert (found["mime_type"], found["filename"]) == (mime_type, filename)


def test_a_name_that_says_another_type_does_not_change_what_the_content_shows(storage: StorageEngine) -> None:
    found = storage.get_video(storage.store_video(MP4, {}, filename="gate.webm"))
    assert found is not None
    assert (found["mime_type"], found["filename"]) == ("video/mp4", "gate.webm")


def test_a_path_gives_its_name_where_none_was_told(storage: StorageEngine, tmp_path: Path) -> None:
    path = tmp_path / "gate 7.mp4"
    path.write_bytes(MP4)
    for found in map(storage.get_video, [storage.add_video(path), storage.add_video(str(path))]):
        assert found is not None
        assert found["filename"] == "gate 7.mp4"


def test_the_callers_metadata_is_never_changed_and_what_is_returned_is_a_copy(storage: StorageEngine) -> None:
    told: dict[str, Any] = {"title": "Gate", "marks": [1]}
    key = storage.store_video(MP4, told, tags=["a"])
    assert told == {"title": "Gate", "marks": [1]}
    told["marks"].append(2)
    for found in (storage.get_video(key), *storage.list_videos(), *storage.search_by_tags(["a"])):
        assert found is not None
        assert found["marks"] == [1]
        found["marks"].append(3)
        found["tags"].append("b")
    assert storage.search_by_tags(["b"]) == []
    found = storage.get_video(key)
    assert found is not None
    assert found["marks"] == [1]


def test_lists_and_searches_are_newest_first_and_name_each_video(storage: StorageEngine) -> None:
    stored = [storage.store_video(MP4, {"take": take}, tags=["all", f"take{take}"]) for take in range(4)]
    newest_first = stored[::-1]
    assert keys(storage.list_videos()) == keys(storage.list_all_videos()) == newest_first
    assert keys(storage.list_videos(limit=2)) == newest_first[:2]
    assert storage.list_videos(limit=0) == []
    assert keys(storage.search_by_tags(["all"])) == newest_first
    assert keys(storage.search_by_timestamp_range()) == newest_first
    assert storage.list_videos()[0] == storage.get_video(stored[3])
    assert len(storage) == 4


def test_tags_find_any_or_every_one_of_them(storage: StorageEngine) -> None:
    one = storage.store_video(MP4, {}, tags=["a", "b"])
    two = storage.store_video(MP4, {}, tags=["b", "c"])
    three = storage.store_video(MP4, {}, tags=["B"])
    assert keys(storage.search_by_tags(["a", "c"])) == [two, one]
    assert keys(storage.search_by_tags([" b ", "a"], operator="AND")) == [one]
    assert keys(storage.search_by_tags(["a", "b", "nobody"], operator="and")) == []
    assert keys(storage.search_by_tags(["nobody", "B"], "OR")) == [three]
    assert storage.search_by_tags([]) == storage.search_by_tags([], "AND") == storage.search_by_tags(["nobody"]) == []


def test_tags_in_the_metadata_count_where_none_are_given_beside_it(storage: StorageEngine) -> None:
    first = storage.store_video(MP4, {"tags": ["a"], "filename": "a.mp4"})
    again = storage.get_video(first)
    assert again is not None
    second = storage.get_video(storage.store_video(MP4, again))
    assert second is not None
    assert (second["tags"], second["filename"]) == (["a"], "a.mp4")
    assert second["key"] != first
    third = storage.get_video(storage.store_video(MP4, again, tags=[], filename="b.mp4"))
    assert third is not None
    assert (third["tags"], third["filename"]) == ([], "b.mp4")


def test_a_range_of_time_has_both_its_ends_in_it_and_may_be_open(storage: StorageEngine) -> None:
    stored = [storage.store_video(MP4, {}) for _ in range(3)]
    times = [datetime.fromisoformat(video["stored_at"]) for video in reversed(storage.list_videos())]
    first, middle, last = times
    assert first < middle < last
    assert keys(storage.search_by_timestamp_range(middle, middle)) == [stored[1]]
    assert keys(storage.search_by_timestamp_range(first, last)) == stored[::-1]
    assert keys(storage.search_by_timestamp_range(start_time=middle)) == [stored[2], stored[1]]
    assert keys(storage.search_by_timestamp_range(end_time=middle)) == [stored[1], stored[0]]
    assert keys(storage.search_by_timestamp_range(middle.astimezone(UTC), middle.astimezone(UTC))) == [stored[1]]
    assert storage.search_by_timestamp_range(end_time=first - timedelta(microseconds=1)) == []
    assert storage.search_by_timestamp_range(start_time=last + timedelta(microseconds=1)) == []
    assert keys(storage.search_by_timestamp_range(datetime.min, datetime.max)) == stored[::-1]


def test_an_update_merges_and_replaces_the_tags(storage: StorageEngine) -> None:
    key = storage.store_video(MP4, {"title": "Old", "fps": 25}, tags=["a", "b"])
    other = storage.store_video(MP4, {"title": "Other"}, tags=["a"])
    before = storage.get_video(key)
    assert storage.update_metadata(key, {"title": "New", "note": [1]}) is True
    assert storage.update_metadata(key, {"tags": ["b", "c"]}) is True
    found = storage.get_video(key)
    assert before is not None
    assert found is not None
    updated_at = found.pop("updated_at")
    assert datetime.fromisoformat(updated_at) > datetime.fromisoformat(before.pop("updated_at"))
    assert found == {**before, "title": "New", "note": [1], "tags": ["b", "c"]}
    assert keys(storage.search_by_tags(["a"])) == [other]
    assert keys(storage.search_by_tags(["c"])) == keys(storage.search_by_tags(["b"])) == [key]
    assert storage.retrieve_video(key) == MP4


def test_what_the_engine_knows_itself_cannot_be_overwritten(storage: StorageEngine) -> None:
    key = storage.store_video(MP4, {"video_size_bytes": 1, "mime_type": "x/y", "stored_at": "never", "key": "mine"})
    before = storage.get_video(key)
    assert before is not None
    assert before["key"] == key
    assert (before["video_size_bytes"], before["mime_type"]) == (len(MP4), "video/mp4")
    changes = {**before, "video_size_bytes": 2, "stored_at": "then", "filename": "other.mp4", "title": "New"}
    assert storage.update_metadata(key, changes)
    found = storage.get_video(key)
    assert found is not None
    assert found == {**before, "title": "New", "updated_at": found["updated_at"]}


def test_what_was_deleted_is_nowhere(storage: StorageEngine) -> None:
    key, other = (storage.store_video(MP4, {}, tags=["a"]) for _ in range(2))
    assert storage.delete_video(key) is True
    assert storage.delete_video(key) is False
    assert_gone(storage, key)
    assert keys(storage.list_videos()) == [other]
    assert storage.retrieve_video(other) == MP4


def test_clear_all_leaves_nothing(storage: StorageEngine) -> None:
    stored = [storage.store_video(MP4, {}, tags=["a"]) for _ in range(3)]
    assert storage.clear_all() is True
    for key in stored:
        assert_gone(storage, key)
    assert len(storage) == 0
    assert storage.list_videos() == []
    assert storage, "an empty engine is an engine"
    assert storage.clear_all() is True
    assert storage.retrieve_video(storage.store_video(MP4, {})) == MP4


def test_a_video_is_gone_when_its_time_is_over_and_not_before(storage: StorageEngine) -> None:
    for_ever = storage.store_video(MP4, {}, tags=["a"], ttl_hours=0)
    usual = storage.store_video(MP4, {}, tags=["a"])
    before = datetime.now()
    short = storage.store_video(MP4, {}, tags=["a", "b"], ttl_hours=2 * _SECOND)
    storage.update_metadata(short, {"title": "an update does not make it longer"})
    wait_until(lambda: short not in storage, "the end of a video's time")
    assert datetime.now() - before >= timedelta(seconds=2)
    assert_gone(storage, short)
    assert keys(storage.list_videos()) == [usual, for_ever]
    assert storage.get_storage_stats()["tag_distribution"] == {"a": 2}


def assert_gone(storage: StorageEngine, key: str) -> None:
    assert storage.retrieve_video(key) is None
    assert storage.retrieve_video(key, "metadata") is None
    assert storage.retrieve_video(key, "stream") is None
    assert storage.get_video(key) is None
    assert key not in storage
    assert storage.update_metadata(key, {"title": "x"}) is False
    assert storage.delete_video(key) is False
    found = [*storage.list_videos(), *storage.search_by_tags(["a", "b"]), *storage.search_by_timestamp_range()]
    assert key not in keys(found)
    assert len(storage) == storage.get_storage_stats()["total_videos"] == len(storage.list_videos())


@pytest.mark.parametrize("key", ["unknown", "", "a\0b", "ä" * 300, None, 5])
def test_a_key_that_nobody_gave_is_none_or_false(storage: StorageEngine, key: Any) -> None:
    assert storage.retrieve_video(key) is None
    assert storage.get_video(key) is None
    assert key not in storage
    assert storage.update_metadata(key, {}) is False
    assert storage.delete_video(key) is False


def test_figures_tell_what_is_there(storage: StorageEngine) -> None:
    storage.store_video(MP4, {}, tags=["a", "b"])
    storage.store_video(MP4 * 4000, {}, tags=["b"])
    told = storage.get_storage_stats()
    size_bytes = 4001 * len(MP4)
    assert told["engine"] == storage.name
    assert (told["total_videos"], told["total_size_bytes"]) == (2, size_bytes)
    assert told["total_memory_mb"] == round(size_bytes / 1024**2, 2)
    assert told["tag_distribution"] == {"a": 1, "b": 2}
    assert {"ttl_hours", "max_video_size_mb"} <= told.keys()


def test_add_video_takes_metadata_as_a_dict_and_by_name(storage: StorageEngine) -> None:
    key = storage.add_video(MP4, {"title": "Old", "fps": 25}, title="New", tags=["a"], filename="gate.mp4")
    found = storage.get_video(key)
    assert found is not None
    assert {name: found[name] for name in ("title", "fps", "tags", "filename")} == {
        "title": "New",
        "fps": 25,
        "tags": ["a"],
        "filename": "gate.mp4",
    }


def test_a_key_of_ones_own_is_obeyed_and_what_was_there_replaced_or_it_is_refused(
    storage: StorageEngine, case: Engine
) -> None:
    if not case.takes_keys:
        with pytest.raises(ValueError, match="key"):
            storage.store_video(MP4, {}, key="mine")
        assert len(storage) == 0
        return
    assert storage.store_video(MP4, {"title": "Old"}, tags=["old"], key="mine") == "mine"
    assert storage.store_video(MP4 * 2, {"fps": 25}, tags=["new"], key="mine") == "mine"
    found = storage.get_video("mine")
    assert found is not None
    assert "title" not in found
    assert storage.retrieve_video("mine") == MP4 * 2
    assert storage.search_by_tags(["old"]) == []
    assert keys(storage.search_by_tags(["new"])) == keys(storage.list_videos()) == ["mine"]
    assert storage.get_storage_stats()["total_size_bytes"] == 2 * len(MP4)


def test_vectors_find_videos_until_they_are_deleted(storage: StorageEngine, case: Engine) -> None:
    if not case.keeps_vectors:
        return
    near, far = (storage.store_video(MP4 * number, {"title": f"v{number}"}) for number in (1, 2))
    assert storage.add_vector(near, [1.0, 0.5])
    assert storage.add_vector(far, [-1.0, 0.0], "default")
    assert not storage.add_vector("nobody", [1.0, 0.0])
    assert storage.search_vector([1, 0], namespace="other") == []
    found = storage.search_vector([1, 0], limit=2)
    assert keys(found) == [near, far]
    assert found[0]["title"] == "v1"
    assert [each["score"] for each in found] == pytest.approx([0.8**0.5, -1], abs=1e-6)
    assert storage.add_vector(far, [2.0, 0.0])
    assert keys(storage.search_vector([1, 0], limit=1)) == [far]
    assert storage.delete_video(far)
    assert keys(storage.search_vector([1, 0])) == [near]
    for wrong in ([], [float("nan"), 1.0], [0.0, 0.0]):
        with pytest.raises(ValueError, match="vector"):
            storage.add_vector(near, wrong)
        with pytest.raises(ValueError, match="vector"):
            storage.search_vector(wrong)
    with pytest.raises(ValueError, match="limit"):
        storage.search_vector([1, 0], limit=0)


def test_a_video_whose_time_is_over_is_found_by_no_vector(storage: StorageEngine, case: Engine) -> None:
    if not case.keeps_vectors:
        return
    key = storage.store_video(MP4, {}, ttl_hours=1e-6)
    kept = storage.store_video(MP4, {})
    # The first may be over by now.
    storage.add_vector(key, [1.0, 0.0], namespace="ending")
    storage.add_vector(kept, [1.0, 0.0], namespace="ending")
    wait_until(lambda: key not in storage, "its time to be over")
    assert keys(storage.search_vector([1, 0], namespace="ending")) == [kept]


def test_an_engine_without_vectors_says_so(storage: StorageEngine, case: Engine) -> None:
    if case.keeps_vectors:
        return
    for refused in (lambda: storage.add_vector("key", [1.0]), lambda: storage.search_vector([1.0])):
        with pytest.raises(UnsupportedByEngine, match=f"'{storage.name}' keeps no vectors"):
            refused()
        with pytest.raises(NotImplementedError):
            refused()
