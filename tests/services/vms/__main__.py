"""The emulator by itself, for walks by hand: tells where it is as JSON, and runs until SIGTERM."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading

from tests.services.vms.server import running_vms


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.services.vms", description=__doc__)
    parser.add_argument("--username", default="holdfast")
    parser.add_argument("--password", default="password")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with running_vms(options.username, options.password) as vms:
        told = {"url": vms.url, "username": vms.username, "password": vms.password, "recorder": vms.recorder_url}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    main()
