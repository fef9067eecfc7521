"""The targets that the seeds' variables describe without a file: STORAGE_*, MINIO_*, DRIVE_*, MILESTONE_*."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.errors import SettingsError
from backend.targets.config import TargetConfig
from backend.targets.config_table import read_table

_MODES = ("LOCAL", "MILESTONE", "BOTH")
_BACKENDS = ("MINIO", "S3", "FILESYSTEM")
DRIVE = "drive"
MILESTONE = "milestone"
_LARGEST_CREDENTIALS_BYTES = 64 * 1024


@dataclass(frozen=True)
class SeedVariables:
    """The variables as they were read; empty when unset. Each field is the variable of that name in capitals."""

    storage_mode: str = ""
    storage_backend: str = ""
    filesystem_path: str = ""
    minio_endpoint: str = ""
    minio_access_key: str = field(default="", repr=False)
    minio_secret_key: str = field(default="", repr=False)
    minio_use_ssl: bool = False
    minio_bucket_recordings: str = "cctv-recordings"
    minio_bucket_exports: str = "cctv-exports"
    minio_bucket_thumbnails: str = "cctv-thumbnails"
    drive_folder_id: str = ""
    drive_credentials: str = field(default="", repr=False)
    milestone_url: str = ""
    milestone_username: str = ""
    milestone_password: str = field(default="", repr=False)

    @property
    def mode(self) -> str:
        return self.storage_mode.strip().upper() or "LOCAL"


def configs_from_environment(seed: SeedVariables) -> list[TargetConfig]:
    """The obvious targets: what STORAGE_BACKEND or a lone MINIO_ENDPOINT asks for, the VMS where STORAGE_MODE names it
    and not otherwise, and Drive with its credentials.

    SettingsError with every problem at once.
    """
    problems = _mode_problems(seed)
    wants_vms = seed.mode in ("MILESTONE", "BOTH") and not problems
    backend = seed.storage_backend.strip().upper()
    if backend and backend not in _BACKENDS:
        problems.append(f"STORAGE_BACKEND must be one of {', '.join(_BACKENDS)}.")
    elif not backend and seed.minio_endpoint:
        backend = "MINIO"
    table = _table(backend, seed, problems)
    found = [read_table(table, f"STORAGE_BACKEND={backend}", problems)] if table else []
    if wants_vms:
        found.append(read_table(_milestone_table(seed), "MILESTONE_URL", problems))
    if seed.drive_credentials:
        found.append(read_table(_drive_table(seed), "DRIVE_FOLDER_ID, DRIVE_CREDENTIALS", problems))
    if problems:
        raise SettingsError(problems)
    return [config for config in found if config]


def is_from_google(path: Path) -> bool:
    """Whether this file holds credentials of Google's: a service account's key, a sign-in, or an OAuth client."""
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_LARGEST_CREDENTIALS_BYTES))
    except (OSError, ValueError):
        return False
    if not isinstance(content, dict):
        return False
    return content.get("type") in ("service_account", "authorized_user") or "installed" in content


def _mode_problems(seed: SeedVariables) -> list[str]:
    if seed.mode not in _MODES:
        return [f"STORAGE_MODE must be one of {', '.join(_MODES)}."]
    if seed.mode == "LOCAL":
        return []
    needed = {
        "MILESTONE_URL": seed.milestone_url,
        "MILESTONE_USERNAME": seed.milestone_username,
        "MILESTONE_PASSWORD": seed.milestone_password,
    }
    return [f"STORAGE_MODE={seed.mode} needs {name}, which is not set." for name, value in needed.items() if not value]


def _table(backend: str, seed: SeedVariables, problems: list[str]) -> dict[str, Any] | None:
    if backend == "FILESYSTEM":
        if not seed.filesystem_path:
            problems.append("STORAGE_BACKEND=FILESYSTEM needs FILESYSTEM_PATH, which is not set.")
            return None
        return {"name": "folder", "kind": "folder", "path": seed.filesystem_path, "exports": True}
    if backend not in ("MINIO", "S3"):
        return None
    needed = {
        "MINIO_ENDPOINT": seed.minio_endpoint,
        "MINIO_ACCESS_KEY": seed.minio_access_key,
        "MINIO_SECRET_KEY": seed.minio_secret_key,
    }
    missing = [name for name, value in needed.items() if not value]
    problems += [f"STORAGE_BACKEND={backend} needs {name}, which is not set." for name in missing]
    return None if missing else _s3_table(backend.lower(), seed)


def _drive_table(seed: SeedVariables) -> dict[str, Any]:
    table = {"name": DRIVE, "kind": DRIVE, "label": "Drive", "credentials": seed.drive_credentials}
    return table | ({"folder_id": seed.drive_folder_id} if seed.drive_folder_id else {})


def _milestone_table(seed: SeedVariables) -> dict[str, Any]:
    return {
        "name": MILESTONE,
        "kind": MILESTONE,
        "label": "Milestone",
        "url": seed.milestone_url,
        "username": seed.milestone_username,
        "password": seed.milestone_password,
    }


def _s3_table(kind: str, seed: SeedVariables) -> dict[str, Any]:
    table: dict[str, Any] = {
        "name": kind,
        "kind": kind,
        "endpoint": seed.minio_endpoint,
        "access_key": seed.minio_access_key,
        "secret_key": seed.minio_secret_key,
        "bucket": seed.minio_bucket_recordings,
        "bucket_exports": seed.minio_bucket_exports,
        "bucket_thumbnails": seed.minio_bucket_thumbnails,
    }
    if "://" not in seed.minio_endpoint:
        # An address with http:// or https:// says it itself, and MINIO_USE_SSL is often left at its default.
        table["secure"] = seed.minio_use_ssl
    return table
