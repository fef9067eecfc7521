"""The words that videos are found by, counts kept by triggers, and indexes for lists of a million videos.

The triggers write each change of a count into `count_log`, in the transaction that makes the change; nothing is ever
updated there, so no writer waits for another. `catalog.counts` folds the log into `counts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from alembic import op

from backend.catalog.types import VerbatimText
from backend.catalog.words import written

revision = "0006"
down_revision = "0005"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_SHARED = sa.text("bytes_id <> id")
_WITH_CAMERA = sa.text("camera_id <> ''")
_NAME_CHARACTERS = 120
_BATCH = 2000

_COLUMNS = "kind, project_id, name, state, count, bytes"
_LISTED = "{r}.trashed_at IS NULL AND {r}.local_state NOT IN ('purging', 'purged')"
_STATE = (
    "CASE WHEN {r}.trashed_at IS NOT NULL THEN 'trashed'"
    " WHEN {r}.local_state = 'present' THEN 'present' ELSE 'pruned' END"
)
_KEPT = "{r}.local_state NOT IN ('purging', 'purged')"
_DAY = {
    "sqlite": "substr({r}.created_at, 1, 10)",
    "postgresql": "to_char({r}.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    _tables()
    _fill_words()
    for statement in (*_word_index(dialect), _filled_counts(dialect), *_triggers(dialect)):
        op.execute(statement)
    op.create_index("ix_videos_name", "videos", ["name_key", "id"])
    op.create_index("ix_videos_label", "videos", ["content_type", "created_at", "id"])
    op.create_index(
        "ix_videos_camera", "videos", ["camera_id", "created_at", "id"],
        sqlite_where=_WITH_CAMERA, postgresql_where=_WITH_CAMERA,
    )  # fmt: skip
    op.create_index(
        "ix_videos_shared", "videos", ["bytes_id", "local_state", "project_id", "size_bytes"],
        sqlite_where=_SHARED, postgresql_where=_SHARED,
    )  # fmt: skip


def _tables() -> None:
    key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("videos", sa.Column("name_key", key, nullable=False, server_default=""))
    op.create_table(
        "video_words",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("video_id", sa.String(36), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("video_id", name="uq_video_words_video_id"),
    )
    op.create_table(
        "count_log", sa.Column("id", _NUMBER, nullable=False), *_of_a_count(), sa.PrimaryKeyConstraint("id")
    )
    op.create_table("counts", *_of_a_count(), sa.PrimaryKeyConstraint("kind", "project_id", "name", "state"))
    op.create_index("ix_counts_most", "counts", ["kind", "project_id", "count"])


def _of_a_count() -> list[sa.Column[object]]:
    return [
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("project_id", VerbatimText(), nullable=False),
        sa.Column("name", VerbatimText(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
    ]


_TEXTS = ("original_filename", "stored_filename", "title", "description")
_VIDEOS = sa.table("videos", sa.column("id"), sa.column("name_key"), *(sa.column(n, VerbatimText()) for n in _TEXTS))
_TAGS = sa.table("video_tags", sa.column("video_id"), sa.column("tag", VerbatimText()))
_WORDS = sa.table("video_words", sa.column("video_id"), sa.column("words"))


def _fill_words() -> None:
    """Once for the videos that are there already, in batches: a description may be long."""
    bind, last_id = op.get_bind(), ""
    renamed = sa.update(_VIDEOS).where(_VIDEOS.c.id == sa.bindparam("own_id")).values(name_key=sa.bindparam("key"))
    while True:
        page = sa.select(_VIDEOS).where(_VIDEOS.c.id > last_id).order_by(_VIDEOS.c.id).limit(_BATCH)
        rows = bind.execute(page).all()
        if not rows:
            return
        tags: dict[str, list[str]] = {}
        for video_id, tag in bind.execute(sa.select(_TAGS).where(_TAGS.c.video_id.in_([row.id for row in rows]))):
            tags.setdefault(video_id, []).append(tag)
        words, keys = [], []
        for row in rows:
            others = (row.title, row.description, *tags.get(row.id, []))
            words.append({"video_id": row.id, "words": written(row.original_filename, row.stored_filename, others)})
            keys.append({"own_id": row.id, "key": _name_key(row.title or row.original_filename)})
        bind.execute(sa.insert(_WORDS), words)
        bind.execute(renamed, keys)
        last_id = rows[-1].id


def _name_key(name: str) -> str:
    as_written = VerbatimText().process_bind_param(name, op.get_bind().dialect) or ""
    return as_written.lower()[:_NAME_CHARACTERS]


# The words are made ready before they come here, so that the plainest tokenizer will do.
_FTS5 = (
    "words", "content='video_words'", "content_rowid='id'", "tokenize='ascii'",
    "detail=none", "columnsize=0", "prefix='1 2 3'",
)  # fmt: skip


def _word_index(dialect: str) -> list[str]:
    if dialect != "sqlite":
        as_vector = "array_to_tsvector(string_to_array(words, ' '))"
        # Without the list of pending entries, which every search would have to go through.
        return [f"CREATE INDEX ix_video_words_words ON video_words USING gin (({as_vector})) WITH (fastupdate = off)"]
    removed = "INSERT INTO video_words_index (video_words_index, rowid, words) VALUES ('delete', OLD.id, OLD.words);"
    added = "INSERT INTO video_words_index (rowid, words) VALUES (NEW.id, NEW.words);"
    return [
        f"CREATE VIRTUAL TABLE video_words_index USING fts5 ({', '.join(_FTS5)})",
        "INSERT INTO video_words_index (video_words_index) VALUES ('rebuild')",
        f"CREATE TRIGGER video_words_in AFTER INSERT ON video_words BEGIN {added} END",
        f"CREATE TRIGGER video_words_out AFTER DELETE ON video_words BEGIN {removed} END",
        f"CREATE TRIGGER video_words_new AFTER UPDATE OF words ON video_words BEGIN {removed} {added} END",
    ]


def _own(dialect: str, row: str, sign: str) -> str:
    """What one video's own columns count. `row`: NEW, OLD, or the name of the table."""
    day, source = _DAY[dialect], "" if row in ("NEW", "OLD") else f" FROM videos {row}"
    counts = [
        ("'label'", "{r}.content_type", _STATE, _KEPT),
        ("'day'", day, _STATE, _KEPT),
        ("'camera'", "{r}.camera_id", "''", f"{_LISTED} AND {{r}}.camera_id <> ''"),
        # Bytes on the disk that belong to this video first; what shares them with it takes no room.
        ("'owned'", "''", "''", "{r}.local_state = 'present' AND {r}.bytes_id = {r}.id"),
    ]
    return " UNION ALL ".join(
        f"SELECT {kind}, {{r}}.project_id, {name}, {state}, {sign}1, {sign}{{r}}.size_bytes{source} WHERE {condition}"
        for kind, name, state, condition in counts
    ).format(r=row)


def _of_others(row: str, sign: str) -> str:
    """What tags and copies count for a video that is listed. Without any copy, it counts as alone."""
    source, joined = ("", "{r}.id") if row in ("NEW", "OLD") else (" videos {r},", "{r}.id")
    alone = f" FROM{source.rstrip(',')}" if source else ""
    return (
        f"SELECT 'tag', {{r}}.project_id, t.tag, '', {sign}1, {sign}{{r}}.size_bytes"
        f" FROM{source} video_tags t WHERE t.video_id = {joined} AND {_LISTED}"
        f" UNION ALL SELECT 'copy', {{r}}.project_id, d.target, d.state, {sign}1, {sign}{{r}}.size_bytes"
        f" FROM{source} deliveries d WHERE d.video_id = {joined} AND {_LISTED}"
        f" UNION ALL SELECT 'alone', {{r}}.project_id, '', '', {sign}1, {sign}{{r}}.size_bytes{alone}"
        f" WHERE {_LISTED} AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.video_id = {joined})"
    ).format(r=row)


def _filled_counts(dialect: str) -> str:
    changes = f"{_own(dialect, 'v', '')} UNION ALL {_of_others('v', '')}"
    as_rows = f"WITH changes ({_COLUMNS}) AS ({changes})"
    both = f"SELECT {_COLUMNS} FROM changes UNION ALL SELECT kind || '*', '', name, state, count, bytes FROM changes"
    return (
        f"INSERT INTO counts ({_COLUMNS}) {as_rows} SELECT kind, project_id, name, state, sum(count), sum(bytes)"
        f" FROM ({both}) AS summed GROUP BY kind, project_id, name, state"
    )


def _is_other(columns: Iterable[str]) -> str:
    return " OR ".join(f"OLD.{c} IS DISTINCT FROM NEW.{c}" for c in columns)


_SEEN_BY_OTHERS = ("project_id", "size_bytes", "local_state", "trashed_at")
_OF_OWN = (*_SEEN_BY_OTHERS, "content_type", "camera_id", "created_at", "bytes_id")


def _triggers(dialect: str) -> Iterator[str]:
    for name, (event, condition, changes) in (_of_videos(dialect) | _of_copies() | _of_tags()).items():
        when = f"WHEN ({condition})" if condition else ""
        statement = f"INSERT INTO count_log ({_COLUMNS}) {changes}"
        if dialect == "sqlite":
            yield f"CREATE TRIGGER count_{name} {event} FOR EACH ROW {when} BEGIN {statement}; END"
            continue
        body = "; ".join([*_LOCKS.get(name, []), statement])
        result = "OLD" if name.endswith("_out") else "NEW"
        yield (
            f"CREATE FUNCTION count_{name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {body}; RETURN {result}; END $$"
        )
        yield f"CREATE TRIGGER count_{name} {event} FOR EACH ROW {when} EXECUTE FUNCTION count_{name}()"


# Of each trigger: the event, the condition, and the changes it writes down.
_Triggers = dict[str, tuple[str, str, str]]


def _of_videos(dialect: str) -> _Triggers:
    whole = {sign: f"{_own(dialect, row, sign)} UNION ALL {_of_others(row, sign)}" for row, sign in _ROWS}
    return {
        "videos_in": ("AFTER INSERT ON videos", "", whole[""]),
        "videos_own": (
            f"AFTER UPDATE OF {', '.join(_OF_OWN)} ON videos",
            _is_other(_OF_OWN),
            f"{_own(dialect, 'OLD', '-')} UNION ALL {_own(dialect, 'NEW', '')}",
        ),
        "videos_others": (
            f"AFTER UPDATE OF {', '.join(_SEEN_BY_OTHERS)} ON videos",
            _is_other(_SEEN_BY_OTHERS),
            f"{_of_others('OLD', '-')} UNION ALL {_of_others('NEW', '')}",
        ),
        "videos_out": ("BEFORE DELETE ON videos", "", whole["-"]),
    }


def _of_copies() -> _Triggers:
    copy = {sign: _of_one("copy", f"{row}.target", f"{row}.state", row, sign) for row, sign in _ROWS}
    # The first copy of all ends a video's being alone, also of several in one statement; the last one begins it.
    other = " AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.video_id = {row}.video_id AND {which})"
    first = _of_one("alone", "''", "''", "NEW", "-") + other.format(row="NEW", which="o.id < NEW.id")
    last = _of_one("alone", "''", "''", "OLD", "") + other.format(row="OLD", which="o.id <> OLD.id")
    return {
        "deliveries_in": ("AFTER INSERT ON deliveries", "", f"{copy['']} UNION ALL {first}"),
        "deliveries_new": (
            "AFTER UPDATE OF state, target ON deliveries",
            _is_other(("state", "target")),
            f"{copy['-']} UNION ALL {copy['']}",
        ),
        "deliveries_out": ("BEFORE DELETE ON deliveries", "", f"{copy['-']} UNION ALL {last}"),
    }


def _of_tags() -> _Triggers:
    tag = {sign: _of_one("tag", f"{row}.tag", "''", row, sign) for row, sign in _ROWS}
    return {
        "tags_in": ("AFTER INSERT ON video_tags", "", tag[""]),
        "tags_new": ("AFTER UPDATE OF tag ON video_tags", _is_other(("tag",)), f"{tag['-']} UNION ALL {tag['']}"),
        "tags_out": ("BEFORE DELETE ON video_tags", "", tag["-"]),
    }


def _of_one(kind: str, name: str, state: str, row: str, sign: str) -> str:
    """What a row that belongs to a video counts, while that is listed."""
    video = f"FROM videos v WHERE v.id = {row}.video_id AND {_LISTED.format(r='v')}"
    return f"SELECT '{kind}', v.project_id, {name}, {state}, {sign}1, {sign}v.size_bytes {video}"


_ROWS = (("NEW", ""), ("OLD", "-"))
# What counts for others is what they see of each other. A video that goes to the trash while one of its copies changes
# waits for that; a copy that is added waits for the video. Rows are always locked from video to copy, never back.
_LOCKS = {
    "videos_others": ["PERFORM 1 FROM deliveries d WHERE d.video_id = NEW.id ORDER BY d.id FOR NO KEY UPDATE"],
    "deliveries_in": ["PERFORM 1 FROM videos v WHERE v.id = NEW.video_id FOR SHARE"],
}
_TRIGGERS = {
    "videos": ("videos_in", "videos_own", "videos_others", "videos_out"),
    "deliveries": ("deliveries_in", "deliveries_new", "deliveries_out"),
    "video_tags": ("tags_in", "tags_new", "tags_out"),
}


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, names in _TRIGGERS.items():
        for name in names:
            op.execute(f"DROP TRIGGER count_{name}" + ("" if on_sqlite else f" ON {table}"))
            if not on_sqlite:
                op.execute(f"DROP FUNCTION count_{name}()")
    for index in ("ix_videos_shared", "ix_videos_camera", "ix_videos_label", "ix_videos_name"):
        op.drop_index(index, "videos")
    if on_sqlite:
        op.execute("DROP TABLE video_words_index")
    for table in ("counts", "count_log", "video_words"):
        op.drop_table(table)
    op.drop_column("videos", "name_key")
