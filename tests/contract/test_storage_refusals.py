"""What every engine of the storage library refuses: with words that help, and with nothing kept of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.storage.base import StorageEngine
from tests.contract.engine_forms import FORMS, Endless
from tests.contract.engines import ENGINES, MOST_MIB, MP4, every_engine

_MOST = MOST_MIB * 1024 * 1024
_deep: list[Any] = []
for _ in range(100):
    _deep = [_deep]
_cycle: dict[str, Any] = {}
_cycle["again"] = _cycle


@pytest.fixture(params=every_engine())
def storage(request: pytest.FixtureRequest) -> Iterator[StorageEngine]:
    with ENGINES[request.param].make(request) as made:
        yield made


class _Gives:
    """A stream that gives this, whatever it is asked for."""

    def __init__(self, what: object) -> None:
        self._what = what

    def read(self, size: int, /) -> Any:
        return self._what


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"video_data": b""}, "cannot be empty"),
        ({"video_data": bytearray()}, "cannot be empty"),
        ({"video_data": memoryview(b"")}, "cannot be empty"),
        ({"video_data": io.BytesIO()}, "cannot be empty"),
        ({"video_data": None}, "is of type NoneType. Give bytes"),
        ({"video_data": 5}, "is of type int. Give bytes"),
        ({"video_data": "/nowhere/at/all.mp4"}, "There is no file '/nowhere/at/all.mp4'"),
        ({"video_data": Path("/nowhere")}, "There is no file"),
        ({"video_data": Path("/")}, "is no file"),
        ({"video_data": "a\0b"}, "There is no file"),
        ({"video_data": io.StringIO("text")}, 'gave str instead of bytes. Open it with "rb"'),
        ({"video_data": _Gives(None)}, "blocking"),
        ({"video_data": _Gives(bytes(_MOST))}, "were asked for|exceeds maximum allowed size"),
        ({"metadata": None}, "metadata must be a dict, not NoneType"),
        ({"metadata": [("a", 1)]}, "metadata must be a dict, not list"),
        ({"metadata": {"at": datetime(2026, 1, 1)}}, r"metadata\['at'\] is of type datetime.*isoformat"),
        ({"metadata": {"a": [1, {2: 3}]}}, r"metadata\['a'\]\[1\] has the name 2, which is no text"),
        ({"metadata": {"a": float("nan")}}, "is nan, which JSON cannot hold"),
        ({"metadata": {"a": 10**5000}}, r"metadata\['a'\] is a whole number of more than 1024 bits"),
        ({"metadata": {"a": b"bytes"}}, "is of type bytes, which JSON cannot hold"),
        ({"metadata": {"a": "\ud800"}}, "half a character"),
        ({"metadata": {"a": _deep}}, "nested more than 64 deep"),
        ({"metadata": _cycle}, "nested more than 64 deep"),
        ({"metadata": {"a": "x" * 1024 * 1024}}, "more than 1048576"),
        ({"metadata": {"tags": "demo"}}, "tags must be a list of texts, not str"),
        ({"tags": "demo"}, r"tags must be a list of texts, not str. Write tags=\["),
        ({"tags": [1]}, "A tag must be a text, not int: 1"),
        ({"tags": ["a,b"]}, "holds a comma"),
        ({"tags": ["a\nb"]}, "control characters"),
        ({"tags": ["x" * 101]}, "longer than 100 characters"),
        ({"tags": [str(n) for n in range(101)]}, "tags are 101, more than 100"),
        ({"filename": 5}, "filename must be a text, not int"),
        ({"filename": " "}, "filename is empty"),
        ({"filename": "a\0b"}, "NUL"),
        ({"filename": "x" * 1025}, "longer than 1024 characters"),
        ({"ttl_hours": -1}, "ttl_hours must be a number of hours from 0"),
        ({"ttl_hours": "24"}, "ttl_hours must be a number of hours from 0.*not '24'"),
        ({"ttl_hours": True}, "ttl_hours must be a number of hours"),
        ({"ttl_hours": float("inf")}, "a hundred years"),
        ({"ttl_hours": float("nan")}, "a hundred years"),
        ({"key": ""}, "key"),
        ({"key": "a b"}, "key"),
        ({"key": "{slot}"}, "key"),
        ({"key": 5}, "key"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_words_and_nothing_is_kept(
    storage: StorageEngine, given: dict[str, Any], words: str
) -> None:
    if isinstance(given.get("video_data"), io.IOBase):
        given["video_data"].seek(0)
    with pytest.raises(ValueError, match=words):
        storage.store_video(**{"video_data": MP4, "metadata": {}, **given})
    assert len(storage) == 0
    assert storage.list_videos() == []
    assert storage.get_storage_stats()["total_size_bytes"] == 0


@pytest.mark.parametrize("form", FORMS)
def test_one_byte_too_many_is_refused_and_the_largest_is_taken(
    storage: StorageEngine, form: str, tmp_path: Path
) -> None:
    largest = MP4 + bytes(_MOST - len(MP4))
    given = FORMS[form](largest, tmp_path)
    assert storage.retrieve_video(storage.store_video(given, {})) == largest
    beyond = FORMS[form](largest + b"x", tmp_path)
    with pytest.raises(ValueError, match="exceeds maximum allowed size of 1 MB"):
        storage.store_video(beyond, {})
    for opened in (given, beyond):
        if isinstance(opened, io.BufferedReader):
            opened.close()
    assert len(storage) == 1


def test_a_stream_without_end_is_read_only_as_far_as_it_may_be_long(storage: StorageEngine) -> None:
    stream = Endless()
    with pytest.raises(ValueError, match="exceeds maximum allowed size"):
        storage.store_video(stream, {})
    assert stream.given_bytes <= _MOST + 1


def test_a_stream_that_breaks_off_says_why_and_nothing_is_kept(storage: StorageEngine) -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if got := super().read(10):
                return got
            raise OSError("the cable was pulled")

    with pytest.raises(OSError, match="the cable was pulled"):
        storage.store_video(Breaks(MP4), {})
    assert len(storage) == 0


def test_what_cannot_be_asked_is_refused_with_words(storage: StorageEngine) -> None:
    key = storage.store_video(MP4, {"title": "Gate"}, tags=["a"])
    now: Any = datetime.now()
    ask: dict[str, Any] = {
        "format 'text' is not known. Known: data": lambda: storage.retrieve_video(key, "text"),
        "operator 'XOR' is not known. Known: OR, AND": lambda: storage.search_by_tags(["a"], "XOR"),
        "tags must be a list of texts, not str": lambda: storage.search_by_tags("a"),
        r"start_time \(.*\) is after end_time": lambda: storage.search_by_timestamp_range(now, now - timedelta(1)),
        "start_time must be a datetime, not str": lambda: storage.search_by_timestamp_range("2026-01-01"),  # type: ignore[arg-type] # what is tried
        "end_time must be a datetime, not date": lambda: storage.search_by_timestamp_range(None, date.today()),  # type: ignore[arg-type] # as above
        "limit must be a whole number": lambda: storage.list_videos(limit=-1),
        "metadata must be a dict": lambda: storage.update_metadata(key, None),  # type: ignore[arg-type] # as above
        "A tag must be a text": lambda: storage.update_metadata(key, {"title": "New", "tags": [1]}),
        "JSON cannot hold": lambda: storage.update_metadata(key, {"title": "New", "at": now}),
        "more than 1048576": lambda: storage.update_metadata(key, {"title": "New", "x": "y" * 1024 * 1024}),
    }
    before = storage.get_video(key)
    for words, asking in ask.items():
        with pytest.raises(ValueError, match=words):
            asking()
    assert storage.get_video(key) == before


def test_updates_that_are_small_one_by_one_do_not_pass_the_limit_together(storage: StorageEngine) -> None:
    key = storage.store_video(MP4, {"a": "x" * 600_000})
    with pytest.raises(ValueError, match="more than 1048576"):
        storage.update_metadata(key, {"b": "y" * 600_000})
    found = storage.get_video(key)
    assert found is not None
    assert "b" not in found
