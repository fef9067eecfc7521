"""Every option of Holdfast: its type, default, limits and reason. The only reader of the environment.

A value comes from the first of: the environment, the file that `NAME_FILE` names in the environment,
`.env`, the file that `NAME_FILE` names in `.env`, the default stated here. All problems are told at once.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote

from dotenv import dotenv_values
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from backend.errors import SettingsError

_GIB = 1024**3
_MASK = "********"

# Names of the specification that a later version reads: whoever sets one hears that it does nothing yet.
_NOT_USED_YET = (
    "REDIS_URL", "DRIVE_FOLDER_ID", "DRIVE_CREDENTIALS", "MILESTONE_USERNAME", "MILESTONE_PASSWORD",
    "FFMPEG_THREADS", "VIDEO_OUTPUT_FORMAT", "SEGMENT_ROOTS", "SEGMENT_ADOPT", "INBOX_PATH", "AUTH_PROXY_HEADER",
    "MILESTONE_URL", "INCOMPLETE_TTL_HOURS",
)  # fmt: skip


def _names(value: object) -> object:
    """Read `a, b,c` as a tuple of names."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _extensions(value: object) -> object:
    names = _names(value)
    return tuple(str(n).lower().lstrip(".") for n in names) if isinstance(names, tuple) else names


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Extensions = Annotated[tuple[str, ...], BeforeValidator(_extensions)]


class Settings(BaseModel):
    """The settings of one process, read once and passed on. Each field is the option of that name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Where it listens and how many requests it serves at once.
    host: str = Field("127.0.0.1", description="address the web process binds to")
    port: int = Field(8000, ge=1, le=65535, description="port the web process binds to")
    web_workers: int = Field(2, ge=1, le=64, description="web processes")
    web_threads: int = Field(32, ge=2, le=512, description="requests one web process serves at once")
    stop_seconds: int = Field(60, ge=1, le=3600, description="time that running requests and deliveries get at a stop")
    public_url: str = Field(
        "", description="address people use, when a proxy stands in front (https://video.example.org)"
    )
    trusted_proxies: Names = Field((), description="addresses whose X-Forwarded-* headers are believed")
    node_name: str = Field(default_factory=socket.gethostname, description="name of this machine in receipts and rows")

    # The log.
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is written")
    log_format: Literal["text", "json"] = Field("text", description="lines for people, or JSON for programs")
    log_dir: Path = Field(Path("logs"), description="folder of video_uploads.log")

    # What is kept, and where.
    storage_path: Path = Field(Path("uploaded_videos"), description="root of everything on disk")
    database_url: str = Field("", description="catalog database (default: SQLite in the storage folder)")
    postgres_host: str = Field("", description="PostgreSQL host, instead of DATABASE_URL")
    postgres_port: int = Field(5432, ge=1, le=65535, description="PostgreSQL port")
    postgres_db: str = Field("holdfast", description="PostgreSQL database")
    postgres_user: str = Field("holdfast", description="PostgreSQL user")
    postgres_password: SecretStr = Field(SecretStr(""), description="PostgreSQL password")

    # Uploads.
    upload_max_size: int = Field(20 * _GIB, ge=1, description="largest file taken, bytes")
    allowed_extensions: Extensions = Field(
        ("mp4", "m4v", "mov", "avi", "webm", "mkv", "mpg", "mpeg", "ts", "mp3", "wav", "m4a", "flac"),
        description="file types taken",
    )
    min_free_bytes: int = Field(_GIB, ge=0, description="free disk space that uploads never touch, bytes")
    upload_wait_seconds: float = Field(0, ge=0, le=60, description="how long an upload's answer waits for its copies")
    body_timeout_seconds: float = Field(30, gt=0, le=3600, description="longest pause in an upload before it is cut")
    incomplete_ttl_hours: float = Field(24, gt=0, description="how long an unfinished upload is kept")
    duplicates: Literal["keep", "reject"] = Field("keep", description="the same content again: keep (shared) or reject")
    trash_days: float = Field(7, ge=0, description="days a deleted video stays in the trash")

    # Copies.
    targets_file: Path = Field(Path("targets.toml"), description="places that get a copy")
    upload_targets: Names = Field((), description="targets for uploads (default: all enabled)")
    storage_mode: Literal["LOCAL", "MILESTONE", "BOTH"] = Field("LOCAL", description="where recordings go")
    storage_backend: Literal["", "MINIO", "S3", "FILESYSTEM"] = Field("", description="object store of STORAGE_MODE")
    filesystem_path: str = Field("", description="folder of STORAGE_BACKEND=FILESYSTEM")
    minio_endpoint: str = Field("", description="host:port of MinIO or S3")
    minio_access_key: str = Field("", description="access key of MinIO or S3")
    minio_secret_key: SecretStr = Field(SecretStr(""), description="secret key of MinIO or S3")
    minio_use_ssl: bool = Field(False, description="speak TLS to MinIO or S3")
    minio_bucket_recordings: str = Field("cctv-recordings", description="bucket of videos")
    minio_bucket_exports: str = Field("cctv-exports", description="bucket of exports")
    minio_bucket_thumbnails: str = Field("cctv-thumbnails", description="bucket of pictures")
    milestone_url: str = Field("", description="Milestone VMS (no such target in this version)")

    # People.
    auth_mode: Literal["token", "open"] = Field("token", description="token: sign in; open: nobody asks, loopback only")
    admin_token: SecretStr = Field(
        SecretStr(""), description="an admin token of your own choice (at least 20 characters)"
    )
    secret_key: SecretStr = Field(SecretStr(""), description="signs sessions (made and kept on first start)")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [*self._access_problems(), *self._database_problems()]
        if self.storage_mode != "LOCAL" and not self.milestone_url:
            problems.append(f"STORAGE_MODE={self.storage_mode} needs MILESTONE_URL; set it, or use STORAGE_MODE=LOCAL")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _access_problems(self) -> list[str]:
        problems = []
        if self.auth_mode == "open" and not is_loopback(self.host):
            problems.append(
                f"AUTH_MODE=open is only for this machine, but HOST={self.host} is reachable from others; "
                "use AUTH_MODE=token or HOST=127.0.0.1"
            )
        if 0 < len(self.admin_token.get_secret_value()) < 20:
            problems.append("ADMIN_TOKEN is shorter than 20 characters; choose a longer one or leave it empty")
        for proxy in self.trusted_proxies:
            try:
                ipaddress.ip_network(proxy, strict=False)
            except ValueError:
                problems.append(f"TRUSTED_PROXIES: '{proxy}' is neither an address nor a network such as 10.0.0.0/8")
        if self.public_url and not re.fullmatch(r"https?://[^/\s]+/?", self.public_url):
            problems.append(f"PUBLIC_URL='{self.public_url}' must look like https://video.example.org, without a path")
        return problems

    def _database_problems(self) -> list[str]:
        if self.database_url and self.postgres_host:
            return ["DATABASE_URL and POSTGRES_HOST are both set; keep one of them"]
        known = ("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://")
        if self.database_url and not self.database_url.startswith(known):
            return [f"DATABASE_URL names an unknown database; known: {', '.join(known)}"]
        return []

    @property
    def catalog_url(self) -> str:
        """The catalog's database address for SQLAlchemy, passwords included."""
        if self.postgres_host:
            user = quote(self.postgres_user, safe="")
            password = quote(self.postgres_password.get_secret_value(), safe="")
            place = f"{self.postgres_host}:{self.postgres_port}/{quote(self.postgres_db, safe='')}"
            return f"postgresql+psycopg://{user}:{password}@{place}"
        if not self.database_url:
            return f"sqlite:///{self.storage_path.absolute() / 'metadata' / 'catalog.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)

    @property
    def address(self) -> str:
        """Where a person opens the page, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


@dataclass(frozen=True)
class Sourced:
    """One option as `video_manager settings` shows it; secrets are masked."""

    name: str
    value: str
    source: str
    description: str


def is_loopback(host: str) -> bool:
    """True when only programs on this machine can reach `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def load_settings(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> Settings:
    """Read and validate all options. Raises `SettingsError` with every problem found."""
    raw, problems = _gather(environ, dotenv)
    try:
        settings = Settings.model_validate({name: value for name, (value, _) in raw.items()})
    except ValidationError as error:
        problems += [line for problem in error.errors() for line in _in_words(dict(problem))]
    if problems:
        raise SettingsError(problems)
    return settings


def explain_settings(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> list[Sourced]:
    """Every option with its value and where it came from, in the order of this file."""
    raw, _ = _gather(environ, dotenv)
    settings = load_settings(environ, dotenv)
    return [
        Sourced(
            name.upper(),
            _shown(getattr(settings, name)),
            raw[name][1] if name in raw else "default",
            info.description or "",
        )
        for name, info in Settings.model_fields.items()
    ]


def unused_settings(environ: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> list[Sourced]:
    """Names that are set but that this version does not use; their values, secrets perhaps, are not repeated."""
    found = []
    for name in _NOT_USED_YET:
        sources = [
            source for values, source in _layers(environ, dotenv) if values.get(name) or values.get(f"{name}_FILE")
        ]
        found += [Sourced(name, "", sources[0], "is set, but this version does not use it yet")] if sources else []
    return found


def read_environment() -> Mapping[str, str]:
    """The process's environment, for the targets file's `env:NAME` secrets (`.env` below it)."""
    return {**{k: v for k, v in dotenv_values(".env").items() if v is not None}, **os.environ}


def _gather(environ: Mapping[str, str] | None, dotenv: Path | None) -> tuple[dict[str, tuple[str, str]], list[str]]:
    layers = _layers(environ, dotenv)
    raw: dict[str, tuple[str, str]] = {}
    problems: list[str] = []
    for field in Settings.model_fields:
        for values, source in layers:
            found = _look_up(field.upper(), values, source, problems)
            if found is not None:
                raw[field] = found
                break
    return raw, problems


def _layers(environ: Mapping[str, str] | None, dotenv: Path | None) -> list[tuple[Mapping[str, str], str]]:
    layers: list[tuple[Mapping[str, str], str]] = [(os.environ if environ is None else environ, "environment")]
    if dotenv is not None and dotenv.is_file():
        layers.append(({k: v for k, v in dotenv_values(dotenv).items() if v is not None}, str(dotenv)))
    return layers


def _look_up(name: str, values: Mapping[str, str], source: str, problems: list[str]) -> tuple[str, str] | None:
    if name in values:
        # An empty value means "not set", as compose files and .env templates write it.
        return (values[name], source) if values[name] != "" else None
    path = values.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip(), f"file {path}"
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{name}_FILE={path} cannot be read: {type(error).__name__}")
        return None


def _in_words(problem: Mapping[str, Any]) -> list[str]:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return message.splitlines()
    name = str(problem["loc"][0]).upper()
    field = Settings.model_fields[str(problem["loc"][0])]
    given = "" if "Secret" in str(field.annotation) else f"={problem['input']}"
    return [f"{name}{given}: {message[:1].lower()}{message[1:]} ({field.description})"]


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return _MASK if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    # A database address carries its password between ':' and '@'.
    return re.sub(r"(://[^:/@]*):[^@]*@", rf"\1:{_MASK}@", str(value))
