"""kill -9 before every system call that changes the disk: what was acknowledged is there, the rest is absent or whole.

The calls are found by tracing one upload or delivery, and killed one by one with strace. Calls on the log are left
out. A sample in usual runs, all of them under TORTURE=1 (scripts/torture). Web and worker are forked, warm: strace
counts their calls from when it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest
import urllib3
from minio import Minio

from tests.e2e.holding import House, video_bytes
from tests.services.app import RunningApp
from tests.services.s3 import S3Server
from tests.services.sampling import sample
from tests.services.strace import Point, changes, killed_at, points, traced
from tests.services.waiting import wait_until

Start = Callable[..., RunningApp]
_SIZE = 300_000
# The steps that are cut short are those of deliveries: media jobs, backups and the scrub have their own tests.
_DELIVERING_ONLY = {"MEDIA_JOBS": "0", "BACKUP_KEEP": "0", "SCRUB_DAYS": "0"}
# What the worker writes by the clock comes at another step each time.
_BY_THE_MINUTE = ("audit-head", "clock.json")
_numbers = count(1)


def _upload(house: House, number: int) -> int:
    """One upload into a project of its own; its HTTP status, 0 when the connection broke."""
    with suppress(urllib3.exceptions.HTTPError):
        return house.upload(video_bytes(number, _SIZE), f"{number}.mp4", key=f"k{number}", project_id=f"p{number}")[0]
    return 0


def _named(house: House, number: int) -> list[str]:
    return [v["sha256"] for v in house.listed() if v["original_filename"] == f"{number}.mp4"]


def _check(house: House, number: int, status: int) -> None:
    """The promises after a kill: none lost, none partial, a retry makes exactly one."""
    there = _named(house, number)
    assert len(there) == 1 if status == 201 else len(there) <= 1
    house.check()
    assert _upload(house, number) == 201
    assert len(_named(house, number)) == 1
    house.check()
    house.check_catalog()


def _start_web(house: House) -> None:
    """What an init system does after a crash."""
    house.app.release_here()
    house.app.start("web")


def _web_worker(house: House) -> int:
    """The process that serves: gunicorn's first is its arbiter."""
    _arbiter, worker = house.app.pids("web")
    return worker


def _traced_points(pid: int, output: Path, work: Callable[[], object]) -> list[Point]:
    with traced(pid, output):
        work()
    steps = (p for p in points(output) if changes(p) and "/storage/" in p.path)
    worth = {(p.call, p.number): p for p in steps if not any(name in p.path for name in _BY_THE_MINUTE)}
    return list(worth.values())


@pytest.fixture
def house(running_app: Start) -> House:
    return House(running_app(processes=["web"]))


def test_web_killed_at_any_step_of_an_upload(house: House, tmp_path: Path) -> None:
    first = next(_numbers)
    steps = _traced_points(_web_worker(house), tmp_path / "trace", lambda: _upload(house, first))
    assert {"openat", "write", "fsync", "link", "unlink", "mkdir", "pwrite64", "fdatasync"} <= {s.call for s in steps}
    # The steps between which the order of things is the promise are always among them.
    ordered = [s for s in steps if s.call in ("link", "unlink", "fdatasync")]
    killed, chosen = 0, ordered + sample([s for s in steps if s not in ordered], 6)
    for step in chosen:
        number = next(_numbers)
        with killed_at(_web_worker(house), step.call, step.number):
            status = _upload(house, number)
        killed += status == 0
        house.app.kill9("web")
        _start_web(house)
        _check(house, number, status)
    assert killed >= len(chosen) * 0.7, "the kills must have hit the uploads"
    assert len(house.check()) == len(chosen) + 1


def test_upload_of_a_killed_web_worker_is_retried_at_once_with_one_video_in_the_end(
    running_app: Start, tmp_path: Path
) -> None:
    """Nothing is restarted by hand: the retry meets the other worker before anybody has swept."""
    house = House(running_app({"WEB_WORKERS": "2"}, processes=["web"]))
    first = next(_numbers)
    with ExitStack() as traces:
        for pid in _web_workers(house):
            traces.enter_context(traced(pid, tmp_path / str(pid)))
        _upload(house, first)
    steps = [p for trace in tmp_path.iterdir() for p in points(trace) if changes(p)]
    published = [s for s in steps if s.call in ("link", "fdatasync", "unlink") or s.path.endswith("-wal")]
    for step in sample(published, 6):
        number = next(_numbers)
        with ExitStack() as kills:
            for pid in _web_workers(house):
                kills.enter_context(killed_at(pid, step.call, step.number))
            status = _upload(house, number)
        # A connection that the dying worker had accepted already is lost once more; a client tries again.
        wait_until(partial(_taken, house, number), "a retry to be taken")
        assert len(_named(house, number)) == 1
        _check(house, number, status)


def _taken(house: House, number: int) -> bool:
    return _upload(house, number) == 201


def _web_workers(house: House) -> list[int]:
    """Both of them, also when one has to be replaced first."""
    return wait_until(lambda: house.app.pids("web")[1:] if len(house.app.pids("web")) == 3 else [], "both workers")


def test_release_killed_at_any_step_of_a_first_start_is_finished_by_the_next(running_app: Start) -> None:
    for step in sample(_steps_of_a_first_start(running_app), 4, full=60):
        app = running_app(start=False)
        prefix = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={step.call}"]
        killed = app.release(prefix=[*prefix, "-e", f"inject={step.call}:signal=KILL:when={step.number}"])
        assert killed.returncode != 0
        house = House(app)
        _start_web(house)
        _check(house, next(_numbers), 0)
        keys = {p.name: p.stat().st_mode & 0o777 for p in (house.storage / "metadata" / "keys").iterdir()}
        assert set(keys.values()) == {0o600}
        assert len(keys) == 3
        app.kill9("web")


def _steps_of_a_first_start(running_app: Start) -> Sequence[Point]:
    app = running_app(start=False)
    trace = app.home / "trace"
    calls = "openat,write,pwrite64,fsync,fdatasync,ftruncate,link,rename,unlink,mkdir"
    done = app.release(prefix=["strace", "-f", "-qq", "-y", "-s", "0", "-o", str(trace), "-e", f"trace={calls}"])
    assert done.returncode == 0, done.stderr
    return [p for p in points(trace) if changes(p) and str(app.home) in p.path and "/logs" not in p.path]


@pytest.fixture
def nas(tmp_path: Path) -> Path:
    folder = tmp_path / "nas"
    folder.mkdir()
    return folder


def test_worker_killed_at_any_step_of_a_delivery_to_a_folder(running_app: Start, nas: Path, tmp_path: Path) -> None:
    targets = f'[[target]]\nname = "copies"\nkind = "folder"\npath = "{nas}"\n'

    def held() -> dict[str, bytes]:
        """Everything in the folder, leftovers of broken copies included."""
        return {str(p.relative_to(nas)): p.read_bytes() for p in nas.rglob("*") if p.is_file()}

    _kill_deliveries(
        House(running_app(_DELIVERING_ONLY, targets_toml=targets)), tmp_path / "trace", at_most=7, held=held
    )


def test_worker_killed_at_some_steps_of_a_delivery_to_s3(
    running_app: Start, s3_server: S3Server, tmp_path: Path
) -> None:
    bucket, client = s3_server.fresh_bucket(), s3_server.client()
    targets = (
        f'[[target]]\nname = "copies"\nkind = "s3"\nendpoint = "{s3_server.endpoint}"\nbucket = "{bucket}"\n'
        f'secure = false\naccess_key = "{s3_server.access_key}"\nsecret_key = "{s3_server.secret_key}"\n'
    )

    def held() -> dict[str, bytes]:
        names = [o.object_name for o in client.list_objects(bucket_name=bucket, recursive=True)]
        return {name: _object(client, bucket, name) for name in names if name}

    _kill_deliveries(
        House(running_app(_DELIVERING_ONLY, targets_toml=targets)), tmp_path / "trace", at_most=3, held=held
    )


def _object(client: Minio, bucket: str, name: str) -> bytes:
    answer = client.get_object(bucket_name=bucket, object_name=name)
    try:
        return answer.read()
    finally:
        answer.close()
        answer.release_conn()


def _kill_deliveries(house: House, trace: Path, *, at_most: int, held: Callable[[], dict[str, bytes]]) -> None:
    steps = _traced_points(house.app.pids("worker")[0], trace, lambda: _delivered(house, _resumed(house)))
    chosen = sample(steps, at_most)
    killed = sum(_killed_delivery(house, step, held) for step in chosen)
    assert killed >= len(chosen) * 0.6, "the kills must have hit the deliveries"
    videos = house.check()
    assert held() == {house.delivery(v["id"])["remote_key"]: house.bytes_of(v["id"]) for v in videos}, (
        "one object for each video, and nothing else"
    )
    house.check_catalog()


def _killed_delivery(house: House, step: Point, held: Callable[[], dict[str, bytes]]) -> bool:
    """One delivery whose worker is killed at `step`, and its end by the next worker; False: the kill did not hit."""
    worker = house.app.process("worker")
    with killed_at(worker.pid, step.call, step.number):
        video_id = _resumed(house)
        wait_until(
            lambda: not worker.running or house.delivery(video_id)["state"] == "delivered",
            "kill or delivery",
        )
    hit = not worker.running
    worker.kill9()
    house.end_leases()
    ups = _worker_ups(house)
    house.app.start("worker")
    wait_until(lambda: _worker_ups(house) > ups, "the worker to be up", seconds=60)
    _delivered(house, video_id)
    assert held()[house.delivery(video_id)["remote_key"]] == house.bytes_of(video_id)
    house.check()
    return hit


def _worker_ups(house: House) -> int:
    return sum(" worker_up " in line for line in house.log_lines())


def _resumed(house: House) -> str:
    """A video that comes while its target is paused, and the word to go on."""
    house.app.request("POST", "/api/targets/copies/pause")
    status, saved = house.upload(video_bytes(next(_numbers), _SIZE))
    assert status == 201
    house.app.request("POST", "/api/targets/copies/resume")
    video_id: str = saved["video_id"]
    return video_id


def _delivered(house: House, video_id: str) -> None:
    wait_until(lambda: house.delivery(video_id)["state"] == "delivered", "the delivery", seconds=60)
