"""What a target is configured by: one frozen record, and the options that each kind declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from backend.targets.base import Target

OnDelete = Literal["keep", "delete"]


@dataclass(frozen=True)
class TargetConfig:
    """One configured target. `options` are the kind's own, checked, secrets resolved, and so never shown.

    `ephemeral`: as its kind is.
    """

    name: str
    kind: str
    label: str
    enabled: bool = True
    required: bool = True
    max_concurrent: int = 2
    max_mib_per_second: float | None = None
    on_delete: OnDelete = "keep"
    verify_every_days: float = 7
    ephemeral: bool = False
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Shape(StrEnum):
    """What may be written for an option, in the words an operator is told."""

    TEXT = "text"
    FLAG = "true or false"
    WHOLE = "a whole number"
    NUMBER = "a number"


@dataclass(frozen=True)
class Option:
    """One option as it stands in targets.toml. Bounds are inclusive; `meaning` is one line for people."""

    name: str
    shapes: tuple[Shape, ...]
    meaning: str
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    def problem(self, value: object) -> str | None:
        """Say what is wrong with a value, never repeating it: it may be a secret in the wrong place."""
        if not any(_has_shape(value, shape) for shape in self.shapes):
            return f"option “{self.name}” must be {' or '.join(self.shapes)} ({self.meaning})"
        if self.choices and value not in self.choices:
            return f"option “{self.name}” must be one of: {', '.join(self.choices)}"
        if isinstance(value, str) and self.required and not value.strip():
            return f"option “{self.name}” is empty ({self.meaning})"
        return self._out_of_bounds(value)

    def _out_of_bounds(self, value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if self.least is not None and value < self.least:
            return f"option “{self.name}” must be at least {self.least:g} ({self.meaning})"
        if self.most is not None and value > self.most:
            return f"option “{self.name}” must be at most {self.most:g} ({self.meaning})"
        return None


def _has_shape(value: object, shape: Shape) -> bool:
    if shape is Shape.FLAG:
        return isinstance(value, bool)
    if shape is Shape.TEXT:
        return isinstance(value, str)
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (shape is Shape.NUMBER and isinstance(value, float))


def _no_problems(_options: Mapping[str, Any]) -> list[str]:
    return []


@dataclass(frozen=True)
class Kind:
    """A kind of target: its name, its options, what else to check before the start, and how to build one.

    `ephemeral`: it lets go of its copies after a while. None of them counts as a copy, nobody looks at one again, and
    videos go there only where it is named.

    An entry point of the group `holdfast.targets` names an object of this class; its name is the kind's.
    """

    name: str
    options: tuple[Option, ...]
    build: Callable[[TargetConfig], Target]
    problems: Callable[[Mapping[str, Any]], list[str]] = _no_problems
    ephemeral: bool = False
