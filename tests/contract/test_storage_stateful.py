"""Any order of calls to a storage engine gives what a plain list of videos would give."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from backend.storage.base import StorageEngine
from tests.contract.engines import ENGINES, MP4, Engine, every_engine

_LARGE = bool(os.environ.get("TORTURE"))
_TAGS = st.lists(st.sampled_from(["a", "b", "c", "ä b"]), unique=True, max_size=3)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "y"]), inner, max_size=2),
    max_leaves=5,
)  # fmt: skip
_FIELDS = st.dictionaries(st.sampled_from(["note", "take", "custom field", "ü"]), _VALUES, max_size=3)
_WHICH = st.integers(0, 30)


@dataclass
class Expected:
    data: bytes
    fields: dict[str, Any]
    tags: list[str]


@dataclass
class Tried:
    """One engine, and what ought to be in it: oldest first."""

    case: Engine
    storage: StorageEngine
    videos: dict[str, Expected] = field(default_factory=dict)


class AnyOrder(RuleBasedStateMachine):
    tried: Tried

    @initialize()
    def begin(self) -> None:
        self.tried.storage.clear_all()
        self.tried.videos.clear()

    @rule(content=st.binary(max_size=50), fields=_FIELDS, tags=_TAGS, own=st.sampled_from([None, "k1", "k2"]))
    def store(self, content: bytes, fields: dict[str, Any], tags: list[str], own: str | None) -> None:
        own = own if self.tried.case.takes_keys else None
        key = self.tried.storage.store_video(MP4 + content, fields, tags, key=own)
        assert own in (None, key)
        self.tried.videos.pop(key, None)
        self.tried.videos[key] = Expected(MP4 + content, fields, tags)

    @rule(which=_WHICH, fields=_FIELDS, tags=st.none() | _TAGS)
    def update(self, which: int, fields: dict[str, Any], tags: list[str] | None) -> None:
        key = self._key(which)
        changes = fields if tags is None else {**fields, "tags": tags}
        assert self.tried.storage.update_metadata(key, changes) is (key in self.tried.videos)
        if expected := self.tried.videos.get(key):
            expected.fields = {**expected.fields, **fields}
            expected.tags = expected.tags if tags is None else tags

    @rule(which=_WHICH)
    def delete(self, which: int) -> None:
        key = self._key(which)
        assert self.tried.storage.delete_video(key) is (self.tried.videos.pop(key, None) is not None)

    @rule()
    def clear(self) -> None:
        assert self.tried.storage.clear_all() is True
        self.tried.videos.clear()

    @rule(which=_WHICH)
    def read(self, which: int) -> None:
        key = self._key(which)
        expected = self.tried.videos.get(key)
        assert self.tried.storage.retrieve_video(key) == (expected and expected.data)
        assert (key in self.tried.storage) is (expected is not None)
        stream = self.tried.storage.retrieve_video(key, "stream")
        if stream is not None:
            with stream:
                assert expected is not None
                assert stream.read() == expected.data

    @rule(tags=_TAGS, operator=st.sampled_from(["OR", "AND"]))
    def search(self, tags: list[str], operator: str) -> None:
        wanted = any if operator == "OR" else all
        found = [video["key"] for video in self.tried.storage.search_by_tags(tags, operator)]
        newest_first = reversed(self.tried.videos.items())
        assert found == [key for key, video in newest_first if tags and wanted(tag in video.tags for tag in tags)]

    @invariant()
    def lists_what_ought_to_be_there(self) -> None:
        listed = self.tried.storage.list_videos()
        assert [video["key"] for video in listed] == list(reversed(self.tried.videos))
        for video in listed:
            expected = self.tried.videos[video["key"]]
            assert {name: video[name] for name in expected.fields} == expected.fields
            assert video["tags"] == expected.tags
            assert video["video_size_bytes"] == len(expected.data)
        assert len(self.tried.storage) == len(listed)

    def _key(self, which: int) -> str:
        keys = [*self.tried.videos, "unknown"]
        return keys[which % len(keys)]


@pytest.mark.parametrize("name", every_engine())
def test_any_order_of_calls_gives_what_a_plain_list_of_videos_would_give(
    name: str, request: pytest.FixtureRequest
) -> None:
    case = ENGINES[name]
    with case.make(request) as storage:
        machine = type("AnyOrderOfOne", (AnyOrder,), {"tried": Tried(case, storage)})
        quick = settings(
            max_examples=300 if _LARGE else 12,
            stateful_step_count=50 if _LARGE else 20,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        )
        run_state_machine_as_test(machine, settings=quick)
