"""token: made once, shown once, ended at once."""

from __future__ import annotations

from backend.catalog import tokens
from backend.catalog.database import Database
from tests.unit.cli.conftest import CommandLine


def test_the_secret_is_shown_once_and_is_the_one_that_signs_in(either: CommandLine, database_url: str) -> None:
    made = either.well("token", "create", "--name", "Ann", "--role", "uploader", "--project", "films", "--json").json
    assert made["sign_in_link"] == f"http://127.0.0.1:8000/#token={made['token']}"
    database = Database(database_url)
    with database.read() as session:
        found = tokens.find(session, made["token"])
    database.close()
    assert found is not None
    assert (found.name, found.role, found.projects) == ("Ann", "uploader", ["films"])
    (listed,) = either.well("token", "list", "--json").json
    assert listed["id"] == made["id"]
    assert made["token"] not in either.well("token", "list").out + either.well("logs").out


def test_it_works_on_a_server_that_was_never_started_and_names_the_link(cli: CommandLine) -> None:
    answer = cli.well("token", "create", "--name", "Ann", "--role", "viewer")
    assert "sign-in link  http://127.0.0.1:8000/#token=hf_" in answer.out
    assert "every project" in answer.out


def test_revoke_asks_and_ends_by_name_id_or_beginning(cli: CommandLine) -> None:
    made = [cli.well("token", "create", "--name", n, "--role", "viewer", "--json").json for n in ("Ann", "Bob", "Cy")]
    assert cli("token", "revoke", "Ann").code == 3
    for word in ("Ann", made[1]["id"], made[2]["id"][:8]):
        cli.well("token", "revoke", word, "--yes")
    assert all(token["revoked_at"] for token in cli.well("token", "list", "--json").json)
    assert cli("token", "revoke", "Ann", "--yes").code == 3


def test_ending_the_last_admin_is_told(cli: CommandLine) -> None:
    cli.well("release")
    answer = cli.well("token", "revoke", "admin", "--yes")
    assert "last admin" in answer.err


def test_an_unknown_role_is_refused_with_the_known_ones(cli: CommandLine) -> None:
    answer = cli("token", "create", "--name", "Ann", "--role", "boss")
    assert answer.code == 2
    assert "operator" in answer.err


def test_a_name_with_control_characters_is_refused(prepared: CommandLine) -> None:
    answer = prepared("token", "create", "--name", "x\ny", "--role", "viewer")
    assert answer.code == 3
    assert "line breaks" in answer.err
    assert [token["name"] for token in prepared.well("token", "list", "--json").json] == ["admin"]


def test_a_second_living_token_of_one_name_is_told(prepared: CommandLine) -> None:
    make = ("token", "create", "--name", "Ann", "--role", "viewer")
    assert prepared.well(*make).err == ""
    assert "2 living tokens are named Ann" in prepared.well(*make, "--json").err
    assert prepared("token", "revoke", "Ann", "--yes").code == 3
