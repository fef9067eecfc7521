"""A catalog of very many videos, made by the database itself: projects, labels, tags, cameras, copies, three years.

All of it follows from the number of the video, so both databases hold the same. Indexes and counts are made
afterwards, as for an old catalog that is brought to this version.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.catalog import recount, search
from backend.catalog.database import Database
from backend.catalog.models import Video, VideoWords

PROJECTS, LABELS, TAGS, CAMERAS = 50, 40, 5000, 300
TARGETS = ("drive", "nas")
COMMON_WORD, RARE_WORD = "beach", "zugspitze"
_SUBJECTS = (COMMON_WORD, "meeting", "interview", "training", "product", "customer", "harbour", "street", "forest",
             "workshop", "gate", "drone", "sunset", "conference", "lecture", "kitchen")  # fmt: skip
_TAG_PRIMES = 977, 971, 967
_CACHE_KIB = 1 << 20  # for the filling only
_BEGIN, _SPAN_SECONDS = 1698796800, 3 * 365 * 86400
_SOME_FAIL = "CASE WHEN n % 5003 = 1 THEN 'failed' WHEN n % 2003 = 1 THEN 'pending' ELSE 'delivered' END"
_DIALECT = {
    "sqlite": {
        "hex": "printf('%0{0}x', {1})",
        "padded": "printf('%0{0}d', {1})",
        "at": "strftime('%Y-%m-%d %H:%M:%S', {0}, 'unixepoch') || '.000000'",
        "stamp": "strftime('%Y%m%d_%H%M%S', {0}, 'unixepoch')",
        "numbers": "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {0} - 1)",
    },
    "postgresql": {
        "hex": "lpad(to_hex({1}), {0}, '0')",
        "padded": "lpad(({1})::text, {0}, '0')",
        "at": "to_timestamp({0})",
        "stamp": "to_char(to_timestamp({0}) AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MISS')",
        "numbers": "WITH numbers (n) AS (SELECT generate_series(0::bigint, {0} - 1))",
    },
}


def fill(database: Database, count: int) -> None:
    """Make `count` videos in an empty catalog."""
    with database.write() as session, _bare_tables(session):
        if database.is_sqlite:
            session.execute(text(f"PRAGMA cache_size = -{_CACHE_KIB}"))
        for statement in _statements("sqlite" if database.is_sqlite else "postgresql", count):
            session.execute(text(statement))
    if database.is_sqlite:
        with database.write() as session:
            session.execute(text("INSERT INTO video_words_index (video_words_index) VALUES ('rebuild')"))
    recount.mend(database)
    _demand_good(database, count)
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _demand_good(database: Database, count: int) -> None:
    """What SQL made here must be what the program would have made."""
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(VideoWords)) == count
        some = select(Video, VideoWords.words).join(VideoWords, VideoWords.video_id == Video.id)
        for video, words in session.execute(some.order_by(Video.id).limit(500)):
            assert set(words.split()) == set(search.words_of(video).split()), (words, search.words_of(video))
            assert video.name_key == search.name_key(video)


@contextmanager
def _bare_tables(session: Session) -> Iterator[None]:
    """Without triggers and indexes inside of the block; they are made again behind it."""
    if session.get_bind().dialect.name == "sqlite":
        kept = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
        found = [(f"{kind} {name}", sql) for kind, name, sql in session.execute(text(kept))]
    else:
        session.execute(text("SET LOCAL session_replication_role = replica"))  # no trigger, no foreign key
        kept = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE 'ix_%'"
            " AND tablename IN ('videos', 'video_tags', 'deliveries', 'video_words')"
        )
        found = [(f"index {name}", sql) for name, sql in session.execute(text(kept))]
    for name, _ in found:
        session.execute(text(f"DROP {name}"))
    yield
    for _, sql in found:
        session.connection().exec_driver_sql(sql)


def _skewed(most: int, prime: int) -> str:
    """From 0 to `most` - 1, small numbers far more often, as with everything that people name. Those of different
    primes (below 1000) have nothing to do with each other."""
    even = f"((n * 7 + 17) % {prime})"
    return f"({most} * {even} * {even} / {prime} * {even} / {prime * prime})"


def _statements(dialect: str, count: int) -> Iterator[str]:
    begin = _facts(dialect, count)
    yield _videos(begin, _DIALECT[dialect]["hex"].format(64, "n"))
    for position, prime in enumerate(_TAG_PRIMES):
        yield (
            f"INSERT INTO video_tags (video_id, tag, position) {begin} SELECT id, 'tag' || {position} || '-' ||"
            f" {_skewed(TAGS // 3, prime)}, {position} FROM facts WHERE n % 4 >= {position}"
        )
    for target, state in zip(TARGETS, ("'delivered'", _SOME_FAIL), strict=True):
        yield (
            "INSERT INTO deliveries (video_id, target, state, attempts, next_attempt_at, leased_by, bytes_sent, resume,"
            " remote_key, proof, error, error_code, created_at, updated_at, verified_at, checked_at, link)"
            f" {begin} SELECT id, '{target}', {state}, 1, at, '', 0, '{{}}', stamp, '{{}}', '', '', at, at, at, at, ''"
            " FROM facts"
        )
    yield _words(begin)


def _facts(dialect: str, count: int) -> str:
    """The beginning of each statement: what is to be known of every video."""
    said = _DIALECT[dialect]
    seconds = f"({_BEGIN} + n * {_SPAN_SECONDS} / {count})"
    at, stamp = said["at"].format(seconds), said["stamp"].format(seconds)
    scattered = said["hex"].format(8, "(n * 2654435761) % 4294967296")
    video_id = f"{scattered} || '-0000-4000-8000-' || {said['hex'].format(12, 'n')}"
    number, place = said["padded"].format(4, "n % 10000"), "'hall ' || (n % 61)"
    digest = f"'a0' || {said['hex'].format(8, 'n')}"
    subjects = "".join(f" WHEN {n} THEN '{word}'" for n, word in enumerate(_SUBJECTS))
    subject = f"CASE {_skewed(len(_SUBJECTS), 997)}{subjects} END"
    return (
        f"{said['numbers'].format(count)}, facts AS (SELECT n, {video_id} AS id, {at} AS at,"
        f" {stamp} AS stamp, {digest} AS digest, {subject} AS subject,"
        f" {number} AS number, {place} AS place, {_skewed(PROJECTS, 991)} AS project, {_skewed(LABELS, 983)} AS label,"
        f" CASE WHEN n % 9973 = 5 THEN '{RARE_WORD}' ELSE '' END AS rare,"
        f" CASE WHEN n % 200 = 7 THEN 1 ELSE 0 END AS trashed,"
        f" CASE WHEN n < {count} / 10 THEN 'pruned' ELSE 'present' END AS local_state FROM numbers)"
    )


def _videos(begin: str, digest: str) -> str:
    name = "subject || '_' || number || '.mov'"
    title = "CASE WHEN n % 3 = 0 THEN '' ELSE subject || ' ' || place || ' ' || rare END"
    stored = "stamp || '_Label_' || label || '_' || subject || '_' || number || '-' || digest || '.mov'"
    return (
        "INSERT INTO videos (id, project_id, original_filename, stored_filename, relative_path, sha256, size_bytes,"
        " mime_type, title, description, content_type, source, camera_id, custom, bytes_id, uploaded_by,"
        " uploaded_by_id, node, door, idempotency_key, local_state, trashed_at, created_at, updated_at, revision,"
        " media_state,"
        f" media_reason, duration_seconds, name_key) {begin} SELECT id, 'project-' || project, {name}, {stored},"
        f" 'uploads/project-' || project || '/' || {stored}, {digest},"
        f" 1000000 + (n * 7919) % 900000000, 'video/quicktime', {title},"
        f" CASE WHEN n % 4 = 0 THEN 'team ' || (n % 37) ELSE '' END, 'Label ' || label, '',"
        f" CASE WHEN n % 5 = 0 THEN 'camera-' || (n % {CAMERAS}) ELSE '' END, '{{}}',"
        " CASE WHEN n % 500 = 499 THEN 'shared' || (n / 1000) ELSE id END, 'ann', 'ann', '', 'form', '', local_state,"
        " CASE WHEN trashed = 1 THEN at END, at, at, 1, CASE WHEN n % 500 = 0 THEN 'new' ELSE 'ready' END, '',"
        f" CASE WHEN n % 50 = 0 THEN NULL ELSE ((n * 31) % 7200) / 2.0 END,"
        f" CASE WHEN n % 3 = 0 THEN {name} ELSE {title} END FROM facts"
    )


def _words(begin: str) -> str:
    tag_words = "".join(
        f" || CASE WHEN n % 4 >= {p} THEN ' tag{p} ' || {_skewed(TAGS // 3, prime)} ELSE '' END"
        for p, prime in enumerate(_TAG_PRIMES)
    )
    return (
        f"INSERT INTO video_words (video_id, words) {begin} SELECT id, subject || ' ' || number || ' mov ' ||"
        " replace(stamp, '_', ' ') || ' label ' || label || ' 0x' || digest ||"
        " CASE WHEN n % 3 = 0 THEN '' ELSE ' ' || place || CASE rare WHEN '' THEN '' ELSE ' ' || rare END END ||"
        f" CASE WHEN n % 4 = 0 THEN ' team ' || (n % 37) ELSE '' END{tag_words} FROM facts"
    )
