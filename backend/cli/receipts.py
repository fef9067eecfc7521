"""`verify-receipt`: does this file hold what the server signed for? Works offline, on any machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from backend.cli.main import CallersPath
from backend.cli.terminal import say, show_json
from backend.disk.layout import Layout
from backend.errors import BadField, Refused
from backend.intake.local_file import digest_of
from backend.settings import load_settings
from backend.signing import RECEIPT_KEY_FILE, load_signer, verify

_SIGNED = ("id", "sha256", "size", "filename", "saved_at", "node")


@click.command("verify-receipt")
@click.argument("file", type=CallersPath())
@click.argument("receipt", metavar="RECEIPT")
@click.option("--key", type=CallersPath(), help="the public key as /api/receipt-key gave it (else this server's own)")
@click.option("--json", "as_json", is_flag=True, help="for programs")
@click.pass_context
def verify_receipt(ctx: click.Context, file: Path, receipt: str, key: Path | None, as_json: bool) -> int:
    """Check FILE against its RECEIPT, offline.

    RECEIPT is the text itself, a file that holds it, or - for stdin. A file may hold the bare receipt, or any JSON
    answer with a "receipt" in it. Exit code 1: it does not fit.
    """
    standing: Path = ctx.find_root().obj or Path()
    text, jwk, found = _text_of(receipt, standing), read_key(key), digest_of(file)
    payload: dict[str, Any] = {}
    try:
        payload = _genuine(text, jwk)
        problem = _difference(found, file.stat().st_size, payload)
    except BadField as error:
        problem = error.message
    if as_json:
        show_json({"ok": not problem, "problem": problem or None, "payload": payload or None})
    elif problem:
        say(problem, err=True)
    else:
        say(
            f"Genuine. '{payload['filename']}' ({payload['size']} bytes, sha256:{payload['sha256']}) was saved as "
            f"{payload['id']} on {payload['node']} at {payload['saved_at']}, and this is that file."
        )
    return 1 if problem else 0


def _text_of(receipt: str, standing: Path) -> str:
    if receipt == "-":
        text = sys.stdin.read()
    elif receipt.startswith("eyJ") and receipt.count(".") == 2:
        # What every JWS looks like, and hardly a file's name.
        return receipt
    else:
        text = _read(standing / receipt)
    if not text.lstrip().startswith("{"):
        return text.strip()
    found = _object(text, receipt).get("receipt")
    if not isinstance(found, str):
        raise BadField(f"{receipt} holds JSON, but no receipt in it.")
    return found


def read_key(key: Path | None) -> Mapping[str, Any]:
    """The public key that something is checked with: of this file, else this server's own."""
    if key is not None:
        jwk = _object(_read(key), str(key))
        if not isinstance(jwk.get("x"), str):
            raise Refused(f"'{key}' holds no public key: save there what /api/receipt-key answers.")
        return jwk
    keys = Layout(load_settings().storage_path.absolute()).keys
    try:
        return load_signer(keys).public_jwk()
    except FileNotFoundError:
        raise Refused(
            f"There is no {RECEIPT_KEY_FILE} in {keys}. On another machine than the server, save what "
            "/api/receipt-key answers and name that file with --key."
        ) from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Refused(f"'{path}' cannot be read: {reason}.") from error


def _object(text: str, name: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadField(f"'{name}' does not hold a JSON object.")
    return found


def _genuine(receipt: str, jwk: Mapping[str, Any]) -> dict[str, Any]:
    payload = verify(receipt, jwk)
    if not all(name in payload for name in _SIGNED):
        raise BadField("This is signed by the server, but it is not the receipt of a video.")
    return payload


def _difference(sha256: str, size_bytes: int, payload: Mapping[str, Any]) -> str:
    """What tells the file from the one that was saved, or ""."""
    if size_bytes != payload["size"]:
        return f"NOT the file that was saved: it has {size_bytes} bytes, the receipt says {payload['size']}."
    if sha256 != payload["sha256"]:
        return f"NOT the file that was saved: its SHA-256 is {sha256}, the receipt says {payload['sha256']}."
    return ""
