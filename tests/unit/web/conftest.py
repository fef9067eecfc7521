"""An app without a server: the real services over a folder and either database, spoken to by Flask's client."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.app import create_app, hand_over
from backend.catalog import tokens
from backend.disk.layout import Layout
from backend.installation import make_keys
from backend.services import Services, build_services
from backend.settings import load_settings
from tests.services.ledger_fixtures import open_ledger

__all__ = ["open_ledger", "open_site", "site"]

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 64


class Tokens(dict[str, str]):
    """A token for each role, made when a test first speaks as that role: most do as one."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services

    def __missing__(self, role: str) -> str:
        with self._services.database.write() as session:
            _, secret = tokens.create(session, role, tokens.Role(role), [])
        self[role] = secret
        return secret

    def of_every_role(self) -> Tokens:
        """These, when there is one of each role."""
        for role in tokens.Role:
            assert self[role]
        return self


@dataclass
class Site:
    """One installation and who speaks to it."""

    services: Services
    client: FlaskClient
    tokens: Tokens

    def call(self, method: str, path: str, role: str | None = "admin", **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if role:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        options.setdefault("buffered", True)  # the file that is sent is closed
        return self.client.open(path, method=method, headers=headers, **options)

    def upload(
        self,
        name: str = "holiday.mp4",
        content: bytes = VIDEO,
        path: str = "/api/upload-video",
        role: str | None = "admin",
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> TestResponse:
        form = {"video": (io.BytesIO(content), name), **fields}
        return self.call("POST", path, role, data=form, headers=dict(headers or {}), content_type="multipart/form-data")


Open = Callable[..., Site]


@pytest.fixture(scope="session")
def idle_apps() -> list[APIFlask]:
    """Apps whose test is over, for the next: compiling two hundred routes takes longer than most tests."""
    return []


@pytest.fixture
def open_site(tmp_path: Path, database_url: str, idle_apps: list[APIFlask]) -> Iterator[Open]:
    """`open_site(DUPLICATES="reject")` makes an installation with one token for each role."""
    opened: list[Services] = []
    serving: list[APIFlask] = []

    def app_for(services: Services) -> APIFlask:
        if not idle_apps:
            return create_app(services)
        hand_over(idle_apps[-1], services)
        return idle_apps.pop()

    def make(targets: str = "", **env: str) -> Site:
        (tmp_path / "copy").mkdir(exist_ok=True)
        text = targets or f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{tmp_path / "copy"}"\n'
        (tmp_path / "targets.toml").write_text(text)
        settings = load_settings(
            {
                "STORAGE_PATH": str(tmp_path / "storage"), "LOG_DIR": str(tmp_path / "logs"), "MIN_FREE_BYTES": "0",
                "DATABASE_URL": database_url, "TARGETS_FILE": str(tmp_path / "targets.toml"), **env,
            },
            None,
        )  # fmt: skip
        layout = Layout(settings.storage_path)
        layout.prepare()
        make_keys(layout)
        services = build_services(settings, {})
        opened.append(services)
        serving.append(app_for(services))
        return Site(services, serving[-1].test_client(), Tokens(services))

    yield make
    for services in opened:
        services.close()
    idle_apps.extend(serving)


@pytest.fixture
def site(open_site: Open) -> Site:
    return open_site()
