"""The rival for large files: what Flask's own documentation shows, `request.files[...].save()`. No hash, no fsync."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from flask import Flask, request

app = Flask(__name__)
FOLDER = Path(os.environ["BENCH_FOLDER"])


@app.post("/upload")
def upload() -> tuple[dict[str, bool], int]:
    request.files["video"].save(FOLDER / f"{uuid.uuid4().hex}.mp4")
    return {"success": True}, 201
