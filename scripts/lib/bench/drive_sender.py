"""One process that sends files to a Drive and says how long it took and how much memory: `drive_sender.py JOB.json`.

`who` is "ours" (the target, in `threads` threads) or "sdk" (Google's client as its manual shows it, file by file).
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from google.oauth2.service_account import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.http import MediaFileUpload, build_http

from backend.targets.base import Expected, Source, Verdict
from backend.targets.config_table import read_table
from backend.targets.registry import build_target


class FirstTransfer:
    """A transfer that stores nothing: the ledger's own cost is not measured here."""

    is_first = True
    resume: Mapping[str, Any] = {}

    def save_resume(self, state: Mapping[str, Any]) -> None:
        """Nowhere."""

    def advance(self, done_bytes: int) -> None:
        """To nobody."""


def main(job_path: str) -> None:
    job = json.loads(Path(job_path).read_text())
    paths = [Path(path) for path in job["files"]]
    send = _ours(job) if job["who"] == "ours" else _sdk(job)
    send(Path(job["warm_up"]), "warm-up.mp4")
    before_kib = _kib("VmRSS")
    started = time.monotonic()
    with ThreadPoolExecutor(job["threads"] if job["who"] == "ours" else 1) as threads:
        for done in [threads.submit(send, path, f"{job['name']}-{n}.mp4") for n, path in enumerate(paths)]:
            done.result()
    seconds = time.monotonic() - started
    print(json.dumps({"seconds": seconds, "before_kib": before_kib, "peak_kib": _kib("VmHWM")}))


def _ours(job: Mapping[str, Any]) -> Callable[[Path, str], None]:
    """Put and verify: what a delivery is."""
    problems: list[str] = []
    config = read_table(job["table"], "bench", problems)
    assert config is not None, problems
    target = build_target(config)

    # The intake took it while the bytes arrived.
    known = {path: _sha256(Path(path)) for path in [*job["files"], job["warm_up"]]}

    def send(path: Path, name: str) -> None:
        sha256 = known[str(path)]
        source = Source(path, path.stat().st_size, sha256, "video/mp4", name, name)
        copy = target.put(source, f"bench/{name}", FirstTransfer())
        assert target.verify(Expected(source.size_bytes, sha256), copy).verdict is Verdict.MATCHES

    return send


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sdk(job: Mapping[str, Any]) -> Callable[[Path, str], None]:
    table = job["table"]
    document = json.loads(get_static_doc("drive", "v3"))
    document["rootUrl"] = table["root_url"]
    document.pop("mtlsRootUrl", None)
    key = json.loads(Path(table["credentials"]).read_text())
    credentials = Credentials.from_service_account_info(key, scopes=["https://www.googleapis.com/auth/drive"])
    drive = build_from_document(document, http=AuthorizedHttp(credentials, http=build_http()))

    def send(path: Path, name: str) -> None:
        media = MediaFileUpload(path, mimetype="video/mp4", chunksize=16 * 1024 * 1024, resumable=True)
        body = {"name": name, "parents": [table["folder_id"]]}
        drive.files().create(body=body, media_body=media, supportsAllDrives=True, fields="id,md5Checksum").execute()

    return send


def _kib(name: str) -> int:
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0])


if __name__ == "__main__":
    main(sys.argv[1])
