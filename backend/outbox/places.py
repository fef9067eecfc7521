"""The configured targets of this process, ready to use: from targets.toml, else from the seeds' variables.

STORAGE_MODE says which of them videos go to by themselves: LOCAL to all but the VMS, MILESTONE to the VMS (and to
Drive, which joins wherever it is set up), BOTH to all. What is left out takes what is named for it. A VMS keeps
pictures by camera and instant: by themselves only recordings go there, never an ordinary upload.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from backend.catalog.describe_milestone import Kinds
from backend.disk.layout import Layout
from backend.errors import NotFound, SettingsError
from backend.outbox.overlap import overlaps
from backend.settings import Settings
from backend.signing import load_edge_password
from backend.targets.base import Target
from backend.targets.config import TargetConfig
from backend.targets.from_environment import (
    DRIVE,
    MILESTONE,
    SeedVariables,
    configs_from_environment,
    is_from_google,
)
from backend.targets.milestone import watching
from backend.targets.registry import build_target, load_kind
from backend.targets.rules import Rule
from backend.targets.targets_file import read_targets_file

_REDIS = "redis"
_NO_VMS = " MILESTONE_URL makes one with STORAGE_MODE=MILESTONE or BOTH; with LOCAL a [[target]] in targets.toml does."


@dataclass(frozen=True)
class Place:
    """One target with its configuration."""

    config: TargetConfig
    target: Target


@dataclass(frozen=True)
class Places:
    """All enabled targets by name, the rules of targets.toml, and the names that uploads get by default: unless told
    otherwise all but those that let go of their copies, and those `apart`.

    `apart`: STORAGE_MODE leaves them out of the default, so only what was named for them is missed there.
    `of_recordings`: by default they get recordings alone, so of all else only what was named for them is missed there.
    `footage_suffices`: local bytes may go where the VMS has the footage, though it never gives the file back.
    """

    by_name: Mapping[str, Place]
    rules: Sequence[Rule] = ()
    default: tuple[str, ...] = ()
    disabled: tuple[TargetConfig, ...] = ()
    apart: frozenset[str] = frozenset()
    of_recordings: frozenset[str] = frozenset()
    footage_suffices: bool = False

    def get(self, name: str) -> Place:
        if name not in self.by_name:
            known = ", ".join(self.by_name) or "none is configured"
            raise NotFound(f"There is no target '{name}'; known: {known}.{_NO_VMS if name == MILESTONE else ''}")
        return self.by_name[name]

    @property
    def configs(self) -> list[TargetConfig]:
        """Of every configured target, also those that are disabled."""
        return [*(place.config for place in self.by_name.values()), *self.disabled]

    @property
    def kinds(self) -> Kinds:
        vms = (config for config in self.configs if config.kind == MILESTONE)
        watched = {one.name: partial(watching.address, str(one.options.get("watch_url") or "")) for one in vms}
        return Kinds({config.name: config.kind for config in self.configs}, watched)

    @property
    def required(self) -> frozenset[str]:
        """Those that every video is to have a copy on."""
        return frozenset(name for name in self.by_name if self.requires(name, named=False))

    @property
    def required_of_recordings(self) -> frozenset[str]:
        """Those that every recording is to have a copy on, and nothing else."""
        found = (name for name in self.by_name if self.requires(name, named=False, is_recording=True))
        return frozenset(found) - self.required

    def default_of(self, *, is_recording: bool) -> tuple[str, ...]:
        """The names that a video gets by default."""
        return tuple(name for name in self.default if is_recording or name not in self.of_recordings)

    def requires(self, name: str, *, named: bool, is_recording: bool = False) -> bool:
        """Whether a video needs its copy there. `named`: it is one that goes there."""
        place = self.by_name.get(name)
        if place is None or not place.config.required:
            return False
        return named or (name not in self.apart and (is_recording or name not in self.of_recordings))

    def required_of(self, name: str) -> str:
        """Of which videos a copy there is required: all | recordings | named (those that it is named for) | none."""
        place = self.by_name.get(name)
        if place is None or not place.config.required:
            return "none"
        if name in self.required:
            return "all"
        return "recordings" if name in self.required_of_recordings else "named"

    @property
    def footage(self) -> frozenset[str]:
        """Those that keep what is to be seen, and never give the file back: of the kind milestone."""
        return frozenset(name for name, place in self.by_name.items() if place.config.kind == MILESTONE)

    @property
    def passing(self) -> frozenset[str]:
        """Those that let go of their copies: none of theirs counts."""
        return frozenset(name for name, place in self.by_name.items() if place.config.ephemeral)


def open_places(settings: Settings, environ: Mapping[str, str], more: Sequence[TargetConfig] = ()) -> Places:
    """Build every enabled target. No connection is opened. Raises `SettingsError` with every problem.

    `more`: what somebody wants besides the configured ones.
    """
    configs, rules = _configured(settings, environ)
    if twice := sorted({config.name for config in configs} & {config.name for config in more}):
        raise SettingsError([f"target “{name}” is configured already; give this one another name." for name in twice])
    configs = [_with_edge(_with_redis(config, settings), settings) for config in (*configs, *more)]
    enabled = {config.name: config for config in configs if config.enabled}
    unknown = [name for name in settings.upload_targets if name not in enabled]
    if unknown:
        known = ", ".join(enabled) or "none is enabled"
        raise SettingsError([f"UPLOAD_TARGETS: '{name}' is not an enabled target; known: {known}" for name in unknown])
    if problems := [*_mode_problems(settings.storage_mode, enabled), *_vms_problems(enabled)]:
        raise SettingsError(problems)
    by_name = {name: Place(config, build_target(config)) for name, config in enabled.items()}
    if problems := overlaps([place.target for place in by_name.values()], settings.storage_path):
        raise SettingsError(problems)
    apart = {name for name, config in enabled.items() if _is_apart(config, settings.storage_mode)}
    lasting = (name for name, config in enabled.items() if not config.ephemeral and name not in apart)
    default = settings.upload_targets or tuple(lasting)
    vms = {name for name, config in enabled.items() if config.kind == MILESTONE}
    return Places(
        by_name=by_name,
        rules=[_without_disabled(rule, enabled) for rule in rules],
        default=default,
        disabled=tuple(config for config in configs if not config.enabled),
        apart=frozenset(apart - set(default)),
        # Whoever names the VMS in UPLOAD_TARGETS names it for every video.
        of_recordings=frozenset(vms - set(settings.upload_targets)),
        footage_suffices=settings.storage_mode == "MILESTONE",
    )


def _is_apart(config: TargetConfig, mode: str) -> bool:
    if mode == "MILESTONE":
        return config.kind not in (MILESTONE, DRIVE)
    return mode == "LOCAL" and config.kind == MILESTONE


def _mode_problems(mode: str, enabled: Mapping[str, TargetConfig]) -> list[str]:
    kinds = [config.kind for config in enabled.values() if not config.ephemeral]
    problems = []
    if mode != "LOCAL" and MILESTONE not in kinds:
        problems.append(
            f"STORAGE_MODE={mode} needs a target of kind {MILESTONE}, and the one of targets.toml is disabled."
        )
    if mode == "BOTH" and not [kind for kind in kinds if kind not in (MILESTONE, DRIVE)]:
        problems.append(
            "STORAGE_MODE=BOTH needs a place for the files besides the VMS: set STORAGE_BACKEND (MINIO, S3 or "
            "FILESYSTEM) with its variables, or name one in targets.toml."
        )
    return problems


def _vms_problems(enabled: Mapping[str, TargetConfig]) -> list[str]:
    names = [f"'{name}'" for name, config in enabled.items() if config.kind == MILESTONE]
    if len(names) < 2:
        return []
    problem = (
        f"targets {' and '.join(names)} are all of kind {MILESTONE}, and there can be one: this server is one ONVIF "
        "device, whose channels and whose times that were asked for belong to one VMS. Set enabled = false for the "
        "others, or run another installation of Holdfast for each."
    )
    return [problem]


def _configured(settings: Settings, environ: Mapping[str, str]) -> tuple[Sequence[TargetConfig], Sequence[Rule]]:
    from_variables = configs_from_environment(_seed_variables(settings))
    if settings.targets_file.is_file():
        found = read_targets_file(settings.targets_file, environ)
        taken = {config.name for config in found.configs}
        # The file says it better: a variable's target of the same name gives way to it, and so do its Drive and its VMS
        # to any.
        told = {DRIVE, MILESTONE} & {config.kind for config in found.configs}
        more = [c for c in from_variables if c.name not in taken and c.kind not in told]
        return [*found.configs, *more], found.rules
    if "targets_file" in settings.model_fields_set:
        raise SettingsError([f"TARGETS_FILE={settings.targets_file} does not exist"])
    return from_variables, ()


def _with_redis(config: TargetConfig, settings: Settings) -> TargetConfig:
    """With the address of REDIS_URL where the target names none."""
    url = settings.redis_url.get_secret_value()
    if config.kind != _REDIS or config.options["url"] or not url:
        return config
    if problems := load_kind(_REDIS).problems({**config.options, "url": url}):
        raise SettingsError([f"REDIS_URL: {problem}." for problem in problems])
    return replace(config, options={**config.options, "url": url})


def _with_edge(config: TargetConfig, settings: Settings) -> TargetConfig:
    """What a target of kind milestone does not say itself: the VMS of MILESTONE_*, and how that reaches our edge device
    and our page. A VMS at another address never gets the name and the password that were meant for that one."""
    if config.kind != MILESTONE:
        return config
    told = {
        "edge_address": settings.edge_reached_at,
        "edge_username": settings.edge_username,
        "edge_password": settings.edge_password.get_secret_value() or _edge_password(settings),
        "link": settings.public_url,
    }
    if _place(config.options.get("url")) in ("", _place(settings.milestone_url)):
        told |= {
            "url": settings.milestone_url,
            "username": settings.milestone_username,
            "password": settings.milestone_password.get_secret_value(),
        }
    missing = {name: value for name, value in told.items() if config.options.get(name) == ""}
    options = {**config.options, **missing}
    if problems := load_kind(MILESTONE).problems(options):
        raise SettingsError([f"target “{config.name}”, by MILESTONE_* and EDGE_*: {problem}." for problem in problems])
    return replace(config, options=options)


def _place(url: object) -> str:
    return str(url or "").rstrip("/").casefold()


def _edge_password(settings: Settings) -> str:
    """The one that the release step made; "" before its first run, when nothing is sent anywhere."""
    try:
        return load_edge_password(Layout(settings.storage_path.absolute()).keys)
    except FileNotFoundError:
        return ""


def _without_disabled(rule: Rule, enabled: Mapping[str, TargetConfig]) -> Rule:
    return Rule(tuple(name for name in rule.targets if name in enabled), rule.projects, rule.labels)


def _seed_variables(settings: Settings) -> SeedVariables:
    return SeedVariables(
        storage_mode=settings.storage_mode,
        storage_backend=settings.storage_backend,
        filesystem_path=settings.filesystem_path,
        minio_endpoint=settings.minio_endpoint,
        minio_access_key=settings.minio_access_key,
        minio_secret_key=settings.minio_secret_key.get_secret_value(),
        minio_use_ssl=settings.minio_use_ssl,
        minio_bucket_recordings=settings.minio_bucket_recordings,
        minio_bucket_exports=settings.minio_bucket_exports,
        minio_bucket_thumbnails=settings.minio_bucket_thumbnails,
        drive_folder_id=settings.drive_folder_id,
        drive_credentials=_drive_credentials(settings),
        milestone_url=settings.milestone_url,
        milestone_username=settings.milestone_username,
        milestone_password=settings.milestone_password.get_secret_value(),
    )


def _drive_credentials(settings: Settings) -> str:
    """Where Drive's credentials are; "" when nobody wants Drive.

    Without a word in settings or targets.toml, Google's `credentials.json` in the working folder is wish enough: so
    seed 003 has it, and what it lacks yet (a folder, a sign-in) the target says on the page. Any other file of that
    name is somebody else's.
    """
    named = settings.drive_credentials.get_secret_value()
    asked = bool(settings.drive_folder_id) or "drive_credentials" in settings.model_fields_set
    found = not settings.targets_file.is_file() and is_from_google(Path(named))
    return named if asked or found else ""
