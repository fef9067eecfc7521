"""Seed 004's view of the storage: what each category holds, of one project or of all, and deleting a whole project."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog import projects
from backend.catalog.projects import Counted
from backend.disk.layout import CATEGORIES
from backend.errors import NotFound
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import CategoriesStats, ProjectDeleted, ProjectList

blueprint = APIBlueprint("storage", __name__, tag="Projects")

_MEGABYTE = 1024 * 1024
_WORDS = (
    "`uploads` and `music` hold what was sent, in the trash too; `thumbnails` and `processed` what was made from it; "
    "`exports` the clips. Files that share their bytes count by their names. The figures are counted as things change: "
    "the disk is not walked. `root` is the folder's whole path for admins only, for others its name."
)


@blueprint.get("/storage/stats")
@blueprint.doc(
    summary="What each category holds, in all your projects",
    description=_WORDS,
    responses={200: "Files and bytes"},
    extensions=shaped({200: CategoriesStats}),
)
@needs(Right.READ)
def storage_stats() -> Response:
    with services().database.read() as session:
        found = projects.by_category(session, person().scope)
    return _stats(found)


@blueprint.get("/projects/<path:project_id>/storage/stats")
@blueprint.doc(
    summary="What each category holds of one project",
    description=_WORDS,
    responses={200: "Files and bytes; zeros for a project that keeps nothing"},
    extensions=shaped({200: CategoriesStats}),
)
@needs(Right.READ)
def project_stats(project_id: str) -> Response:
    _demand_reach(project_id)
    with services().database.read() as session:
        found = projects.by_category(session, person().scope, project_id)
    return _stats(found)


@blueprint.delete("/projects/<path:project_id>/storage")
@blueprint.doc(
    summary="Move every video of a project to the trash, or none",
    description="Undo is restore-from-trash, video by video, for TRASH_DAYS. Copies elsewhere follow their targets.",
    responses={200: "What went, by category", 409: "Held videos are among them, and nothing went: code `held`"},
    extensions=shaped({200: ProjectDeleted}),
)
@needs(Right.OPERATE)
def delete_project(project_id: str) -> Response:
    done = services().emptier.empty(project_id, person().name, person().scope)
    return jsonify(
        {
            "success": True,
            "project_id": project_id,
            "deleted": {name: _amount(done.categories[name]) for name in CATEGORIES},
            "videos": done.videos,
        }
    )


@blueprint.get("/api/projects")
@blueprint.doc(
    summary="Projects, by name, with what each keeps and may keep",
    responses={200: "Projects that keep something, in the trash too"},
    extensions=shaped({200: ProjectList}),
)
@needs(Right.READ)
def all_projects() -> Response:
    with services().database.read() as session:
        found = projects.every(session, person().scope)
    shown = [
        {
            "project_id": project.project_id,
            "videos": project.videos,
            "bytes": project.kept_bytes,
            "quota_bytes": services().retention.quota_bytes(project.project_id),
            "trashed": project.trashed,
        }
        for project in found
    ]
    return jsonify({"success": True, "projects": shown})


def _demand_reach(project_id: str) -> None:
    if not person().scope.allows(project_id):
        raise NotFound(f"There is no project {project_id}.", detail={"project_id": project_id})


def _stats(found: dict[str, Counted]) -> Response:
    root = services().settings.storage_path
    shown = str(root.absolute()) if person().may(Right.ADMIN) else root.absolute().name
    return jsonify({"root": shown, "categories": {name: _category(found[name]) for name in CATEGORIES}})


def _category(counted: Counted) -> dict[str, int | float]:
    return {
        "bytes": counted.bytes,
        "megabytes": round(counted.bytes / _MEGABYTE, 2),
        "file_count": counted.files,
    }


def _amount(counted: Counted) -> dict[str, int]:
    return {"file_count": counted.files, "bytes": counted.bytes}
