"""The targets that the seeds' variables describe without a file: STORAGE_MODE, STORAGE_BACKEND, MINIO_*."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backend.errors import SettingsError
from backend.targets.config import TargetConfig
from backend.targets.config_table import read_table

_MODES = ("LOCAL", "MILESTONE", "BOTH")
_BACKENDS = ("MINIO", "S3", "FILESYSTEM")


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
    milestone_url: str = ""


def configs_from_environment(seed: SeedVariables) -> list[TargetConfig]:
    """The obvious targets: none, or the one that STORAGE_BACKEND or a lone MINIO_ENDPOINT asks for.

    SettingsError with every problem at once.
    """
    problems = _mode_problems(seed)
    backend = seed.storage_backend.strip().upper()
    if backend and backend not in _BACKENDS:
        problems.append(f"STORAGE_BACKEND must be one of {', '.join(_BACKENDS)}.")
    elif not backend and seed.minio_endpoint:
        backend = "MINIO"
    table = _table(backend, seed, problems)
    config = read_table(table, f"STORAGE_BACKEND={backend}", problems) if table else None
    if problems:
        raise SettingsError(problems)
    return [config] if config else []


def _mode_problems(seed: SeedVariables) -> list[str]:
    mode = seed.storage_mode.strip().upper() or "LOCAL"
    if mode not in _MODES:
        return [f"STORAGE_MODE must be one of {', '.join(_MODES)}."]
    if mode == "LOCAL":
        return []
    if not seed.milestone_url:
        return [f"STORAGE_MODE={mode} needs MILESTONE_URL, which is not set."]
    return [f"STORAGE_MODE={mode}: this version has no milestone target yet. Use STORAGE_MODE=LOCAL."]


def _table(backend: str, seed: SeedVariables, problems: list[str]) -> dict[str, Any] | None:
    if backend == "FILESYSTEM":
        if not seed.filesystem_path:
            problems.append("STORAGE_BACKEND=FILESYSTEM needs FILESYSTEM_PATH, which is not set.")
            return None
        return {"name": "folder", "kind": "folder", "path": seed.filesystem_path}
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
