"""The rival for small files: a short Flask handler that is durable: temp, fsync, rename, folder fsync, one row."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import uuid

from flask import Flask, request

app = Flask(__name__)
FOLDER = os.environ["BENCH_FOLDER"]
local = threading.local()


def catalog() -> sqlite3.Connection:
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(f"{FOLDER}/catalog.db", timeout=30, isolation_level=None)
        local.db.execute("PRAGMA synchronous=FULL")
    db: sqlite3.Connection = local.db
    return db


# Each worker comes by here at the same time, and WAL cannot be switched on by two at once.
with open(f"{FOLDER}/lock", "w") as lock:  # noqa: PTH123  # the rival is written as people write it
    fcntl.flock(lock, fcntl.LOCK_EX)
    catalog().execute("PRAGMA journal_mode=WAL")
    catalog().execute("CREATE TABLE IF NOT EXISTS videos (id TEXT PRIMARY KEY, name TEXT, size_bytes INTEGER)")


@app.post("/upload")
def upload() -> tuple[dict[str, str], int]:
    file, video_id = request.files["video"], uuid.uuid4().hex
    temporary, final = f"{FOLDER}/{video_id}.tmp", f"{FOLDER}/{video_id}.mp4"
    with open(temporary, "wb") as out:  # noqa: PTH123  # as above
        file.save(out)
        out.flush()
        os.fsync(out.fileno())
        size_bytes = out.tell()
    os.rename(temporary, final)  # noqa: PTH104  # as above
    folder_fd = os.open(FOLDER, os.O_RDONLY)
    os.fsync(folder_fd)
    os.close(folder_fd)
    catalog().execute("INSERT INTO videos VALUES (?, ?, ?)", (video_id, file.filename, size_bytes))
    return {"id": video_id}, 201
