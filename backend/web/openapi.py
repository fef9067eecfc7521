"""OpenAPI 3.1 from the code: APIFlask's paths, our pydantic shapes, the role each route needs, forms and queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from apiflask import APIFlask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from backend.web import schemas
from backend.web.access import CSRF_HEADER, Right, right_of, roles_with

_SHAPES = "x-answers"
_QUERY = "x-query"
_BODY = "x-body"
_ANY_OF_IT = "x-any-of-it"
_REQUIRED = "x-required"
_FORM = "x-form"
_HEADERS = "x-headers"
_RAW = "x-raw"
_PROBLEM = "x-problem"
_REFS = "#/components/schemas/{model}"

FIELDS = {
    "content_type": "a label such as Tutorial (also accepted as contentType)",
    "title": "",
    "description": "",
    "tags": "comma list, or repeated",
    "project_id": "default: default",
    "source": "where it comes from",
    "ttl_hours": "hours until it expires",
    "camera_id": "",
    "start_time": "when the recording began, ISO 8601 with zone",
    "end_time": "when it ended",
    "targets": "comma list of target names (default: by rule)",
    "sha256": "the client's own digest; other bytes are refused",
    "metadata": "a JSON object of your own fields",
    "wait": "seconds to wait for the copies, at most 60",
}
_MEDIA_TYPES = {schemas.UploadProblem.__name__: "application/problem+json"}
UNAVAILABLE = "The database does not answer, or too many files are open; try again soon"
_UPLOAD_PROBLEMS = {
    400: "The body was cut off or is not a form",
    408: "The sender stood still too long",
    409: "The content is here already (DUPLICATES=reject)",
    413: "Larger than UPLOAD_MAX_SIZE",
    415: "A type that is not taken",
    422: "A field, the digest or the Idempotency-Key does not fit, or the file is empty",
    507: "No room on the server, or the project's quota is reached (code `quota`)",
}


def shaped(
    answers: Mapping[int, type[BaseModel]],
    *,
    query: Sequence[str] = (),
    body: Mapping[str, object] | None = None,
    required: Sequence[str] | None = None,
    any_of_it: bool = False,
    form: bool = False,
    headers: Mapping[str, str] | None = None,
    raw: str = "",
    problem: type[BaseModel] = schemas.Problem,
) -> dict[str, Any]:
    """What `describe_api` adds to an operation: answer models by status, query names, headers with what they say,
    the body (JSON, an upload form, or bytes of the media type `raw`), and the shape of its refusals. Of a JSON body
    every field is required, or those of `required` (none: not even the body), or any one of them."""
    names = {str(status): model.__name__ for status, model in answers.items()}
    return {
        _SHAPES: names, _QUERY: list(query), _BODY: dict(body or {}), _ANY_OF_IT: any_of_it, _FORM: form,
        _REQUIRED: list(body or () if required is None else required),
        _HEADERS: dict(headers or {}), _RAW: raw, _PROBLEM: problem.__name__,
    }  # fmt: skip


def describe_api(app: APIFlask) -> None:
    """Set up the document that /openapi.json serves."""
    app.config.update(OPENAPI_VERSION="3.1.0", AUTO_SERVERS=False, AUTO_404_RESPONSE=False, AUTO_200_RESPONSE=False)
    app.description = (
        "Videos are durable on the server before an upload is answered; copies are verified by the jobs behind it."
    )

    @app.spec_processor
    def _complete(spec: dict[str, Any] | str) -> dict[str, Any] | str:
        assert isinstance(spec, dict), "the document is JSON"
        rights = {_operation_id(rule.endpoint, m): right_of(app.view_functions[rule.endpoint])
                  for rule in app.url_map.iter_rules() for m in rule.methods or ()}  # fmt: skip
        for methods in spec["paths"].values():
            for operation in methods.values():
                _complete_operation(operation, rights[operation["operationId"]])
        spec.setdefault("components", {})["schemas"] = _all_schemas()
        spec["components"]["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "A token of `video_manager token create`"},
            "session": {"type": "apiKey", "in": "cookie", "name": "holdfast",
                        "description": f"Set by POST /api/session; changes also need the header {CSRF_HEADER}"},
        }  # fmt: skip
        return spec

    app.config["AUTO_OPERATION_ID"] = True


def _operation_id(endpoint: str, method: str) -> str:
    # As APIFlask makes it.
    return f"{method.lower()}_{endpoint.replace('.', '_')}"


def _complete_operation(operation: dict[str, Any], right: Right | None) -> None:
    shapes, problem = operation.pop(_SHAPES, {}), operation.pop(_PROBLEM, "Problem")
    for status, model in shapes.items():
        operation["responses"][status]["content"] = _json(model)
    operation.setdefault("parameters", []).extend(
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in operation.pop(_QUERY, [])
    )
    operation["parameters"].extend(
        {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": words}
        for name, words in operation.pop(_HEADERS, {}).items()
    )
    if raw := operation.pop(_RAW, ""):
        operation["requestBody"] = {"required": False, "content": {raw: {}}}
    if body := operation.pop(_BODY, {}):
        _add_body(operation, body, problem)
    operation.pop(_ANY_OF_IT, None)
    operation.pop(_REQUIRED, None)
    if operation.pop(_FORM, False):
        _add_form(operation)
    _complete_answers(operation["responses"], set(shapes), problem)
    places = {parameter["in"] for parameter in operation["parameters"]}
    if "path" in places:
        _add_problems(operation, problem, {404: "No such thing, or none that you may see"})
    if "query" in places:
        _add_problems(operation, problem, {422: "A query that makes no sense"})
    if right is Right.PUBLIC:
        operation["security"] = []
        return
    operation["security"] = [{"token": []}, {"session": []}]
    operation["x-roles"] = roles_with(right) if right else []
    needed = f"Needs one of the roles: {', '.join(operation['x-roles'])}."
    operation["description"] = "\n\n".join(filter(None, [operation.get("description"), needed]))
    _add_problems(operation, problem, {401: "Not signed in", 403: "Not with this role", 503: UNAVAILABLE})


def _complete_answers(answers: dict[str, Any], shaped_ones: set[str], problem: str) -> None:
    if "206" in answers:
        # Bytes of whatever type the file has, not JSON.
        for status in ("200", "206"):
            answers[status]["content"] = {"*/*": {}}
    for status, answer in answers.items():
        if status >= "400" and status not in shaped_ones:
            answer["content"] = _json(problem)


def _add_problems(operation: dict[str, Any], problem: str, problems: Mapping[int, str]) -> None:
    for status, words in problems.items():
        operation["responses"].setdefault(str(status), {"description": words, "content": _json(problem)})


def _add_body(operation: dict[str, Any], body: Mapping[str, object], problem: str) -> None:
    required, any_of_it = operation[_REQUIRED], operation[_ANY_OF_IT]
    schema: dict[str, Any] = {"type": "object", "properties": {n: _property(one) for n, one in body.items()}}
    schema |= {"minProperties": 1} if any_of_it else {"required": required}
    content = {"application/json": {"schema": schema}}
    operation["requestBody"] = {"required": bool(required or any_of_it), "content": content}
    _add_problems(operation, problem, {413: "A body larger than this address takes", 422: "A body that makes no sense"})


def _add_form(operation: dict[str, Any]) -> None:
    texts = {name: {"type": "string", "description": words} for name, words in FIELDS.items()}
    file = {
        "type": "string",
        "contentMediaType": "application/octet-stream",
        "description": "the file (or part `file`)",
    }
    form = {"type": "object", "properties": {"video": file, **texts}, "required": ["video"]}
    operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    operation["parameters"].append(
        {"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string", "maxLength": 255},
         "description": "The same key makes a retry answer with the video that was saved first"}
    )  # fmt: skip
    for status, words in _UPLOAD_PROBLEMS.items():
        operation["responses"][str(status)] = {"description": words, "content": _json("Problem")}


def _json(model: str) -> dict[str, Any]:
    return {_MEDIA_TYPES.get(model, "application/json"): {"schema": {"$ref": _REFS.format(model=model)}}}


def _all_schemas() -> dict[str, Any]:
    models = [m for m in vars(schemas).values() if isinstance(m, type) and issubclass(m, schemas.Shape)]
    _, definitions = models_json_schema([(m, "serialization") for m in models], ref_template=_REFS)
    return dict(definitions["$defs"])


def _property(example: object) -> dict[str, Any]:
    return _type(example) | {"examples": [example]}


def _type(example: object) -> dict[str, Any]:
    if isinstance(example, list):
        return {"type": "array", "items": _type(example[0])}
    if isinstance(example, bool):
        return {"type": "boolean"}
    return {"type": "integer" if isinstance(example, int) else "string"}
