"""`GET /metrics`: what Prometheus asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from apiflask import APIBlueprint
from flask import Response, current_app, request

from backend.services import Services
from backend.web.access import Right, needs, person, services

if TYPE_CHECKING:
    from backend.metrics.answer import Answer

blueprint = APIBlueprint("metrics", __name__, tag="Health")

_ANSWER = "holdfast_metrics"


@blueprint.get("/metrics")
@blueprint.doc(
    summary="Figures for Prometheus",
    description="Counters are of all processes of this machine together; figures of what is so just now come from the "
    "catalog and are a few seconds old at most. OpenMetrics for those who accept it, else Prometheus' own text.",
    responses={
        200: "Figures, as text",
        403: "A token for some projects is not told figures of all",
    },
)
@needs(Right.READ)
def metrics() -> Response:
    person().check_everything("figures of all projects")
    body, content_type = _answer(services()).text(request.headers.get("Accept", ""))
    answer = Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})
    answer.vary.add("Accept")
    return answer


def _answer(parts: Services) -> Answer:
    """This app's; made when first asked, so that nobody else waits for the library."""
    from backend.metrics.answer import Answer

    known = cast("tuple[Services, Answer] | None", current_app.extensions.get(_ANSWER))
    if known is None or known[0] is not parts:
        known = current_app.extensions[_ANSWER] = (parts, Answer.of(parts))
    return known[1]
