"""The sidecar: verbatim, whole at every moment, no change lost between processes."""

from __future__ import annotations

import json
import multiprocessing
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar, VideoFacts, change, read_sidecar, write_first
from backend.errors import DiskFault, LocalDamage

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PLACE = "uploads/a.mp4"


def _sidecar(**facts: object) -> Sidecar:
    known = {
        "id": "v1", "project_id": "default", "original_filename": "a.mp4", "stored_filename": "a.mp4",
        "relative_path": PLACE, "sha256": "0" * 64, "size_bytes": 1, "mime_type": "video/mp4", "bytes_id": "v1",
        "saved_at": AT, "updated_at": AT,
    }  # fmt: skip
    return Sidecar(video=VideoFacts.model_validate(known | facts))


ANY_TEXT = st.text(st.characters(), max_size=100)


@given(name=ANY_TEXT, title=ANY_TEXT, tags=st.lists(ANY_TEXT, max_size=5), custom=st.dictionaries(ANY_TEXT, ANY_TEXT))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_verbatim(
    tmp_path: Path, name: str, title: str, tags: list[str], custom: dict[str, str]
) -> None:
    written = _sidecar(original_filename=name, title=title, tags=tuple(tags), metadata=custom)
    (tmp_path / "a.json").write_bytes(written.encoded())
    assert read_sidecar(tmp_path / "a.json") == written


def test_document_has_the_parts_that_the_specification_names(layout: Layout) -> None:
    write_first(layout, _sidecar())
    document = json.loads(layout.sidecar_of(PLACE).read_bytes())
    assert set(document) == {"schema", "revision", "video", "local", "deliveries", "holds"}
    assert (document["schema"], document["revision"]) == (1, 1)


def test_one_from_before_a_sha1_was_taken_is_read(layout: Layout) -> None:
    document = json.loads(_sidecar(sha1="a" * 40).encoded())
    assert Sidecar.model_validate(document).video.sha1 == "a" * 40
    del document["video"]["sha1"]
    assert Sidecar.model_validate(document).video.sha1 == ""


def test_second_sidecar_of_one_name_is_refused(layout: Layout) -> None:
    write_first(layout, _sidecar())
    with pytest.raises(FileExistsError):
        write_first(layout, _sidecar(id="v2"))
    assert read_sidecar(layout.sidecar_of(PLACE)).video.id == "v1"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"schema": 1, "video": {}}'])
def test_damaged_sidecar_is_told_as_damage(layout: Layout, content: bytes) -> None:
    layout.sidecar_of(PLACE).write_bytes(content)
    with pytest.raises(LocalDamage, match=r"a\.mp4\.json"):
        read_sidecar(layout.sidecar_of(PLACE))


def test_sidecar_that_cannot_be_read_is_told_as_a_fault_of_the_disk(layout: Layout) -> None:
    layout.sidecar_of(PLACE).mkdir()
    with pytest.raises(DiskFault):
        read_sidecar(layout.sidecar_of(PLACE))


def test_change_that_changes_nothing_writes_nothing(layout: Layout) -> None:
    write_first(layout, _sidecar())
    before = layout.sidecar_of(PLACE).stat()
    assert change(layout, PLACE, "v1", lambda doc: doc).revision == 1
    assert layout.sidecar_of(PLACE).stat().st_ino == before.st_ino


def test_no_change_is_lost_between_many_processes_and_every_reader_sees_a_whole_document(layout: Layout) -> None:
    write_first(layout, _sidecar())
    over, torn = threading.Event(), []

    def read() -> None:
        while not over.is_set():
            try:
                read_sidecar(layout.sidecar_of(PLACE))
            except LocalDamage as error:
                torn.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with multiprocessing.get_context("fork").Pool(8) as pool:
            pool.starmap(_add_tag, [(layout.root, number) for number in range(80)])
    finally:
        over.set()
        reader.join()
    doc = read_sidecar(layout.sidecar_of(PLACE))
    assert doc.revision == 81
    assert sorted(doc.video.tags, key=int) == [str(n) for n in range(80)]
    assert torn == []
    assert not any(layout.incoming.iterdir())


def _add_tag(root: Path, number: int) -> None:
    def edit(doc: Sidecar) -> Sidecar:
        return doc.model_copy(update={"video": doc.video.model_copy(update={"tags": (*doc.video.tags, str(number))})})

    change(Layout(root), PLACE, "v1", edit)
