"""upload: local files through the intake of every door; each file stands for itself."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from backend.intake.receive import Intake, Upload
from tests.unit.cli.conftest import VIDEO, CommandLine


def leftovers(cli: CommandLine) -> list[Path]:
    return [*(cli.storage / "incoming").iterdir(), *(cli.storage / "quarantine").iterdir()]


def test_the_first_upload_prepares_what_it_needs_and_tells_id_and_digest(either: CommandLine) -> None:
    digest = hashlib.sha256(VIDEO).hexdigest()
    answer = either.well("upload", str(either.file()))
    ((word, video_id, told, path),) = answer.lines
    assert (word, told, path) == ("saved", f"sha256:{digest}", str(either.files / "holiday.mp4"))
    video = either.well("info", video_id, "--json").json
    assert either.path(video).read_bytes() == VIDEO
    assert video["original_filename"] == "holiday.mp4"
    assert video["uploaded_by"].endswith("(command line)")
    assert leftovers(either) == []


def test_one_failing_file_does_not_stop_the_others(cli: CommandLine) -> None:
    pipe = cli.files / "pipe.mp4"
    os.mkfifo(pipe)
    (cli.files / "folder.mp4").mkdir()
    good = [cli.file("a.mp4"), cli.file("b.mp4", VIDEO + b"b")]
    bad = [pipe, cli.files / "folder.mp4", cli.files / "none.mp4", cli.file("x.exe"), cli.file("empty.mp4", b"")]
    answer = cli("upload", *map(str, [bad[0], good[0], *bad[1:], good[1]]), "--json")
    assert answer.code == 3
    status = {Path(entry["file"]).name: entry["status"] for entry in answer.json}
    assert status == {p.name: "saved" for p in good} | {p.name: "failed" for p in bad}
    for path in bad:
        assert any(path.name in line for line in answer.err.splitlines())
    assert "2 saved, 0 skipped, 5 failed." in answer.err
    assert len(cli.well("list", "--json").json) == 2
    assert leftovers(cli) == []


def test_the_receipt_of_an_upload_fits_its_file(cli: CommandLine) -> None:
    path = cli.file()
    (entry,) = cli.well("upload", str(path), "--json").json
    assert cli.well("verify-receipt", str(path), entry["receipt"]).out.startswith("Genuine.")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--metadata", "[1]"], "metadata"),
        (["--ttl-hours", "soon"], "ttl_hours"),
        (["--start-time", "2026-01-31T12:00:00"], "time zone"),
        (["--target", "moon"], "'moon' is unknown"),
        (["--project", "a\nb"], "control characters"),
    ],
)
def test_a_wrong_field_is_refused_before_a_byte_is_read(cli: CommandLine, options: list[str], words: str) -> None:
    answer = cli("upload", str(cli.file()), *options)
    assert answer.code == 3
    assert words in answer.err
    assert "receiving" not in cli.well("logs").out


def test_an_announced_digest_is_held_against_the_file(cli: CommandLine) -> None:
    path = str(cli.file())
    assert cli("upload", path, "--sha256", "0" * 64).code == 3
    assert cli.well("list", "--json").json == []
    cli.well("upload", path, "--sha256", hashlib.sha256(VIDEO).hexdigest())
    assert cli("upload", path, path, "--sha256", "0" * 64).code == 2


def test_the_same_content_shares_its_bytes_and_says_so(either: CommandLine) -> None:
    first, second = either.upload("a.mp4"), either.upload("b.mp4")
    assert second["duplicate_of"] == first["id"]
    assert either.path(first).samefile(either.path(second))


def test_where_duplicates_are_refused_the_older_one_is_named(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUPLICATES", "reject")
    first = cli.upload("a.mp4")
    answer = cli("upload", str(cli.file("b.mp4")))
    assert answer.code == 3
    assert first["id"] in answer.err


def test_limits_are_those_of_every_door(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOAD_MAX_SIZE", "1000")
    assert "UPLOAD_MAX_SIZE" in cli("upload", str(cli.file())).err
    monkeypatch.setenv("UPLOAD_MAX_SIZE", "1000000")
    monkeypatch.setenv("MIN_FREE_BYTES", str(10**18))
    answer = cli("upload", str(cli.file()))
    assert answer.code == 1
    assert "reserve" in answer.err


def test_a_file_that_is_written_meanwhile_is_not_kept(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    path = cli.file("live.mp4", VIDEO * 200)
    honest = Intake.write

    def write(self: Intake, upload: Upload, piece: bytes | bytearray) -> None:
        honest(self, upload, piece)
        os.utime(path, ns=(1, 1))

    monkeypatch.setattr(Intake, "write", write)
    answer = cli("upload", str(path))
    assert answer.code == 3
    assert "changed while it was read" in answer.err
    assert cli.well("list", "--json").json == []
    assert leftovers(cli) == []


def test_ctrl_c_keeps_what_was_told_and_leaves_nothing_else(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Intake.write

    def write(self: Intake, upload: Upload, piece: bytes | bytearray) -> None:
        if upload.original_filename == "b.mp4":
            raise KeyboardInterrupt
        honest(self, upload, piece)

    monkeypatch.setattr(Intake, "write", write)
    answer = cli("upload", str(cli.file("a.mp4")), str(cli.file("b.mp4")), str(cli.file("c.mp4")))
    assert answer.code == 1
    assert [line[3].rpartition("/")[2] for line in answer.lines] == ["a.mp4"]
    assert [video["original_filename"] for video in cli.well("list", "--json").json] == ["a.mp4"]
    assert leftovers(cli) == []


def test_sources_are_never_touched(cli: CommandLine) -> None:
    path = cli.file()
    path.chmod(0o400)
    os.utime(path, ns=(10**18, 10**18))
    cli.well("upload", str(path))
    assert path.read_bytes() == VIDEO
    assert (path.stat().st_mtime_ns, path.stat().st_mode & 0o777, path.stat().st_nlink) == (10**18, 0o400, 1)


def test_a_bar_moves_on_a_terminal(cli: CommandLine) -> None:
    answer = cli("upload", str(cli.file()), terminal=True)
    assert answer.code == 0
    assert "100%" in answer.out or "16.4/16.4" in answer.out or "16.0/16.0" in answer.out


def test_a_large_file_is_read_in_pieces(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    honest = Intake.write

    def write(self: Intake, upload: Upload, piece: bytes | bytearray) -> None:
        sizes.append(len(piece))
        honest(self, upload, piece)

    monkeypatch.setattr(Intake, "write", write)
    cli.well("upload", str(cli.file("big.mp4", bytes(5_000_000))))
    assert sum(sizes) == 5_000_000
    assert max(sizes) <= 1024 * 1024
