"""The Drive target under the real ledger: a storm, workers that stop in the middle, and a day's limit that ends.

Waits are real; the tests bring the next turn forward, as if the time had passed. How long they are is tested with
the backoff and the circuit.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import update

from backend.catalog.models import Delivery, DeliveryState, TargetRow
from backend.outbox.notes import hand_out
from backend.outbox.places import Place
from backend.targets.config_table import read_table
from backend.targets.registry import build_target
from tests.contract.places import MIB, DrivePlace
from tests.services.drive.faults import DropAfter, daily_750_gb, status
from tests.services.ledger import VIDEO, Ledger
from tests.services.waiting import wait_until

_SEED = 20261121
_VIDEOS = 20


def drive_place(team: DrivePlace) -> Place:
    """As a worker that just started would have it."""
    problems: list[str] = []
    table = {**team.table(), "chunk_mib": 1, "max_concurrent": 4, "read_timeout_seconds": 5}
    config = read_table(table, "test", problems)
    assert config is not None, problems
    return Place(config, build_target(config))


def restarted(ledger: Ledger, team: DrivePlace) -> None:
    """A new process: nothing is known but what is stored."""
    ledger.set_places(drive_place(team))
    hand_out(ledger.services.places.by_name.values(), ledger.database)


@pytest.fixture
def ledger(tmp_path: Path, team: DrivePlace) -> Iterator[Ledger]:
    made = Ledger.fresh(tmp_path / "home", f"sqlite:///{tmp_path / 'catalog.db'}")
    restarted(made, team)
    yield made
    made.services.close()


def time_passes(ledger: Ledger) -> bool:
    """Whatever waits for its turn has it now. Always true, for use in a condition."""
    now = datetime.now(UTC)
    with ledger.database.write() as session:
        waiting = Delivery.state.in_((DeliveryState.PENDING, DeliveryState.DAMAGED))
        session.execute(update(Delivery).where(waiting).values(next_attempt_at=now))
        session.execute(update(TargetRow).where(TargetRow.circuit != "closed").values(next_probe_at=now))
    return True


def _turned(ledger: Ledger, goal: int) -> bool:
    """Let time pass; whether so many are verified by now."""
    return time_passes(ledger) and ledger.states("drive").count("delivered") >= goal


def add_videos(ledger: Ledger, count: int, chance: random.Random) -> dict[str, str]:
    """Saved videos of different sizes: their stored names and MD5s."""
    found = {}
    for number in range(count):
        content = VIDEO + chance.randbytes(chance.choice([1000, MIB, 3 * MIB]))
        video = ledger.video(ledger.add(content, f"v{number}.mp4"))
        found[Path(video.relative_path).name] = hashlib.md5(content).hexdigest()
    return found


def lying_there(team: DrivePlace) -> list[tuple[str, str]]:
    """Names and MD5s; a probe that broke off may have left a file, which a later one removes."""
    files = [file for file in team.server.live_files() if not file.name.startswith("holdfast-check-")]
    return sorted((file.name, file.md5) for file in files)


def test_a_storm_and_workers_that_stop_end_in_one_verified_file_each(ledger: Ledger, team: DrivePlace) -> None:
    wanted = add_videos(ledger, _VIDEOS, random.Random(_SEED))
    team.server.faults.storm(0.4, _SEED, hang_seconds=0.02)

    for goal in (2, 6, 10, 14):
        # Google's client waits a second or two before it asks for a token again, and hears nothing meanwhile.
        with ledger.worker(hears=False, stop_seconds=0.0):
            wait_until(partial(_turned, ledger, goal), f"{goal} copies", seconds=100)
        restarted(ledger, team)
    with ledger.worker(hears=False):
        wait_until(partial(_turned, ledger, _VIDEOS), f"all copies (seed {_SEED})", seconds=100)

    assert lying_there(team) == sorted(wanted.items()), f"seed {_SEED}"
    in_trash = [seen for seen in team.server._all(team.drive_id) if seen.trashed]
    assert [seen for seen in in_trash if not seen.name.startswith("holdfast-check-")] == []
    assert len(team.server.live_folders()) == 1
    log = ledger.services.log.path.read_text()
    told = log + "".join(path.read_text(errors="replace") for path in ledger.home.rglob("*.json"))
    told += str([ledger.services.desk.targets(), ledger.services.desk.deliveries()])
    assert "upload_id" not in told
    assert not [session for session in team.server.uploads.sessions if session in told]


def test_nothing_of_a_session_is_to_be_read_in_the_catalog(ledger: Ledger, team: DrivePlace, tmp_path: Path) -> None:
    team.server.faults.add(daily_750_gb, on="session", skip=1, times=None)
    video_id = ledger.add(VIDEO + bytes(3 * MIB))
    with ledger.worker():
        ledger.wait_for("parked", 1, "drive")

    (session,) = team.server.open_sessions()
    assert ledger.delivery(video_id, "drive").resume
    kept = [path.read_bytes() for path in tmp_path.rglob("catalog.db*")]
    kept += [path.read_bytes() for path in ledger.home.rglob("*") if path.is_file() and path.suffix != ".mp4"]
    assert not [data for data in kept if session.id.encode() in data or b"upload_id" in data]


def test_a_days_limit_parks_the_target_with_its_reason_and_all_goes_on_by_itself(
    ledger: Ledger, team: DrivePlace
) -> None:
    wanted = add_videos(ledger, 6, random.Random(_SEED))
    team.server.faults.add(daily_750_gb, on="start", times=None)
    team.server.faults.add(daily_750_gb, on="session", times=None)
    with ledger.worker():
        wait_until(lambda: ledger.services.desk.targets()[0]["state"] == "parked", "the target to be parked")
        (shown,) = ledger.services.desk.targets()
        assert "750 GB" in shown["reason"]
        assert "by itself" in shown["reason"]
        assert shown["backlog"]["count"] == 6
        next_probe_at = ledger.target_row("drive").next_probe_at
        assert next_probe_at is not None
        assert next_probe_at > datetime.now(UTC) + timedelta(minutes=14), "it is asked slowly"
        asked = len(team.server.requests)

        # The quarter of an hour is over, and the limit is not.
        time_passes(ledger)
        wait_until(lambda: len(team.server.requests) > asked, "a probe")
        wait_until(lambda: "750 GB" in str(ledger.services.desk.targets()[0]["last_error"]), "its answer")
        assert ledger.services.desk.targets()[0]["state"] == "parked"

        team.server.faults.clear()
        wait_until(partial(_turned, ledger, 6), "all to be verified")

    (shown,) = ledger.services.desk.targets()
    assert (shown["state"], shown["reason"], shown["backlog"]["count"]) == ("up", None, 0)
    assert lying_there(team) == sorted(wanted.items())


def test_a_target_that_is_full_is_not_asked_by_every_file(ledger: Ledger, team: DrivePlace) -> None:
    add_videos(ledger, 12, random.Random(_SEED))
    team.server.faults.add(daily_750_gb, on="start", times=None)
    with ledger.worker():
        wait_until(lambda: ledger.services.desk.targets()[0]["state"] == "parked", "the target to be parked")
    refused = [request for request in team.server.requests if request.status == 403]
    assert 1 <= len(refused) <= 4, "one for each that was under way"


def test_what_a_broken_off_probe_left_is_removed_by_a_later_one_and_a_running_one_is_let_be(team: DrivePlace) -> None:
    target = team.target()
    team.server.faults.add(status(503, stored=True), on="session", times=4)
    team.server.faults.add(DropAfter(), on="session", times=4)
    for _ in range(4):
        assert not target.check().ok
    team.server.faults.clear()
    *old, running = team.server.live_files(team.drive_id)
    assert len(old) > 2
    for file in old:
        file.item.name = re.sub(r"check-[0-9]+", "check-1700000000", file.name)

    assert target.check().ok

    assert [file.id for file in team.server.live_files(team.drive_id)] == [running.id]
