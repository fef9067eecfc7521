"""Promises of backend/targets/targets_file.py and config_table.py: what an operator may write, and is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import SettingsError
from backend.targets.targets_file import TargetsFile, read_targets_file

_SECRET = "s3cr3t-that-nobody-may-read"
_GOOD = """
[[target]]
name = "nas"
kind = "folder"
path = "/mnt/nas/video"
label = "The NAS"
max_concurrent = 1
verify_every_days = 0.5
max_mib_per_second = 12.5
on_delete = "delete"
required = false

[[target]]
name = "minio"
kind = "minio"
endpoint = "127.0.0.1:9000"
access_key = "env:MINIO_ACCESS_KEY"
secret_key = "file:secret.txt"
secure = false
bucket = "cctv-recordings"

[[rule]]
project = "news-*"
targets = ["nas"]
"""


def _read(tmp_path: Path, text: str, **environ: str) -> TargetsFile:
    path = tmp_path / "targets.toml"
    path.write_text(text)
    return read_targets_file(path, environ)


def _problems(tmp_path: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(SettingsError) as failure:
        _read(tmp_path, text, **environ)
    return failure.value.problems


def test_a_file_as_the_specification_shows_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(f"{_SECRET}\n")

    read = _read(tmp_path, _GOOD, MINIO_ACCESS_KEY="key")

    nas, minio = read.configs
    assert (nas.name, nas.kind, nas.label, nas.max_concurrent) == ("nas", "folder", "The NAS", 1)
    assert (nas.max_mib_per_second, nas.on_delete, nas.required, nas.enabled) == (12.5, "delete", False, True)
    assert (nas.verify_every_days, minio.verify_every_days) == (0.5, 7)
    assert (minio.label, minio.max_concurrent, minio.required, minio.on_delete) == ("minio", 2, True, "keep")
    assert (minio.options["access_key"], minio.options["secret_key"]) == ("key", _SECRET)
    assert [rule.targets for rule in read.rules] == [("nas",)]
    assert _SECRET not in repr(read)


def test_every_problem_is_told_at_once_with_file_target_and_option(tmp_path: Path) -> None:
    problems = _problems(
        tmp_path,
        """
        [[target]]
        name = "nas"
        kind = "folder"
        pth = "/mnt/nas"
        max_concurrent = 0

        [[target]]
        name = "nas"
        kind = "flopy"

        [[target]]
        kind = "minio"
        endpoint = "x"
        access_key = "env:NOT_SET"

        [[target]]
        name = "Upper Case"
        kind = "folder"
        path = "relative"
        require_mount = "/elsewhere"

        [[rule]]
        project = "x"
        targets = ["nope"]

        [other]
        """,
    )

    expected = [
        "targets.toml: “other” is not known",
        "target “nas”: option “pth” is not known to kind folder; known: name, kind, label",
        "target “nas”: option “max_concurrent” must be at least 1",
        "target “nas”: option “path” is missing",
        "target “nas”: the name is used twice",
        "target “nas”: kind “flopy” is not known; known kinds: drive, folder, milestone, minio, redis, s3",
        "target 3: option “access_key” asks for the variable NOT_SET, which is not set",
        "target “Upper Case”: option “name” may hold",
        "rule 1: target “nope” is not configured",
    ]
    for words in expected:
        assert [problem for problem in problems if words in problem], (words, problems)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('path = ""', "option “path” is empty"),
        ("path = 7", "option “path” must be text"),
        ('path = "relative"', "must begin with /"),
        ('path = "/a"\nrequire_mount = "/b"', "require_mount"),
        ('path = "/a"\npublish = "copy"', "must be one of: link, rename, exclusive"),
        ('path = "/a"\nenabled = "yes"', "option “enabled” must be true or false"),
        ('path = "/a"\nverify_every_days = -1', "option “verify_every_days” must be at least 0"),
        ('path = "/a"\nverify_every_days = "daily"', "option “verify_every_days” must be a whole number or a number"),
        ('path = "/a"\nmax_concurrent = 1.5', "option “max_concurrent” must be a whole number"),
        ('path = "/a"\nmax_mib_per_second = 0', "at least 0.01"),
        ('path = "/a"\non_delete = "burn"', "must be one of: keep, delete"),
        ('path = "file:nothing.txt"', "asks for the file"),
    ],
)
def test_an_option_that_makes_no_sense_is_told(tmp_path: Path, line: str, words: str) -> None:
    problems = _problems(tmp_path, f'[[target]]\nname = "nas"\nkind = "folder"\n{line}\n')

    assert len(problems) == 1
    assert words in problems[0]
    assert problems[0].startswith("targets.toml: target “nas”: ")


@pytest.mark.parametrize("text", ["[[target]", "target = 7", "[target]\nname = 1", '[[target]]\nname = "x'])
def test_a_file_that_is_not_what_it_should_be_is_told(tmp_path: Path, text: str) -> None:
    assert all(problem.startswith("targets.toml: ") for problem in _problems(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_targets_file(tmp_path / "targets.toml", {})


def test_an_empty_file_means_no_targets(tmp_path: Path) -> None:
    assert _read(tmp_path, "") == TargetsFile((), ())


def test_no_secret_reaches_an_error_even_in_the_wrong_place(tmp_path: Path) -> None:
    text = _GOOD.replace('"127.0.0.1:9000"', f'"{_SECRET} {_SECRET}"').replace(
        "= false\nbucket", f'= "{_SECRET}"\nbucket'
    )
    (tmp_path / "secret.txt").write_text(_SECRET)

    problems = _problems(tmp_path, text, MINIO_ACCESS_KEY=_SECRET)

    assert problems
    assert _SECRET not in "\n".join(problems)
