"""Signatures: the public package takes ours, and nothing that was changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from backend.webhooks import signature

SECRET = signature.new_secret()


@given(st.dictionaries(st.text(), st.text()))
def test_the_public_package_takes_what_we_sign(payload: dict[str, str]) -> None:
    import json

    body = json.dumps(payload).encode()
    assert Verifier(SECRET).verify(body, signature.headers(SECRET, "id-1", datetime.now(UTC), body)) == payload


def test_what_was_changed_or_is_old_is_refused() -> None:
    now, body = datetime.now(UTC), b'{"a":1}'
    good = signature.headers(SECRET, "id-1", now, body)
    changed = [
        (good, b'{"a":2}'),
        (good | {"webhook-id": "id-2"}, body),
        (good | {"webhook-timestamp": str(int(now.timestamp()) + 1)}, body),
        (signature.headers(signature.new_secret(), "id-1", now, body), body),
        (signature.headers(SECRET, "id-1", now - timedelta(hours=1), body), body),
    ]
    for headers, sent in changed:
        with pytest.raises(WebhookVerificationError):
            Verifier(SECRET).verify(sent, headers)


def test_a_sealed_secret_is_read_with_the_servers_own_secret_only() -> None:
    sealed = signature.seal(SECRET, "ours")
    assert SECRET not in sealed
    assert signature.unseal(sealed, "ours") == SECRET
    assert signature.unseal(sealed, "another") is None
    assert signature.unseal("nothing of ours", "ours") is None
    assert len({signature.new_secret() for _ in range(50)}) == 50


def test_for_a_day_a_receiver_that_knows_the_old_secret_or_the_new_one_is_told() -> None:
    old, new, now, body = signature.new_secret(), signature.new_secret(), datetime.now(UTC), b'{"a":1}'
    kept = signature.renewed(signature.seal(old, "server"), new, "server", now)
    assert signature.unseal(kept, "server") == new
    still = signature.unseal_old(kept, "server", now + timedelta(hours=23))
    headers = signature.headers(new, "id-1", now, body, still)
    for secret in (old, new):
        assert Verifier(secret).verify(body, headers) == {"a": 1}
    assert signature.unseal_old(kept, "server", now + timedelta(hours=25)) is None
    again = signature.renewed(kept, SECRET, "server", now)
    assert (signature.unseal(again, "server"), signature.unseal_old(again, "server", now)) == (SECRET, new)
    assert signature.unseal_old(signature.seal(old, "server"), "server", now) is None
