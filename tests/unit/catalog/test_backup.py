"""A backup is of one moment, whatever is written meanwhile, and brings back what the disk does not know."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.catalog import audit, events, tokens, webhooks
from backend.catalog.audit_check import Chain
from backend.catalog.backup import back_up, back_up_nightly, backups, check, keep_newest, kept_in, made_at
from backend.catalog.bring_back import bring_back
from backend.catalog.database import Database
from backend.catalog.migrate import migrate
from backend.catalog.models import ShareLink, Video
from backend.catalog.tokens import Role
from backend.catalog.videos import EVERYTHING
from backend.errors import BadField, CatalogDamaged, HoldfastError
from backend.events import TARGET_PARKED
from backend.webhooks.signature import unseal
from tests.services.ledger import VIDEO, Ledger, OpenLedger


@contextmanager
def _load(ledger: Ledger) -> Iterator[None]:
    """Uploads come all the time."""
    over, failed = threading.Event(), []

    def send() -> None:
        number = 0
        while not over.is_set():
            number += 1
            try:
                ledger.add(VIDEO + str(number).encode(), f"load-{number}.mp4")
            except HoldfastError as error:  # told below: an upload must not notice the backup
                failed.append(error)
                return

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()
    assert not failed


def _share(ledger: Ledger, video_id: str) -> str:
    now = datetime.now(UTC)
    link = ShareLink(
        id="s-1", video_id=video_id, label="for the client", may_download=True, created_by="ann", created_by_id="t",
        created_at=now, expires_at=now + timedelta(days=7), opened=3,
    )  # fmt: skip
    with ledger.database.write() as session:
        session.add(link)
    return link.id


def _chain(ledger: Ledger) -> list[str]:
    return [trouble.words for trouble in ledger.services.seal.check(Chain())]


def test_after_a_backup_under_load_tokens_shares_and_audit_survive_the_loss_of_the_database(
    open_ledger: OpenLedger, empty_database_url: str, tmp_path: Path
) -> None:
    ledger = open_ledger()
    ledger.services.seal.begin()
    video_id = ledger.add()
    _share(ledger, video_id)
    with ledger.database.write() as session:
        _, secret = tokens.create(session, "ben", Role.OPERATOR, ["a"])
        revoked, lost = tokens.create(session, "eve", Role.ADMIN, [])
    with _load(ledger):
        first = back_up(ledger.database, tmp_path / "backups")
    with ledger.database.write() as session:
        tokens.revoke(session, revoked.id)
    made = back_up(ledger.database, tmp_path / "backups")
    check(first)
    ledger.services.seal.renew()

    migrate(empty_database_url)
    after = Ledger.open(tmp_path, empty_database_url)
    with after.database.write() as session:
        tokens.create(session, "new admin", Role.ADMIN, [])
    changed, problems = after.services.recovery.rebuild()
    assert (changed > 0, problems) == (True, [])
    done = bring_back(after.database, made)
    assert (done.tokens, done.share_links, done.without_video) == (2, 1, 0)
    with after.database.look() as connection:
        found = tokens.find(connection, secret)
        assert found is not None
        assert (found.name, found.role) == ("ben", Role.OPERATOR)
        assert tokens.find(connection, lost) is None
    with after.database.read() as session:
        link = session.get_one(ShareLink, "s-1")
        assert (link.video_id, link.opened, link.may_download) == (video_id, 3, True)
    assert _chain(after) == []
    assert vars(bring_back(after.database, made)) == dict.fromkeys(vars(done), 0)
    assert _chain(after) == []
    after.services.close()


def test_what_is_kept_along_comes_out_again(open_ledger: OpenLedger, tmp_path: Path) -> None:
    ledger = open_ledger()
    kept = [("cameras", b"{}"), ("claim a1", b"\x00\xff")]
    assert kept_in(back_up(ledger.database, tmp_path, kept=kept)) == kept
    made = back_up_nightly(ledger.database, tmp_path / "nightly", 7, datetime.now(UTC), lambda: kept[:1])
    assert made is not None
    assert kept_in(made) == kept[:1]
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("DROP TABLE kept_beside")
    assert kept_in(made) == [], "as in backups of earlier versions"


def test_webhooks_and_vectors_come_back_and_what_happened_since_is_told(
    open_ledger: OpenLedger, empty_database_url: str, tmp_path: Path
) -> None:
    ledger = open_ledger()
    video_id = ledger.add()
    desk = ledger.services.webhooks
    kept, gone = desk.create("http://127.0.0.1:9/kept", label="kept"), desk.create("http://127.0.0.1:9/gone")
    ledger.services.vectors.put(video_id, "scenes", [1.0, 0.5], EVERYTHING)
    made = back_up(ledger.database, tmp_path / "backups")

    migrate(empty_database_url)
    after = Ledger.open(tmp_path, empty_database_url)
    after.services.recovery.rebuild()
    with after.database.write() as session:
        events.append(session, TARGET_PARKED, target="nas")
        audit.append(session, "webhook.deleted", webhook=gone.webhook.id)
    done = bring_back(after.database, made)
    assert (done.webhooks, done.vectors) == (1, 1)
    (told,) = after.services.webhooks.every()
    assert (told["id"], told["label"], told["state"]) == (kept.webhook.id, "kept", "active")
    with after.database.write() as session:
        webhook = webhooks.get(session, kept.webhook.id, lock=True)
        assert unseal(webhook.secret, after.services.webhooks.server_secret) == kept.secret
        assert webhooks.hand_over(session, webhook, 10, datetime.now(UTC)) == 1
    answer = after.services.vectors.search("scenes", [1.0, 0.5], 1, EVERYTHING)
    assert [hit.video_id for hit in answer.results] == [video_id]
    done = bring_back(after.database, made)
    assert (done.webhooks, done.vectors) == (0, 0)
    after.services.close()


def test_a_backup_is_a_whole_catalog_of_the_same_tables_and_counts_as_the_original(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.add(name="ünïcode \udcff.mp4", title='"quoted" \\ and 日本')
    made = back_up(ledger.database, tmp_path / "b")
    assert made.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in made.parent.iterdir()] == [made.name]
    copy = Database(f"sqlite:///{made}")
    assert _only(copy) == _only(ledger.database)
    copy.close()


def _only(database: Database) -> tuple[object, ...]:
    with database.read() as session:
        (video,) = session.scalars(select(Video))
        return (video.id, video.original_filename, video.title, video.created_at, [d.target for d in video.deliveries])


def test_only_the_newest_are_kept_and_strange_files_stay(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    made = [back_up(ledger.database, folder) for _ in range(4)]
    (folder / "notes.txt").write_text("mine")
    assert backups(folder) == made
    assert keep_newest(folder, 2) == made[:2]
    assert sorted(folder.iterdir()) == sorted([*made[2:], folder / "notes.txt"])
    assert keep_newest(folder, 0) == []
    assert datetime.now(UTC) - made_at(made[3]) < timedelta(minutes=5)


def test_one_is_made_each_night_and_at_once_where_there_is_none(ledger: Ledger, tmp_path: Path) -> None:
    folder, night = tmp_path / "b", datetime(2026, 3, 10, 2, tzinfo=UTC)
    made = back_up_nightly(ledger.database, folder, 2, night - timedelta(hours=14))
    assert made is not None
    assert made_at(made) == night - timedelta(hours=14)
    assert back_up_nightly(ledger.database, folder, 2, night - timedelta(minutes=1)) is None
    assert back_up_nightly(ledger.database, folder, 2, night) is not None
    assert back_up_nightly(ledger.database, folder, 2, night + timedelta(hours=23)) is None
    assert back_up_nightly(ledger.database, folder, 2, night + timedelta(days=1)) is not None
    assert len(backups(folder)) == 2
    assert back_up_nightly(ledger.database, folder, 0, night + timedelta(days=9)) is None


def test_a_file_that_is_no_catalog_or_a_damaged_one_is_refused_and_changes_nothing(
    ledger: Ledger, tmp_path: Path
) -> None:
    strange = tmp_path / "strange.db"
    strange.write_bytes(b"no database at all" * 100)
    with pytest.raises(CatalogDamaged):
        bring_back(ledger.database, strange)
    with pytest.raises(BadField):
        bring_back(ledger.database, tmp_path / "none.db")
    with closing(sqlite3.connect(tmp_path / "empty.db")) as connection:
        connection.execute("CREATE TABLE other (id)")
    with pytest.raises(CatalogDamaged):
        bring_back(ledger.database, tmp_path / "empty.db")
    made = back_up(ledger.database, tmp_path)
    content = bytearray(made.read_bytes())
    content[8192:16384] = bytes(8192)
    made.write_bytes(content)
    with pytest.raises(CatalogDamaged):
        bring_back(ledger.database, made)
