"""Two hundred uploads to a Drive where half of all requests go wrong, by workers that are replaced all the time."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backend.errors import TargetParked, TransientFailure
from backend.targets.base import Expected, NoteTaker, Source, Target, Verdict
from backend.targets.memory_notes import MemoryNotes
from tests.contract.drive_uploads import BLOCK
from tests.contract.places import MIB, DrivePlace
from tests.contract.transfers import Told
from tests.services.sampling import rounds

_SIZES = [1, 1000, 1000, BLOCK, MIB, MIB + 1, 2 * MIB + 17]
_UPLOADS = 200
_RATE = 0.5
_MOST_PUTS = 80


@dataclass
class Soak:
    team: DrivePlace
    seed: int
    root: Path
    notes: MemoryNotes = field(default_factory=MemoryNotes)
    said: list[str] = field(default_factory=list)
    _own: threading.local = field(default_factory=threading.local)

    def target(self, fresh: bool) -> Target:
        """This thread's, or one that knows nothing, as after a restart."""
        if fresh or not hasattr(self._own, "target"):
            target = self.team.target(chunk_mib=1, read_timeout_seconds=5, layout="project/day")
            assert isinstance(target, NoteTaker)
            target.take_notes_in(self.notes)
            self._own.target = target
        made: Target = self._own.target
        return made

    def deliver(self, number: int) -> tuple[str, str]:
        """Put and verify as the outbox does, until it is right; the name and MD5 of what must be there."""
        chance = random.Random(self.seed * 1000 + number)
        content = chance.randbytes(chance.choice(_SIZES))
        path = self.root / f"{number}.mp4"
        path.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        source = Source(path, len(content), sha256, "video/mp4", f"{number}.mp4", f"video{number}")
        key = f"project_{number % 3}/2026112{number % 2}_101112_{number}.mp4"
        state: Mapping[str, object] = {}
        for put in range(_MOST_PUTS):
            transfer = Told(resume=state, is_first=put == 0)
            target = self.target(fresh=chance.random() < 0.02)
            try:
                copy = target.put(source, key, transfer)
                if target.verify(Expected(len(content), sha256), copy).verdict is Verdict.MATCHES:
                    return key.rpartition("/")[2], hashlib.md5(content).hexdigest()
            except TransientFailure as failure:
                self.said.append(_all_words(failure))
            except TargetParked as failure:
                # A token that is revoked three times running: a probe finds that all is well.
                self.said.append(_all_words(failure))
                if failure.detail["status"] != 401:
                    raise AssertionError(f"seed {self.seed}: {failure}") from failure
            state = transfer.resume
        raise AssertionError(f"seed {self.seed}: {key} is not right after {_MOST_PUTS} puts: {self.said[-1]}")


def _all_words(failure: BaseException | None) -> str:
    """Its own, and those of all that led to it."""
    words = ""
    while failure:
        words += f"{failure!r} {vars(failure)} "
        failure = failure.__cause__
    return words


@pytest.mark.parametrize("seed", range(20261121, 20261121 + rounds(1, 10)))
def test_under_a_storm_every_upload_ends_as_exactly_one_right_file(team: DrivePlace, tmp_path: Path, seed: int) -> None:
    soak = Soak(team, seed, tmp_path)
    team.server.faults.storm(_RATE, seed, hang_seconds=0.02)

    with ThreadPoolExecutor(4) as threads:
        wanted = list(threads.map(soak.deliver, range(_UPLOADS)))

    team.server.faults.clear()
    there = sorted((file.path.rpartition("/")[2], file.md5) for file in team.server.live_files())
    assert there == sorted(wanted), f"seed {seed}"
    everything = [seen for seen in team.server._all(team.drive_id) if seen.trashed]
    assert everything == [], f"seed {seed}: something lies in the trash"
    folders = [folder.path for folder in team.server.live_folders()]
    days = [f"project_{n}/2026-11-2{d}" for n in range(3) for d in range(2)]
    assert sorted(folders) == sorted(["project_0", "project_1", "project_2", *days]), f"seed {seed}"
    text = "\n".join(soak.said)
    sessions = [session.id for session in team.server.uploads.sessions.values()]
    assert len(soak.said) > _UPLOADS // 4, "there was no storm"
    assert not [session for session in sessions if session in text], f"seed {seed}: a session's address was told"
    assert "upload_id" not in text, f"seed {seed}"
