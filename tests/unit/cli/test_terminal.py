"""Answers: harmless on a terminal, plain in a pipe, JSON for programs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.cli.terminal import Cell, Column, ask, safe, say, show_facts, show_json_lines, show_rows
from backend.errors import Refused

_COLUMNS = (Column("id"), Column("name"))


@pytest.mark.parametrize(
    "name", ["\x1b[31m", "a\rb", "a\nb", "\u202egpj.exe", "\u2066x\u2069", "\x9b5n", "\ud800", "\t"]
)
def test_nothing_in_a_name_steers_the_terminal(name: str) -> None:
    assert safe(name).isprintable()
    assert safe(name) != name


@given(st.text())
def test_what_is_shown_is_always_printable(text: str) -> None:
    assert safe(text).isprintable()


def test_letters_of_any_language_stay_as_they_are() -> None:
    assert safe("Żółw 東京 שלום 🎬") == "Żółw 東京 שלום 🎬"


def test_plain_lines_have_one_record_each_whatever_is_in_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(_COLUMNS, [("1", "a\tb\nc"), (Cell("2", "two"), "d")], "nothing")
    assert capsys.readouterr().out == "1\ta\\tb\\nc\n2\td\n"


def test_an_empty_answer_leaves_the_pipe_empty_and_is_told_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(_COLUMNS, [], "No videos.")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "No videos.\n")


def test_markup_of_rich_in_a_name_is_a_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    show_rows(_COLUMNS, [("1", "[red]x[/red] :smile: [link=http://x]y")], "")
    show_facts([("name", "[bold]z[/bold]")])
    out = capsys.readouterr().out
    assert "[red]x[/red] :smile: [link=http://x]y" in out
    assert "[bold]z[/bold]" in out


def test_a_json_array_comes_element_by_element(capsys: pytest.CaptureFixture[str]) -> None:
    show_json_lines(iter([{"a": "\u202e"}, {"b": 2}]))
    out = capsys.readouterr().out
    assert json.loads(out) == [{"a": "\u202e"}, {"b": 2}]
    assert out.count("\n") == 2
    assert out.isascii()
    show_json_lines(iter([]))
    assert json.loads(capsys.readouterr().out) == []


def test_our_own_lines_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say("one", "two \x1b[2J of a\nname")
    assert capsys.readouterr().out == "one\ntwo \\x1b[2J of a\\nname\n"


def test_without_a_terminal_a_question_is_a_refusal() -> None:
    with pytest.raises(Refused, match="--yes"):
        ask("Delete it?", yes=False)
    ask("Delete it?", yes=True)
