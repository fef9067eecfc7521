"""`scripts/serve` after the set-up: release, then what the Procfile names under supervisor, until a signal ends it.

All of them work in the folder it is started in: `.env` and relative paths of the settings count from there.
Exit codes: 0 stopped by a signal; 1 it could not start or fell over, and stderr's last lines say why.
"""

from __future__ import annotations

import http.client
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from backend.metrics.folder import Folder
from scripts.lib.address import Address, StartFailed
from scripts.lib.supervise import EDGE, RELEASE, Supervisor, long_running, read_procfile

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
DEATHS_ALLOWED_AT_START = 2


class Stopped(BaseException):
    """A stop signal came. Not an Exception: nothing on the way may take it for a failure."""


def main() -> int:
    # Ctrl-C too when a script started us with `&`, which has it ignored. A hang-up under nohup stays ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _on_stop_signal)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _on_stop_signal)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    os.environ["PYTHONUNBUFFERED"] = "1"
    try:
        serve()
    except StartFailed as problem:
        print(f"Holdfast is not running. {problem}", file=sys.stderr)
        return 1
    except Stopped:
        print("Stopped.")
    return 0


def serve() -> None:
    """Run until a signal raises `Stopped`; raise `StartFailed` when it cannot run."""
    settings = ask_settings()
    address = Address(settings["HOST"], int(settings["PORT"]), settings["PUBLIC_URL"])
    address.refuse_if_taken()
    procfile = read_procfile(ROOT / "Procfile")
    sign_in = release(procfile[RELEASE])
    try:
        begin_counting_anew(settings)
        programs = wanted(long_running(procfile))
    except StartFailed:
        print(sign_in, end="", flush=True)
        raise
    supervisor = Supervisor(programs, Path.cwd(), stop_seconds=int(settings["STOP_SECONDS"]))
    try:
        try:
            wait_until_ready(address, supervisor)
        finally:
            # Only its hash is kept: it must be told even when the start fails, and no sooner than it works.
            print(sign_in, end="", flush=True)
        print(f"Holdfast is ready: {address.for_people}", flush=True)
        supervisor.wait()
        raise StartFailed("The supervisor ended by itself; its last words stand above.")
    except Stopped:
        finish(supervisor, settings["STOP_SECONDS"])
        raise
    except StartFailed:
        supervisor.terminate()
        supervisor.wait()
        raise


def ask_settings() -> dict[str, str]:
    """Every setting as the program itself reads it."""
    answer = subprocess.run(
        [sys.executable, "-m", "backend", "settings", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise StartFailed("The settings stand against it, as told above.")
    return {row["name"]: str(row["value"] or "") for row in json.loads(answer.stdout)}


def begin_counting_anew(settings: dict[str, str]) -> None:
    """The folder of counters, which all processes are told: emptied once, now, and never while they run."""
    default = Path(settings["STORAGE_PATH"]) / "metadata" / "metrics"
    folder = Path(settings["PROMETHEUS_MULTIPROC_DIR"] or default).absolute()
    try:
        Folder(folder).clear()
    except OSError as error:
        raise StartFailed(f"The folder of counters, {folder}, cannot be used: {error.strerror}.") from error
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def wanted(programs: dict[str, str]) -> dict[str, str]:
    """Without the edge device where no VMS is to pull anything."""
    if EDGE not in programs:
        return programs
    ask = [*shlex.split(programs[EDGE]), "--wanted"]
    answer = subprocess.run(ask, stdout=subprocess.PIPE, text=True, check=False)
    if answer.returncode:
        raise StartFailed("Whether a VMS is to pull recordings could not be told, as said above.")
    return {name: command for name, command in programs.items() if name != EDGE or answer.stdout.strip() == "yes"}


def release(command: str) -> str:
    """Migrations and first-start work, ended before anything serves; returns what it tells people."""
    done = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, text=True, check=False, process_group=0)
    if done.returncode:
        print(done.stdout, end="")
        raise StartFailed("The release step (database, keys, sweep) failed, as told above.")
    return done.stdout


def wait_until_ready(address: Address, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _healthy(address):
        if supervisor.ended_within(0.1):
            raise StartFailed("The supervisor could not start; its reason stands above.")
        if supervisor.deaths() > DEATHS_ALLOWED_AT_START:
            raise StartFailed("A process keeps ending; its reason stands above.")
        if time.monotonic() > deadline:
            raise StartFailed(f"{address.for_people}/healthz did not answer within {READY_SECONDS} s.")


def finish(supervisor: Supervisor, stop_seconds: str) -> None:
    """End in peace; a second signal ends the waiting, and whatever still runs, at once."""
    print(
        f"Stopping: what is in flight has {stop_seconds} s to finish (Ctrl-C again: stop now).",
        flush=True,
    )
    supervisor.terminate()
    try:
        supervisor.wait()
    except Stopped:
        supervisor.kill()


def _healthy(address: Address) -> bool:
    connection = http.client.HTTPConnection(address.reachable_host, address.port, timeout=2)
    with suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    connection.close()
    return False


def _on_stop_signal(*_: object) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
