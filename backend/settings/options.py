"""Every option of Holdfast: its type, default, limits and reason."""

from __future__ import annotations

import ipaddress
import re
import socket
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Secret, SecretStr, model_validator

_GIB = 1024**3
MASK = "********"
_WITH_PORT = re.compile(r":[0-9]{1,5}$")
# A name, an address, or an IPv6 address in brackets.
# What one listens on, and nobody connects to.
_NOWHERE = re.compile(r"(?:0\.0\.0\.0|\[::\])(?::[0-9]{1,5})?")
_EDGE_ADDRESS = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def _names(value: object) -> object:
    """Read `a, b,c` as a tuple of names."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _extensions(value: object) -> object:
    names = _names(value)
    return tuple(str(n).lower().lstrip(".") for n in names) if isinstance(names, tuple) else names


class PathOrSecret(Secret[str]):
    """A file's path, which is shown; or what would stand in that file (JSON, by NAME_FILE), which is not."""

    def _display(self) -> str:
        value = self.get_secret_value()
        return MASK if value.lstrip().startswith("{") else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Extensions = Annotated[tuple[str, ...], BeforeValidator(_extensions)]


class Settings(BaseModel):
    """The settings of one process, read once and passed on. Each field is the option of that name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Where it listens and how many requests it serves at once.
    host: str = Field("127.0.0.1", description="address the web process binds to")
    port: int = Field(8000, ge=1, le=65535, description="port the web process binds to")
    web_workers: int = Field(2, ge=1, le=64, description="web processes")
    web_threads: int = Field(256, ge=2, le=2048, description="requests one web process serves at once")
    stop_seconds: int = Field(60, ge=1, le=3600, description="time that running requests and deliveries get at a stop")
    public_url: str = Field(
        "", description="address people use, when a proxy stands in front (https://video.example.org)"
    )
    trusted_proxies: Names = Field((), description="addresses whose X-Forwarded-* headers are believed")
    node_name: str = Field(default_factory=socket.gethostname, description="name of this machine in receipts and rows")

    # The log, and counters.
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is written")
    log_format: Literal["text", "json"] = Field("text", description="lines for people, or JSON for programs")
    log_dir: Path = Field(Path("logs"), description="folder of video_uploads.log")
    prometheus_multiproc_dir: str = Field(
        "", description="folder where processes keep the counters of /metrics (default: in the storage folder)"
    )

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
    backup_keep: int = Field(7, ge=0, le=10_000, description="nightly copies of the catalog that are kept (0: none)")
    events_days: float = Field(7, gt=0, le=3650, description="days that is kept what happened, for those who listen")
    retention_file: Path = Field(Path("retention.toml"), description="what becomes of videos with age, and quotas")

    # The index of callers' vectors, beside the catalog, which is the truth.
    vector_index: str = Field("numpy", description="kind of the index of vectors (see Vectors)")
    vector_index_url: str = Field("", description="server of that index, where its kind has one")
    vector_index_key: SecretStr = Field(SecretStr(""), description="key that this server asks for")

    # What lies here: whether it is still what was saved, and how long a reader waits for bytes that are elsewhere.
    scrub_days: float = Field(30, ge=0, le=3650, description="each file here is read again so often, days (0: never)")
    scrub_mib_per_second: float = Field(50, ge=0, description="how fast that reading may be, MiB/s (0: no limit)")
    restore_wait_seconds: float = Field(
        15, ge=0, le=60, description="how long a request waits for bytes being fetched back before it says: ask again"
    )

    # A folder that is watched: what lands there is taken in.
    inbox_path: str = Field("", description="watched folder; a folder in it names the project (default: none)")
    inbox_settle_seconds: float = Field(10, ge=0, le=86400, description="how long a file must stand still before")
    inbox_after: Literal["move", "delete"] = Field("move", description="what was taken in: move to .done/, or delete")

    # Recorders' files, and what is cut from them.
    segment_roots: Names = Field(
        (), description="folders of recorders whose files may be registered, with commas between"
    )
    segment_adopt: Literal["copy", "link"] = Field(
        "copy", description="copy a segment's file (or reflink it), or hard-link it: then its writer must be done"
    )
    export_jobs: int = Field(1, ge=0, le=32, description="exports that one worker cuts at once (0: none here)")
    export_days: float = Field(7, gt=0, le=3650, description="how long an export is kept, unless its request says it")

    # Pictures and playable copies.
    ffmpeg_threads: int = Field(2, ge=1, le=64, description="threads of one ffmpeg")
    ffmpeg_folder: str = Field("", description="folder of ffmpeg and ffprobe (default: found on PATH)")
    video_output_format: Literal["mp4", "webm", "hls"] = Field("mp4", description="format of conversions on request")
    media_jobs: int = Field(
        1, ge=0, le=32, description="long media jobs at once in one worker, and as many short ones (0: none here)"
    )
    media_memory_bytes: int = Field(2 * _GIB, ge=256 * 1024**2, description="memory one ffmpeg may use, bytes")
    media_max_hours: float = Field(12, gt=0, le=240, description="longest time one conversion may take")

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
    drive_folder_id: str = Field("", description="folder or shared drive of Google Drive that gets copies")
    drive_credentials: PathOrSecret = Field(
        PathOrSecret("credentials.json"), description="file of Google's credentials, for Drive"
    )
    redis_url: SecretStr = Field(
        SecretStr(""),
        description="Redis of targets of the kind redis that name none (default: redis://localhost:6379/0)",
    )
    milestone_url: str = Field("", description="address of the XProtect VMS, for STORAGE_MODE=MILESTONE or BOTH")
    milestone_username: str = Field("", description="its basic user")
    milestone_password: SecretStr = Field(SecretStr(""), description="that user's password")

    # The camera that a Milestone VMS pulls from.
    edge_host: str = Field("", description="address the edge device binds to (default: HOST)")
    edge_port: int = Field(8580, ge=1, le=65535, description="port of the edge device's ONVIF services")
    edge_rtsp_port: int = Field(8554, ge=1, le=65535, description="port of the edge device's RTSP server")
    edge_address: str = Field(
        "", description="how the VMS reaches the edge device: host or host:port (default: this machine's name)"
    )
    edge_username: str = Field("holdfast", description="user the VMS signs in to the edge device as")
    edge_password: SecretStr = Field(
        SecretStr(""), description="that user's password (made and kept on first start, in metadata/keys)"
    )

    # People.
    auth_mode: Literal["token", "open"] = Field("token", description="token: sign in; open: nobody asks, loopback only")
    admin_token: SecretStr = Field(
        SecretStr(""), description="an admin token of your own choice (at least 20 characters)"
    )
    secret_key: SecretStr = Field(SecretStr(""), description="signs sessions (made and kept on first start)")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [*self._access_problems(), *self._database_problems()]
        problems += [*self._inbox_problems(), *self._segment_problems(), *self._edge_problems()]
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

    def _inbox_problems(self) -> list[str]:
        if not self.inbox_path:
            return []
        inbox, storage = Path(self.inbox_path).absolute(), self.storage_path.absolute()
        if inbox.is_relative_to(storage) or storage.is_relative_to(inbox):
            return [f"INBOX_PATH={self.inbox_path} and STORAGE_PATH={self.storage_path} must not lie in one another"]
        return []

    def _segment_problems(self) -> list[str]:
        """Of a folder in which our own files lie, anybody who may upload could make a segment of them."""
        if wrong := [root for root in self.segment_roots if ":/" in root]:
            return [f"SEGMENT_ROOTS={wrong[0]}: folders are separated by commas, not by colons"]
        storage = self.storage_path.absolute()
        roots = [Path(root).absolute() for root in self.segment_roots]
        return [
            f"SEGMENT_ROOTS={root} and STORAGE_PATH={self.storage_path} must not lie in one another"
            for root in roots
            if root.is_relative_to(storage) or storage.is_relative_to(root)
        ]

    def _edge_problems(self) -> list[str]:
        problems = []
        if self.edge_port == self.edge_rtsp_port:
            problems.append(f"EDGE_PORT and EDGE_RTSP_PORT are both {self.edge_port}; choose two ports")
        if self.edge_address and not _EDGE_ADDRESS.fullmatch(self.edge_address):
            problems.append(f"EDGE_ADDRESS='{self.edge_address}' must be a host or host:port, such as 10.0.0.5:8580")
        if _NOWHERE.fullmatch(self.edge_address):
            problems.append(
                f"EDGE_ADDRESS={self.edge_address} leads a VMS nowhere: it is how this machine is reached, such as "
                "10.0.0.5; what the edge device listens on is EDGE_HOST"
            )
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,60}", self.edge_username):
            problems.append("EDGE_USERNAME takes letters, digits, dot, dash and underscore, at most 60")
        if 0 < len(self.edge_password.get_secret_value()) < 8:
            problems.append("EDGE_PASSWORD is shorter than 8 characters; choose a longer one or leave it empty")
        return problems

    def _database_problems(self) -> list[str]:
        if self.database_url and self.postgres_host:
            return ["DATABASE_URL and POSTGRES_HOST are both set; keep one of them"]
        known = ("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://")
        if self.database_url and not self.database_url.startswith(known):
            return [f"DATABASE_URL names an unknown database; known: {', '.join(known)}"]
        return []

    @property
    def segment_backend(self) -> str:
        """Where recordings are bound for: MINIO, S3, FILESYSTEM or MILESTONE; in mode BOTH the object store."""
        if self.storage_mode == "MILESTONE":
            return "MILESTONE"
        return self.storage_backend or ("MINIO" if self.minio_endpoint else "FILESYSTEM")

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
    def edge_reached_at(self) -> str:
        """How the VMS reaches the edge device, as host:port."""
        told = self.edge_address or socket.gethostname()
        return told if _WITH_PORT.search(told) else f"{told}:{self.edge_port}"

    @property
    def address(self) -> str:
        """Where a person opens the page, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def is_loopback(host: str) -> bool:
    """True when only programs on this machine can reach `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
