"""Projects and the room they take, as seed 004 tells it."""

from __future__ import annotations

from backend.web.schemas.base import Shape


class CategoryStats(Shape):
    bytes: int
    megabytes: float
    file_count: int


class Categories(Shape):
    uploads: CategoryStats
    processed: CategoryStats
    thumbnails: CategoryStats
    exports: CategoryStats
    music: CategoryStats


class CategoriesStats(Shape):
    """Seed 004's answer, exactly."""

    root: str
    categories: Categories


class DeletedCategory(Shape):
    file_count: int
    bytes: int


class DeletedCategories(Shape):
    uploads: DeletedCategory
    processed: DeletedCategory
    thumbnails: DeletedCategory
    exports: DeletedCategory
    music: DeletedCategory


class ProjectDeleted(Shape):
    """What went to the trash."""

    success: bool
    project_id: str
    deleted: DeletedCategories
    videos: int


class Project(Shape):
    """`bytes`: all that is kept, in the trash too; that is what `quota_bytes` limits (null: nothing does)."""

    project_id: str
    videos: int
    bytes: int
    quota_bytes: int | None
    trashed: int


class ProjectList(Shape):
    success: bool
    projects: list[Project]
