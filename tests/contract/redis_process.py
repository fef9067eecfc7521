"""Acts on a RedisVideoStorage in processes of their own: `redis_process.py ACT URL PREFIX MIB`, or called by a pool.

keep   stores a video of so many MiB from a stream, reads it back as one, and tells how much its memory grew
stop   stores all but the end of it, says so, and waits to be killed
"""

from __future__ import annotations

import gc
import hashlib
import json
import random
import sys
import threading
from contextlib import closing
from pathlib import Path

from backend.storage import RedisVideoStorage

MIB = 1024 * 1024
SHARED = [f"shared{n}" for n in range(4)]


class Made:
    """A stream of so many bytes that are made as they are asked for; it hashes what it gave."""

    def __init__(self, size_bytes: int) -> None:
        self._left = size_bytes
        self._block = random.Random(7).randbytes(MIB + 13)
        self.sha256 = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        piece = self._block[: min(size, self._left)]
        self._left -= len(piece)
        self.sha256.update(piece)
        return piece


class Stops(Made):
    def read(self, size: int, /) -> bytes:
        if self._left <= MIB:
            sys.stdout.write("stopped\n")
            sys.stdout.flush()
            threading.Event().wait()
        return super().read(size)


def hammer(url: str, prefix: str, number: int, acts: int) -> int:
    """Store under shared keys, write a field of one's own into one video, delete, read; each look must be right."""
    dice = random.Random(number)
    with RedisVideoStorage(url=url, prefix=prefix, ttl_hours=1) as storage:
        for act in range(acts):
            key = dice.choice(SHARED)
            storage.store_video(content_of(f"{number}-{act}"), {"mark": f"{number}-{act}"}, tags(dice), key=key)
            assert storage.update_metadata("counted", {f"field {number}": act, f"field {number}-{act}": True})
            data = storage.retrieve_video(dice.choice(SHARED))
            assert data is None or data == content_of(data[: data.index(b" ")].decode())
            if dice.random() < 0.3:
                storage.delete_video(dice.choice(SHARED))
            for found in storage.search_by_tags(["a"]):
                assert "a" in found["tags"]
    return acts


def tags(dice: random.Random) -> list[str]:
    return dice.sample(["a", "b", "c"], dice.randint(0, 3))


def content_of(mark: str) -> bytes:
    """Two pieces, so that half of one and half of another would show."""
    return f"{mark} ".encode() + hashlib.sha256(mark.encode()).digest() * 35_000


def _figure_kib(name: str) -> int:
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0])


def keep(storage: RedisVideoStorage, size_mib: int) -> dict[str, object]:
    storage.store_video(Made(3 * MIB), {}, key="warm")
    with closing(storage.retrieve_video("warm", "stream")) as stream:
        stream.read()
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak is that of now (proc(5))
    before_kib, source, back = _figure_kib("VmRSS"), Made(size_mib * MIB), hashlib.sha256()
    key = storage.store_video(source, {"title": "Large"})
    stored_kib = _figure_kib("VmHWM") - before_kib
    with closing(storage.retrieve_video(key, "stream")) as stream:
        while piece := stream.read(MIB):
            back.update(piece)
    return {
        "stored_grew_kib": stored_kib,
        "grew_kib": _figure_kib("VmHWM") - before_kib,
        "same": back.digest() == source.sha256.digest(),
    }


def main(act: str, url: str, prefix: str, size_mib: str) -> None:
    with RedisVideoStorage(url=url, prefix=prefix, max_memory_mb=8192, max_video_size_mb=4096) as storage:
        if act == "keep":
            sys.stdout.write(json.dumps(keep(storage, int(size_mib))) + "\n")
        else:
            storage.store_video(Stops(int(size_mib) * MIB), {"title": "New"}, ["new"], key="gate")


if __name__ == "__main__":
    main(*sys.argv[1:])
