"""A result is copied away once and verified there, however often that fails, and deleted there when it is over."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.exports.delivery import ExportDeliverer
from backend.exports.expire import Expirer
from tests.unit.exports.conftest import ANN, Studio

OpenStudio = Callable[..., Studio]


def deliverer(studio: Studio, stops: bool = False) -> ExportDeliverer:
    services = studio.site.services
    assert services.exports.bucket is not None
    return ExportDeliverer(
        services.database, services.layout, services.exports.bucket, services.log, "here", lambda _: stops
    )


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "copy"


@pytest.fixture
def studio(open_studio: OpenStudio, there: Path) -> Studio:
    made = open_studio(f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{there}"\nexports = true\n')
    made.record()
    return made


def test_a_target_that_takes_no_exports_gets_none(open_studio: OpenStudio) -> None:
    studio = open_studio()
    studio.record()
    assert studio.site.services.exports.bucket is None
    assert studio.run(studio.order()).delivery_target == ""


def test_a_result_is_copied_verified_and_told(studio: Studio, there: Path) -> None:
    made = studio.run(studio.order())
    assert (made.delivery_target, made.delivery_state) == ("nas", "pending")
    assert deliverer(studio).run_due() == 1
    row = studio.row(made.id)
    assert (row.delivery_state, row.remote_key, row.lease_token) == ("verified", f"exports/{made.id}.mp4", None)
    copy = there / "exports" / f"{made.id}.mp4"
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == made.checksum
    assert "export_delivered " in studio.log()
    assert deliverer(studio).run_due() == 0
    told = studio.site.services.exports.describe(row)
    assert told["delivery"] == {"target": "nas", "state": "verified", "error": None}
    assert told["download_url"].endswith("/download"), "a folder has no links"


def test_a_target_that_is_away_is_asked_again_later(studio: Studio, there: Path) -> None:
    made = studio.run(studio.order())
    there.rename(there.with_name("away"))
    deliverer(studio).run_due()
    row = studio.row(made.id)
    assert (row.status, row.delivery_state, row.delivery_attempts) == ("COMPLETED", "pending", 1)
    assert row.delivery_error
    assert row.delivery_next_at is not None
    assert row.delivery_next_at > datetime.now(UTC)
    there.with_name("away").rename(there)
    studio.set(made.id, delivery_next_at=datetime.now(UTC))
    deliverer(studio).run_due()
    row = studio.row(made.id)
    assert (row.delivery_state, row.delivery_error) == ("verified", "")


def test_a_killed_copy_is_taken_up_when_its_lease_is_over(studio: Studio, there: Path) -> None:
    made = studio.run(studio.order())
    now = datetime.now(UTC)
    studio.set(made.id, lease_token="dead", lease_until=now + timedelta(seconds=30), delivery_attempts=1)
    assert deliverer(studio).run_due() == 0
    studio.set(made.id, lease_until=now - timedelta(seconds=1))
    assert deliverer(studio).run_due() == 1
    assert [path.name for path in (there / "exports").iterdir()] == [f"{made.id}.mp4"]


def test_a_worker_that_stops_leaves_it_for_the_next(studio: Studio) -> None:
    made = studio.run(studio.order())
    assert deliverer(studio, stops=True).run_due() == 0
    assert studio.row(made.id).delivery_state == "pending"


def test_a_result_that_is_over_goes_there_too(studio: Studio, there: Path) -> None:
    made = studio.run(studio.order(keep_hours=1))
    deliverer(studio).run_due()
    services = studio.site.services
    expirer = Expirer(services.database, services.layout, services.log, "here")
    assert expirer.run_due(datetime.now(UTC)) == 0
    assert expirer.run_due(datetime.now(UTC) + timedelta(hours=2)) == 1
    row = studio.row(made.id)
    assert (row.status, row.delivery_state, row.file_path) == ("EXPIRED", "deleting", None)
    assert deliverer(studio).run_due() == 1
    assert studio.row(made.id).delivery_state == "deleted"
    assert list((there / "exports").iterdir()) == []
    assert "export_expired " in studio.log()
    expirer.run_due(datetime.now(UTC) + timedelta(days=40))
    assert services.exports.page(ANN.scope, 10).exports == []


def test_one_that_is_deleted_before_it_was_sent_is_never_sent(studio: Studio, there: Path) -> None:
    made = studio.run(studio.order())
    studio.site.services.exports.delete(made.id, ANN)
    assert studio.row(made.id).delivery_state == "deleted"
    assert deliverer(studio).run_due() == 0
    assert not (there / "exports").exists()


def test_what_a_crash_left_half_removed_is_finished(studio: Studio) -> None:
    made = studio.run(studio.order())
    # As a crash leaves it: its row says that it is over, its file is there.
    studio.set(made.id, status="EXPIRED")
    services = studio.site.services
    Expirer(services.database, services.layout, services.log, "here").run_due(datetime.now(UTC))
    assert studio.row(made.id).file_path is None
    assert list(services.layout.exports.iterdir()) == []


def test_a_result_that_vanished_is_told_and_not_sent(studio: Studio) -> None:
    made = studio.run(studio.order())
    studio.result(made).unlink()
    deliverer(studio).run_due()
    assert studio.row(made.id).delivery_state == "failed"
    assert studio.site.services.exports.retry(made.id, ANN).delivery_state == "pending"
