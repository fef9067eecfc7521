"""What the VMS refuses, in both shapes that its REST interface is known to answer in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.services.drive.replies import Reply, json_reply


@dataclass
class Refused(Exception):
    """The request ends with this error."""

    status: int
    text: str
    property: str | None = None
    text_id: str = "VMO61001"
    headers: Mapping[str, str] = field(default_factory=dict)

    def reply(self, *, wrapped: bool) -> Reply:
        """`wrapped` as live servers answer, else as the schema says."""
        detail: dict[str, Any] = {"errorText": self.text, "errorTextId": self.text_id}
        if self.property:
            detail["property"] = self.property
        error = {"httpCode": self.status, "details": [detail]}
        return json_reply({"error": error} if wrapped else error, self.status, dict(self.headers))


def unknown_request() -> Refused:
    return Refused(400, "Unknown request", text_id="VMO61000")


def bad(name: str, text: str) -> Refused:
    return Refused(400, text, name)
