"""The rival for reading: what Flask's own documentation shows, `send_file`. It knows one file and asks nobody."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, Response, send_file

app = Flask(__name__)
FOLDER = Path(os.environ["BENCH_FOLDER"])


@app.get("/file")
def file() -> Response:
    return send_file(FOLDER / "file.mp4", conditional=True)


@app.get("/api/session")
def small() -> dict[str, bool]:
    return {"success": True}
