"""What a manifest says, in sentences for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def sentences(told: Mapping[str, Any]) -> list[str]:
    """Of an export as it is told: what each camera gives, its gaps, and what could not be had."""
    lines: list[str] = []
    for one in told["bounds"]:
        lines.append(_given(one["camera_id"], one["given"], one))
        lines += [_gap(gap) for gap in told["gaps"] if gap["camera_id"] == one["camera_id"]]
        lines += [_problem(problem) for problem in told["problems"] if problem["camera_id"] == one["camera_id"]]
    return lines


def of_manifest(payload: Mapping[str, Any]) -> Iterator[str]:
    """All that was signed that people ask for."""
    asked, made = payload["asked"], payload["made"]
    yield f"Export {payload['id']}, asked for by {payload['requester'] or '?'}."
    if payload["reason"]:
        yield f"Reason: {payload['reason']}"
    yield f"Asked: {_range(asked)}, {len(asked['camera_ids'])} camera(s), {payload['cut']} cut, {payload['layout']}."
    by = f"Holdfast {made['holdfast']} with {made['ffmpeg']}"
    yield f"Made on {made['node']} at {_when(made['completed_at'])} by {by}."
    for camera in payload["cameras"]:
        name = f"{camera['name']} ({camera['camera_id']})" if camera["name"] else camera["camera_id"]
        yield _given(name, camera["given"], camera)
        yield from map(_gap, camera["gaps"])
        yield from map(_problem, camera["problems"])
        for source in camera["sources"]:
            yield f"  From {source['filename']} (sha256:{source['sha256']}): {_range(source['used'])}."
    if payload["partial"]:
        yield "It is PARTIAL: what is called a PROBLEM above could not be had."


def _given(name: str, given: Mapping[str, Any] | None, camera: Mapping[str, Any]) -> str:
    if given is None:
        return f"Camera {name}: nothing was recorded."
    how = f"encoded anew: {camera['why_encoded']}" if camera["encoded"] else "copied, not encoded anew"
    return f"Camera {name}: given {_range(given)}; {how.rstrip('.')}."


def _gap(gap: Mapping[str, Any]) -> str:
    return f"  GAP, nothing was recorded: {_range(gap)}."


def _problem(problem: Mapping[str, Any]) -> str:
    told = f"{_range(problem)}, {problem['filename']}: {problem['words']}"
    if problem.get("covered"):
        return f"  Note ({problem['kind']}), {told} Another recording shows this time."
    return f"  PROBLEM ({problem['kind']}), {told}"


def _range(stretch: Mapping[str, Any]) -> str:
    return f"{_when(stretch['start'])} to {_when(stretch['end'])}"


def _when(iso: str) -> str:
    """`2026-01-31T10:00:00.000000Z` as people read it, with what of a second there is."""
    text = iso.replace("T", " ").removesuffix("Z")
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} UTC"
