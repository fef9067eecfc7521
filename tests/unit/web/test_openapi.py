"""The API document is true: real answers fit the shapes it shows, and it shows every route and role."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import TypeAdapter

from backend.web import schemas
from backend.web.access import Right, right_of
from backend.web.bulk import ACTIONS
from tests.unit.web.conftest import Open, Site


@pytest.fixture
def document(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = site.call("GET", "/openapi.json").get_json()
    return found


def test_document_is_3_1_and_names_every_api_route(site: Site, document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    app = site.client.application
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.endpoint.startswith(("pages.", "shared_page."))
    }
    shown = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert shown == routes


def test_every_route_says_which_roles_it_needs(site: Site, document: dict[str, Any]) -> None:
    app = site.client.application
    by_id = {
        f"{m.lower()}_{r.endpoint.replace('.', '_')}": right_of(app.view_functions[r.endpoint])
        for r in app.url_map.iter_rules()
        for m in r.methods or ()
    }
    for methods in document["paths"].values():
        for operation in methods.values():
            right = by_id[operation["operationId"]]
            assert (operation["security"] == []) == (right is Right.PUBLIC)
            assert right is Right.PUBLIC or operation["x-roles"]
            assert operation["summary"]


def test_every_route_says_how_it_refuses(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            told = set(operation["responses"])
            assert operation["security"] == [] or {"401", "403", "503"} <= told
            assert "{" not in path or "404" in told
            assert not any(parameter["in"] == "query" for parameter in operation["parameters"]) or "422" in told
    session = document["paths"]["/api/session"]
    assert {"200", "401", "422", "429", "503"} <= set(session["post"]["responses"])
    assert {"200", "401", "503"} <= set(session["get"]["responses"])


def test_bodies_are_told_as_they_are_taken(document: dict[str, Any]) -> None:
    def body(path: str) -> tuple[bool, dict[str, str], list[str] | None]:
        told = document["paths"][path]["post"]["requestBody"]
        schema = told["content"]["application/json"]["schema"]
        return told["required"], {n: one["type"] for n, one in schema["properties"].items()}, schema.get("required")

    hours = {"expires_in_hours": "integer", "label": "string", "may_download": "boolean"}
    assert body("/api/videos/{video_id}/share") == (False, hours, [])
    assert body("/api/videos/{video_id}/hold") == (True, {"reason": "string", "until": "string"}, ["reason"])
    _, fields, required = body("/api/videos/bulk")
    assert set(fields) == {"action", "ids"} | {name for action in ACTIONS.values() for name in action.fields}
    assert required == ["action", "ids"]
    for methods in document["paths"].values():
        for operation in methods.values():
            takes_json = "application/json" in operation.get("requestBody", {"content": {}})["content"]
            assert not takes_json or {"413", "422"} <= set(operation["responses"])


def test_bytes_are_not_told_as_json(document: dict[str, Any]) -> None:
    for path in ("content", "download", "thumbnail", "preview", "renditions/{name}"):
        answers = document["paths"][f"/api/videos/{{video_id}}/{path}"]["get"]["responses"]
        assert [list(answers[status]["content"]) for status in ("200", "206")] == [["*/*"], ["*/*"]]


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            return [v for k, v in node.items() if k == "$ref"] + [r for v in node.values() for r in references(v)]
        return [r for v in node for r in references(v)] if isinstance(node, list) else []

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


def test_real_answers_fit_their_shapes(site: Site) -> None:
    saved = site.upload(tags="a", content_type="Raw").get_json()
    video_id, name = saved["video_id"], saved["stored_filename"]
    _fits(schemas.Saved, saved)
    _fits(schemas.Asset, site.upload(path="/projects/p/videos").get_json())
    shapes: dict[str, type[schemas.Shape]] = {
        "/api/videos/list": schemas.VideoList,
        "/api/videos/storage-stats": schemas.StorageStats,
        "/api/storage/report": schemas.StorageReport,
        f"/api/video-info/{name}": schemas.OneVideo,
        f"/api/videos/{video_id}": schemas.OneVideo,
        f"/api/videos/{video_id}/receipt": schemas.Receipt,
        f"/api/videos/{video_id}/deliveries": schemas.DeliveryList,
        "/api/deliveries": schemas.DeliveryList,
        "/api/targets": schemas.TargetList,
        "/api/session": schemas.Session,
        "/healthz": schemas.Done,
        "/readyz": schemas.Ready,
        "/api/videos/none": schemas.Problem,
    }
    for path, shape in shapes.items():
        _fits(shape, site.call("GET", path).get_json())
    _fits(schemas.OneDelivery, site.call("POST", f"/api/videos/{video_id}/deliveries/nas/retry").get_json())
    _fits(schemas.Check, site.call("POST", "/api/targets/nas/check").get_json())
    _fits(schemas.TargetList, site.call("POST", "/api/targets/nas/pause").get_json())
    _fits(schemas.Count, site.call("POST", "/api/deliveries/retry").get_json())
    _fits(schemas.Trashed, site.call("DELETE", f"/api/videos/{video_id}").get_json())


def test_ready_tells_why_it_is_not(open_site: Open) -> None:
    site = open_site(MIN_FREE_BYTES=str(10**18))
    answer = site.call("GET", "/readyz", None)
    assert answer.status_code == 503
    assert answer.get_json()["problems"] == ["the disk reserve is reached"]


def _fits(shape: type[schemas.Shape], answer: Any) -> None:
    TypeAdapter(shape).validate_python(answer, strict=True)
