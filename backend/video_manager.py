"""`python -m backend.video_manager …`, and `cd backend; python video_manager.py …` as the first users know it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    if __package__:
        from backend.cli.main import main

        main()
    # Run as a plain file it has only this folder to import from, and perhaps a Python without our packages.
    script = Path(__file__).resolve().parents[1] / "scripts" / "video_manager"
    os.execv(script, [str(script), *sys.argv[1:]])
