"""Runs through the door: what they give back, what they may see and use, and in which words they end."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from backend.confine import SOURCE, Confinement
from backend.errors import MediaError, MediaStopped, OverLimit, Unreadable
from tests.services.media import brightness, ffprobe, make_audio, make_video, still_running
from tests.services.process import children
from tests.unit.confine.conftest import AMPLE, MIB

ENDLESS = ["-i", SOURCE, "-vf", "loop=-1:50:0", "-f", "null", "-"]


def below(pid: int) -> list[int]:
    return [pid, *(deeper for child in children(pid) for deeper in below(child))]


def running_ffmpeg() -> int | None:
    """The ffmpeg that this process started; below bubblewrap, if that is between."""
    for pid in below(os.getpid()):
        with suppress(OSError):  # it ended just now
            if Path(f"/proc/{pid}/exe").readlink().name == "ffmpeg":
                return pid
    return None


def during(tools: Confinement, video: Path, workspace: Path, look: Callable[[int], None]) -> None:
    """Have `look` called once with the process id of a running ffmpeg."""
    done = threading.Event()

    def once(_seconds: float) -> None:
        pid = running_ffmpeg()
        assert pid is not None
        look(pid)
        done.set()

    with pytest.raises(MediaStopped):
        tools.ffmpeg(
            ENDLESS, source=video, workspace=workspace, limits=AMPLE, on_progress=once, should_stop=done.is_set
        )
    assert done.is_set()


def test_ffprobe_tells_what_is_in_a_file(tools: Confinement, video: Path) -> None:
    told = json.loads(tools.ffprobe(["-of", "json", "-show_streams", "-i", SOURCE], source=video, limits=AMPLE))
    assert [stream["codec_name"] for stream in told["streams"]] == ["h264", "aac"]


def test_ffmpeg_leaves_its_files_in_the_workspace(tools: Confinement, video: Path, workspace: Path) -> None:
    arguments = ["-ss", "1", "-i", SOURCE, "-vf", "scale=64:-2", "-frames:v", "1", "thumbnail.jpg"]
    tools.ffmpeg(arguments, source=video, workspace=workspace, limits=AMPLE)
    assert [path.name for path in workspace.iterdir()] == ["thumbnail.jpg"]
    assert 20 < brightness(workspace / "thumbnail.jpg") < 235


def test_hls_fills_folders_of_the_workspace(tools: Confinement, video: Path, workspace: Path) -> None:
    (workspace / "hls").mkdir()
    arguments = ["-i", SOURCE, "-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_segment_filename",
                 "hls/%03d.ts", "hls/master.m3u8"]  # fmt: skip
    tools.ffmpeg(arguments, source=video, workspace=workspace, limits=AMPLE)
    names = sorted(path.name for path in (workspace / "hls").iterdir())
    assert names == ["000.ts", "001.ts", "master.m3u8"]


def test_progress_is_told_in_seconds_of_output(tools: Confinement, video: Path, workspace: Path) -> None:
    told: list[float] = []
    arguments = ["-i", SOURCE, "-c:v", "libx264", "-preset", "ultrafast", "a.mp4"]
    tools.ffmpeg(arguments, source=video, workspace=workspace, limits=AMPLE, on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    "name",
    [
        "-y %03d.mp4",
        "a'b\"c$(id).mp4",
        "http:x.mp4",
        "concat:a|b.MP4",
        "ü日本\n[a]\\.mp4",
        "file:.mp4?x=1",
        "no-extension",
    ],
)
def test_a_name_is_never_more_than_a_name(tools: Confinement, video: Path, tmp_path: Path, name: str) -> None:
    named = tmp_path / name
    named.hardlink_to(video)
    link = tmp_path / f"link to {name}"
    link.symlink_to(named)
    assert b"h264" in tools.ffprobe(["-show_streams", "-i", SOURCE], source=link, limits=AMPLE)


def test_only_a_plain_file_is_opened(tools: Confinement, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for source in (tmp_path / "pipe.mp4", tmp_path, tmp_path / "gone.mp4", Path("/dev/zero")):
        with pytest.raises(MediaError, match="stored file") as caught:
            tools.ffprobe(["-i", SOURCE], source=source, limits=AMPLE)
        assert type(caught.value) is MediaError  # the video is not to blame


def test_nothing_of_the_servers_environment_is_passed_on(
    tools: Confinement, video: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FFREPORT", "HTTP_PROXY", "http_proxy", "MINIO_SECRET_KEY", "LD_LIBRARY_PATH", "AV_LOG_FORCE_COLOR"):
        monkeypatch.setenv(name, "file=report.log:level=48")
    seen: list[bytes] = []
    during(tools, video, workspace, lambda pid: seen.append(Path(f"/proc/{pid}/environ").read_bytes()))
    names = {entry.partition(b"=")[0].decode() for entry in seen[0].split(b"\0") if entry}
    assert names <= {"PATH", "LANG", "HOME", "AV_LOG_FORCE_NOCOLOR", "PWD", "HOLDFAST_WORKER"}
    assert list(workspace.iterdir()) == []


def test_it_has_no_privilege_and_its_limits_and_gives_way(tools: Confinement, video: Path, workspace: Path) -> None:
    status: dict[str, str] = {}
    limits: dict[str, list[str]] = {}
    other: dict[str, str] = {}

    def look(pid: int) -> None:
        process = Path(f"/proc/{pid}")
        for line in (process / "status").read_text().splitlines():
            name, _, value = line.partition(":\t")
            status[name] = value
        for line in (process / "limits").read_text().splitlines()[1:]:
            limits[line[:25].strip()] = line[25:].split()
        other["nice"] = (process / "stat").read_text().rpartition(")")[2].split()[16]
        other["oom"] = (process / "oom_score_adj").read_text().strip()

    during(tools, video, workspace, look)
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    assert int(limits["Max data size"][0]) == AMPLE.memory_bytes + 256 * MIB
    assert int(limits["Max file size"][0]) == AMPLE.output_bytes
    assert limits["Max core file size"][:2] == ["0", "0"]
    assert int(limits["Max cpu time"][0]) <= AMPLE.cpu_seconds + 2
    assert int(other["nice"]) >= 10
    assert int(other["oom"]) >= 500


def test_in_bubblewrap_it_sees_the_input_the_workspace_and_libraries(video: Path, workspace: Path) -> None:
    tools = Confinement()
    if not tools.sandboxed():
        assert "WITHOUT bubblewrap" in tools.describe()  # told, never in silence
        return
    found: dict[str, set[str]] = {}
    networks: list[int] = []

    def look(pid: int) -> None:
        root = Path(f"/proc/{pid}/root")
        found["top"] = {path.name for path in root.iterdir()}
        found["input"] = {path.name for path in (root / "in").iterdir()}
        found["etc"] = {path.name for path in (root / "etc").iterdir()}
        found["dev"] = {path.name for path in (root / "dev").iterdir()}
        found["programs"] = {path.name for path in (root / "usr/bin").iterdir()}
        networks.append((root.parent / "net/dev").read_text().count(":"))
        mounts = [line.split() for line in (root.parent / "mounts").read_text().splitlines()]
        found["writable"] = {fields[1] for fields in mounts if "rw" in fields[3].split(",")}

    during(tools, video, workspace, look)
    assert found["top"] <= {"lib", "lib32", "lib64", "libx32", "usr", "etc", "dev", "in", "out", "nix", "opt"}
    assert found["input"] == {"video.mp4"}
    assert found["etc"] <= {"ld.so.cache", "alternatives"}
    assert found["dev"] <= {"null", "urandom"}
    assert found["programs"] <= {"ffmpeg"}
    assert networks[0] == 1  # its own loopback, down
    assert found["writable"] <= {"/out", "/dev/null", "/dev/urandom"}


def test_the_clock_ends_a_run_and_says_so(tools: Confinement, video: Path, workspace: Path) -> None:
    limits = replace(AMPLE, seconds=0.5)
    with pytest.raises(OverLimit, match=r"0\.5 seconds") as caught:
        tools.ffmpeg(ENDLESS, source=video, workspace=workspace, limits=limits)
    assert caught.value.detail == {"limit": "seconds", "allowed": 0.5}
    assert still_running(video) == []


def test_processor_time_ends_a_run_and_says_so(tools: Confinement, video: Path, workspace: Path) -> None:
    limits = replace(AMPLE, cpu_seconds=1)
    with pytest.raises(OverLimit, match="1 second of processor time") as caught:
        tools.ffmpeg(ENDLESS, source=video, workspace=workspace, limits=limits)
    assert caught.value.detail["limit"] == "cpu"


@pytest.mark.parametrize(
    "arguments",
    [
        ["-vf", "scale=16000:16000,loop=-1:50:0", "-c:v", "mjpeg", "-f", "null", "-"],
        ["-vf", "scale=8000:8000", "-c:v", "libx264", "-f", "null", "-"],
        ["-vf", "scale=4000:4000,reverse", "-f", "null", "-"],
    ],
    ids=["frame", "encoder", "queue"],
)
def test_memory_is_bounded_and_that_is_said(
    tools: Confinement, video: Path, workspace: Path, arguments: list[str]
) -> None:
    limits = replace(AMPLE, memory_bytes=128 * MIB)
    with pytest.raises(OverLimit, match="128 MiB of memory") as caught:
        tools.ffmpeg(["-i", SOURCE, *arguments], source=video, workspace=workspace, limits=limits)
    assert caught.value.detail["limit"] == "memory"


def test_a_file_that_grows_too_large_is_ended_and_that_is_said(
    tools: Confinement, video: Path, workspace: Path
) -> None:
    limits = replace(AMPLE, output_bytes=20_000)
    with pytest.raises(OverLimit, match=r"19\.5 KiB") as caught:
        tools.ffmpeg(["-i", SOURCE, "-c", "copy", "a.mp4"], source=video, workspace=workspace, limits=limits)
    assert caught.value.detail["limit"] == "output"
    assert (workspace / "a.mp4").stat().st_size <= 20_000


def test_many_small_files_together_are_bounded_too(tools: Confinement, video: Path, workspace: Path) -> None:
    limits = replace(AMPLE, output_bytes=MIB)
    (workspace / "before").write_bytes(bytes(2 * MIB))  # what an earlier step left does not count
    with pytest.raises(OverLimit) as caught:
        tools.ffmpeg(["-i", SOURCE, "-vf", "loop=-1:50:0", "%d.jpg"], source=video, workspace=workspace, limits=limits)
    assert caught.value.detail["limit"] == "output"
    assert sum(path.stat().st_size for path in workspace.iterdir()) < 32 * MIB


def test_what_ffprobe_prints_is_bounded(tools: Confinement, video: Path) -> None:
    limits = replace(AMPLE, output_bytes=5_000)
    with pytest.raises(OverLimit) as caught:
        tools.ffprobe(["-show_packets", "-i", SOURCE], source=video, limits=limits)
    assert caught.value.detail["limit"] == "output"


def test_a_stop_ends_a_run_and_leaves_no_process(tools: Confinement, video: Path, workspace: Path) -> None:
    asked = iter([False, False, True])
    with pytest.raises(MediaStopped):
        tools.ffmpeg(ENDLESS, source=video, workspace=workspace, limits=AMPLE, should_stop=lambda: next(asked))
    assert still_running(video) == []


def test_an_exception_of_the_caller_ends_the_run(tools: Confinement, video: Path, workspace: Path) -> None:
    class Ours(Exception):
        pass

    def broken(_seconds: float) -> None:
        raise Ours

    with pytest.raises(Ours):
        tools.ffmpeg(ENDLESS, source=video, workspace=workspace, limits=AMPLE, on_progress=broken)
    assert still_running(video) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_kill_from_outside_is_worth_another_attempt(
    tools: Confinement, video: Path, workspace: Path, number: signal.Signals
) -> None:
    def kill(_seconds: float) -> None:
        if pid := running_ffmpeg():
            os.kill(pid, number)

    with pytest.raises(MediaError, match="killed from outside") as caught:
        tools.ffmpeg(ENDLESS, source=video, workspace=workspace, limits=AMPLE, on_progress=kill)
    assert type(caught.value) is MediaError


def test_a_cut_recording_is_told_as_that_and_names_no_path(tools: Confinement, video: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(video.read_bytes()[:50_000])
    with pytest.raises(Unreadable, match="cut off, or the recording was never finished") as caught:
        tools.ffprobe(["-show_format", "-i", SOURCE], source=cut, limits=AMPLE)
    assert str(tmp_path) not in f"{caught.value.message} {caught.value.detail}"


def test_what_ffmpeg_says_names_no_path(tools: Confinement, video: Path, workspace: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mp4"
    content = bytearray(video.read_bytes())
    content[2_000:60_000:97] = b"\xff" * len(content[2_000:60_000:97])
    damaged.write_bytes(content)
    arguments = ["-loglevel", "verbose", "-i", SOURCE, "-f", "null", "-"]
    said = tools.ffmpeg(arguments, source=damaged, workspace=workspace, limits=AMPLE)
    assert "the file" in said
    assert str(tmp_path) not in said
    assert "/in/" not in said
    assert all(character == "\n" or character.isprintable() for character in said)


def test_sound_without_picture_is_told_when_a_picture_is_wanted(
    tools: Confinement, workspace: Path, tmp_path: Path
) -> None:
    sound = make_audio(tmp_path / "a.mp3")
    with pytest.raises(Unreadable, match="does not hold what is wanted"):
        tools.ffmpeg(["-i", SOURCE, "-map", "0:v", "a.jpg"], source=sound, workspace=workspace, limits=AMPLE)


@pytest.mark.parametrize("extension", ["mp4", "m4v", "mov", "avi", "webm", "mkv", "mpg", "mpeg", "ts"])
def test_every_kind_of_video_that_is_taken_is_read(tmp_path: Path, extension: str) -> None:
    made = make_video(tmp_path / f"a.{extension}", seconds=0.5)
    told = json.loads(Confinement().ffprobe(["-of", "json", "-show_streams", "-i", SOURCE], source=made, limits=AMPLE))
    assert len(told["streams"]) == len(ffprobe(made)["streams"]) == 2


@pytest.mark.parametrize("extension", ["mp3", "wav", "m4a", "flac"])
def test_every_kind_of_sound_that_is_taken_is_read(tmp_path: Path, extension: str) -> None:
    made = make_audio(tmp_path / f"a.{extension}", seconds=0.5)
    told = json.loads(Confinement().ffprobe(["-of", "json", "-show_streams", "-i", SOURCE], source=made, limits=AMPLE))
    assert [stream["codec_type"] for stream in told["streams"]] == ["audio"]
