"""Webhooks over HTTP: for admins only; the secret is shown once and stands nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backend.catalog import tokens
from backend.catalog.models import Base
from backend.events import NAMES, WEBHOOK_TEST
from backend.web import schemas
from backend.webhooks.courier import Courier
from tests.services.receiver import Receiver, Reply
from tests.services.waiting import wait_until
from tests.unit.web.conftest import Site


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def make(site: Site, url: str, **fields: Any) -> dict[str, Any]:
    answer = site.call("POST", "/api/webhooks", json={"url": url, **fields})
    assert answer.status_code == 201, answer.get_json()
    made: dict[str, Any] = schemas.NewWebhook.model_validate(answer.get_json(), strict=True).model_dump()
    return made


def send_all(site: Site) -> None:
    services = site.services
    courier = Courier(services.database, services.log, services.session_secret, timedelta(days=7))
    courier.turn()

    def done() -> bool:
        courier.turn()
        return not courier._running

    wait_until(done, "what is due to be sent")
    courier.finish(1)


def test_a_webhook_is_made_listed_changed_and_deleted(site: Site, receiver: Receiver) -> None:
    made = make(site, receiver.url, label=" archive ", events=["video_added"], project_id="films")
    path = f"/api/webhooks/{made['webhook']['id']}"
    assert made["secret"].startswith("whsec_")
    told = schemas.WebhookList.model_validate(site.call("GET", "/api/webhooks").get_json(), strict=True)
    assert [one.model_dump() for one in told.webhooks] == [made["webhook"]]
    assert set(told.event_names) == set(NAMES) - {WEBHOOK_TEST}
    assert (told.webhooks[0].label, told.webhooks[0].state, told.webhooks[0].created_by) == (
        "archive",
        "active",
        "admin",
    )
    changed = site.call("PATCH", path, json={"label": "new", "events": [], "project_id": "", "enabled": False})
    shown = schemas.OneWebhook.model_validate(changed.get_json(), strict=True).webhook
    assert (shown.label, shown.events, shown.project_id, shown.state) == ("new", [], None, "paused")
    assert shown.reason is not None
    assert "Paused by admin" in shown.reason
    resumed = site.call("PATCH", path, json={"enabled": True}).get_json()["webhook"]
    assert (resumed["state"], resumed["reason"]) == ("active", None)
    assert site.call("GET", path).get_json()["webhook"] == resumed
    assert site.call("DELETE", path).status_code == 200
    for method in ("GET", "DELETE"):
        assert site.call(method, path).status_code == 404


def test_an_upload_is_told_and_may_be_sent_again(site: Site, receiver: Receiver) -> None:
    made = make(site, receiver.url, events=["video_added"])
    path = f"/api/webhooks/{made['webhook']['id']}/deliveries"
    video_id = site.upload().get_json()["video_id"]
    receiver.answer = lambda _: Reply(500)
    send_all(site)
    page = schemas.WebhookDeliveryPage.model_validate(site.call("GET", path).get_json(), strict=True)
    (one,) = page.deliveries
    assert (one.type, one.state, one.attempts, one.status_code) == ("video_added", "pending", 1, 500)
    assert one.error == "It answered 500 Internal Server Error."
    assert one.payload["data"]["video_id"] == video_id
    receiver.answer = lambda _: Reply()
    assert site.call("POST", f"{path}/{one.id}/retry").get_json()["delivery"]["state"] == "pending"
    send_all(site)
    assert site.call("GET", f"{path}?state=delivered").get_json()["count"] == 1
    assert [message.verified(made["secret"]) for message in receiver.messages] == [one.payload] * 2
    assert receiver.ids == [one.event_id] * 2
    for wrong in ("999", "x", "9" * 30):
        assert site.call("POST", f"{path}/{wrong}/retry").status_code == 404


def test_a_test_tells_the_answer_also_of_one_that_is_paused(site: Site, receiver: Receiver) -> None:
    made = make(site, receiver.url)
    path = f"/api/webhooks/{made['webhook']['id']}"
    site.call("PATCH", path, json={"enabled": False})
    answer = site.call("POST", f"{path}/test").get_json()
    good = schemas.OneWebhookDelivery.model_validate(answer, strict=True).delivery
    assert (good.state, good.status_code, good.error) == ("delivered", 200, None)
    assert receiver.messages[0].verified(made["secret"])["type"] == "webhook_test"
    receiver.answer = lambda _: Reply(404, body=b"what the receiver says of itself")
    bad = site.call("POST", f"{path}/test")
    assert (bad.get_json()["delivery"]["state"], bad.get_json()["delivery"]["status_code"]) == ("failed", 404)
    assert b"of itself" not in bad.data
    pages = [site.call("GET", f"{path}/deliveries?limit=1").get_json()]
    pages.append(site.call("GET", f"{path}/deliveries?limit=1&cursor={pages[0]['next_cursor']}").get_json())
    assert [page["deliveries"][0]["state"] for page in pages] == ["failed", "delivered"]
    assert site.call("POST", f"{path}/deliveries/{good.id}/retry").get_json()["code"] == "conflict"


def test_a_new_secret_signs_at_once_and_the_old_one_beside_it(site: Site, receiver: Receiver) -> None:
    made = make(site, receiver.url)
    path = f"/api/webhooks/{made['webhook']['id']}"
    secret = schemas.NewWebhook.model_validate(site.call("POST", f"{path}/secret").get_json(), strict=True).secret
    assert secret != made["secret"]
    site.call("POST", f"{path}/test")
    for one in (secret, made["secret"]):
        receiver.messages[0].verified(one)


def test_no_secret_stands_in_the_log_the_audit_the_catalog_or_another_answer(
    site: Site, receiver: Receiver, tmp_path: Path
) -> None:
    made = make(site, f"{receiver.url}&key=of-the-receiver")
    path = f"/api/webhooks/{made['webhook']['id']}"
    secrets = [made["secret"], site.call("POST", f"{path}/secret").get_json()["secret"]]
    answers = [
        site.call("PATCH", path, json={"label": "x", "enabled": False}),
        site.call("PATCH", path, json={"enabled": True}),
        site.call("POST", f"{path}/test"),
        site.call("GET", path),
        site.call("GET", "/api/webhooks"),
        site.call("GET", f"{path}/deliveries"),
        site.call("DELETE", path),
    ]
    audit = site.call("GET", "/api/audit").get_data(as_text=True)
    with site.services.database.read() as session:
        kept = [str(row) for table in Base.metadata.tables for row in session.execute(text(f"SELECT * FROM {table}"))]
    log = "".join(file.read_text() for file in (tmp_path / "logs").iterdir())
    everything = "".join([*(answer.get_data(as_text=True) for answer in answers), audit, log, *kept])
    assert "webhook_created" in log
    assert "webhook.created" in audit
    for secret in secrets:
        assert secret not in everything
        assert secret.removeprefix("whsec_") not in everything
    assert "of-the-receiver" not in audit + log, "an address may hold a secret of its receiver"


def test_every_change_is_in_the_audit(site: Site, receiver: Receiver) -> None:
    path = f"/api/webhooks/{make(site, receiver.url, label='archive')['webhook']['id']}"
    site.call("PATCH", path, json={"label": "kept"})
    site.call("PATCH", path, json={"label": "kept"})
    site.call("PATCH", path, json={"enabled": False})
    site.call("PATCH", path, json={"enabled": True})
    site.call("POST", f"{path}/secret")
    number = site.call("POST", f"{path}/test").get_json()["delivery"]["id"]
    site.call("POST", f"{path}/deliveries/{number}/retry")
    site.call("DELETE", path)
    told = site.call("GET", "/api/audit").get_json()["audit"]
    assert [line["action"].removeprefix("webhook.") for line in reversed(told) if line["action"].startswith("web")] == [
        "created", "changed", "paused", "resumed", "secret_renewed", "tested", "retried", "deleted",
    ]  # fmt: skip
    assert "The webhook “archive” to 127.0.0.1 was made" in {line["words"] for line in told}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"url": ""},
        {"url": "ftp://example.org/"},
        {"url": "https://"},
        {"url": "example.org/hook"},
        {"url": "https://ann:pass@example.org/"},
        {"url": "https://example.org/#part"},
        {"url": "https://example.org/a b"},
        {"url": "https://exämple.org/"},
        {"url": "https://example.org:99999/"},
        {"url": "http://256.256.256.256/"},
        {"url": "http://1.2.3/"},
        {"url": "http://a|b/"},
        {"url": "http://a..b/"},
        {"url": "http://./"},
        {"url": "https://example.org/" + "x" * 2000},
        {"url": "https://example.org/", "events": ["video_vanished"]},
        {"url": "https://example.org/", "events": ["webhook_test"]},
        {"url": "https://example.org/", "events": [1]},
        {"url": "https://example.org/", "events": "video_added"},
        {"url": "https://example.org/", "label": "two\nlines"},
        {"url": "https://example.org/", "enabled": False},
        {"url": "https://example.org/", "secret": "mine"},
    ],
)
def test_what_makes_no_sense_is_refused(site: Site, body: object) -> None:
    refused = site.call("POST", "/api/webhooks", json=body)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "bad-field")
    assert site.call("GET", "/api/webhooks").get_json()["count"] == 0


def test_nobody_but_an_admin_of_everything_reaches_them(site: Site, receiver: Receiver) -> None:
    path = f"/api/webhooks/{make(site, receiver.url)['webhook']['id']}"
    with site.services.database.write() as session:
        site.tokens["films"] = tokens.create(session, "films", "admin", ["films"])[1]
    for role in (None, "viewer", "uploader", "service", "operator", "films"):
        for method, place in (
            ("GET", "/api/webhooks"), ("POST", "/api/webhooks"), ("GET", path), ("PATCH", path), ("DELETE", path),
            ("POST", f"{path}/test"), ("POST", f"{path}/secret"), ("GET", f"{path}/deliveries"),
            ("POST", f"{path}/deliveries/1/retry"),
        ):  # fmt: skip
            body = {"url": receiver.url} if method == "POST" else {"label": "x"}
            answer = site.call(method, place, role, json=None if method in ("GET", "DELETE") else body)
            assert answer.status_code == (401 if role is None else 403), (role, method, place)
    assert not receiver.messages


def test_there_is_a_limit(site: Site, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.webhooks.desk.MOST_WEBHOOKS", 1)
    make(site, receiver.url)
    assert site.call("POST", "/api/webhooks", json={"url": receiver.url}).status_code == 409
