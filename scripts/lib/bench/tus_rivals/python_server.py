"""tuspyserver as its README sets it up, without the middleware that only browsers need."""

from __future__ import annotations

import os

from fastapi import FastAPI
from tuspyserver import create_tus_router

app = FastAPI()
app.include_router(create_tus_router(files_dir=os.environ["BENCH_FOLDER"]))
