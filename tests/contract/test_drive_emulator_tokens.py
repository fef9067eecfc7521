"""The emulator of Drive lets in whom the real one lets in: signatures, times, consent, expiry, revocation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt
from google.auth.crypt import RSASigner
from google.auth.exceptions import RefreshError
from google_auth_oauthlib.flow import Flow
from googleapiclient.errors import HttpError
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError, OAuth2Error

from tests.contract.drive_desk import ANN, BOT, Desk, Raw, refusal
from tests.services.drive.model import SCOPE, SCOPE_FILE, SCOPE_READ
from tests.services.drive.server import DriveServer

_REDIRECT = "http://localhost:9/"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with DriveServer() as drive, Desk(drive) as desk:
        yield desk


def _told(error: RefreshError) -> tuple[str, str]:
    answer: dict[str, str] = error.args[1]
    return answer["error"], answer["error_description"]


def _who(service: Any) -> str:
    return str(service.about().get(fields="user").execute()["user"]["emailAddress"])


def _refreshed(desk: Desk, credentials: Any) -> tuple[str, str]:
    """What the token endpoint says against these credentials."""
    with pytest.raises(RefreshError) as caught:
        desk.bearer(credentials)
    return _told(caught.value)


def test_a_service_account_is_known_by_its_signature(desk: Desk) -> None:
    assert _who(desk.bot) == BOT
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    forged = desk.key_credentials({**desk.bot_key, "private_key": pem.decode()})
    assert _refreshed(desk, forged) == ("invalid_grant", "Invalid JWT Signature.")


def test_an_account_that_nobody_made_is_unknown(desk: Desk) -> None:
    other = desk.key_credentials({**desk.bot_key, "client_email": "other@project.iam.gserviceaccount.com"})
    assert _refreshed(desk, other) == ("invalid_grant", "Invalid grant: account not found")


def test_a_deleted_account_is_let_in_no_more(desk: Desk) -> None:
    desk.drive.revoke(BOT)
    assert _refreshed(desk, desk.bot_credentials)[0] == "invalid_grant"


@pytest.mark.parametrize("offset_seconds", [-700, 700, 4000])
def test_a_clock_that_is_off_is_told_in_googles_words(desk: Desk, offset_seconds: int) -> None:
    desk.drive.clock_offset_seconds = offset_seconds
    error, words = _refreshed(desk, desk.bot_credentials)
    assert error == "invalid_grant"
    assert words.startswith(
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    )


def test_a_clock_that_is_off_by_minutes_will_do(desk: Desk) -> None:
    desk.drive.clock_offset_seconds = -500
    assert desk.bearer()


@pytest.mark.parametrize(("lifetime_seconds", "status"), [(3600, 200), (7200, 400), (-1, 400)])
def test_a_claim_lives_an_hour_at_most(desk: Desk, lifetime_seconds: int, status: int) -> None:
    now = int(desk.drive.world.now())
    claims = {"iss": BOT, "scope": SCOPE, "iat": now, "exp": now + lifetime_seconds}
    signer = RSASigner.from_service_account_info(desk.bot_key)
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": jwt.encode(signer, claims).decode(),
    }
    assert _token(desk, form).status == status


def test_acting_for_a_person_needs_delegation(desk: Desk) -> None:
    for_ann = desk.key_credentials(desk.bot_key, subject=ANN)
    assert _refreshed(desk, for_ann)[0] == "unauthorized_client"
    desk.drive.service_account(BOT, delegated=True)
    assert _who(desk.service(for_ann)) == ANN
    assert _refreshed(desk, for_ann.with_subject("nobody@example.org")) == ("invalid_grant", "Invalid email or User ID")


def test_a_refresh_token_is_good_only_with_its_client(desk: Desk) -> None:
    assert _who(desk.user()) == ANN
    info = {key: value for key, value in desk.drive.authorised_user(ANN).items() if key != "type"}
    form = {"grant_type": "refresh_token", **info}
    for wrong, error in (("client_secret", "invalid_client"), ("client_id", "invalid_client")):
        assert _token(desk, {**form, wrong: "x"}).json["error"] == error
    assert _token(desk, {**form, "refresh_token": "x"}).json["error"] == "invalid_grant"
    assert _token(desk, form).status == 200


def _token(desk: Desk, form: dict[str, str]) -> Raw:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return desk.raw("POST", "/token", urlencode(form).encode(), headers)


def test_a_revoked_person_is_told_so_and_let_in_again_only_by_a_new_consent(desk: Desk) -> None:
    credentials = desk.user_credentials()
    ann = desk.service(credentials)
    assert _who(ann) == ANN
    desk.drive.revoke(ANN)
    assert _refreshed(desk, credentials) == ("invalid_grant", "Token has been expired or revoked.")
    with pytest.raises(RefreshError):
        _who(ann)
    assert _who(desk.user()) == ANN


def test_revoking_over_the_wire_ends_the_grant(desk: Desk) -> None:
    credentials = desk.user_credentials()
    body = urlencode({"token": credentials.refresh_token}).encode()
    assert desk.raw("POST", "/revoke", body).status == 200
    assert _refreshed(desk, credentials)[0] == "invalid_grant"
    assert desk.raw("POST", "/revoke", b"token=unknown").status == 400


@pytest.mark.parametrize("how", ["expire", "clock"])
def test_a_token_that_is_out_of_date_is_a_401_and_a_refresh_helps(desk: Desk, how: str) -> None:
    header = desk.bearer(desk.user_credentials())
    assert desk.raw("GET", "/drive/v3/about?fields=user", headers=header).status == 200
    if how == "expire":
        desk.drive.expire_tokens()
    else:
        desk.drive.clock_offset_seconds = 3601
    told = desk.raw("GET", "/drive/v3/about?fields=user", headers=header)
    assert (told.status, told.json["error"]["errors"][0]["reason"]) == (401, "authError")
    assert _who(desk.user()) == ANN


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic eDp5"}])
def test_nobody_is_let_in_without_a_token(desk: Desk, header: dict[str, str]) -> None:
    assert desk.raw("GET", "/drive/v3/files", headers=header).status == 401
    assert desk.raw("POST", "/upload/drive/v3/files?uploadType=resumable", headers=header).status == 401


def test_a_scope_that_only_reads_does_not_write(desk: Desk) -> None:
    ann = desk.user(scopes=[SCOPE_READ])
    assert ann.files().list().execute()["files"] == []
    with pytest.raises(HttpError) as caught:
        ann.files().create(body={"name": "a"}).execute()
    assert refusal(caught.value)[:2] == (403, "insufficientPermissions")


def test_each_request_tells_who_made_it(desk: Desk) -> None:
    _who(desk.bot)
    _who(desk.user())
    about = [request for request in desk.drive.requests if request.path_without_query == "/drive/v3/about"]
    assert [(request.authorised_as, request.status) for request in about] == [(BOT, 200), (ANN, 200)]


class _Consent:
    """The installed-app flow of google-auth-oauthlib, with the browser's part done by hand."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        # oauthlib refuses http otherwise, and the emulator speaks nothing else.
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        self._desk = desk
        secrets = desk.drive.client_secrets()
        self.flow = Flow.from_client_config(
            secrets, [SCOPE_FILE], redirect_uri=_REDIRECT, autogenerate_code_verifier=True
        )

    def go(self) -> str:
        """Where the browser is sent back to."""
        url, _ = self.flow.authorization_url(access_type="offline", prompt="consent")
        reply = self._desk.raw("GET", url)
        assert reply.status == 302
        return reply.headers["location"]

    def finish(self, location: str) -> Any:
        self.flow.fetch_token(authorization_response=location)
        return self.flow.credentials


@pytest.fixture
def consent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> _Consent:
    return _Consent(desk, monkeypatch)


def test_consent_gives_a_refresh_token_for_the_person_who_is_signed_in(desk: Desk, consent: _Consent) -> None:
    credentials = consent.finish(consent.go())
    assert (credentials.refresh_token is not None, credentials.scopes) == (True, [SCOPE_FILE])
    assert _who(desk.service(credentials)) == ANN


def test_a_code_is_good_once(consent: _Consent) -> None:
    location = consent.go()
    consent.finish(location)
    with pytest.raises(InvalidGrantError):
        consent.finish(location)


def test_a_code_needs_its_verifier(consent: _Consent) -> None:
    location = consent.go()
    consent.flow.code_verifier = "x" * 43
    with pytest.raises(InvalidGrantError, match="Invalid code verifier"):
        consent.finish(location)


def test_a_code_needs_its_own_redirect_address(consent: _Consent) -> None:
    location = consent.go()
    consent.flow.redirect_uri = "http://localhost:10/"
    with pytest.raises(OAuth2Error, match="redirect_uri_mismatch"):
        consent.finish(location)


def test_a_person_may_say_no(desk: Desk, consent: _Consent) -> None:
    desk.drive.tokens.denies_consent = True
    answer = parse_qs(urlsplit(consent.go()).query)
    assert (answer["error"], "code" in answer, "state" in answer) == (["access_denied"], False, True)


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [("client_id", "x", 401), ("redirect_uri", "http://evil.example/", 400), ("response_type", "token", 400)],
)
def test_a_wrong_request_for_consent_goes_no_further(desk: Desk, name: str, value: str, status: int) -> None:
    client_id = desk.drive.client_secrets()["installed"]["client_id"]
    query = {"client_id": client_id, "redirect_uri": _REDIRECT, "response_type": "code", "scope": SCOPE}
    assert desk.raw("GET", "/o/oauth2/auth?" + urlencode(query)).status == 302
    assert desk.raw("GET", "/o/oauth2/auth?" + urlencode({**query, name: value})).status == status


def test_a_key_says_where_its_tokens_come_from(desk: Desk) -> None:
    assert desk.bot_key["token_uri"] == f"{desk.drive.root_url}token"
    assert desk.drive.authorised_user(ANN)["token_uri"] == f"{desk.drive.root_url}token"
    assert json.loads(json.dumps(desk.bot_key)) == desk.bot_key
