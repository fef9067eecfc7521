"""Durable steps: in the right order, never overwriting, leaving nothing behind when one of them fails."""

from __future__ import annotations

import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from backend.disk import atomic
from backend.disk.layout import Layout
from backend.errors import DiskFault, DiskFull, HoldfastError, OutOfHandles
from tests.unit.disk.border import Border


def test_new_small_file_is_written_then_fsynced_then_named(layout: Layout, border: Border) -> None:
    atomic.write_new(layout.uploads / "a.json", b"{}", layout.incoming)
    assert border.names() == ["open", "write", "fsync", "link", "unlink"]
    assert (layout.uploads / "a.json").read_bytes() == b"{}"
    assert not any(layout.incoming.iterdir())


def test_replaced_file_is_fsynced_before_the_rename_and_its_folder_after(layout: Layout, border: Border) -> None:
    (layout.uploads / "a.json").write_bytes(b"old")
    border.calls.clear()
    atomic.replace(layout.uploads / "a.json", b"new", layout.incoming)
    assert border.names() == ["open", "write", "fsync", "rename", "unlink", "open", "fsync"]
    assert border.calls[-1].path == str(layout.uploads)
    assert (layout.uploads / "a.json").read_bytes() == b"new"


def test_taken_name_is_never_overwritten(layout: Layout) -> None:
    place = layout.uploads / "a.json"
    place.write_bytes(b"first")
    with pytest.raises(FileExistsError):
        atomic.write_new(place, b"second", layout.incoming)
    assert place.read_bytes() == b"first"
    assert not any(layout.incoming.iterdir())


def test_made_folders_are_durable_from_the_top_down(layout: Layout, border: Border) -> None:
    atomic.make_folder(layout.uploads / "project_a" / "b")
    made = [(c.name, Path(c.path).name) for c in border.calls if c.name in ("mkdir", "fsync")]
    assert made == [
        ("mkdir", "project_a"),
        ("fsync", "uploads"),
        ("mkdir", "b"),
        ("fsync", "project_a"),
    ]


def test_folder_found_in_place_is_made_durable_once_by_each_process(layout: Layout, border: Border) -> None:
    """Who made it may have been killed before its fsync: nothing may be acknowledged in it before ours."""
    (layout.uploads / "project_left").mkdir()
    border.calls.clear()
    for _ in range(3):
        atomic.make_folder(layout.uploads / "project_left")
    assert [(c.name, c.path) for c in border.calls if c.name == "fsync"] == [("fsync", str(layout.uploads))]


def test_folder_whose_fsync_failed_is_not_taken_for_durable(layout: Layout, border: Border) -> None:
    border.fail_when(lambda call: call.name == "fsync" and call.path == str(layout.uploads), errno.EIO)
    for _ in range(2):
        with pytest.raises(DiskFault):
            atomic.make_folder(layout.uploads / "project_a")
    border.heal()
    atomic.make_folder(layout.uploads / "project_a")
    assert border.names() == ["open", "fsync"]


def test_root_in_a_folder_that_may_not_be_read_is_accepted(tmp_path: Path, border: Border) -> None:
    root = tmp_path / "given" / "storage"
    root.mkdir(parents=True)
    border.fail_when(lambda call: call.name == "open" and call.path == str(tmp_path / "given"), errno.EACCES)
    Layout(root).prepare()
    assert (root / "incoming").is_dir()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EIO, DiskFault),
        (errno.EROFS, DiskFault),
        (errno.EMFILE, OutOfHandles),
        (errno.ENFILE, OutOfHandles),
    ],
)
def test_every_failing_step_is_told_in_words_and_leaves_no_name(
    layout: Layout, border: Border, code: int, kind: type[HoldfastError]
) -> None:
    place = layout.uploads / "a.json"
    for number in range(1, 5):
        border.fail_at(number, code)
        with pytest.raises(kind) as told:
            atomic.write_new(place, b"{}", layout.incoming)
        assert errno.errorcode[code] in told.value.message
        assert str(layout.root) not in told.value.message
        border.heal()
        assert not place.exists()
        assert not any(layout.incoming.iterdir())
    atomic.write_new(place, b"{}", layout.incoming)


def test_failed_fsync_is_not_tried_again(layout: Layout, border: Border) -> None:
    border.fail_when(lambda call: call.name == "fsync", errno.EIO)
    with pytest.raises(DiskFault):
        atomic.write_new(layout.uploads / "a.json", b"{}", layout.incoming)
    assert border.names().count("fsync") == 1
    assert "link" not in border.names()


def test_temporary_name_that_cannot_be_removed_does_not_undo_a_publish(layout: Layout, border: Border) -> None:
    border.fail_when(lambda call: call.name == "unlink", errno.EIO)
    atomic.write_new(layout.uploads / "a.json", b"{}", layout.incoming)
    assert (layout.uploads / "a.json").read_bytes() == b"{}"


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A nearly full disk takes a part and says how much."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:7]))
    fd = os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT)
    try:
        atomic.write_all(fd, bytes(range(256)))
    finally:
        os.close(fd)
    assert (tmp_path / "a").read_bytes() == bytes(range(256))


def test_of_many_processes_that_want_one_name_exactly_one_gets_it(layout: Layout) -> None:
    with multiprocessing.get_context("fork").Pool(8) as pool:
        won = pool.starmap(_wins, [(layout.root, number) for number in range(40)])
    assert won.count(True) == 1
    assert (layout.uploads / "wanted.json").read_bytes() == str(won.index(True)).encode()
    assert not any(layout.incoming.iterdir())


def _wins(root: Path, number: int) -> bool:
    layout = Layout(root)
    try:
        atomic.write_new(layout.uploads / "wanted.json", str(number).encode(), layout.incoming)
    except FileExistsError:
        return False
    return True
