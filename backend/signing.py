"""Keys and signatures: the Ed25519 key of receipts (compact JWS, RFC 7515 and RFC 8037), and two secrets."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from backend.errors import BadField

RECEIPT_KEY_FILE = "receipt-ed25519.pem"
SESSION_KEY_FILE = "session-secret"
EDGE_PASSWORD_FILE = "edge-password"


@dataclass(frozen=True)
class Signer:
    """Signs JSON with this server's key. `kid` is the key's RFC 7638 thumbprint."""

    key: Ed25519PrivateKey
    kid: str

    def sign(self, payload: Mapping[str, Any]) -> str:
        """A compact JWS over `payload`. Ed25519 is deterministic: the same payload gives the same text."""
        header = {"alg": "EdDSA", "kid": self.kid, "typ": "JWT"}
        signed = f"{_encode(_canonical(header))}.{_encode(_canonical(payload))}"
        return f"{signed}.{_encode(self.key.sign(signed.encode()))}"

    def public_jwk(self) -> dict[str, str]:
        """The public key as a JWK (RFC 8037), with its `kid`."""
        return {**_jwk(self.key.public_key()), "kid": self.kid, "alg": "EdDSA", "use": "sig"}


def load_signer(keys: Path) -> Signer:
    """Read the receipt key that `make_keys` made."""
    key = serialization.load_pem_private_key((keys / RECEIPT_KEY_FILE).read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise BadField(f"{RECEIPT_KEY_FILE} is not an Ed25519 key; put the right file back from the backup.")
    return Signer(key, _thumbprint(key.public_key()))


def load_secret(keys: Path) -> str:
    """The session secret that the release step made."""
    return (keys / SESSION_KEY_FILE).read_text(encoding="ascii").strip()


def load_edge_password(keys: Path) -> str:
    """What the VMS signs in to the edge device with, made by the release step."""
    return (keys / EDGE_PASSWORD_FILE).read_text(encoding="ascii").strip()


def new_receipt_key() -> bytes:
    """A fresh private key as PEM."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def new_secret() -> bytes:
    return secrets.token_urlsafe(48).encode()


def new_edge_password() -> bytes:
    """Letters and digits only: it is typed into other programs."""
    return secrets.token_hex(12).encode()


def verify(token: str, jwk: Mapping[str, Any], what: str = "receipt") -> dict[str, Any]:
    """The payload of a JWS made with the key of `jwk`; raises `BadField` when anything in it was changed. `what` it is
    called in words."""
    try:
        header, payload, signature = token.strip().split(".")
        _refuse_other_key(json.loads(_decode(header)), jwk, what)
        key = Ed25519PublicKey.from_public_bytes(_decode(str(jwk["x"])))
        key.verify(_decode(signature), f"{header}.{payload}".encode())
        found = json.loads(_decode(payload))
    except (ValueError, KeyError, AttributeError, binascii.Error, InvalidSignature) as error:
        raise BadField(f"The {what} is not genuine: it was changed, or another server signed it.") from error
    return dict(found)


def _refuse_other_key(header: Mapping[str, Any], jwk: Mapping[str, Any], what: str) -> None:
    """Say it plainly when the signature cannot fit; whether it does, only the signature itself tells."""
    if header.get("alg") != "EdDSA":
        raise BadField(f"The {what} is not signed with Ed25519.")
    signed_with, offered = header.get("kid"), jwk.get("kid")
    if signed_with and offered and signed_with != offered:
        raise BadField(
            f"The {what} was signed with the key {signed_with}, but it was checked with {offered}: "
            "take the key of the server that signed it."
        )


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _jwk(key: Ed25519PublicKey) -> dict[str, str]:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"crv": "Ed25519", "kty": "OKP", "x": _encode(raw)}


def _thumbprint(key: Ed25519PublicKey) -> str:
    return _encode(hashlib.sha256(_canonical(_jwk(key))).digest())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
