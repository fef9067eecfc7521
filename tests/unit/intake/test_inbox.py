"""The watched folder: what stands still is taken in once, what is refused says why, and nothing is lost on the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from backend.errors import SettingsError
from backend.intake.checks import Facts
from backend.intake.inbox import Inbox
from backend.intake.receive import Intake, Saved, Upload
from backend.intake.writers import has_writer
from backend.settings import load_settings
from tests.services.sampling import steps
from tests.unit.intake.conftest import Build
from tests.unit.intake.house import VIDEO, House, killed_at

SETTLE = 10.0


@dataclass
class Watch:
    """An inbox and its clock. `settle` looks, waits for so long, and looks again."""

    house: House
    inbox: Inbox
    now: list[float] = field(default_factory=lambda: [0.0])

    @classmethod
    def over(cls, house: House, after: str = "move") -> Watch:
        folder = house.root / "inbox"
        folder.mkdir(exist_ok=True)
        now = [0.0]
        return cls(house, Inbox(house.intake, folder, SETTLE, after, lambda: now[0]), now)

    @property
    def folder(self) -> Path:
        return self.inbox.folder

    def drop(self, name: str = "a.mp4", content: bytes = VIDEO) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def settle(self) -> int:
        count = self.inbox.look()
        self.now[0] += SETTLE
        return count + self.inbox.look()

    def left(self) -> list[str]:
        return sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob("*") if p.is_file())


@pytest.fixture
def watch(house: House) -> Watch:
    return Watch.over(house)


def test_a_file_that_stands_still_is_taken_in_and_put_away(watch: Watch) -> None:
    watch.drop("a.mp4")
    watch.drop("summer/day 1/b.mp4", VIDEO[::-1])
    assert watch.settle() == 2
    assert watch.left() == [".done/a.mp4", ".done/summer/day 1/b.mp4"]
    videos = {v.original_filename: v for v in watch.house.listed()}
    assert (videos["a.mp4"].project_id, videos["b.mp4"].project_id) == ("default", "summer")
    assert videos["b.mp4"].custom["inbox_path"] == "summer/day 1/b.mp4"
    assert (videos["a.mp4"].door, videos["a.mp4"].source) == ("inbox", "inbox")
    assert watch.settle() == 0
    watch.house.check()


def test_a_file_that_still_grows_waits(watch: Watch) -> None:
    path = watch.drop(content=b"")
    for _ in range(3):
        with path.open("ab") as file:
            file.write(VIDEO)
        assert watch.inbox.look() == 0
        watch.now[0] += SETTLE
    assert watch.inbox.look() == 1
    assert watch.house.listed()[0].size_bytes == 3 * len(VIDEO)


def test_one_look_is_never_enough_and_neither_are_two_at_once(watch: Watch) -> None:
    path = watch.drop(content=VIDEO[:100])
    assert watch.inbox.look() + watch.inbox.look() == 0
    watch.now[0] += SETTLE
    path.write_bytes(VIDEO)  # it grew just before the time was over
    assert watch.inbox.look() == 0
    watch.now[0] += SETTLE
    assert watch.inbox.look() == 1
    assert watch.house.listed()[0].size_bytes == len(VIDEO)


def test_a_file_that_somebody_has_open_for_writing_waits(watch: Watch) -> None:
    path = watch.drop()
    with path.open("ab"):
        assert has_writer(path)
        assert watch.settle() == 0
    with path.open("rb"):
        assert not has_writer(path)
        assert watch.settle() == 1


def test_deleting_comes_after_the_save_and_only_when_asked_for(house: House) -> None:
    watch = Watch.over(house, "delete")
    watch.drop()
    assert watch.settle() == 1
    assert watch.left() == []
    house.check()
    assert len(house.listed()) == 1


def test_what_is_refused_is_kept_with_the_reason_beside_it(watch: Watch) -> None:
    watch.drop("notes.txt", b"words")
    watch.drop("p/empty.mp4", b"")
    watch.settle()
    assert watch.left() == [
        ".refused/notes.txt", ".refused/notes.txt.txt", ".refused/p/empty.mp4", ".refused/p/empty.mp4.txt",
    ]  # fmt: skip
    assert "does not take (.txt)" in (watch.folder / ".refused/notes.txt.txt").read_text()
    assert "0 bytes" in (watch.folder / ".refused/p/empty.mp4.txt").read_text()
    assert watch.house.listed() == []
    assert watch.settle() == 0


def test_hidden_unfinished_and_linked_files_are_left_alone(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "outside.mp4").write_bytes(VIDEO)
    for name in (".hidden.mp4", "a.mp4.part", "b.mp4.crdownload", ".git/c.mp4"):
        watch.drop(name)
    (watch.folder / "link.mp4").symlink_to(tmp_path / "outside.mp4")
    (watch.folder / "linked").symlink_to(tmp_path)
    before = watch.left()
    assert (watch.settle(), watch.left()) == (0, before)


def test_the_same_name_again_takes_nothing_from_what_lies_in_done(watch: Watch) -> None:
    for content in (VIDEO, VIDEO + b"2"):
        watch.drop(content=content)
        assert watch.settle() == 1
    assert watch.left() == [".done/a-2.mp4", ".done/a.mp4"]
    assert (watch.folder / ".done/a.mp4").read_bytes() == VIDEO
    assert len(watch.house.listed()) == 2


def test_a_crash_between_save_and_move_makes_no_second_video_also_after_a_rebuild(build: Build) -> None:
    house = build()
    watch = Watch.over(house)
    watch.drop()
    (watch.folder / ".done").write_text("in the way: the move fails")
    assert watch.settle() == 0
    assert len(house.listed()) == 1
    (watch.folder / ".done").unlink()
    house.close()
    for left in (house.root / "storage/metadata").glob("catalog.db*"):
        left.unlink()
    again = House.fresh(house.root)
    again.services.recovery.rebuild()
    watch = Watch.over(again)
    assert watch.settle() == 1
    assert (len(again.listed()), watch.left()) == (1, [".done/a.mp4"])
    again.close()


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_what_went_bad_between_save_and_removal_is_mended_from_the_file(house: House, harm: str) -> None:
    """With INBOX_AFTER=delete the file in the inbox would have been the last good one."""
    watch = Watch.over(house, "delete")
    watch.drop()
    (watch.folder / ".done").write_text("in the way: it cannot be removed")
    assert watch.settle() == 0
    (saved,) = house.listed()
    place = house.intake.layout.absolute(saved.relative_path)
    if harm == "gone":
        place.unlink()
    else:
        place.write_bytes(VIDEO[:-1] + b"x")
    (watch.folder / ".done").unlink()
    assert Watch.over(house, "delete").settle() == 1  # another worker, which does not remember the save
    assert watch.left() == []
    assert place.read_bytes() == VIDEO
    house.check()


def test_a_move_that_fails_is_told_once_and_saves_once(watch: Watch) -> None:
    watch.drop()
    (watch.folder / ".done").write_text("in the way")
    for _ in range(3):
        watch.settle()
    log = watch.house.services.log.path.read_text()
    assert log.count("inbox_waits") == 1
    assert log.count(" saved ") == 1


def test_what_was_written_after_the_save_is_not_deleted(house: House) -> None:
    watch = Watch.over(house, "delete")
    path = watch.drop()
    watch.inbox.look()
    watch.now[0] += SETTLE
    honest = house.intake

    class LateWriter(Intake):
        """Saves, and then the file is written once more before it is put away."""

        def save(self, upload: Upload, facts: Facts, idempotency_key: str = "") -> Saved:
            saved = super().save(upload, facts, idempotency_key)
            path.write_bytes(VIDEO + b"late")
            return saved

    watch.inbox.intake = LateWriter(**vars(honest))
    assert watch.inbox.look() == 0
    assert path.read_bytes() == VIDEO + b"late"
    watch.inbox.intake = honest
    assert watch.settle() == 1
    assert sorted(v.size_bytes for v in house.listed()) == [len(VIDEO), len(VIDEO) + 4]
    assert watch.left() == []


def test_a_database_that_does_not_answer_leaves_the_file_for_later(watch: Watch) -> None:
    watch.drop()
    honest = watch.inbox.intake
    broken = replace(honest, settings=honest.settings.model_copy(update={"min_free_bytes": 10**18}))
    watch.inbox.intake = broken
    assert watch.settle() == 0
    assert watch.left() == ["a.mp4"]
    watch.inbox.intake = honest
    assert watch.settle() == 1


def test_an_inbox_that_is_not_there_is_told_once_and_works_when_it_comes(watch: Watch) -> None:
    watch.folder.rmdir()
    for _ in range(3):
        assert watch.settle() == 0
    assert watch.house.services.log.path.read_text().count("inbox_waits") == 1
    watch.drop()
    assert watch.settle() == 1


def test_a_kill_anywhere_neither_loses_nor_doubles(build: Build, tmp_path: Path) -> None:
    template = build()
    Watch.over(template).drop()
    template.close()
    for number in steps(3):
        root = tmp_path / f"killed-{number}"
        template.copy_to(root).close()
        killed = killed_at(number, root, lambda house: Watch.over(house).settle(), lambda _: None)
        house = House.open(root)
        house.sweep()
        Watch.over(house).settle()
        assert Watch.over(house).left() == [".done/a.mp4"]
        assert [(v.original_filename, v.size_bytes) for v in house.listed()] == [("a.mp4", len(VIDEO))]
        house.check()
        house.close()
        if not killed:
            break


def test_an_inbox_inside_the_storage_is_refused_at_the_start(tmp_path: Path) -> None:
    for inbox, storage in (("s/in", "s"), ("s", "s"), ("s", "s/deep")):
        paths = {"INBOX_PATH": str(tmp_path / inbox), "STORAGE_PATH": str(tmp_path / storage)}
        with pytest.raises(SettingsError, match="must not lie in one another"):
            load_settings(paths, None)
    assert load_settings({"INBOX_PATH": str(tmp_path)}, None).inbox_path == str(tmp_path)
