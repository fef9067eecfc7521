"""The emulated VMS's doors: who may come in, for how long, and in which words others are sent away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.contract.tls_port import certificate
from tests.services.vms.caller import Caller
from tests.services.vms.server import Vms, running_vms

NOW = datetime(2026, 2, 27, 8, 13, 50, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def vms() -> Iterator[Vms]:
    with running_vms() as found:
        found.install()
        yield found


@pytest.fixture
def caller(vms: Vms) -> Iterator[Caller]:
    found = Caller(vms)
    yield found
    found.close()


def test_anybody_may_ask_where_to_sign_in(vms: Vms) -> None:
    told = httpx.get(f"{vms.url}/api/.well-known/uris", trust_env=False).json()
    assert told["ApiGateways"] == [f"{vms.url}/API/"]
    assert told["IdentityProvider"] == f"{vms.url}/IDP"


def test_a_password_gives_a_token_for_a_while(vms: Vms, caller: Caller) -> None:
    told = caller.sign_in().json()
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 3600, "managementserver")
    assert caller.rest("GET", "cameras").status_code == 200
    vms.advance(3599)
    assert caller.rest("GET", "cameras").status_code == 200
    vms.advance(2)
    assert caller.rest("GET", "cameras").status_code == 401


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"password": "wrong"}, "invalid_grant"),
        ({"username": "nobody"}, "invalid_grant"),
        ({"client_id": "somebody"}, "invalid_client"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ],
)
def test_the_identity_provider_refuses_in_its_own_shape(caller: Caller, changed: dict[str, str], error: str) -> None:
    answer = caller.sign_in(**changed)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert "details" not in answer.json()


@pytest.mark.parametrize("path", ["cameras", "nonsense", "bookmarks", "evidenceLocks", "tasks/1", "cameras?page=x"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_who_asks_is_looked_at_before_anything_else(vms: Vms, caller: Caller, method: str, path: str) -> None:
    for token in ("", "made-up"):
        assert caller.rest(method, path, {"x": 1}, bearer=token).status_code == 401
    caller.sign_in()
    vms.expire_tokens()
    assert caller.rest(method, path, {"x": 1}).status_code == 401


@pytest.mark.parametrize("wrapped", [True, False])
def test_errors_come_in_both_shapes(vms: Vms, caller: Caller, wrapped: bool) -> None:
    vms.wrap_errors = wrapped
    answer = caller.rest("GET", "cameras?nonsense=1")
    told = answer.json()["error"] if wrapped else answer.json()
    assert (answer.status_code, told["httpCode"]) == (400, 400)
    assert told["details"][0]["property"] == "nonsense"
    assert told["details"][0]["errorText"]


def test_the_recorder_takes_its_own_token_alone(vms: Vms, caller: Caller) -> None:
    device = ("deviceId", vms.cameras[0].id)
    token = caller.recorder_token()
    assert caller.recorder("SequencesGetTypes", token, device).status_code == 200
    bearer = caller.recorder("SequencesGetTypes", caller.bearer, device)
    assert bearer.status_code == 500
    assert "Token invalid" in bearer.text
    assert "No token supplied" in caller.recorder("SequencesGetTypes", "", device).text
    assert caller.rest("GET", "cameras", bearer=token).status_code == 401


def test_the_recorders_token_lasts_four_hours_whatever_became_of_the_bearer(vms: Vms, caller: Caller) -> None:
    device = ("deviceId", vms.cameras[0].id)
    answer = caller.login().text
    found = re.search(r"<MicroSeconds>(\d+)</MicroSeconds>.*<Token>([^<]+)</Token>", answer)
    assert found
    assert int(found[1]) == 4 * 3600 * 1_000_000
    vms.advance(4 * 3600 - 1)
    assert caller.login().status_code == 401
    assert caller.recorder("SequencesGetTypes", found[2], device).status_code == 200
    vms.advance(2)
    assert "Token invalid" in caller.recorder("SequencesGetTypes", found[2], device).text


@pytest.mark.parametrize(
    ("name", "inner", "words"),
    [
        ("StartRecording", (), "not supported"),
        ("SequencesGetTypes", (("deviceId", "nobody"),), "Unknown device"),
        ("SequencesGet", (("sequenceType", "x"),), "Unknown sequence type"),
    ],
)
def test_the_recorder_says_no_by_a_fault(
    vms: Vms, caller: Caller, name: str, inner: tuple[tuple[str, str], ...], words: str
) -> None:
    device = () if any(key == "deviceId" for key, _ in inner) else (("deviceId", vms.cameras[0].id),)
    answer = caller.recorder(name, caller.recorder_token(), *device, *inner)
    assert answer.status_code == 500
    assert "<soap:Fault>" in answer.text
    assert words in answer.text


def test_sequences_are_made_of_frames_that_are_there(vms: Vms, caller: Caller) -> None:
    """Frames two seconds apart belong together, further ones do not; sequences come whole, and no more than asked."""
    camera = vms.cameras[0].id
    vms.record(camera, NOW, NOW + MINUTE, timedelta(seconds=2))
    vms.record(camera, NOW + 2 * MINUTE, NOW + 3 * MINUTE, timedelta(seconds=2))
    first, second = (NOW, NOW + MINUTE), (NOW + 2 * MINUTE, NOW + 3 * MINUTE)
    assert caller.sequences(camera, NOW - MINUTE, NOW + 9 * MINUTE) == [first, second]
    assert caller.sequences(camera, NOW - MINUTE, NOW + 9 * MINUTE, most=1) == [first]
    assert caller.sequences(camera, NOW + MINUTE / 2, NOW + MINUTE) == [first]
    assert caller.sequences(camera, NOW + MINUTE * 1.2, NOW + MINUTE * 1.8) == []
    vms.lose_footage(camera, NOW + timedelta(seconds=20), NOW + timedelta(seconds=21))
    ends = [end for _, end in caller.sequences(camera, NOW, NOW + MINUTE)]
    assert ends == [NOW + timedelta(seconds=18), NOW + MINUTE]
    vms.record(camera, NOW + 5 * MINUTE, NOW + 6 * MINUTE, timedelta(seconds=2, milliseconds=1))
    assert all(begin == end for begin, end in caller.sequences(camera, NOW + 5 * MINUTE, NOW + 6 * MINUTE))


def test_what_was_called_is_told_without_secrets(vms: Vms, caller: Caller) -> None:
    caller.sign_in()
    caller.recorder_token()
    body = {"hardwareAddress": "http://127.0.0.1:9", "userName": "u", "password": "of the device"}
    caller.rest("POST", f"recordingServers/{vms.recording_server.id}?task=AddHardware", body)
    assert [one.operation for one in vms.requests] == [
        "token",
        "Login",
        "POST recordingServers/{id}?task=AddHardware",
    ]
    assert vms.requests[0].body["username"] == vms.username
    assert all(secret not in repr(vms.requests) for secret in (vms.password, caller.bearer, "of the device", "TOKEN#"))
    assert [one.status for one in vms.requests] == [200, 200, 400]


def test_it_speaks_tls_when_it_has_a_certificate(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(certificate())
    with running_vms(certificate=both) as vms:
        assert vms.url.startswith("https://")
        caller = Caller(vms)
        vms.install()
        camera = vms.cameras[0].id
        assert caller.ids("cameras") == [camera]
        assert caller.sequences(camera, NOW, NOW + MINUTE) == []
        caller.close()


def test_it_may_be_away_for_a_while(vms: Vms, caller: Caller) -> None:
    caller.sign_in()
    vms.pause()
    with pytest.raises(httpx.TransportError):
        caller.rest("GET", "cameras")
    vms.resume()
    assert caller.rest("GET", "cameras").status_code == 200
