"""OAuth: service accounts, consent, and the token endpoint, which believes nothing that it cannot check."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.services.drive.model import Caller, World
from tests.services.drive.replies import Reply, invalid_credentials, json_reply, plain_reply, token_refused

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CLOCK_SECONDS = 600
_LONGEST_JWT_SECONDS = 3600


@cache
def private_key() -> rsa.RSAPrivateKey:
    """Of every service account: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class _Account:
    """A service account; with `delegated` it may act as any person."""

    email: str
    client_id: str
    delegated: bool = False


@dataclass
class _Grant:
    """A person let a client in. The refresh token stands for it."""

    caller: Caller
    revoked: bool = False


@dataclass
class _Code:
    caller: Caller
    redirect_uri: str
    challenge: str | None


@dataclass
class _Access:
    caller: Caller
    expires_at: float
    account: str | None = None
    revoked: bool = False


class Tokens:
    def __init__(self, world: World, root_url: str) -> None:
        self._world = world
        self._root_url = root_url
        self._lock = threading.RLock()
        self._accounts: dict[str, _Account] = {}
        self._grants: dict[str, _Grant] = {}
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, _Access] = {}
        self.client_id = f"{secrets.randbelow(10**12):012d}-holdfast.apps.googleusercontent.com"
        self.client_secret = "GOCSPX-" + secrets.token_urlsafe(21)
        self.lifetime_seconds = 3600
        self.denies_consent = False
        self.signed_in: str | None = None

    def service_account(self, email: str, *, delegated: bool) -> dict[str, str]:
        with self._lock:
            account = self._accounts.setdefault(email, _Account(email, f"{secrets.randbelow(10**21):021d}"))
            account.delegated = account.delegated or delegated
        pem = private_key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": email.partition("@")[2].partition(".")[0],
            "private_key_id": hashlib.sha1(pem).hexdigest(),
            "private_key": pem.decode(),
            "client_email": email,
            "client_id": account.client_id,
            "auth_uri": f"{self._root_url}o/oauth2/auth",
            "token_uri": f"{self._root_url}token",
            "universe_domain": "googleapis.com",
        }

    def client_secrets(self) -> dict[str, Any]:
        return {
            "installed": {
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "auth_uri": f"{self._root_url}o/oauth2/auth",
                "token_uri": f"{self._root_url}token",
                "redirect_uris": ["http://localhost"],
            }
        }

    def authorised_user(self, email: str, scopes: list[str]) -> dict[str, str]:
        return {
            "type": "authorized_user",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self._grant(Caller(email, self.client_id, frozenset(scopes))),
            "token_uri": f"{self._root_url}token",
        }

    def _grant(self, caller: Caller) -> str:
        refresh_token = "1//" + secrets.token_urlsafe(60)
        with self._lock:
            self._grants[refresh_token] = _Grant(caller)
        return refresh_token

    def caller(self, authorization: str) -> Caller:
        """Whom an Authorization header stands for; 401 if it is not valid now."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            access = self._access.get(token)
            if scheme.lower() != "bearer" or access is None or access.revoked or access.expires_at <= self._world.now():
                raise invalid_credentials()
            return access.caller

    def expire(self, authorization: str | None = None) -> None:
        """All access tokens, or the one of this header, are refused from now on."""
        only = None if authorization is None else authorization.partition(" ")[2]
        with self._lock:
            for token, access in self._access.items():
                if only in (None, token):
                    access.revoked = True

    def revoke(self, email: str) -> None:
        """The person took all clients' access away; a service account is deleted."""
        with self._lock:
            for grant in self._grants.values():
                grant.revoked = grant.revoked or grant.caller.email == email
            for access in self._access.values():
                access.revoked = access.revoked or email in (access.caller.email, access.account)
            self._accounts.pop(email, None)

    def revoke_token(self, form: Mapping[str, str]) -> Reply:
        """POST /revoke."""
        token = form.get("token", "")
        with self._lock:
            if token in self._grants:
                self.revoke(self._grants[token].caller.email)
            elif token in self._access:
                self.revoke(self._access[token].caller.email)
            else:
                raise token_refused(400, "invalid_token", "Token expired or revoked")
        return json_reply({})

    def consent(self, query: Mapping[str, str]) -> Reply:
        """GET /o/oauth2/auth: the person says yes (or no) at once."""
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != self.client_id:
            return plain_reply(401, "Error 401: invalid_client. The OAuth client was not found.")
        if urlsplit(redirect_uri).hostname not in ("localhost", "127.0.0.1"):
            return plain_reply(400, "Error 400: redirect_uri_mismatch")
        scopes = frozenset(query.get("scope", "").split())
        if query.get("response_type") != "code" or not scopes:
            return plain_reply(400, "Error 400: invalid_request")
        challenge = query.get("code_challenge")
        if challenge and query.get("code_challenge_method") != "S256":
            return plain_reply(400, "Error 400: invalid_request. Only S256 is spoken here.")
        answer = {"state": query["state"]} if "state" in query else {}
        if self.denies_consent or self.signed_in is None:
            answer["error"] = "access_denied"
        else:
            code = "4/0" + secrets.token_urlsafe(52)
            caller = Caller(self.signed_in, self.client_id, scopes)
            with self._lock:
                self._codes[code] = _Code(caller, redirect_uri, challenge)
            answer |= {"code": code, "scope": " ".join(sorted(scopes))}
        return Reply(302, headers={"Location": f"{redirect_uri}?{urlencode(answer)}"})

    def token(self, body: bytes, authorization: str | None = None) -> Reply:
        """POST /token. The client's name and secret come in the form or, as oauthlib sends them, by Basic."""
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        if authorization and authorization.startswith("Basic "):
            client_id, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            form |= {"client_id": unquote(client_id), "client_secret": unquote(secret)}
        match form.get("grant_type"):
            case grant if grant == _JWT_BEARER:
                return self._by_jwt(form.get("assertion", ""))
            case "refresh_token":
                return self._by_refresh_token(form)
            case "authorization_code":
                return self._by_code(form)
        raise token_refused(400, "unsupported_grant_type", "Invalid grant_type: " + form.get("grant_type", ""))

    def _issue(self, caller: Caller, account: str | None = None, **more: str) -> Reply:
        token = "ya29." + secrets.token_urlsafe(90)
        with self._lock:
            self._access[token] = _Access(caller, self._world.now() + self.lifetime_seconds, account)
        answer = {"access_token": token, "expires_in": self.lifetime_seconds, "token_type": "Bearer"}
        return json_reply(answer | {"scope": " ".join(sorted(caller.scopes))} | more)

    def _by_jwt(self, assertion: str) -> Reply:
        claims = _claims(assertion)
        account = self._accounts.get(str(claims.get("iss")))
        if account is None:
            raise token_refused(400, "invalid_grant", "Invalid grant: account not found")
        _check_signature(assertion)
        self._check_times(claims)
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes:
            raise token_refused(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        email = str(claims.get("sub", account.email))
        if email != account.email and not account.delegated:
            words = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for"
            raise token_refused(401, "unauthorized_client", f"{words} any of the scopes requested.")
        if email not in self._world.people:
            raise token_refused(400, "invalid_grant", "Invalid email or User ID")
        return self._issue(Caller(email, account.client_id, scopes), account.email)

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._world.now()
        issued_at, expires_at = claims.get("iat"), claims.get("exp")
        if (
            not isinstance(issued_at, int)
            or not isinstance(expires_at, int)
            or abs(issued_at - now) > _CLOCK_SECONDS
            or expires_at <= now
            or expires_at - issued_at > _LONGEST_JWT_SECONDS
        ):
            words = (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim."
            )
            raise token_refused(400, "invalid_grant", words)

    def _by_refresh_token(self, form: Mapping[str, str]) -> Reply:
        self._check_client(form)
        with self._lock:
            grant = self._grants.get(form.get("refresh_token", ""))
        if grant is None or grant.caller.client_id != form["client_id"]:
            raise token_refused(400, "invalid_grant", "Bad Request")
        if grant.revoked:
            raise token_refused(400, "invalid_grant", "Token has been expired or revoked.")
        asked = frozenset(form.get("scope", "").split()) or grant.caller.scopes
        if not asked <= grant.caller.scopes:
            raise token_refused(400, "invalid_scope", "Bad Request")
        return self._issue(Caller(grant.caller.email, grant.caller.client_id, asked))

    def _by_code(self, form: Mapping[str, str]) -> Reply:
        self._check_client(form)
        with self._lock:
            code = self._codes.pop(form.get("code", ""), None)
        if code is None:
            raise token_refused(400, "invalid_grant", "Malformed auth code.")
        if code.redirect_uri != form.get("redirect_uri"):
            raise token_refused(400, "redirect_uri_mismatch", "Bad Request")
        if code.challenge:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
                raise token_refused(400, "invalid_grant", "Invalid code verifier.")
        return self._issue(code.caller, refresh_token=self._grant(code.caller))

    def _check_client(self, form: Mapping[str, str]) -> None:
        if form.get("client_id") != self.client_id:
            raise token_refused(401, "invalid_client", "The OAuth client was not found.")
        if form.get("client_secret") != self.client_secret:
            raise token_refused(401, "invalid_client", "Unauthorized")


def _claims(assertion: str) -> dict[str, Any]:
    try:
        header, claims, _ = (_decoded(part) for part in assertion.split("."))
        if json.loads(header)["alg"] != "RS256":
            raise ValueError("another algorithm")
        found = json.loads(claims)
    except (ValueError, KeyError):
        raise token_refused(400, "invalid_grant", "Invalid JWT") from None
    return found if isinstance(found, dict) else {}


def _check_signature(assertion: str) -> None:
    signed, _, signature = assertion.rpartition(".")
    try:
        private_key().public_key().verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise token_refused(400, "invalid_grant", "Invalid JWT Signature.") from None


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
