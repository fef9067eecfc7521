"""kill -9 before every step of taking bytes away: afterwards they are here, or remembered as gone."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.catalog.models import Video
from backend.disk.sidecar import LocalFacts
from backend.outbox.erase import Eraser
from backend.retention.policy import ByDays
from tests.services.ledger import VIDEO, Ledger, folder_place
from tests.services.sampling import sample
from tests.unit.disk.border import Border


def opened(home: Path) -> Ledger:
    nas = folder_place(home / "nas", on_delete="delete")
    return Ledger.open(home, f"sqlite:///{home / 'catalog.db'}", nas, TRASH_DAYS="0")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One delivered video with tags, and a twin of it."""
    home = tmp_path_factory.mktemp("template")
    Ledger.fresh(home, f"sqlite:///{home / 'catalog.db'}").services.close()
    ledger = opened(home)
    for name in ("first.mp4", "twin.mp4"):
        ledger.add(name=name, tags="a,b")
    with ledger.worker():
        ledger.wait_for("delivered", 2, "nas")
    ledger.services.close()
    return home


def killed_at(number: int, home: Path, work: Callable[[Ledger], object]) -> None:
    """Run `work` in a child and kill -9 it before its disk call of that number, if it comes so far."""
    child = os.fork()
    if child == 0:
        try:
            ledger = opened(home)
            border = Border(home)
            border.install(pytest.MonkeyPatch())
            border.kill_at(number)
            work(ledger)
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
    else:
        assert os.waitstatus_to_exitcode(status) == 0, "the work itself failed in the child"


def steps_of(work: Callable[[Ledger], object], home: Path) -> list[int]:
    """The numbers of the disk calls that `work` makes, and one more, at which it is not killed; a sample of them."""
    ledger, border = opened(home), Border(home)
    with pytest.MonkeyPatch.context() as patched:
        border.install(patched)
        work(ledger)
    ledger.services.close()
    return sample(range(1, len(border.calls) + 2), 24)


def first(ledger: Ledger) -> str:
    return next(v for v in _ids(ledger) if ledger.video(v).original_filename == "first.mp4")


def twin(ledger: Ledger) -> str:
    return next(v for v in _ids(ledger) if ledger.video(v).original_filename == "twin.mp4")


def _ids(ledger: Ledger) -> list[str]:
    with ledger.database.read() as session:
        return list(session.scalars(select(Video.id)))


def prune(ledger: Ledger) -> None:
    for judged in ledger.pruner.plan(0):
        if judged.name == "first.mp4":
            ledger.pruner.prune(judged.video_id, ByDays(0))


def purge(ledger: Ledger) -> None:
    ledger.services.trash.throw_away(first(ledger), "ann")
    ledger.services.trash.purge_due()
    s = ledger.services
    Eraser(s.database, s.layout, s.places, s.log).erase_due()


def start_again(ledger: Ledger) -> None:
    """What every start does."""
    ledger.remover.finish_interrupted()
    swept = ledger.services.recovery.sweep()
    assert not swept.unknown
    assert not swept.quarantined


def assert_agrees(ledger: Ledger, video_id: str) -> None:
    """Row, sidecar and disk say the same, and what is here is whole.

    One gap is allowed: a sidecar that is marked already, where the kill came before the row.
    """
    video, doc, path = ledger.video(video_id), ledger.sidecar(video_id), ledger.path(video_id)
    assert (video.local_state, doc.local.state) in {
        *((state, state) for state in ("present", "pruned", "purged")),
        ("present", "pruning"),
        ("present", "purging"),
    }
    assert (video.local_state == "present") == path.exists()
    assert not path.exists() or path.read_bytes() == VIDEO
    assert [t.tag for t in video.tags] == ["a", "b"] == list(doc.video.tags)
    assert list(ledger.services.layout.incoming.iterdir()) == []


@pytest.mark.parametrize("work", [prune, purge])
def test_a_removal_killed_at_any_step_is_brought_to_an_end_by_the_next_start(
    template: Path, tmp_path: Path, work: Callable[[Ledger], None]
) -> None:
    states = set()
    for number in steps_of(work, shutil.copytree(template, tmp_path / "counted")):
        home = shutil.copytree(template, tmp_path / str(number))
        killed_at(number, home, work)
        ledger = opened(home)
        start_again(ledger)
        video_id = first(ledger)
        states.add(ledger.video(video_id).local_state)
        assert_agrees(ledger, video_id)
        assert_agrees(ledger, twin(ledger))
        assert ledger.path(twin(ledger)).read_bytes() == VIDEO
        work(ledger)
        assert not ledger.path(video_id).exists()
        assert_agrees(ledger, video_id)
        if work is prune:
            ledger.services.restorer.restore(video_id)
            assert hashlib.sha256(ledger.path(video_id).read_bytes()).hexdigest() == ledger.video(video_id).sha256
        else:
            ledger.set(video_id, "nas", next_attempt_at=datetime.now(UTC))  # another worker's five minutes
            purge(ledger)
            assert ledger.states("nas") == ["deleted", "delivered"]
            assert len(list((home / "nas").rglob("*.mp4"))) == 1
        ledger.services.close()
    assert states == {"present", "pruned" if work is prune else "purged"}


def test_a_restore_killed_at_any_step_leaves_the_copy_reachable(template: Path, tmp_path: Path) -> None:
    ledger = opened(shutil.copytree(template, tmp_path / "pruned"))
    prune(ledger)
    ledger.services.close()

    def restore(ledger: Ledger) -> None:
        ledger.services.restorer.restore(first(ledger))

    for number in steps_of(restore, shutil.copytree(tmp_path / "pruned", tmp_path / "counted")):
        home = shutil.copytree(tmp_path / "pruned", tmp_path / str(number))
        killed_at(number, home, restore)
        ledger = opened(home)
        ledger.remover.finish_interrupted()
        assert ledger.services.restorer.local_path(ledger.video(first(ledger))).read_bytes() == VIDEO
        ledger.services.restorer.restore(first(ledger))
        ledger.services.recovery.sweep()
        assert_agrees(ledger, first(ledger))
        ledger.services.close()


def test_a_mark_whose_bytes_are_still_here_is_not_carried_out_without_asking_the_copies_again(
    template: Path, tmp_path: Path
) -> None:
    """The machine may have been off for a year since they were verified."""
    ledger = opened(shutil.copytree(template, tmp_path / "marked"))
    video_id = first(ledger)
    mark = LocalFacts(state="pruning")
    ledger.remover.change(ledger.video(video_id), lambda doc: doc.model_copy(update={"local": mark}))
    shutil.rmtree(tmp_path / "marked" / "nas")
    assert ledger.remover.finish_interrupted() == 1
    assert ledger.path(video_id).read_bytes() == VIDEO
    assert_agrees(ledger, video_id)
    ledger.services.close()


def test_one_removal_that_cannot_be_finished_keeps_neither_the_others_nor_the_start_waiting(
    template: Path, tmp_path: Path
) -> None:
    ledger = opened(shutil.copytree(template, tmp_path / "broken"))
    mark = LocalFacts(state="purging")
    for video_id in (first(ledger), twin(ledger)):
        ledger.remover.change(ledger.video(video_id), lambda doc: doc.model_copy(update={"local": mark}))
    ledger.services.layout.sidecar_of(ledger.video(first(ledger)).relative_path).unlink()
    assert ledger.remover.finish_interrupted() == 1
    assert not ledger.path(twin(ledger)).exists()
    assert len(ledger.log_lines("removal_unfinished")) == 1
    ledger.services.close()
