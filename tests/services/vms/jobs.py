"""Tasks: work that goes on after the answer, asked for by its number, and cleaned up when it is over."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.services.drive.replies import Reply, json_reply
from tests.services.vms.model import Item, World
from tests.services.vms.refusal import Refused, unknown_request

RUNNING, SUCCESS, ERROR = "InProgress", "Success", "Error"


class Failed(Exception):
    """The task ends in an error, told in its own fields."""

    def __init__(self, text: str, code: int = 100) -> None:
        super().__init__(text)
        self.text, self.code = text, code


@dataclass
class Job:
    """One task while it runs. `is_told`: to stop, which it does only when it was seen to run on after that."""

    item: Item
    is_told: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def reached(self, percent: int) -> None:
        """Raises Failed when somebody stopped the task."""
        if self.stopping.is_set():
            raise Failed("The task was stopped.", 102)
        self.item.fields["progress"] = percent


# Does the work; the object that it made stands in the task's path afterwards.
Work = Callable[[Job], Item | None]


class Jobs:
    def __init__(self, world: World, crashes: list[str]) -> None:
        self._world = world
        self._crashes = crashes
        self._jobs: dict[str, Job] = {}

    def start(self, name: str, kind: str, work: Work, **more: Any) -> Reply:
        fields = {"name": name, "taskType": kind, "state": RUNNING, "progress": 0, "errorCode": "", "errorText": ""}
        item = Item("tasks", self._world.next_number(), fields | more)
        item.fields["path"] = item.path()
        self._world.add(item)
        job = Job(item)
        # Told before the work begins: the answer is always that it goes on.
        told = json_reply({"result": _shown(item)}, 201)
        job.thread = threading.Thread(target=self._run, args=(job, work), daemon=True, name=f"vms-task-{item.id}")
        self._jobs[item.id] = job
        job.thread.start()
        return told

    def _run(self, job: Job, work: Work) -> None:
        fields: dict[str, Any] = {"state": ERROR, "errorCode": "1", "errorText": "Internal error"}
        try:
            made = work(job)
            fields = {"state": SUCCESS} | ({"path": made.path()} if made else {})
        except Failed as error:
            fields = {"state": ERROR, "errorCode": str(error.code), "errorText": error.text}
        finally:
            if fields.get("errorCode") == "1":
                self._crashes.append(traceback.format_exc())
            with self._world.lock:
                # Whoever sees the end must see what it came to as well.
                job.item.fields |= fields | {"progress": 100}

    def answer(self, method: str, item: Item, task: str | None) -> Reply:
        if method == "GET" and task is None:
            with self._world.lock:
                shown = json_reply({"data": _shown(item)})
            if self._jobs[item.id].is_told:
                self._jobs[item.id].stopping.set()
            return shown
        if method == "POST" and task == "TaskCleanup":
            if item.fields["state"] == RUNNING:
                raise Refused(400, "The task has not ended.")
            self._world.remove(item)
            return json_reply({"result": {"state": SUCCESS}})
        if method == "POST" and task == "TaskStop":
            self._jobs[item.id].is_told = True
            return json_reply({"result": {"state": SUCCESS}})
        raise unknown_request()

    def close(self) -> None:
        for job in self._jobs.values():
            job.stopping.set()
        for job in self._jobs.values():
            if job.thread:
                job.thread.join(20)


def _shown(item: Item) -> dict[str, Any]:
    return {"displayName": item.name, **item.fields}
