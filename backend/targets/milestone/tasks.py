"""Work that the VMS does after it has answered: started, asked about by its number, cleaned up when it is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.rest import Object, Rest, as_id, path_id, text_of

_OVER = ("success", "error", "completed", "failed", "stopped")
# How one that goes on may be called. By any other word a task at 100 % has ended, and not well: it would be waited for
# in vain as long as the whole retrieval may take.
_GOES_ON = ("inprogress", "running", "started", "pending", "queued", "waiting", "stopping", "cleaningup")
_NOT_LISTED = (400, 404, 405)
# How a VMS refuses to stop what is over by itself, or what it cannot stop.
_NOT_STOPPED = (400, 404, 405, 409)
# How long, and by how many looks, a task that is to end is waited for.
_END_SECONDS = 60.0
_END_LOOKS = 300
# Called between two looks: waits a little, and raises when it all must stop. Told the percentage so far.
Pause = Callable[[int], None]


@dataclass(frozen=True)
class Task:
    """What is said of one at this moment. `percent`: 0 to 100. `made`: the object that it made, else {}."""

    id: str
    percent: int
    is_over: bool
    is_good: bool
    error: str = ""
    made: Mapping[str, Any] = field(default_factory=dict)


def start(rest: Rest, *path: str, task: str, body: Mapping[str, Any]) -> Task:
    """Raises VmsProblem, also when the answer names no task and does not say that all is done."""
    told = rest.post(*path, body=body, task=task).get("result")
    found = read(told if isinstance(told, dict) else {})
    if not found.id and not found.is_over:
        raise VmsProblem(Answer("garbled", message=f"{task} was started, and no task was named"))
    return found


def look(rest: Rest, task_id: str) -> Task | None:
    """None when the VMS knows it no more: cleaned up, or it was restarted."""
    found = rest.find("tasks", task_id)
    return None if found is None else read(found, task_id)


def finish(rest: Rest, task: Task, pause: Pause) -> Task:
    """Wait until it is over, then clean it up. Raises VmsProblem, and what `pause` raises."""
    while not task.is_over:
        pause(task.percent)
        found = look(rest, task.id)
        if found is None:
            raise VmsProblem(Answer("task-gone"))
        task = found
    clean_up(rest, task.id)
    return task


def stop(rest: Rest, task_id: str, pause: Pause, now: Callable[[], float] = time.time) -> bool:
    """Have it end, and clean it up: see `see_out`. It may be over by itself meanwhile."""
    try:
        rest.post("tasks", task_id, task="TaskStop")
    except VmsProblem as problem:
        if problem.status not in _NOT_STOPPED:
            raise
    return see_out(rest, task_id, pause, now)


def see_out(rest: Rest, task_id: str, pause: Pause, now: Callable[[], float] = time.time) -> bool:
    """Wait a little for the end of what is about to end, and clean it up: a VMS does not before a task is over.

    Whether it is gone from the VMS: when not, it may still be running, and its number is to be kept. `now`: seconds
    since 1970. Raises VmsProblem, and what `pause` raises.
    """
    ends_at = now() + _END_SECONDS
    for _ in range(_END_LOOKS):
        found = look(rest, task_id)
        if found is None or (found.is_over and clean_up(rest, task_id)):
            return True
        if now() >= ends_at:
            break
        pause(found.percent)
    return False


def clean_up(rest: Rest, task_id: str) -> bool:
    """Whether the VMS took it from its list. One that is over and stays there does nothing any more: no reason to fail
    what it was for."""
    if not task_id:
        return False
    with suppress(VmsProblem):
        rest.post("tasks", task_id, task="TaskCleanup")
        return True
    return False


def running(rest: Rest) -> list[Object] | None:
    """Those that are not over; None where the VMS lists none. Raises VmsProblem: trouble says nothing about them."""
    try:
        return [one for one in rest.every("tasks") if not read(one).is_over]
    except VmsProblem as problem:
        if problem.status in _NOT_LISTED:
            return None
        raise


def read(found: Mapping[str, Any], task_id: str = "") -> Task:
    """`{"progress","state","errorCode","errorText","path"}`; the path is the task's own, or that of what it made."""
    state, percent = text_of(found, "state").strip().lower(), _percent(found.get("progress"))
    made = found.get("path")
    own = path_id(made, "tasks") or as_id(found.get("id"))
    is_over = state in _OVER or (percent == 100 and state.replace(" ", "") not in _GOES_ON)
    error = text_of(found, "errorText") or (f"error {found.get('errorCode')}" if found.get("errorCode") else "")
    if is_over and state and state not in _OVER:
        error = error or f"the task ended as “{state}”"
    return Task(
        task_id or own,
        percent,
        is_over,
        is_good=is_over and state in ("success", "completed", ""),
        error=error[:500],
        made=made if isinstance(made, dict) else {},
    )


def _percent(value: object) -> int:
    try:
        return max(0, min(100, int(float(value)))) if isinstance(value, int | float | str) else 0
    except (ValueError, OverflowError):
        return 0
