"""Opens an installation for a program: when it is first needed, once for each process, with targets of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.disk.layout import Layout
from backend.errors import SettingsError
from backend.installation import has_sidecars, open_installation
from backend.services import Services
from backend.settings import Settings, load_settings, read_environment
from backend.storage.courier import Courier
from backend.targets.config import TargetConfig
from backend.targets.config_table import read_table

_DATABASE = ("DATABASE_URL", "POSTGRES_")
_FILES = {
    "targets_file": "targets.toml",
    "retention_file": "retention.toml",
    "drive_credentials": "credentials.json",
}


@dataclass
class Opening:
    """`services` opens what is not open yet, also after a fork; `close` ends what this process opened."""

    settings: Settings
    targets: tuple[TargetConfig, ...] = ()
    _opened: tuple[int, Services, Courier | None] | None = None
    _closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def services(self) -> Services:
        opened = self._opened
        if opened is not None and opened[0] == os.getpid():
            return opened[1]
        with self._lock:
            if self._closed:
                raise ValueError("This storage is closed. Open another one.")
            if self._opened is None or self._opened[0] != os.getpid():
                # Connections of the process that forked are its own: they are left alone, not closed.
                self._opened = (os.getpid(), *self._open())
            return self._opened[1]

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        with self._lock:
            self._closed = True
            opened, self._opened = self._opened, None
        if opened is None or opened[0] != os.getpid():
            return
        _, services, courier = opened
        if courier is not None:
            courier.stop()
        services.close()

    def _open(self) -> tuple[Services, Courier | None]:
        # Videos without a catalog are for an operator to list again, not for a program to begin anew beside.
        layout = Layout(self.settings.storage_path.absolute())
        services = open_installation(self.settings, self.targets, make=not has_sidecars(layout))
        if not self.targets:
            return services, None
        courier = Courier(services, [config.name for config in self.targets])
        courier.start()
        return services, courier


def settings_for(storage_path: object, options: Mapping[str, Any]) -> Settings:
    """Those of the environment and `.env`, as the server and `video_manager` read them; with a path those of the
    options only: another installation's database must not come with a folder that was named, nor may its targets,
    rules and sign-in to Google. Where the folder is the environment's own, all but the database is taken from there.
    `ValueError` for what is wrong."""
    unknown = sorted(set(options) - set(Settings.model_fields))
    if unknown:
        raise ValueError(f"AutoStorage has no option {unknown[0]!r}. It takes the server's settings, in small letters.")
    given = {name.upper(): str(value) for name, value in options.items()}
    try:
        if storage_path is None:
            return load_settings({**read_environment(), **given})
        return _settings_at(_folder(storage_path), given)
    except SettingsError as error:
        raise ValueError(" ".join(error.problems)) from error


def _folder(storage_path: object) -> Path:
    if not isinstance(storage_path, str | os.PathLike) or not os.fspath(storage_path):
        raise ValueError(f"storage_path must be the path of a folder, or None for STORAGE_PATH, not {storage_path!r}.")
    return Path(storage_path).absolute()


def _settings_at(folder: Path, given: Mapping[str, str]) -> Settings:
    environ = read_environment()
    here = Path(environ.get("STORAGE_PATH") or Settings.model_fields["storage_path"].default)
    if here.resolve() == folder.resolve():
        around = {name: value for name, value in environ.items() if not name.startswith(_DATABASE)}
        return load_settings({**around, **given, "STORAGE_PATH": str(folder)}, dotenv=None)
    settings = load_settings({"LOG_DIR": str(folder / "logs"), **given, "STORAGE_PATH": str(folder)}, dotenv=None)
    # Read from the folder, not from where the program happens to run; they need not be there.
    own = {
        name: type(getattr(settings, name))(str(folder / field))
        for name, field in _FILES.items()
        if name not in settings.model_fields_set
    }
    moved = settings.model_copy(update=own)
    moved.model_fields_set.difference_update(own)
    return moved


def configs_of(tables: Sequence[Mapping[str, Any]]) -> tuple[TargetConfig, ...]:
    """Targets told as tables, as they stand in targets.toml. `ValueError` with every problem."""
    problems: list[str] = []
    found = [read_table(table, f"target {table.get('name', '')!r}", problems) for table in tables]
    if problems:
        raise ValueError(" ".join(problems))
    return tuple(config for config in found if config is not None)
