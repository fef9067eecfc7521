"""The rival with nothing in its way: a bare loop over `request.stream` that hashes, writes and fsyncs. No form."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path

from flask import Flask, request

app = Flask(__name__)
FOLDER = Path(os.environ["BENCH_FOLDER"])


@app.post("/upload")
def upload() -> tuple[dict[str, str], int]:
    digest = hashlib.sha256()
    with (FOLDER / f"{uuid.uuid4().hex}.mp4").open("wb", buffering=0) as file:
        while piece := request.stream.read(1024 * 1024):
            digest.update(piece)
            file.write(piece)
        os.fsync(file.fileno())
    return {"sha256": digest.hexdigest()}, 201
