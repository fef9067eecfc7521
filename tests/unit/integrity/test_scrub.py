"""Files here are read again in their turn: damage is found, told and mended, and nothing is accused wrongly."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.catalog.change import change
from backend.catalog.describe import describe
from backend.catalog.models import LOCAL_DAMAGE, AuditLine, Damage, Event
from backend.disk.digest import Hashes
from backend.disk.locks import lock
from backend.disk.reread import Harm, Reading, read_again
from backend.disk.sidecar import Sidecar
from backend.errors import LocalDamage, NotFound, TransientFailure
from backend.events import VIDEO_UPDATED
from backend.integrity import examine
from backend.integrity.scrub import Looked, Scrubber, State
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, folder_place, place

DAY = timedelta(days=1)
FLIPS = 1000 if os.environ.get("TORTURE") else 10
ROOT = Path(__file__).resolve().parents[3]
ROTTEN = VIDEO[:-1] + bytes([VIDEO[-1] ^ 1])


def rest(ledger: Ledger, video_id: str, days: float = 31) -> datetime:
    """What days without a look do."""
    at = datetime.now(UTC) - days * DAY
    ledger.set_video(video_id, scrubbed_at=at)
    return at


def old(ledger: Ledger, content: bytes = VIDEO, name: str = "a.mp4") -> str:
    video_id = ledger.add(content, name)
    rest(ledger, video_id)
    return video_id


def delivered(ledger: Ledger, *targets: str) -> str:
    video_id = ledger.add()
    with ledger.worker():
        for name in targets or ("memory",):
            ledger.wait_for("delivered", 1, name)
    rest(ledger, video_id)
    return video_id


def states(looked: list[Looked]) -> list[str]:
    return [str(one.state) for one in looked]


def scrub(ledger: Ledger) -> list[str]:
    return states(ledger.services.scrubber.run_due())


def spoil(path: Path, content: bytes | None) -> None:
    """As a disk does: in place, every other name of the file sees it too."""
    if content is None:
        path.unlink()
        return
    with path.open("r+b") as file:
        file.write(content)
        file.truncate(len(content))


def audit(ledger: Ledger) -> list[tuple[str, str]]:
    query = select(AuditLine.action, AuditLine.video_id).where(AuditLine.action.startswith("scrub."))
    with ledger.database.read() as session:
        return [(action, video_id) for action, video_id in session.execute(query.order_by(AuditLine.id))]


def known(ledger: Ledger) -> list[Damage]:
    with ledger.database.read() as session:
        return list(session.scalars(select(Damage).order_by(Damage.found_at)))


def quarantined(ledger: Ledger) -> list[bytes]:
    return [path.read_bytes() for path in ledger.services.layout.quarantine.iterdir()]


# Whose turn it is


def test_a_file_comes_up_a_month_after_it_was_saved_and_then_a_month_after_its_last_look(ledger: Ledger) -> None:
    video_id = ledger.add()
    assert scrub(ledger) == []
    ledger.set_video(video_id, created_at=datetime.now(UTC) - 31 * DAY)
    assert scrub(ledger) == ["right"]
    at = ledger.video(video_id).scrubbed_at
    assert at is not None
    assert datetime.now(UTC) - at < DAY
    assert scrub(ledger) == []
    ledger.set_video(video_id, scrubbed_at=datetime.now(UTC) - 31 * DAY)
    assert scrub(ledger) == ["right"]


def test_those_that_waited_longest_come_first_and_none_is_begun_after_the_time(ledger: Ledger) -> None:
    ids = ledger.add_different(3)
    for days, video_id in zip((40, 60, 50), ids, strict=True):
        rest(ledger, video_id, days)
    scrubber = ledger.services.scrubber
    assert scrubber.run_due(0) == []
    found = scrubber.run_due()
    assert [one.video.id for one in found] == [ids[1], ids[2], ids[0]]


def test_nought_days_mean_never_and_known_damage_is_looked_after_all_the_same(open_ledger: OpenLedger) -> None:
    ledger = open_ledger(SCRUB_DAYS="0")
    video_id = old(ledger)
    assert scrub(ledger) == []
    spoil(ledger.path(video_id), ROTTEN)
    scrubber = replace(ledger.services.scrubber, days=30)
    assert states(scrubber.run_due()) == ["damaged"]
    spoil(ledger.path(video_id), VIDEO)
    with ledger.database.write() as session:
        for damage in session.scalars(select(Damage)):
            damage.next_attempt_at = datetime.now(UTC)
    assert scrub(ledger) == ["repaired"]


def test_a_clock_that_was_wrong_puts_no_file_off(ledger: Ledger) -> None:
    video_id = ledger.add()
    ledger.set_video(video_id, scrubbed_at=datetime.now(UTC) + 4000 * DAY)
    assert scrub(ledger) == ["right"]


def test_what_is_in_the_trash_is_read_too_and_what_was_purged_is_not(ledger: Ledger) -> None:
    trashed, purged = old(ledger), old(ledger, VIDEO + b"1", "b.mp4")
    ledger.services.trash.throw_away(trashed, "ann")
    ledger.set_video(purged, local_state="purged")
    assert [one.video.id for one in ledger.services.scrubber.run_due()] == [trashed]


def test_a_file_that_another_worker_reads_is_left_to_it(ledger: Ledger) -> None:
    video_id = old(ledger)
    with lock(ledger.services.layout, "scrub", video_id):
        assert scrub(ledger) == []
    assert scrub(ledger) == ["right"]


def test_two_names_of_the_same_bytes_are_read_once(ledger: Ledger) -> None:
    first, second = old(ledger), old(ledger, name="b.mp4")
    assert ledger.path(first).samefile(ledger.path(second))
    found = ledger.services.scrubber.run_due()
    assert [(one.video.id, one.read_bytes) for one in found] == [(first, len(VIDEO)), (second, 0)]
    assert ledger.video(second).scrubbed_at is not None


def test_a_missing_sha1_is_filled_in_from_the_one_reading(ledger: Ledger) -> None:
    """Of what was saved before it was taken; it reads each file once, also one of two names, and writes it once."""
    ids = [old(ledger), old(ledger, name="b.mp4"), old(ledger, VIDEO[::-1], "c.mp4")]
    for video_id in ids:
        change(ledger.services.layout, ledger.database, ledger.video(video_id), _without_sha1)
        assert ledger.video(video_id).sha1 == ""
    spoil(ledger.path(ids[2]), VIDEO)
    found = ledger.services.scrubber.run_due()
    assert [one.read_bytes for one in found[:2]] == [len(VIDEO), 0]
    sha1 = hashlib.sha1(VIDEO, usedforsecurity=False).hexdigest()
    for video_id in ids[:2]:
        assert ledger.video(video_id).sha1 == ledger.sidecar(video_id).video.sha1 == sha1
        revision = ledger.video(video_id).revision
        rest(ledger, video_id)
        ledger.services.scrubber.run_due()
        assert ledger.video(video_id).revision == revision
    assert ledger.video(ids[2]).sha1 == "", "nothing is taken from bytes that are not right"
    ledger.forget_catalog()
    ledger.services.recovery.rebuild()
    assert ledger.video(ids[0]).sha1 == sha1


def test_a_large_upload_does_not_wait_for_its_sha1_and_gets_it_soon(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is news then, and nothing is read once more after that."""
    monkeypatch.setattr(Hashes.__init__, "__defaults__", (len(VIDEO) - 1,))
    video_id, small = ledger.add(VIDEO), ledger.add(VIDEO[:-1], name="small.mp4")
    assert ledger.video(video_id).sha1 == "" != ledger.video(small).sha1
    assert ledger.services.scrubber.take_sha1() == 1
    sha1 = hashlib.sha1(VIDEO, usedforsecurity=False).hexdigest()
    assert ledger.video(video_id).sha1 == ledger.sidecar(video_id).video.sha1 == sha1
    with ledger.database.read() as session:
        told = [e for e in session.scalars(select(Event)) if e.name == VIDEO_UPDATED]
    assert [(one.video_id, one.data["changed"], one.data["sha1"]) for one in told] == [(video_id, ["sha1"], sha1)]
    assert ledger.services.scrubber.take_sha1() == 0


def _without_sha1(doc: Sidecar) -> Sidecar:
    return doc.model_copy(update={"video": doc.video.model_copy(update={"sha1": ""})})


def test_files_of_another_node_are_its_own_unless_they_lie_here(ledger: Ledger) -> None:
    """A node elsewhere has its own disk; a machine that was renamed has the files of its old name."""
    elsewhere, here = old(ledger, VIDEO + b"1"), old(ledger, VIDEO + b"2", "b.mp4")
    ledger.set_video(elsewhere, node="far-away")
    ledger.path(elsewhere).unlink()
    ledger.set_video(here, node="old-name")
    assert [one.video.id for one in ledger.services.scrubber.run_due()] == [here]
    assert known(ledger) == []


# What is found, and mended

HARMS: dict[str, bytes | None] = {
    "changed": ROTTEN, "shortened": VIDEO[:1000], "grown": VIDEO + b"x", "missing": None
}  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
def test_damage_is_told_and_mended_from_a_verified_copy(ledger: Ledger, harm: str) -> None:
    video_id = delivered(ledger)
    spoil(ledger.path(video_id), HARMS[harm])
    assert scrub(ledger) == ["repaired"]
    assert ledger.path(video_id).read_bytes() == VIDEO
    assert audit(ledger) == [("scrub.damage", video_id), ("scrub.repaired", video_id)]
    assert f"kind={harm}" in ledger.log_lines("local_damage")[0]
    assert quarantined(ledger) == [content for content in [HARMS[harm]] if content is not None]
    assert (known(ledger), describe(ledger.video(video_id))["local"]) == ([], "present")
    assert scrub(ledger) == []


def test_every_flipped_bit_is_found_in_one_scrub_and_no_other_file_is_accused(ledger: Ledger) -> None:
    chance, ids = random.Random(5), ledger.add_different(2 * FLIPS)
    for video_id in ids:
        rest(ledger, video_id)
    rotten = set(chance.sample(ids, FLIPS))
    for video_id in rotten:
        ledger.set(video_id, state="failed")
        content = bytearray(ledger.path(video_id).read_bytes())
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        spoil(ledger.path(video_id), bytes(content))
    found = list(ledger.services.scrubber.look_at(ledger.services.scrubber.in_turn(datetime.now(UTC))))
    assert {one.video.id for one in found if one.state is State.DAMAGED} == rotten
    assert len(found) == len(ids)


@pytest.mark.parametrize("harm", HARMS)
def test_without_a_good_copy_it_is_said_plainly_and_nothing_is_served(ledger: Ledger, harm: str) -> None:
    video_id, other = old(ledger), old(ledger, VIDEO + b"1", "b.mp4")
    ledger.set(video_id, state="failed")
    spoil(ledger.path(video_id), HARMS[harm])
    assert sorted(scrub(ledger)) == ["damaged", "right"]
    shown = describe(ledger.video(video_id))
    assert shown["local"] == ("missing" if harm == "missing" else "damaged")
    assert "No good copy of it is known anywhere. Send the same file again" in shown["local_reason"]
    with pytest.raises((LocalDamage, NotFound)):
        ledger.services.restorer.local_path(ledger.video(video_id))
    assert ledger.services.restorer.local_path(ledger.video(other)).read_bytes() == VIDEO + b"1"
    (damage,) = known(ledger)
    assert (damage.kind, damage.no_copy) == (harm, True)
    assert damage.next_attempt_at > datetime.now(UTC) + 0.9 * DAY
    assert audit(ledger) == [("scrub.damage", video_id)]


def test_it_is_said_again_each_day_in_the_log_and_once_in_the_audit(ledger: Ledger) -> None:
    video_id = old(ledger)
    ledger.set(video_id, state="failed")
    spoil(ledger.path(video_id), ROTTEN)
    for _ in range(3):
        assert scrub(ledger) == ["damaged"]
        assert scrub(ledger) == [], "not each minute"
        with ledger.database.write() as session:
            for damage in session.scalars(select(Damage)):
                damage.next_attempt_at = datetime.now(UTC)
    assert audit(ledger) == [("scrub.damage", video_id)]
    assert (len(ledger.log_lines("local_damage")), len(ledger.log_lines("still_damaged"))) == (1, 2)


def test_both_rotten_is_said_plainly_and_neither_is_served_nor_sent(ledger: Ledger, target: MemoryTarget) -> None:
    video_id = delivered(ledger)
    target.objects = dict.fromkeys(target.objects, ROTTEN)
    spoil(ledger.path(video_id), VIDEO[:-1] + b"?")
    assert scrub(ledger) == ["damaged"]
    (damage,) = known(ledger)
    assert damage.no_copy
    assert ledger.states() == ["damaged"], "the copy was read, and is not what was saved"
    assert describe(ledger.video(video_id))["status"] == "unplayable"
    with pytest.raises((LocalDamage, TransientFailure)):
        ledger.services.restorer.local_path(ledger.video(video_id))
    ledger.add(name="again.mp4")
    assert ledger.path(video_id).read_bytes() == VIDEO
    assert (known(ledger), audit(ledger)[-1]) == ([], ("scrub.repaired", video_id))


def test_a_copy_that_was_misread_or_was_mended_at_its_target_is_asked_again_and_mends(
    ledger: Ledger, target: MemoryTarget
) -> None:
    video_id, good = delivered(ledger), dict(target.objects)
    target.objects = dict.fromkeys(good, ROTTEN)
    spoil(ledger.path(video_id), ROTTEN)
    assert scrub(ledger) == ["damaged"]
    # As an attempt to send it again ends that finds the file here bad too.
    ledger.set(video_id, state="failed", error_code=LOCAL_DAMAGE)
    target.objects = good
    with pytest.raises(LocalDamage):
        ledger.services.restorer.local_path(ledger.video(video_id))
    with ledger.database.write() as session:
        session.get_one(Damage, (video_id, "file")).next_attempt_at = datetime.now(UTC)
    assert scrub(ledger) == ["repaired"]
    assert ledger.path(video_id).read_bytes() == VIDEO
    with ledger.worker():
        ledger.wait_for("delivered", 1)


def test_a_remote_that_does_not_answer_leaves_it_told_and_tried_again(ledger: Ledger, target: MemoryTarget) -> None:
    video_id = delivered(ledger)
    spoil(ledger.path(video_id), ROTTEN)
    kept, target.objects = target.objects, {}
    target.check_error = "The network is down."
    assert scrub(ledger) == ["damaged"]
    (damage,) = known(ledger)
    assert not damage.no_copy
    assert "not repaired yet" in damage.reason
    target.objects, target.check_error = kept, ""
    with ledger.database.write() as session:
        session.get_one(Damage, (video_id, "file")).next_attempt_at = datetime.now(UTC)
    assert scrub(ledger) == ["repaired"]


def test_a_twin_with_bytes_of_its_own_mends_and_one_that_shares_them_does_not(ledger: Ledger) -> None:
    first, second = old(ledger), old(ledger, name="b.mp4")
    spoil(ledger.path(first), ROTTEN)
    assert ledger.path(second).read_bytes() == ROTTEN, "another name of the same bytes"
    assert scrub(ledger) == ["damaged", "damaged"]
    assert sorted(damage.video_id for damage in known(ledger)) == sorted([first, second])
    ledger.path(second).unlink()
    ledger.path(second).write_bytes(VIDEO)
    scrubber = ledger.services.scrubber
    assert states(list(scrubber.look_at(scrubber.in_turn(None, impatient=True))))
    assert (ledger.path(first).read_bytes(), known(ledger)) == (VIDEO, [])
    assert ledger.path(first).samefile(ledger.path(second))


def test_all_names_of_damaged_bytes_are_mended_with_the_first(ledger: Ledger) -> None:
    first, second = old(ledger), old(ledger, name="b.mp4")
    with ledger.worker():
        ledger.wait_for("delivered", 2)
    spoil(ledger.path(first), ROTTEN)
    assert scrub(ledger)[0] == "repaired"
    assert ledger.path(first).read_bytes() == ledger.path(second).read_bytes() == VIDEO
    assert known(ledger) == []
    assert {action for action, _ in audit(ledger)[2:]} == {"scrub.repaired"}


# What is not damage


def once_bad(monkeypatch: pytest.MonkeyPatch, *verdicts: bool) -> None:
    """The disk reads wrong where a verdict is False, and then always right."""
    real, told = read_again, iter(verdicts)

    def maybe(path: Path, size_bytes: int, sha256: str, pace: Callable[[int], None], **more: bool) -> Reading:
        wrong = next(told, True) is False
        return real(path, size_bytes, "0" * 64 if wrong else sha256, pace, **more)

    monkeypatch.setattr(examine, "read_again", maybe)


def test_one_flaky_read_is_logged_and_accuses_nobody(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    video_id = old(ledger)
    once_bad(monkeypatch, False)
    assert scrub(ledger) == ["right"]
    assert len(ledger.log_lines("unsteady_read")) == 1
    assert (audit(ledger), known(ledger)) == ([], [])
    assert ledger.video(video_id).scrubbed_at is not None


def test_damage_that_disappears_is_over_only_when_the_disk_says_so_twice(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = old(ledger)
    ledger.set(video_id, state="failed")
    spoil(ledger.path(video_id), ROTTEN)
    assert scrub(ledger) == ["damaged"]
    spoil(ledger.path(video_id), VIDEO)
    monkeypatch.setattr("backend.outbox.mended.read_again", lambda *_: Reading(Harm.CHANGED, "Again."))
    scrubber = ledger.services.scrubber
    assert states(list(scrubber.look_at(scrubber.in_turn(None, impatient=True)))) == ["damaged"]
    assert len(known(ledger)) == 1
    monkeypatch.undo()
    assert states(list(scrubber.look_at(scrubber.in_turn(None, impatient=True)))) == ["repaired"]
    assert (known(ledger), audit(ledger)[-1]) == ([], ("scrub.repaired", video_id))


def test_a_video_that_is_pruned_while_it_is_read_is_not_called_missing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = delivered(ledger)

    def prune_first(*args: object, **more: object) -> Reading:
        if ledger.path(video_id).exists():
            ledger.prune(video_id)
        return read_again(*args, **more)  # type: ignore[arg-type]  # passed on as they come

    monkeypatch.setattr(examine, "read_again", prune_first)
    assert scrub(ledger) == ["right"]
    assert (known(ledger), ledger.video(video_id).local_state) == ([], "pruned")


def test_a_disk_that_is_not_mounted_accuses_no_file(ledger: Ledger) -> None:
    old(ledger)
    layout = ledger.services.layout
    layout.uploads.rename(layout.root / "elsewhere")
    layout.uploads.mkdir()
    assert scrub(ledger) == []
    assert known(ledger) == []
    assert "is the disk of the uploads mounted?" in ledger.log_lines("scrub_halted")[0]


# Sidecars


@pytest.mark.parametrize("harm", ["missing", "no JSON", "another file's"])
def test_a_bad_sidecar_is_told_and_written_again_from_the_catalog(ledger: Ledger, harm: str) -> None:
    video_id, other = old(ledger), old(ledger, VIDEO + b"1", "b.mp4")
    place = ledger.services.layout.sidecar_of(ledger.video(video_id).relative_path)
    before = ledger.sidecar(video_id)
    if harm == "missing":
        place.unlink()
    elif harm == "no JSON":
        spoil(place, place.read_bytes()[:-20])
    else:
        spoil(place, ledger.services.layout.sidecar_of(ledger.video(other).relative_path).read_bytes())
    assert sorted(scrub(ledger)) == ["repaired", "right"]
    assert ledger.sidecar(video_id) == before
    assert audit(ledger) == [("scrub.damage", video_id), ("scrub.repaired", video_id)]
    assert ledger.video(video_id).scrubbed_at is not None


def test_the_sidecar_of_a_pruned_video_is_looked_at_too(ledger: Ledger) -> None:
    video_id = delivered(ledger)
    ledger.prune(video_id)
    ledger.services.layout.sidecar_of(ledger.video(video_id).relative_path).unlink()
    assert scrub(ledger) == ["repaired"]
    assert ledger.sidecar(video_id).local.state == "pruned"


def test_file_and_sidecar_both_gone_both_come_back(ledger: Ledger) -> None:
    video_id = delivered(ledger)
    old(ledger, VIDEO + b"1", "b.mp4")
    ledger.path(video_id).unlink()
    ledger.services.layout.sidecar_of(ledger.video(video_id).relative_path).unlink()
    assert sorted(scrub(ledger)) == ["repaired", "right"]
    assert (ledger.path(video_id).read_bytes(), ledger.sidecar(video_id).video.id) == (VIDEO, video_id)


# Deliveries


def test_a_file_that_a_delivery_found_bad_is_looked_at_at_once_and_sent_when_it_is_good(
    open_ledger: OpenLedger, tmp_path: Path
) -> None:
    ledger = open_ledger(folder_place(tmp_path / "nas"))
    video_id = ledger.add()
    spoil(ledger.path(video_id), ROTTEN)
    with ledger.worker():
        ledger.wait_for("failed", 1, "nas")
    assert [path for path in (tmp_path / "nas").rglob("*.mp4") if path.is_file()] == []
    assert scrub(ledger) == ["damaged"], "not only in a month"
    ledger.add(name="again.mp4")
    with ledger.worker():
        ledger.wait_for("delivered", 2, "nas")


def test_a_kill_in_the_middle_costs_one_file_at_most(open_ledger: OpenLedger) -> None:
    ledger = open_ledger()
    ids = [old(ledger, VIDEO + bytes([n]), f"{n}.mp4") for n in range(4)]
    program = (
        "import os\n"
        "from backend.services import build_services\nfrom backend.settings import load_settings\n"
        "from backend.integrity import scrub\nscrub._WRITE_AFTER = 1\n"
        "scrubber = build_services(load_settings(dotenv=None), {}).scrubber\n"
        "for n, _ in enumerate(scrubber.look_at(scrubber.in_turn(scrubber.before()))):\n"
        "    n < 1 or os.kill(os.getpid(), 9)\n"
    )
    settings = ledger.services.settings
    environ = {
        **os.environ, "PYTHONPATH": str(ROOT), "STORAGE_PATH": str(settings.storage_path), "NODE_NAME": "node",
        "LOG_DIR": str(settings.log_dir), "DATABASE_URL": settings.database_url, "MIN_FREE_BYTES": "0",
    }  # fmt: skip
    killed = subprocess.run([sys.executable, "-c", program], env=environ, cwd=ledger.home, check=False, timeout=120)
    assert killed.returncode == -9
    today = datetime.now(UTC) - DAY
    read = [video_id for video_id in ids if (ledger.video(video_id).scrubbed_at or today) > today]
    assert len(read) == 2
    assert [one.video.id for one in ledger.services.scrubber.run_due()] == [i for i in ids if i not in read]


def test_two_targets_and_the_good_one_mends(open_ledger: OpenLedger, target: MemoryTarget) -> None:
    first = MemoryTarget("first")
    ledger = open_ledger(place(first), place(target))
    video_id = delivered(ledger, "first", "memory")
    first.objects = dict.fromkeys(first.objects, ROTTEN)
    spoil(ledger.path(video_id), ROTTEN)
    assert scrub(ledger) == ["repaired"]
    assert ledger.path(video_id).read_bytes() == VIDEO
    with ledger.worker():
        ledger.wait_for("delivered", 1, "first")
    assert list(first.objects.values()) == [VIDEO]


def test_a_scrub_gives_its_figures(ledger: Ledger) -> None:
    old(ledger)
    scrubber: Scrubber = ledger.services.scrubber
    (looked,) = scrubber.run_due()
    assert (looked.state, looked.read_bytes) == (State.RIGHT, len(VIDEO))
