"""Whether a file is, byte for byte, the export that a server signed for. Needs neither server nor database."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backend import signing
from backend.disk.atomic import told_as
from backend.errors import BadField
from backend.exports import archive, proof_box
from backend.exports.archive import Member
from backend.exports.manifest import TYPE, VERSION

_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_STEP_BYTES = 1024**2
_ZIP, _MP4 = b"PK\x03\x04", b"ftyp"


def verify_export(path: Path, jwk: Mapping[str, Any], manifest: str | None = None) -> dict[str, Any]:
    """What was signed of this file; `BadField`, in words, when it is not that file, down to the last byte.

    `jwk`: the server's public key. `manifest`: the text beside the file, which an mkv needs; an mp4 and a zip carry
    their own, and then both must be the same.
    """
    with told_as("reading a file"), path.open("rb") as file:
        begins = file.read(8)
        if begins.startswith(_ZIP):
            own = _same(archive.manifest_of(file), manifest)
            payload = genuine(own, jwk)
            archive.check(file, own, _members(payload))
            return payload
    if begins[4:] == _MP4:
        size, found = proof_box.split(path)
        payload = genuine(_same(found, manifest), jwk)
    elif manifest is None:
        raise BadField(
            "This file carries no proof: it is no export, or its manifest lies beside it, as for every mkv: name that."
        )
    else:
        size, payload = path.stat().st_size, genuine(manifest.strip(), jwk)
        if payload.get("format") == "mp4":
            raise BadField("The manifest is of an mp4, and this file does not begin like one.")
    _check_single(path, size, _members(payload))
    return payload


def genuine(manifest: str, jwk: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest says, once its signature is good."""
    if not _JWS.fullmatch(manifest) or any(not _is_canonical(part) for part in manifest.split(".")):
        raise BadField("The manifest is not genuine: it was changed.")
    payload = signing.verify(manifest, jwk, "manifest")
    if payload.get("type") != TYPE:
        raise BadField("This is signed by the server, but it is not the manifest of an export.")
    if payload.get("version") != VERSION:
        raise BadField("The manifest was signed by a later version of Holdfast; check it with that one.")
    return payload


def _is_canonical(part: str) -> bool:
    """Whether there is no other way to write these bytes: base64 leaves bits over that a decoder does not look at."""
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return False
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == part


def _same(own: str, given: str | None) -> str:
    if given is not None and given.strip() != own:
        raise BadField("The manifest beside this file is another one than that in it.")
    return own


def _members(payload: Mapping[str, Any]) -> list[Member]:
    return [Member(one["name"], one["size_bytes"], one["sha256"]) for one in payload["files"]]


def _check_single(path: Path, size: int, members: Sequence[Member]) -> None:
    if len(members) != 1:
        raise BadField("The manifest is of several files in a zip, and this file is one of them, or none.")
    if size != members[0].size_bytes:
        raise BadField(f"It has {size} bytes before its proof, and {members[0].size_bytes} were signed.")
    digest, left = hashlib.sha256(), size
    with told_as("reading a file"), path.open("rb", buffering=0) as file:
        while left and (piece := file.read(min(_STEP_BYTES, left))):
            digest.update(piece)
            left -= len(piece)
    if digest.hexdigest() != members[0].sha256:
        raise BadField("Its bytes are not those that were signed: its SHA-256 is another one.")
