"""What a refusal looks like."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from backend.web.schemas.base import Shape


class Problem(Shape):
    """Every refusal: `error` for people, `code` for programs, `detail` names thing and limit."""

    success: Literal[False]
    error: str
    code: str
    detail: dict[str, Any]


class UploadProblem(Shape):
    """A refusal of the resumable door /uploads (RFC 9457): `detail` is for people, `about` names thing and limit."""

    type: str
    title: str
    status: int
    detail: str
    success: Literal[False]
    error: str
    code: str
    about: dict[str, Any]
    expected_offset: int | None = Field(None, alias="expected-offset")
    provided_offset: int | None = Field(None, alias="provided-offset")
    invalid_digests: list[dict[str, str]] = Field([], alias="invalid-digests")
    mismatching_digests: list[dict[str, str]] = Field([], alias="mismatching-digests")
