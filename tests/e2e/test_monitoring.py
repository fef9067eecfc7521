"""docs/monitoring against a running server: each name and label that it uses is there, and each alert fires."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.scraping import Scraped, scrape
from tests.services.app import ROOT, AppFactory, RunningApp
from tests.services.prometheus import Prometheus, prometheus, promtool
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

DASHBOARD, ALERTS = (ROOT / "docs" / "monitoring" / name for name in ("dashboard.json", "alerts.yml"))
CAMERA = "123e4567-e89b-12d3-a456-426614174000"
# What Prometheus itself adds to each series.
ADDED = {"instance", "job"}
_NAME = re.compile(r"\b(?:storage|holdfast)_\w+")
_SELECTOR = re.compile(r"((?:storage|holdfast)_\w+)\s*\{([^}]*)\}")
_MATCHED = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def drawn() -> list[tuple[str, str]]:
    """Each query of the dashboard, and what its lines are called."""
    return [(target["expr"], target["legendFormat"]) for panel in panels() for target in panel["targets"]]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[RunningApp]:
    """Several web processes and the worker, with a segment that was copied."""
    factory = AppFactory(lambda: tmp_path_factory.mktemp("app"), hearth)
    nas = tmp_path_factory.mktemp("nas")
    target = f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{nas}"\n'
    running = factory({"WEB_WORKERS": "2"}, targets_toml=target)
    file = ("a.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(1000), "video/mp4")
    times = {"start_time": "2025-01-23T10:00:00Z", "end_time": "2025-01-23T11:00:00Z"}
    answer = running.request("POST", "/api/upload-video", fields={"video": file, "camera_id": CAMERA, **times})
    assert answer.status == 201
    wait_until(lambda: 'outcome="delivered",target="nas"} 1' in scrape(running).text, "the copy")
    wait_until(lambda: CAMERA in scrape(running).text, "the segment to be counted")
    yield running
    factory.close()


@pytest.fixture(scope="module")
def server(app: RunningApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Signed in with a token of the role `service`, made as the README says."""
    made = app.cli("token", "create", "--name", "prometheus", "--role", "service")
    token = next(word for word in made.stdout.split() if word.startswith("hf_"))
    with prometheus(tmp_path_factory.mktemp("prometheus"), f"127.0.0.1:{app.port}", token, ALERTS) as running:
        yield running


@pytest.fixture(scope="module")
def labels(app: RunningApp) -> dict[str, set[str]]:
    found: Scraped = scrape(app)
    return {name: of | ADDED for name, of in found.labels_of().items()}


def test_prometheus_takes_every_sample(server: Prometheus, app: RunningApp) -> None:
    assert server.scraped()["health"] == "up"
    counted = server.query('scrape_samples_scraped{job="holdfast"}')[0]["value"][1]
    assert int(counted) == len(scrape(app).samples)


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_the_names_are_as_prometheus_wants_them(app: RunningApp, accept: str) -> None:
    answer = app.request("GET", "/metrics", headers={"Accept": accept})
    if accept == "text/plain":
        # That one is the seed's.
        assert [line.split()[0] for line in promtool("check", "metrics", given=answer.data)] == [
            "storage_segments_count"
        ]
    assert answer.headers["Content-Type"].startswith(accept.replace("text/plain", "text/plain; version=0.0.4"))


def test_the_rules_are_as_prometheus_wants_them(server: Prometheus) -> None:
    assert promtool("check", "rules", ALERTS) == []
    wait_until(lambda: all(rule["health"] == "ok" for rule in told(server)), "every rule to be evaluated")
    assert len(told(server)) == len(rules())


def told(server: Prometheus) -> list[dict[str, Any]]:
    return [rule for group in server.ask("rules")["groups"] for rule in group["rules"]]


def test_a_healthy_server_alerts_nobody(server: Prometheus) -> None:
    # What waits longer than this test is told by the tests of each rule below.
    for rule in rules():
        if rule["alert"] not in ("HoldfastVideosUnsafe", "HoldfastDiskNearlyFull", "HoldfastDiskFullSoon"):
            assert server.query(rule["expr"]) == [], rule["alert"]


@pytest.mark.parametrize("expression", [rule["expr"] for rule in rules()] + [expression for expression, _ in drawn()])
def test_every_name_and_label_is_one_that_the_server_tells(expression: str, labels: dict[str, set[str]]) -> None:
    names = _NAME.findall(expression)
    assert names
    assert set(names) <= labels.keys()
    for name, matched in _SELECTOR.findall(expression):
        assert set(_MATCHED.findall(matched)) <= labels[name], name
    for grouped in _GROUPED.findall(expression):
        for name in names:
            assert {word.strip() for word in grouped.split(",")} <= labels[name], name


def test_every_query_of_the_dashboard_is_answered(server: Prometheus) -> None:
    for expression, _ in drawn():
        plain = expression.replace("$__rate_interval", "1m").replace("$instance", ".*")
        found = server.query(plain)
        # Of what there is nothing, nothing is drawn: only what compares may be without an answer.
        assert found or re.search(r"[<>]|==", plain) or "histogram_quantile" in plain, plain


def test_what_a_line_is_called_is_what_it_is_grouped_by() -> None:
    for expression, legend in drawn():
        grouped = {word.strip() for words in _GROUPED.findall(expression) for word in words.split(",")} - {"le"}
        assert set(re.findall(r"{{(\w+)}}", legend)) <= grouped, expression


def test_the_dashboard_can_be_imported_anywhere() -> None:
    board = json.loads(DASHBOARD.read_text())
    assert board["id"] is None
    assert board["uid"] is None
    assert [one["name"] for one in board["templating"]["list"] if one["type"] == "datasource"] == ["datasource"]
    every = [panel["datasource"] for panel in panels()]
    every += [target["datasource"] for panel in panels() for target in panel["targets"]]
    assert {source["uid"] for source in every} == {"${datasource}"}
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


def test_each_alert_says_what_is_wrong_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) == len(FIRING)
    for rule in rules():
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        assert len(rule["annotations"]["summary"]) > 20
        assert len(rule["annotations"]["todo"]) > 40
        grouped = {word.strip() for words in _GROUPED.findall(rule["expr"]) for word in words.split(",")}
        if grouped:
            told = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
            assert told <= grouped, rule["alert"]


# Of each alert: series with their values, minute by minute, that it fires for; the labels that it tells.
_I = 'instance="here"'
_DISK = {f"holdfast_disk_size_bytes{{{_I}}}": "1000x600", f"holdfast_disk_reserve_bytes{{{_I}}}": "100x600"}
FIRING: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "HoldfastNotSeen": ({}, {}),
    "HoldfastCatalogAway": ({f"holdfast_catalog_up{{{_I}}}": "0x600"}, {}),
    "HoldfastWorkerSilent": ({f"holdfast_worker_heartbeat_timestamp_seconds{{{_I}}}": "60x600"}, {}),
    "HoldfastUploadsFail": (
        {f'holdfast_uploads_total{{{_I},door="tus",outcome="failed"}}': "0+1x600"}, {"door": "tus"},
    ),
    "HoldfastVideosUnsafe": ({f"holdfast_videos_unsafe{{{_I}}}": "1x3000"}, {}),
    "HoldfastBacklogOld": (
        {f'holdfast_delivery_backlog_age_seconds{{{_I},target="nas"}}': "21601+60x600"}, {"target": "nas"},
    ),
    "HoldfastDeliveriesFailed": (
        {f'holdfast_deliveries{{{_I},state="failed",target="nas"}}': "1x600"}, {"target": "nas"},
    ),
    "HoldfastTargetParked": (
        {f'holdfast_target_state{{{_I},state="parked",target="nas"}}': "1x600"}, {"target": "nas", "state": "parked"},
    ),
    "HoldfastTargetDegraded": (
        {f'holdfast_target_state{{{_I},state="degraded",target="nas"}}': "1x600"},
        {"target": "nas", "state": "degraded"},
    ),
    "HoldfastDiskNearlyFull": (_DISK | {f"holdfast_disk_free_bytes{{{_I}}}": "150x600"}, {}),
    "HoldfastDiskFullSoon": (_DISK | {f"holdfast_disk_free_bytes{{{_I}}}": "1000-1x600"}, {}),
    "HoldfastScrubDamage": ({f"holdfast_damages_open{{{_I}}}": "1x600"}, {}),
    "HoldfastCopiesDamaged": (
        {f'holdfast_deliveries{{{_I},state="damaged",target="nas"}}': "1x600"}, {"target": "nas"},
    ),
    "HoldfastScrubBehind": (
        {f'holdfast_oldest_check_age_seconds{{{_I},place="here"}}': "5184001+60x600"}, {"place": "here"},
    ),
    "HoldfastExportsFail": (
        {f'storage_exports_created_total{{{_I},status="FAILED"}}': "0+1x600"}, {"status": "FAILED"},
    ),
    "HoldfastStorageErrors": (
        {f'storage_errors_total{{{_I},operation="store",backend="FILESYSTEM"}}': "0+1x600"},
        {"operation": "store", "backend": "FILESYSTEM"},
    ),
    "HoldfastMediaSetAside": (
        {f'holdfast_media_jobs{{{_I},kind="probe",state="set-aside"}}': "1x600"}, {"kind": "probe"},
    ),
    "HoldfastWebhookStopped": ({f"holdfast_webhooks_stopped{{{_I}}}": "1x600"}, {}),
}  # fmt: skip


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_fires_for_what_it_is_about(rule: dict[str, Any], tmp_path: Path) -> None:
    series, more = FIRING[rule["alert"]]
    seen = {} if rule["alert"] == "HoldfastNotSeen" else {"instance": "here"}
    labels = {**seen, **more}
    annotations = {name: _filled(text, labels) for name, text in rule["annotations"].items()}
    fires = {"exp_labels": {**labels, **rule["labels"]}, "exp_annotations": annotations}
    minutes = 2000 if rule["alert"] == "HoldfastVideosUnsafe" else 540
    test: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [{"eval_time": f"{minutes}m", "alertname": rule["alert"], "exp_alerts": [fires]}],
    }
    if "for" in rule:
        # At first it waits, as much that is wrong rights itself.
        test["alert_rule_test"].append({"eval_time": "1m", "alertname": rule["alert"], "exp_alerts": []})
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": [test]}))
    assert promtool("test", "rules", file) == []


def _filled(text: str, labels: dict[str, str]) -> str:
    return re.sub(r"{{ \$labels\.(\w+) }}", lambda found: labels.get(found[1], ""), text)
