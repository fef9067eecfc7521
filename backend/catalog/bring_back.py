"""What a rebuild cannot read from the disk, out of a backup: tokens, share links, webhooks, vectors, the audit,
notes of targets.

Safe to repeat. What is here already stays as it is, but that a revoked token or link never comes back to life. The
audit of the backup comes first, line by line with its digests; what was written since the catalog was lost follows
it, chained anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, delete, func, insert, inspect, select, text, update

from backend.catalog import audit, cameras, events, vectors
from backend.catalog.audit import FIRST, digest_of
from backend.catalog.backup import check
from backend.catalog.database import Database, told_in_words
from backend.catalog.models import AuditLine, Base, KeyedAnswer, ShareLink, TargetNote, Token, Video, Webhook
from backend.catalog.models.likeness import Vector
from backend.events import BEGINNING, Place

_TABLES = {model: Base.metadata.tables[model.__tablename__] for model in
           (AuditLine, KeyedAnswer, ShareLink, TargetNote, Token, Vector, Video, Webhook)}  # fmt: skip
_AUDIT = _TABLES[AuditLine]
_ROWS_AT_ONCE = 1000
_GUARDS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"


@dataclass
class BroughtBack:
    """How many came back. `without_video`: links and keys whose video is not listed (any more)."""

    tokens: int = 0
    share_links: int = 0
    webhooks: int = 0
    vectors: int = 0
    audit_lines: int = 0
    keys: int = 0
    target_notes: int = 0
    camera_names: int = 0
    without_video: int = 0
    chained_anew: int = field(default=0)  # lines written since the catalog was lost


def bring_back(database: Database, path: Path) -> BroughtBack:
    """Take from the backup what is missing, all or nothing. Raises `CatalogDamaged` for a file that is no backup."""
    check(path)
    backup = create_engine(f"sqlite:///{path}")
    try:
        with told_in_words(), backup.connect() as old, database.insert() as new:
            done = _bring_back(old, new)
    finally:
        backup.dispose()
    return done


def _bring_back(old: Connection, new: Connection) -> BroughtBack:
    done = BroughtBack()
    done.tokens = _add(old, new, _TABLES[Token], ["id"], also_unique="sha256")
    done.share_links, lost = _add_of_videos(old, new, _TABLES[ShareLink], ["id"])
    done.keys, lost_keys = _add_of_videos(old, new, _TABLES[KeyedAnswer], ["caller", "key"])
    done.without_video = lost + lost_keys
    done.webhooks = _add_webhooks(old, new)
    done.vectors = _add_vectors(old, new)
    done.target_notes = _add(old, new, _TABLES[TargetNote], ["target", "name"])
    done.camera_names = cameras.bring_back_names(old, new)
    for table in (_TABLES[Token], _TABLES[ShareLink]):
        _revoke_again(old, new, table)
    done.audit_lines, done.chained_anew = _bring_back_audit(old, new)
    if any(vars(done).values()):
        audit.append(new, "audit.restored", **vars(done))
    return done


def _add(old: Connection, new: Connection, table: Table, key: list[str], also_unique: str = "") -> int:
    unique = {row[0] for row in new.execute(select(table.c[also_unique]))} if also_unique else set()
    known = {tuple(row) for row in new.execute(select(*(table.c[name] for name in key)))}
    count = 0
    for row in _rows(old, table):
        if tuple(row[name] for name in key) in known or (also_unique and row[also_unique] in unique):
            continue
        new.execute(insert(table), dict(row))
        count += 1
    return count


def _add_of_videos(old: Connection, new: Connection, table: Table, key: list[str]) -> tuple[int, int]:
    known = {tuple(row) for row in new.execute(select(*(table.c[name] for name in key)))}
    count = lost = 0
    for row in _rows(old, table):
        if tuple(row[name] for name in key) in known:
            continue
        videos = _TABLES[Video].c.id
        if new.scalar(select(videos).where(videos == row["video_id"])) is None:
            lost += 1
            continue
        new.execute(insert(table), dict(row))
        count += 1
    return count, lost


def _add_webhooks(old: Connection, new: Connection) -> int:
    """Each goes on behind the last event that it was handed; if that was lost with the catalog, with all that happened
    since. What waited for it does not come back."""
    table = _TABLES[Webhook]
    if not inspect(old).has_table(table.name):
        return 0
    known = set(new.scalars(select(table.c.id))) | {id_ for audited in (old, new) for id_ in _deleted_webhooks(audited)}
    count = 0
    for row in _rows(old, table):
        if row["id"] in known:
            continue
        place = Place(row["xid"], row["seq"])
        if not events.follows(new, place):
            place = BEGINNING
        new.execute(insert(table), {**row, "xid": place.xid, "seq": place.seq})
        count += 1
    return count


def _deleted_webhooks(connection: Connection) -> set[str]:
    lines = connection.scalars(select(_AUDIT.c.what).where(_AUDIT.c.action == "webhook.deleted"))
    return {what["webhook"] for what in lines}


def _add_vectors(old: Connection, new: Connection) -> int:
    """Of videos that are listed and have none in that namespace. They get new numbers, so indexes read them."""
    table = _TABLES[Vector]
    if not inspect(old).has_table(table.name):
        return 0
    vectors.in_turn(new)
    columns = table.c.namespace, table.c.video_id
    known = {tuple(row) for row in new.execute(select(*columns))}
    sizes = select(table.c.namespace, func.max(table.c.dimensions)).group_by(table.c.namespace)
    dimensions = {row[0]: row[1] for row in new.execute(sizes)}
    listed = set(new.scalars(select(_TABLES[Video].c.id)))
    count = 0
    for rows in old.execute(select(table).order_by(table.c.seq)).mappings().partitions(_ROWS_AT_ONCE):
        fresh = [
            {name: value for name, value in row.items() if name != "seq"}
            for row in rows
            if (row["namespace"], row["video_id"]) not in known
            and row["video_id"] in listed
            and dimensions.setdefault(row["namespace"], row["dimensions"]) == row["dimensions"]
        ]
        if fresh:
            new.execute(insert(table), fresh)
        count += len(fresh)
    return count


def _revoke_again(old: Connection, new: Connection, table: Table) -> None:
    for row in _rows(old, table):
        if row["revoked_at"] is not None:
            same = (table.c.id == row["id"], table.c.revoked_at.is_(None))
            new.execute(update(table).where(*same).values(revoked_at=row["revoked_at"]))


def _bring_back_audit(old: Connection, new: Connection) -> tuple[int, int]:
    """The backup's lines first. Where they are here already, as the beginning of the chain, nothing changes."""
    last = old.execute(select(_AUDIT.c.id, _AUDIT.c.digest).order_by(_AUDIT.c.id.desc()).limit(1)).first()
    if last is None or new.scalar(select(_AUDIT.c.digest).where(_AUDIT.c.id == last.id)) == last.digest:
        return 0, 0
    known = {digest for (digest,) in old.execute(select(_AUDIT.c.digest))}
    since = [dict(row) for row in _rows(new, _AUDIT) if row["digest"] not in known]
    with _without_guard(new):
        new.execute(delete(_AUDIT))
    for rows in old.execute(select(_AUDIT).order_by(_AUDIT.c.id)).mappings().partitions(_ROWS_AT_ONCE):
        new.execute(insert(_AUDIT), [dict(row) for row in rows])
    before, number = last.digest or FIRST, last.id
    for line in since:
        number, line["before"] = number + 1, before
        line |= {"id": number, "digest": digest_of(line)}
        new.execute(insert(_AUDIT), line)
        before = line["digest"]
    if new.dialect.name == "postgresql":
        new.execute(text("SELECT setval(pg_get_serial_sequence('audit', 'id'), :number)"), {"number": number})
    return int(old.scalar(select(func.count()).select_from(_AUDIT)) or 0), len(since)


@contextmanager
def _without_guard(connection: Connection) -> Iterator[None]:
    """The database refuses to remove lines; here they are put in again at once, in the same transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        yield
        connection.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))
        return
    guards = connection.execute(text(_GUARDS)).all()
    for name, _ in guards:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _, statement in guards:
        connection.exec_driver_sql(statement)


def _rows(connection: Connection, table: Table) -> list[Mapping[str, Any]]:
    """All rows, in the order of their key. None of these tables but the audit is large."""
    return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
