"""What the demo shows of any storage engine, in the order in which one meets it."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from backend.storage import MemoryVideoStorage
from backend.storage.base import StorageEngine
from scripts.lib.demo.screen import Screen

_KIB = 1024
_PATIENCE_SECONDS = 20.0


def sample_video(size_bytes: int) -> bytes:
    """Bytes that begin as an MP4 file does; nobody could watch them."""
    head = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
    return head + os.urandom(size_bytes - len(head))


class Story:
    """The storage is this story's alone: it is cleared at the end."""

    def __init__(self, screen: Screen, storage: StorageEngine) -> None:
        self._screen = screen
        self._storage = storage
        self._stored: list[str] = []

    def tell(self) -> None:
        try:
            self._store()
            self._find()
            self._change()
            self._read()
            self._expire()
            self._refuse()
            self._count()
        finally:
            self._remove()

    def _store(self) -> None:
        screen, storage = self._screen, self._storage
        screen.step("Store bytes, with metadata and tags", 'storage.store_video(data, {"title": …}, tags=[…])')
        first = sample_video(512 * _KIB)
        facts = {"title": "Sample video 1", "duration": 30.5, "resolution": "1920x1080", "fps": 30.0, "source": "demo"}
        self._keep(storage.store_video(first, facts, ["demo", "sample", "test"], "sample_video_1.mp4"))
        screen.step("Store from a stream: it is read in pieces", 'storage.store_video(open("2.mp4", "rb"), …)')
        stream = io.BytesIO(sample_video(300 * _KIB))
        facts = {"title": "Sample video 2", "duration": 15.2, "resolution": "1280x720", "fps": 25.0, "source": "demo"}
        self._keep(storage.store_video(stream, facts, ["demo", "sample", "short"], "sample_video_2.mp4"))

    def _find(self) -> None:
        screen, storage = self._screen, self._storage
        for words, call, found in (
            ("List, the newest first", "storage.list_videos(limit=2)", storage.list_videos(limit=2)),
            ("Any of two tags", 'storage.search_by_tags(["short", "test"])', storage.search_by_tags(["short", "test"])),
            (
                "Both of two tags",
                'storage.search_by_tags(["demo", "short"], operator="AND")',
                storage.search_by_tags(["demo", "short"], operator="AND"),
            ),
            (
                "Stored within the last hour",
                "storage.search_by_timestamp_range(datetime.now() - timedelta(hours=1))",
                storage.search_by_timestamp_range(_an_hour_ago()),
            ),
        ):
            screen.step(words, call)
            screen.videos([video for video in found if video["key"] in self._stored])

    def _change(self) -> None:
        screen, key = self._screen, self._stored[0]
        screen.step("Change metadata; tags are replaced", 'storage.update_metadata(key, {"title": …, "tags": […]})')
        changes = {"title": "Sample video 1, seen", "tags": ["demo", "updated"]}
        screen.answer(self._storage.update_metadata(key, changes))
        found = self._storage.get_video(key) or {}
        screen.facts({name: found.get(name) for name in ("title", "duration", "tags", "stored_at", "updated_at")})

    def _read(self) -> None:
        screen, storage, key = self._screen, self._storage, self._stored[0]
        screen.step("Read it back whole", "storage.retrieve_video(key)")
        data = storage.retrieve_video(key) or b""
        screen.answer(f"{len(data)} bytes")
        screen.step("Read from the middle", 'storage.retrieve_video(key, format="stream")')
        stream = storage.retrieve_video(key, format="stream")
        if stream is not None:
            with stream:
                stream.seek(256 * _KIB)
                right = stream.read(_KIB) == data[256 * _KIB :][:_KIB]
            screen.answer("1024 bytes from the middle, the same" if right else "other bytes: this is an error")

    def _expire(self) -> None:
        screen, storage = self._screen, self._storage
        screen.step("Keep a video for a second", "storage.store_video(data, {}, ttl_hours=1 / 3600)")
        began = time.monotonic()
        key = self._keep(storage.store_video(sample_video(_KIB), {"title": "Soon gone"}, ttl_hours=1 / 3600))
        if _wait(lambda: key not in storage):
            screen.answer(f"gone after {time.monotonic() - began:.1f} s")
        else:
            screen.trouble("still there: this is an error")
        self._stored.remove(key)

    def _refuse(self) -> None:
        screen = self._screen
        screen.step("What cannot be stored is refused in words", 'storage.store_video(b"", {})')
        try:
            self._keep(self._storage.store_video(b"", {}))
        except ValueError as error:
            screen.trouble(f"ValueError: {error}")

    def _count(self) -> None:
        self._screen.step("Figures", "storage.get_storage_stats()")
        self._screen.facts(self._storage.get_storage_stats())

    def _remove(self) -> None:
        if not self._stored:
            return
        self._screen.step("Delete one", "storage.delete_video(key)")
        self._screen.answer(self._storage.delete_video(self._stored.pop()))
        self._screen.step("Delete all", "storage.clear_all()")
        self._screen.answer(f"{self._storage.clear_all()}, {len(self._storage)} videos left")

    def _keep(self, key: str) -> str:
        self._stored.append(key)
        self._screen.answer(key)
        return key


def tell_of_bounds(screen: Screen) -> None:
    """It needs an engine so small that a few videos fill it."""
    screen.step("Memory is bounded: the oldest makes room", "MemoryVideoStorage(max_memory_mb=1)")
    with MemoryVideoStorage(max_memory_mb=1) as small:
        for number in (1, 2, 3):
            small.store_video(sample_video(400 * _KIB), {"title": f"400 kB, number {number}"})
        screen.videos(small.list_videos())


def _an_hour_ago() -> datetime:
    return datetime.now() - timedelta(hours=1)  # noqa: DTZ005 - a naive time is what is shown


def _wait(condition: Callable[[], bool]) -> bool:
    pause, deadline = threading.Event(), time.monotonic() + _PATIENCE_SECONDS
    while not condition() and time.monotonic() < deadline:
        pause.wait(0.02)
    return condition()
