"""The base of every shape, and answers that tell little."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """Base: an answer has exactly the fields that are written down."""

    model_config = ConfigDict(extra="forbid")


class Done(Shape):
    success: bool
    status: str | None = None


class Count(Shape):
    success: bool
    count: int
