"""The trash: nothing goes before its time, undo works until then, and afterwards it is really gone."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.disk.sidecar import Sidecar
from backend.errors import Conflict, LocalDamage
from backend.outbox.erase import Eraser
from backend.retention.trash import Trash
from tests.services.ledger import VIDEO, Ledger, MemoryTarget, OpenLedger, place

LATER = timedelta(days=8)


@pytest.fixture
def trash(ledger: Ledger) -> Trash:
    return ledger.services.trash


def purge(ledger: Ledger, after: timedelta = LATER) -> int:
    """What the worker does when so much more time has gone by since everything in the trash was put there."""
    for video_id in ledger.trashed():
        with suppress(LocalDamage):
            ledger.remover.change(ledger.video(video_id), lambda doc: _earlier(doc, after))
        ledger.set_video(video_id, trashed_at=datetime.now(UTC) - after)
    return ledger.services.trash.purge_due()


def _earlier(doc: Sidecar, after: timedelta) -> Sidecar:
    return doc.model_copy(update={"video": doc.video.model_copy(update={"trashed_at": datetime.now(UTC) - after})})


def test_a_video_in_the_trash_keeps_its_bytes_for_its_days(ledger: Ledger, trash: Trash) -> None:
    video_id = ledger.add()
    gone_at = trash.throw_away(video_id, "ann")
    assert abs(gone_at - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    assert purge(ledger, timedelta(days=6.9)) == 0
    assert ledger.path(video_id).read_bytes() == VIDEO
    assert purge(ledger) == 1
    assert not ledger.path(video_id).exists()
    assert ledger.video(video_id).local_state == ledger.sidecar(video_id).local.state == "purged"


def test_throwing_away_again_does_not_put_the_end_off(ledger: Ledger, trash: Trash) -> None:
    video_id = ledger.add()
    assert trash.throw_away(video_id, "ann") == trash.throw_away(video_id, "bob")


def test_undo_brings_everything_back_and_what_waited_goes_on(ledger: Ledger, trash: Trash) -> None:
    video_id = ledger.add(tags="b,a")
    trash.throw_away(video_id, "ann")
    trash.take_out(video_id, "ann")
    video = ledger.video(video_id)
    assert (video.trashed_at, [t.tag for t in video.tags]) == (None, ["b", "a"])
    assert purge(ledger) == 0
    with ledger.worker():
        ledger.wait_for("delivered", 1)


def test_nothing_new_is_sent_for_a_video_in_the_trash(ledger: Ledger, trash: Trash, target: MemoryTarget) -> None:
    video_id, other = ledger.add_different(2)
    trash.throw_away(video_id, "ann")
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    assert ledger.delivery(video_id).state == "pending"
    assert len(target.puts) == 1, other


def test_what_was_purged_does_not_come_out_again(ledger: Ledger, trash: Trash) -> None:
    video_id = ledger.add()
    trash.throw_away(video_id, "ann")
    purge(ledger)
    with pytest.raises(Conflict, match="bytes were removed"):
        trash.take_out(video_id, "ann")
    assert ledger.video(video_id).trashed_at is not None


def test_an_undo_at_the_last_moment_wins_or_is_refused_but_never_both(ledger: Ledger, trash: Trash) -> None:
    """The purge had found it due already; the sidecar decides, under its lock."""
    video_id = ledger.add()
    trash.throw_away(video_id, "ann")
    trash.take_out(video_id, "ann")
    assert trash._purge(video_id, trash.clock.read(), datetime.now(UTC) + LATER) is False
    assert ledger.path(video_id).read_bytes() == VIDEO
    assert ledger.video(video_id).local_state == "present"


def test_a_held_video_is_not_purged(ledger: Ledger, trash: Trash) -> None:
    video_id = ledger.add()
    trash.throw_away(video_id, "ann")
    ledger.services.holder.hold(video_id, "court")
    assert purge(ledger) == 0
    assert ledger.path(video_id).read_bytes() == VIDEO


def test_a_twin_survives_the_purge_of_the_other(ledger: Ledger, trash: Trash) -> None:
    first, second = ledger.add(), ledger.add()
    assert ledger.path(first).stat().st_ino == ledger.path(second).stat().st_ino
    trash.throw_away(first, "ann")
    assert purge(ledger) == 1
    assert ledger.path(second).read_bytes() == VIDEO
    assert ledger.path(second).stat().st_nlink == 1


def test_one_video_that_cannot_be_purged_keeps_no_other_from_it(ledger: Ledger, trash: Trash) -> None:
    broken, fine = ledger.add_different(2)
    for video_id in (broken, fine):
        trash.throw_away(video_id, "ann")
    ledger.services.layout.sidecar_of(ledger.video(broken).relative_path).write_text("{")
    assert purge(ledger) == 1
    assert ledger.path(broken).exists()
    assert not ledger.path(fine).exists()
    assert len(ledger.log_lines("purge_failed")) == 1


def test_a_pruned_video_is_purged_too_and_its_copies_go_where_that_is_wanted(
    open_ledger: OpenLedger, target: MemoryTarget, tmp_path: Path
) -> None:
    keeps = MemoryTarget("keeps")
    ledger = open_ledger(place(target, on_delete="delete"), place(keeps))
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
        ledger.wait_for("delivered", 1, "keeps")
    assert [j.decision.prune for j in ledger.pruner.execute(0)] == [True]
    ledger.services.trash.throw_away(video_id, "ann")
    assert purge(ledger) == 1
    assert (ledger.states(), ledger.states("keeps")) == (["deleting"], ["delivered"])


def test_a_delivery_that_runs_while_its_video_is_purged_leaves_no_copy_behind(
    open_ledger: OpenLedger, target: MemoryTarget
) -> None:
    ledger = open_ledger(place(target, on_delete="delete"))
    video_id = ledger.add()

    def purge_meanwhile(*_: object) -> None:
        target.on_put = None
        ledger.services.trash.throw_away(video_id, "ann")
        purge(ledger)

    target.on_put = purge_meanwhile
    s = ledger.services
    eraser = Eraser(s.database, s.layout, s.places, s.log)
    with ledger.worker():
        ledger.wait_for("deleting", 1)
        eraser.erase_due()
        assert ledger.states() == ["deleting"], "not before the running one has noticed"
    ledger.set(video_id, next_attempt_at=datetime.now(UTC))
    eraser.erase_due()
    assert (ledger.states(), target.objects) == (["deleting"], {}), "a request may still be on its way"

    key = ledger.video(video_id).relative_path.removeprefix("uploads/project_")
    target.objects[key] = b"and it came"
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    ledger.set(video_id, lease_until=long_ago, next_attempt_at=long_ago)
    eraser.erase_due()
    assert (ledger.states(), target.objects) == (["deleted"], {})
