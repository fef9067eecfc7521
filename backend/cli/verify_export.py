"""`verify-export`: is this file, to the last byte, what the server cut and signed? Works offline, on any machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from backend.cli.main import CallersPath
from backend.cli.receipts import read_key
from backend.cli.terminal import say, show_json
from backend.errors import BadField, Refused
from backend.exports.verify import verify_export as prove
from backend.exports.verify_words import of_manifest


@click.command("verify-export")
@click.argument("file", type=CallersPath())
@click.option("--manifest", type=CallersPath(), help="the manifest beside the file (else FILE.jws, where there is one)")
@click.option("--key", type=CallersPath(), help="the public key as /api/receipt-key gave it (else this server's own)")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def verify_export(file: Path, manifest: Path | None, key: Path | None, as_json: bool) -> int:
    """Prove an export, offline, and tell what it holds.

    That is what was asked and given, gaps, problems, sources.

    An mp4 carries its proof at its end, a zip within. An mkv needs its manifest beside it: the text itself in a file,
    or the answer of /manifest. Any byte that was changed, added or taken away fails it.

    \b
    Exit codes:
      0  it is what was signed
      1  it is not
      2  the command line is wrong
      3  the file, the manifest or the key cannot be read
    """
    beside = manifest or _beside(file)
    jwk, text = read_key(key), None if beside is None else _manifest_of(beside)
    payload: dict[str, Any] | None = None
    problem = ""
    try:
        if not file.is_file():
            raise Refused(f"'{file}' is not there, or is no file.")
        payload = prove(file, jwk, text)
    except BadField as error:
        problem = error.message
    if as_json:
        show_json({"ok": not problem, "problem": problem or None, "payload": payload})
    elif payload is None:
        say(f"NOT PROVED. {problem}", err=True)
    else:
        say("Genuine: each byte of it is as it was signed.", *of_manifest(payload))
    return 1 if problem else 0


def _beside(file: Path) -> Path | None:
    place = file.with_name(f"{file.name}.jws")
    return place if place.is_file() else None


def _manifest_of(place: Path) -> str:
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Refused(f"'{place}' cannot be read: {reason}.") from error
    if not text.lstrip().startswith("{"):
        return text.strip()
    found: Any = _json(text)
    if not isinstance(found, Mapping) or not isinstance(found.get("manifest"), str):
        raise Refused(f"'{place}' holds JSON, but no manifest in it.")
    return str(found["manifest"])


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
