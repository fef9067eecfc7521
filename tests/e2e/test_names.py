"""Names of any kind: stored inside the root, kept verbatim, given back rightly, one line in the log, never a 5xx."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from backend.web.disposition import for_saving
from tests.e2e.holding import House, video_bytes
from tests.services.app import AppFactory
from tests.services.cutting import BOUNDARY, Answer, Wire
from tests.services.sampling import rounds
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

# Original names, as a person or an attacker may give them. The extension is added where there is none.
NAMES = [
    "plain.mp4", "two words.mp4", "../../../../etc/passwd.mp4", "..\\..\\windows\\system32.mp4", "/etc/cron.d/x.mp4",
    "C:\\films\\a.mp4", "a/b/c.mp4", ".mp4", "..mp4", "...mp4", ".hidden.mp4", "-rf.mp4", "~root.mp4", "$(reboot).mp4",
    "`id`.mp4", "a;b|c&d.mp4", "CON.mp4", "nul.mp4", "COM1.txt.mp4", "aux .mp4", "x" * 300 + ".mp4", "é" * 300 + ".mp4",
    "🎬" * 100 + ".mp4", "日本語の映像.mp4", "\u202egnp.mp4", "a\u200fb\u2066c.mp4", "e\u0301.mp4", "ﬁ\ufeff.mp4",
    "tab\there.mp4", "esc\x1b[31mred.mp4", "bell\x07.mp4", "del\x7f.mp4", "c1\x85\x9b.mp4", "ls\u2028ps\u2029.mp4",
    "nul\x00byte.mp4", "100%25.mp4", "%2e%2e%2f%00.mp4", "a?b#c&d=e.mp4", "<script>alert(1)</script>.mp4",
    "'; DROP TABLE videos; --.mp4", "{{7*7}}.mp4", "a'b.mp4", 'quo"te.mp4', 'back\\slash.mp4', "new%0d%0aline.mp4",
    "trailing.mp4 ", " leading.mp4",
    "dots....mp4", "UPPER.MP4", "many.dots.in.it.mp4",
]  # fmt: skip
# Texts for the fields that are names: what is refused must be refused in words, what is taken must come back verbatim.
TEXTS = [
    "plain", "../..", "..", ".", "/", "a/b", "a\\b", "CON", "x" * 100, "x" * 101, "é" * 100, "🎬" * 40, "\u202eabc",
    "日本語", "a\nb", "a\rb", "a\x00b", "a\x1bb", "a\tb", "%2e%2e%2f", "'\"<>&", "{{7*7}}", "-rf", "$(id)", "e\u0301",
    "project",
]  # fmt: skip
# Content-Disposition as other clients write it, and the name that they mean.
WAYS = [
    (b'form-data; name="video"; filename=""', ""),
    (b'form-data; name="video"', ""),
    (b'form-data; name="video"; filename="noext"', "noext"),
    (b"form-data; name=video; filename=bare.mp4", "bare.mp4"),
    (b"form-data; name=\"video\"; filename*=iso-8859-1''caf%E9.mp4", "café.mp4"),
    (b"form-data; name=\"video\"; filename*=UTF-8'en'caf%C3%A9.mp4", "café.mp4"),
    (b'form-data; name="video"; filename="plain.mp4"; filename*=UTF-8\'\'better%20%F0%9F%8E%AC.mp4', "plain.mp4"),
    (b'form-data; name="video"; filename="caf\xe9.mp4"', "café.mp4"),
    (b'form-data; name="video"; filename="\xc3\xa9.mp4"', "é.mp4"),
    (b'form-data; name="video"; filename="quote%22d.mp4"', 'quote"d.mp4'),
    (b'form-data; name="video"; filename="quote\\"d.mp4"', 'quote"d.mp4'),
    (b'form-data; name="video"; filename="%0D%0ASet-Cookie: a=b.mp4"', "\r\nSet-Cookie: a=b.mp4"),
    (b'form-data; name="video"; filename="50%.mp4"', "50%.mp4"),
    (b'form-data; name="video"; filename="\xff\xfe\x80.mp4"', "ÿþ\x80.mp4"),
]
NONSENSE = [
    b"form-data; name=\"video\"; filename*=UTF-8''%ff%fe.mp4",
    b"form-data; name=\"video\"; filename*=klingon''a.mp4",
    b"form-data; name=\"video\"; filename*=''''.mp4",
    b'form-data; name="video"; filename*=garbage.mp4',
    b'form-data; name="video"; filename="unclosed.mp4',
    b'form-data; name="video"; filename="a.mp4"; filename="b.mp4"',
    b'form-data; name="video"; name="title"; filename="a.mp4"',
    b'form-data; filename="a.mp4"',
    b'attachment; name="video"; filename="a.mp4"',
    b'form-data; name="video"; filename="' + b"x" * 5000 + b'.mp4"',
    b"",
    b"\xff\xff",
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("names"), hearth)
    env = {"UPLOAD_MAX_SIZE": "1000000"}
    if request.param == "postgresql":
        env["DATABASE_URL"] = request.getfixturevalue("postgres_server").fresh_database()
    house = House(factory(env, processes=["web"]))
    house.upload(video_bytes(0, 2000))  # makes the log's folder
    yield house
    factory.close()


@pytest.fixture
def around(house: House) -> Iterator[None]:
    """Nothing appears outside the storage root, every log line is one event, and all promises hold."""
    before = set(house.app.home.iterdir())
    yield
    assert set(house.app.home.iterdir()) == before
    house.check()
    for line in house.log_lines():
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z (INFO|WARNING|ERROR) +\w+ ", line), line
        assert line.isprintable()


def _send(house: House, disposition: bytes, fields: Sequence[tuple[str, bytes]] = (), seed: int = 1) -> Answer:
    """A form whose file part has exactly this Content-Disposition."""
    body = bytearray()
    for name, value in fields:
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
    body += f"--{BOUNDARY}\r\nContent-Disposition: ".encode() + disposition + b"\r\n\r\n"
    body += video_bytes(seed, 2000) + f"\r\n--{BOUNDARY}--\r\n".encode()
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token, len(body))
        wire.send(bytes(body))
        answer = wire.answer()
    assert answer is not None
    assert answer.status < 500, answer.body
    return answer


def _quoted(name: str) -> bytes:
    """As browsers write it (WHATWG): quotes and line ends by percent, all else as it is."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()


def _video(house: House, answer: Answer) -> dict[str, Any]:
    assert answer.status == 201, answer.body
    found = house.app.request("GET", f"/api/videos/{answer.json['video_id']}").json()["video"]
    return dict(found)


def _kept(house: House, answer: Answer, name: str) -> None:
    """The promises for one name: verbatim in answer, list and sidecar; a safe name on disk; a right download."""
    video = _video(house, answer)
    assert answer.json["original_filename"] == video["original_filename"] == name
    stored = video["stored_filename"]
    assert re.fullmatch(r"\d{8}_\d{6}_[A-Za-z0-9._-]+-[0-9a-f]{10}\.mp4", stored)
    place = (house.storage / video["relative_path"]).resolve()
    assert place.parent.parent == (house.storage / "uploads").resolve()
    sidecar = json.loads(Path(f"{place}.json").read_bytes())
    assert sidecar["video"]["original_filename"] == name
    _downloads_as(house, video["id"], name)


def _downloads_as(house: House, video_id: str, name: str) -> None:
    answer = house.app.request("GET", f"/api/videos/{video_id}/download")
    assert answer.status == 200
    disposition = answer.headers["Content-Disposition"]
    assert disposition.isascii()
    assert disposition.isprintable()
    match = re.fullmatch(
        r"attachment; filename=\"([^\"\\%/]+)\"; filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]+)", disposition
    )
    assert match, disposition
    if name:
        # Itself, but for what no file can be called; tests/unit/web says name by name what that is.
        assert unquote(match.group(2)) == for_saving(name)


def test_name_of_any_kind_is_kept_verbatim_and_stored_safely(house: House, around: None) -> None:
    for name in NAMES:
        _kept(house, _send(house, b'form-data; name="video"; filename="' + _quoted(name) + b'"'), name)


def test_extended_parameter_is_read_as_its_rfc_says(house: House, around: None) -> None:
    for name in NAMES:
        coded = "".join(f"%{byte:02X}" for byte in name.encode())
        _kept(house, _send(house, f"form-data; name=\"video\"; filename*=UTF-8''{coded}".encode()), name)


def test_other_ways_of_writing_a_name_are_understood(house: House, around: None) -> None:
    for disposition, name in WAYS:
        _kept(house, _send(house, disposition), name)


def test_nonsense_is_refused_in_words_or_taken_whole(house: House, around: None) -> None:
    for disposition in NONSENSE:
        answer = _send(house, disposition)
        assert answer.json["success"] is (answer.status == 201)
        if answer.status == 201:
            _video(house, answer)
        else:
            assert answer.json["error"].endswith(".")


@pytest.mark.parametrize("field", ["project_id", "content_type", "title", "tags", "source", "camera_id", "description"])
def test_text_of_any_kind_in_any_field_is_kept_verbatim_or_refused_in_words(
    house: House, around: None, field: str
) -> None:
    taken = [text for text in TEXTS if _takes_text(house, field, text)]
    assert "plain" in taken
    assert "日本語" in taken


def _takes_text(house: House, field: str, text: str) -> bool:
    answer = _send(house, b'form-data; name="video"; filename="a.mp4"', [(field, text.encode())])
    if answer.status != 201:
        assert (answer.status, answer.json["code"], answer.json["detail"]) == (422, "bad-field", {"field": field})
        return False
    video = _video(house, answer)
    assert video[field] == ([text] if field == "tags" else text)
    sidecar = json.loads((house.storage / f"{video['relative_path']}.json").read_bytes())
    assert sidecar["video"][field] == video[field]
    listed = house.app.request("GET", "/api/videos/list", fields={"project_id": video["project_id"]}).json()
    assert video["id"] in [v["id"] for v in listed["videos"]]
    return True


@pytest.mark.parametrize(
    "given",
    ['{"\\u0000": "\\u0000"}', '{"\\ud800": "\\udfff"}', '{"a/../b": "\\n\\r\\u001b"}', '{"": ""}', '{"é": ["🎬"]}'],
)
def test_custom_fields_come_back_as_they_were_given(house: House, around: None, given: str) -> None:
    answer = _send(house, b'form-data; name="video"; filename="a.mp4"', [("metadata", given.encode())])
    assert _video(house, answer)["metadata"] == json.loads(given)


def test_projects_that_look_alike_have_folders_of_their_own(house: House, around: None) -> None:
    looks = ["a b", "a_b", "a/b", "a\\b", "A_B", "a  b", "á_b", "a_b."]
    saved = [_send(house, b'form-data; name="video"; filename="a.mp4"', [("project_id", p.encode())]) for p in looks]
    folders = {_video(house, answer)["relative_path"].split("/")[1] for answer in saved}
    assert len(folders) == len(looks)
    for project in looks:
        named = house.app.request("GET", "/api/videos/list", fields={"project_id": project}).json()["videos"]
        assert {v["project_id"] for v in named} == {project}


@pytest.mark.parametrize(
    "project", ["%2e%2e", "..%2f..", "%00", "a%0ab", "a%2fb", "%ff%fe", "%F0%9F%8E%AC", "CON", "a%20b"]
)
def test_project_of_the_address_stays_inside_the_root(house: House, around: None, project: str) -> None:
    body = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'.encode()
    body += video_bytes(2, 2000) + f"\r\n--{BOUNDARY}--\r\n".encode()
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token, len(body), path=f"/projects/{project}/videos")
        wire.send(body)
        answer = wire.answer()
    assert answer is not None
    assert answer.status in (201, 404, 405, 422)


def test_random_bytes_in_the_name_never_break_the_server(house: House, around: None) -> None:
    chance = random.Random(11)
    for number in range(rounds(60, 3000)):
        name = chance.randbytes(1 + number % 60).replace(b"\r", b"").replace(b"\n", b"").replace(b'"', b"")
        answer = _send(house, b'form-data; name="video"; filename="' + name + b'.mp4"', seed=number)
        assert answer.status in (201, 415, 422)
        if answer.status == 201:
            _downloads_as(house, answer.json["video_id"], answer.json["original_filename"])
