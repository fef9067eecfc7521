"""Each change of a video or a target is told once: by whatever way it came, and however often it is done again."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from backend.catalog import events
from backend.catalog.database import Database
from backend.catalog.saves import save
from backend.disk import sidecar
from backend.errors import TargetParked, Unreadable
from backend.events import BEGINNING, Happened
from backend.intake.receive import Caller
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, failing, place
from tests.services.media_site import FACTS, MediaSite, fails
from tests.services.waiting import wait_until

ANN = Caller("t-ann", "ann")


def happened(database: Database) -> list[Happened]:
    with database.read() as session:
        return list(events.after(session, BEGINNING, 1000))


def names(ledger: Ledger) -> list[str]:
    return [one.name for one in happened(ledger.database)]


def last(ledger: Ledger) -> dict[str, Any]:
    return happened(ledger.database)[-1].data


def edit(ledger: Ledger, video_id: str, fields: Mapping[str, Sequence[str]]) -> None:
    ledger.services.editor.edit(video_id, ANN, fields, any_video=False)


def test_a_save_is_told_with_its_door_and_what_it_is_the_same_as(ledger: Ledger) -> None:
    first, second = ledger.add(), ledger.add()
    told = happened(ledger.database)
    assert [(one.name, one.video_id) for one in told] == [("video_added", first), ("video_added", second)]
    assert [(one.data["door"], one.data.get("duplicate_of")) for one in told] == [("test", None), ("test", first)]


@pytest.mark.parametrize("committed", [False, True])
def test_a_save_that_is_killed_before_or_after_its_transaction_is_told_once(ledger: Ledger, committed: bool) -> None:
    if (child := os.fork()) == 0:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("backend.intake.receive.saves.save", partial(_die, committed))
            Ledger.open(ledger.home, ledger.services.settings.catalog_url).add()
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert names(ledger) == ["video_added"] * committed
    for _ in range(2):
        ledger.services.recovery.sweep()
    assert names(ledger) == ["video_added"]


def _die(committed: bool, *arguments: Any) -> None:
    if committed:
        save(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("way", ["rebuild", "sweep"])
def test_a_catalog_that_comes_back_from_the_disk_announces_nothing(ledger: Ledger, way: str) -> None:
    video_id = ledger.add()
    ledger.services.trash.throw_away(video_id, "ann")
    before = names(ledger)
    ledger.forget_catalog()
    getattr(ledger.services.recovery, way)()
    assert ledger.video(video_id).trashed_at is not None
    assert names(ledger) == before


def test_an_edit_names_what_changed_and_the_same_again_is_no_news(ledger: Ledger) -> None:
    video_id = ledger.add()
    for _ in range(2):
        edit(ledger, video_id, {"title": ["A day"], "tags": ["b,a"], "description": [""]})
    assert names(ledger) == ["video_added", "video_updated"]
    assert sorted(last(ledger)["changed"]) == ["tags", "title"]


def test_an_edit_that_was_cut_off_before_its_row_is_told_when_it_is_made_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    video_id = ledger.add()
    with monkeypatch.context() as patched:
        patched.setattr("backend.intake.edit.saves.adopt", lambda *_, **__: (_ for _ in ()).throw(MemoryError))
        with pytest.raises(MemoryError):
            edit(ledger, video_id, {"title": ["A day"]})
    assert names(ledger) == ["video_added"]
    for _ in range(2):
        edit(ledger, video_id, {"title": ["A day"]})
    assert names(ledger) == ["video_added", "video_updated"]
    assert last(ledger)["changed"] == ["title"]


def test_the_trash_its_undo_and_its_end(open_ledger: OpenLedger) -> None:
    ledger = open_ledger(TRASH_DAYS="0")
    video_id, trash = ledger.add(), ledger.services.trash
    for step in (trash.throw_away, trash.throw_away, trash.take_out, trash.take_out, trash.throw_away):
        step(video_id, "ann")
    assert names(ledger)[1:] == ["video_deleted", "video_restored", "video_deleted"]
    for _ in range(2):
        trash.purge_due()
    ledger.remover.finish_interrupted()
    assert names(ledger)[4:] == ["video_purged"]


def test_a_removal_that_was_cut_off_is_told_once_when_it_is_finished(ledger: Ledger) -> None:
    """As after a kill between the sidecar's last word and the row."""
    video_id = ledger.add()
    ledger.services.trash.throw_away(video_id, "ann")
    ledger.set_video(video_id, local_state="purging")
    ledger.path(video_id).unlink()
    sidecar.change(
        ledger.services.layout,
        ledger.video(video_id).relative_path,
        video_id,
        lambda doc: doc.model_copy(update={"local": doc.local.model_copy(update={"state": "purged"})}),
    )
    for _ in range(2):
        ledger.remover.finish_interrupted()
    assert names(ledger) == ["video_added", "video_deleted", "video_purged"]


def test_pruned_bytes_go_and_come_back(ledger: Ledger) -> None:
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    ledger.prune(video_id)
    for _ in range(2):
        ledger.services.restorer.restore(video_id)
    assert names(ledger) == ["video_added", "video_delivered", "video_pruned", "video_updated"]
    assert last(ledger)["changed"] == ["local_state"]


def test_a_hold_is_something_that_is_said_of_it(ledger: Ledger) -> None:
    video_id = ledger.add()
    hold = ledger.services.holder.hold(video_id, "court case")
    ledger.services.holder.release(video_id, hold.id)
    assert names(ledger)[1:] == ["video_updated"] * 2
    assert last(ledger)["changed"] == ["holds"]


def test_a_copy_is_delivered_when_it_is_verified_then_damaged_then_repaired(
    ledger: Ledger, target: MemoryTarget
) -> None:
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
        assert last(ledger)["target"] == "memory"
        target.objects.clear()
        looker = ledger.reverifier()
        list(looker.look_at(looker.meant("memory", everything=True), [ledger.delivery(video_id).id]))
        wait_until(lambda: names(ledger)[-1] == "video_repaired", "the copy to be sent again")
    assert names(ledger) == ["video_added", "video_delivered", "video_damaged", "video_repaired"]
    told = happened(ledger.database)
    assert [one.data.get("where") for one in told] == [None, None, "memory", "memory"]
    assert all(one.video_id == video_id for one in told)


def test_damage_here_is_told_once_and_its_repair_too(ledger: Ledger) -> None:
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    damaged = VIDEO[:-1] + b"?"
    ledger.path(video_id).write_bytes(damaged)
    ledger.age(video_id, 60)
    for _ in range(2):
        ledger.services.scrubber.run_due()
    assert names(ledger)[2:] == ["video_damaged", "video_repaired"]
    assert (last(ledger)["where"], last(ledger)["part"]) == ("here", "file")


def test_damage_without_a_good_copy_is_not_told_each_time(open_ledger: OpenLedger) -> None:
    ledger = open_ledger()
    video_id = ledger.add()
    ledger.path(video_id).unlink()
    ledger.age(video_id, 60)
    for _ in range(3):
        list(ledger.services.scrubber.look_at(ledger.services.scrubber.in_turn(None, impatient=True)))
        ledger.services.scrubber.run_due()
    assert names(ledger) == ["video_added", "video_damaged"]


def test_a_target_that_needs_a_person_and_its_return(ledger: Ledger, target: MemoryTarget) -> None:
    ledger.add()
    target.on_put, target.check_error = failing(TargetParked("the key was revoked")), "no key"
    with ledger.worker():
        wait_until(lambda: "target_parked" in names(ledger), "the target to be parked")
        told = last(ledger)
        assert (told["target"], told["state"], told["reason"]) == ("memory", "parked", "the key was revoked")
        target.on_put, target.check_error = None, ""
        ledger.services.desk.check("memory")
        ledger.wait_for("delivered", 1)
    assert names(ledger) == ["video_added", "target_parked", "target_resumed", "video_delivered"]


def test_an_operators_pause_and_go_are_told_once_each(open_ledger: OpenLedger, target: MemoryTarget) -> None:
    ledger = open_ledger(place(target))
    desk = ledger.services.desk
    for step in (desk.pause, desk.pause, desk.check, desk.resume, desk.resume):
        step("memory")
    assert names(ledger) == ["target_parked", "target_resumed"]


def test_pictures_and_readiness_are_told_and_not_again_after_a_rebuild(ledger: Ledger) -> None:
    media, video_id = MediaSite(ledger), ledger.add()
    with media.running():
        media.wait_for_job(video_id, "preview", "done")
    assert names(ledger)[1:] == ["thumbnail_ready", "video_ready"]
    told = {one.name: one.data for one in happened(ledger.database)}
    assert told["video_ready"]["duration_seconds"] == FACTS["duration_seconds"]
    ledger.forget_catalog()
    ledger.services.recovery.rebuild()
    with media.running():
        media.wait_for(video_id, "ready")
    assert len(names(ledger)) == 3


def test_what_cannot_be_played_is_told_with_its_reason(ledger: Ledger) -> None:
    media, _ = MediaSite(ledger), ledger.add()
    with media.running(probe=fails(Unreadable("It is no video."))):
        wait_until(lambda: "video_unplayable" in names(ledger), "the verdict")
    assert last(ledger)["reason"] == "It is no video."
