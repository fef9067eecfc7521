"""Programs of asyncio, whatever ran in this process before."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_apart(program: Coroutine[Any, Any, Result]) -> Result:
    """What the program gives, from a loop in a thread of its own.

    Once a browser was driven in this process, its loop counts as running in the main thread, and takes no second one.
    """
    with ThreadPoolExecutor(1, "loop") as thread:
        return thread.submit(asyncio.run, program).result()
