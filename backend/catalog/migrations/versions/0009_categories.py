"""What was made from each video, in files and bytes, and triggers that count what lies in each category of the disk.

As in 0006: changes go to `count_log` in the transaction that makes them, as kind "category".
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_COLUMNS = "kind, project_id, name, state, count, bytes"
_MADE = ("thumbnails", "processed")
_GONE = "('purging', 'purged')"
_OF_VIDEOS = ("project_id", "relative_path", "size_bytes", "local_state")
_OF_MADE = tuple(f"{category}_{what}" for category in _MADE for what in ("files", "bytes"))
_ROWS = (("OLD", "-"), ("NEW", ""))
# As in 0006: rows are locked from the video to what belongs to it.
_LOCKS = {
    "videos_new": "PERFORM 1 FROM made_files m WHERE m.video_id = NEW.id FOR NO KEY UPDATE; ",
    "made_in": "PERFORM 1 FROM videos v WHERE v.id = NEW.video_id FOR SHARE; ",
}


def upgrade() -> None:
    op.create_table(
        "made_files",
        sa.Column("video_id", sa.String(36), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _OF_MADE),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("video_id"),
    )
    op.execute(f"INSERT INTO count_log ({_COLUMNS}) {_filled()}")
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def _category(row: str) -> str:
    return f"CASE WHEN {row}.relative_path LIKE 'music/%' THEN 'music' ELSE 'uploads' END"


def _filled() -> str:
    return (
        f"SELECT 'category', v.project_id, {_category('v')}, '', count(*), sum(v.size_bytes) FROM videos v"
        f" WHERE v.local_state = 'present' GROUP BY v.project_id, {_category('v')}"
    )


def _of_video(row: str, sign: str) -> str:
    own = (
        f"SELECT 'category', {row}.project_id, {_category(row)}, '', {sign}1, {sign}{row}.size_bytes"
        f" WHERE {row}.local_state = 'present'"
    )
    made = (
        f"SELECT 'category', {row}.project_id, '{name}', '', {sign}m.{name}_files, {sign}m.{name}_bytes"
        f" FROM made_files m WHERE m.video_id = {row}.id AND {row}.local_state NOT IN {_GONE}"
        for name in _MADE
    )
    return " UNION ALL ".join((own, *made))


def _of_made(row: str, sign: str) -> str:
    return " UNION ALL ".join(
        f"SELECT 'category', v.project_id, '{name}', '', {sign}{row}.{name}_files, {sign}{row}.{name}_bytes"
        f" FROM videos v WHERE v.id = {row}.video_id AND v.local_state NOT IN {_GONE}"
        for name in _MADE
    )


def _triggers(dialect: str) -> Iterator[str]:
    log = f"INSERT INTO count_log ({_COLUMNS}) "
    both = {of: log + " UNION ALL ".join(of(row, sign) for row, sign in _ROWS) for of in (_of_video, _of_made)}
    changes = {
        "videos_in": ("AFTER INSERT ON videos", (), log + _of_video("NEW", "")),
        "videos_new": (f"AFTER UPDATE OF {', '.join(_OF_VIDEOS)} ON videos", _OF_VIDEOS, both[_of_video]),
        "videos_out": ("BEFORE DELETE ON videos", (), log + _of_video("OLD", "-")),
        "made_in": ("AFTER INSERT ON made_files", (), log + _of_made("NEW", "")),
        "made_new": (f"AFTER UPDATE OF {', '.join(_OF_MADE)} ON made_files", _OF_MADE, both[_of_made]),
        "made_out": ("BEFORE DELETE ON made_files", (), log + _of_made("OLD", "-")),
    }
    for name, (event, columns, statement) in changes.items():
        when = f"WHEN ({' OR '.join(f'OLD.{c} IS DISTINCT FROM NEW.{c}' for c in columns)})" if columns else ""
        if dialect == "sqlite":
            yield f"CREATE TRIGGER category_{name} {event} FOR EACH ROW {when} BEGIN {statement}; END"
            continue
        result = "OLD" if name.endswith("_out") else "NEW"
        yield (
            f"CREATE FUNCTION category_{name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {_LOCKS.get(name, '')}{statement}; RETURN {result}; END $$"
        )
        yield f"CREATE TRIGGER category_{name} {event} FOR EACH ROW {when} EXECUTE FUNCTION category_{name}()"


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name in ("in", "new", "out"):
        op.execute(f"DROP TRIGGER category_videos_{name}" + ("" if on_sqlite else " ON videos"))
    op.drop_table("made_files")
    if not on_sqlite:
        for table in ("videos", "made"):
            for name in ("in", "new", "out"):
                op.execute(f"DROP FUNCTION category_{table}_{name}()")
    for table in ("count_log", "counts"):
        op.execute(f"DELETE FROM {table} WHERE kind IN ('category', 'category*')")
