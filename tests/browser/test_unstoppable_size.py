"""A file beyond two gigabytes: cut behind the 31st bit, whole in the end, and nobody's memory grows with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import disk_usage, rmtree

import pytest

from tests.browser.own_browser import OwnBrowser
from tests.browser.sending import durable_bytes, expect_rest_only, is_sending
from tests.browser.takes import MIB, expect_whole, sparse_take
from tests.services.app import RunningApp
from tests.services.scratch import memory_disk, scratch_folder
from tests.services.waiting import wait_until

SIZE = 2304 * MIB
CUT_AT = 2048 * MIB
MOST_GROWTH = 128 * MIB


@pytest.fixture
def roomy_folder(tmp_path: Path) -> Iterator[Path]:
    """In memory when there is room for the file and its server's disk."""
    memory = memory_disk()
    fits = memory is not None and disk_usage(memory).free > 2 * SIZE
    folder = scratch_folder("large", parent=memory if fits else tmp_path)
    yield folder
    rmtree(folder)


def own_memory(pids: list[int]) -> int:
    """The bytes that these processes share with nobody, and that no file stands behind."""
    found = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            found += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))
    return found


def memory_of(browser: OwnBrowser, app: RunningApp) -> list[int]:
    return [own_memory(browser.pids()), own_memory(app.pids("web"))]


def test_two_gigabytes_arrive_whole_although_the_server_is_killed_behind_them_and_nobodys_memory_grows(
    own_browser: OwnBrowser, running_app: Callable[..., RunningApp], roomy_folder: Path
) -> None:
    app = running_app({"STORAGE_PATH": str(roomy_folder / "storage")}, processes=["web"])
    visit = own_browser.start(app.base_url)
    visit.open(token=app.admin_token)
    source = sparse_take(roomy_folder / "concert.mp4", SIZE)
    before = memory_of(own_browser, app)
    most = list(before)

    def watched(condition: Callable[[], bool]) -> bool:
        most[:] = map(max, most, memory_of(own_browser, app))
        return condition()

    with visit.page.expect_request(is_sending) as sending:
        visit.choose(source)
    wait_until(lambda: watched(lambda: durable_bytes(app, sending.value.url) > CUT_AT), "two gigabytes", seconds=120)
    app.kill9("web")
    with visit.page.expect_request(is_sending, timeout=60_000) as resumed:
        app.start("web")
    saved = visit.queued(source.name).and_(visit.page.locator("[data-state=saved]"))
    wait_until(lambda: watched(lambda: saved.count() == 1), "the video to be saved", seconds=120)
    expect_rest_only(resumed.value, source, CUT_AT)
    expect_whole(app, source)
    growth = [now - then for now, then in zip(most, before, strict=True)]
    assert max(growth) < MOST_GROWTH, growth
