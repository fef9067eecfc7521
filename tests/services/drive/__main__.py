"""The emulator by itself, for benchmarks and walks by hand: tells where it is as JSON, and runs until SIGTERM."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import threading
from contextlib import ExitStack

from tests.services.drive.faults import Hang
from tests.services.drive.server import DriveServer
from tests.services.scratch import scratch_folder

_BOT = "holdfast@project.iam.gserviceaccount.com"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.services.drive", description=__doc__)
    parser.add_argument("port", type=int, nargs="?", default=0)
    parser.add_argument("--latency-seconds", type=float, default=0, help="how long each request takes at least")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    options = parser.parse_args()
    with DriveServer(options.port) as drive, ExitStack() as stack:
        keys = scratch_folder("drivekeys")
        stack.callback(shutil.rmtree, keys)
        files = {"service_account": drive.service_account(_BOT), "client_secrets": drive.client_secrets()}
        if options.latency_seconds:
            drive.faults.add(lambda: Hang(options.latency_seconds), times=None)
        drive.person("ann@example.org")
        files["authorised_user"] = drive.authorised_user("ann@example.org")
        for name, content in files.items():
            (keys / f"{name}.json").write_text(json.dumps(content))
        shared = drive.shared_drive("Team", {_BOT: "organizer"})
        told = {
            "root_url": drive.root_url,
            "drive_id": shared,
            "folder_id": drive.folder("Videos", parent=shared),
            **{f"{name}_file": str(keys / f"{name}.json") for name in files},
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    main()
