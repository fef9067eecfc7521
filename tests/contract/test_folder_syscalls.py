"""The folder target under strace: every error of the disk, a kill at every system call, and their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.targets.base import Verdict
from tests.contract.conftest import Video
from tests.contract.places import FolderPlace
from tests.contract.putting import last_line, putting, stored_state
from tests.contract.transfers import Told

KEY = "project_default/20261121_101112_Tutorial_holiday-1f0c2a9b3d.mp4"


def _traced(place: FolderPlace, video: Video, *rules: str, log: Path | None = None) -> str:
    """Put in a process whose system calls strace spoils; its last line."""
    spoil = [f"--inject={rule}" for rule in rules]
    calls = sorted({rule.split(":")[0] for rule in rules} | ({"fsync", "fdatasync"} if log else set()))
    under = ["strace", "-f", "-qq", "-y", "-o", str(log or "/dev/null"), "-e", f"trace={','.join(calls)}", *spoil]
    with putting(place.table(), video.source, KEY, "traced", quiet=True, under=under) as process:
        return last_line(process)


def _right_after_the_next_put(place: FolderPlace, video: Video) -> None:
    target = place.target()
    copy = target.put(video.source, KEY, Told(resume=stored_state(video.source, "traced")))
    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES
    assert place.objects() == {KEY: video.content}
    assert place.leftovers() == []


@pytest.mark.service
@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("write:error=ENOSPC:when=2", "target-parked"),
        ("write:error=EDQUOT:when=2", "target-parked"),
        ("write:error=EROFS:when=1", "target-parked"),
        ("write:error=EIO:when=3", "target-transient"),
        ("write:error=EFBIG:when=3", "target-permanent"),
        ("fsync:error=EIO:when=1", "target-transient"),
        ("fsync:error=EIO:when=3", "target-transient"),
        ("fsync:error=ENOSPC:when=3", "target-parked"),
        ("mkdirat:error=EACCES:when=1", "target-parked"),
        ("preadv2:error=EIO:when=2", "target-transient"),
        ("openat:error=ESTALE:when={openat}", "target-transient"),
    ],
)
def test_a_failing_disk_is_told_for_what_it_is_and_leaves_nothing_half(
    any_folder: FolderPlace, clip: Video, rule: str, code: str
) -> None:
    if "{openat}" in rule:
        # The last file a put opens is its temporary one.
        rule = rule.format(openat=_opened_by_a_put(any_folder, clip))
    outcome = _traced(any_folder, clip, rule)

    assert outcome.startswith(f"failed {code} "), outcome
    assert any_folder.objects() in ({}, {KEY: clip.content})
    _right_after_the_next_put(any_folder, clip)


def _opened_by_a_put(place: FolderPlace, video: Video) -> int:
    """How many files the process opens up to its temporary one, once the folders are there."""
    place.target().put(video.source, KEY, Told())
    place.lose(KEY)
    log = video.source.path.with_name("openat.log")
    under = ["strace", "-qq", "-o", str(log), "-e", "trace=openat"]
    with putting(place.table(), video.source, KEY, "counted", quiet=True, under=under) as process:
        assert last_line(process).startswith("done")
    place.lose(KEY)
    opened = [n for n, line in enumerate(log.read_text().splitlines(), start=1) if ".part" in line]
    return opened[-1]


@pytest.mark.service
def test_a_failed_fsync_is_not_tried_again_on_the_same_file(folder: FolderPlace, clip: Video, tmp_path: Path) -> None:
    log = tmp_path / "fsync.log"

    _traced(folder, clip, "fsync:error=EIO:when=3", log=log)

    synced = [line for line in log.read_text().splitlines() if ".part" in line]
    assert len(synced) == 1
    assert "EIO" in synced[0]


@pytest.mark.service
@pytest.mark.parametrize("call", ["mkdirat", "openat", "flock", "write", "fsync", "linkat", "renameat2", "unlinkat"])
def test_a_put_killed_at_any_system_call_is_completed_by_the_next(
    any_folder: FolderPlace, clip: Video, call: str
) -> None:
    for count in range(1, 200):
        # The interpreter opens hundreds of files by itself; only those of the put matter.
        first = _opened_by_a_put(any_folder, clip) - 5 if call == "openat" and count == 1 else 0
        when = count + first if call == "openat" else count
        outcome = _traced(any_folder, clip, f"{call}:signal=KILL:when={when}")
        assert set(any_folder.objects()) <= {KEY}
        finished = outcome.startswith("done")
        _right_after_the_next_put(any_folder, clip)
        any_folder.lose(KEY)
        (any_folder.root / KEY).parent.rmdir()
        if finished or (call in ("write", "openat") and count == 8):
            return
    raise AssertionError("the put never came to its end")


@pytest.mark.service
@pytest.mark.parametrize(("call", "publish"), [("linkat", "link"), ("renameat2", "rename")])
@pytest.mark.parametrize("error", ["EPERM", "EOPNOTSUPP", "EINVAL"])
def test_a_file_system_that_cannot_publish_so_parks_the_target_and_names_another_way(
    tmp_path: Path, clip: Video, call: str, publish: str, error: str
) -> None:
    if (call, error) in {("linkat", "EINVAL"), ("renameat2", "EPERM")}:
        return
    place = FolderPlace(tmp_path, publish)

    outcome = _traced(place, clip, f"{call}:error={error}")

    assert outcome.startswith("failed target-parked ")
    assert 'publish = "' in outcome
    assert place.objects() == {}
    assert place.leftovers() == []


@pytest.mark.service
def test_without_locks_the_temporary_file_of_a_killed_put_is_still_found(folder: FolderPlace, clip: Video) -> None:
    _traced(folder, clip, "flock:error=ENOLCK", "fsync:signal=KILL:when=3")
    assert len(folder.leftovers()) == 1
    assert stored_state(clip.source, "traced")

    _right_after_the_next_put(folder, clip)


@pytest.mark.service
def test_the_bytes_are_durable_before_they_have_a_name_and_the_name_before_the_put_ends(
    any_folder: FolderPlace, clip: Video, tmp_path: Path
) -> None:
    log = tmp_path / "order.log"
    calls = "trace=mkdirat,fsync,linkat,renameat,renameat2,unlinkat"
    with putting(
        any_folder.table(), clip.source, KEY, "ordered", quiet=True, under=["strace", "-y", "-o", str(log), "-e", calls]
    ) as process:
        assert last_line(process).startswith("done")

    steps = [_step(line, any_folder.root) for line in log.read_text().splitlines() if str(any_folder.root) in line]
    published = {"link": "linkat", "rename": "renameat2", "exclusive": "renameat"}[any_folder.table()["publish"]]
    assert steps[:7] == [
        "mkdirat project_default",
        "fsync root",
        "mkdirat .holdfast-incoming",
        "fsync root",
        "fsync the bytes",
        published,
        "fsync project_default",
    ]


def _step(line: str, root: Path) -> str:
    call = line.partition("(")[0].split()[-1]
    if call == "mkdirat":
        name = line.split('"')[1]
        return f"mkdirat {name}"
    if call == "fsync":
        path = line.partition("<")[2].partition(">")[0].removeprefix(str(root)).strip("/")
        return f"fsync {'the bytes' if path.endswith('.part') else path or 'root'}"
    return call
