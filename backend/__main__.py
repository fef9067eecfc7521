"""`python -m backend`: the command line."""

from __future__ import annotations

from backend.cli.main import main

if __name__ == "__main__":
    main()
