"""A test that fails is tried once more, and told: these machines are shared, and one in thousands loses a race.

What fails twice fails. So does a run in which many needed it, and whatever proves by chance that nothing is lost
(kills, random faults, models): there, one failure in a hundred runs is a find.
"""

from __future__ import annotations

import pytest

# Words in the names of files that get no second try.
_BY_CHANCE = ("kill", "fault", "torture", "stateful", "model", "mutants", "hostile", "soak", "crash", "process")
# One in a thousand.
_MOST = 10


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        tries = 0 if any(word in item.path.name for word in _BY_CHANCE) else 1
        item.add_marker(pytest.mark.flaky(reruns=tries))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How each of them failed at first: it is to be mended all the same."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"failed at first: {report.nodeid}", "_")
        terminalreporter.write_line(report.longreprtext)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return  # one of several processes: the first one counts
    tried_again = len(reporter.stats.get("rerun", []))
    if tried_again > _MOST:
        reporter.write_line(f"\n{tried_again} tests were tried again; more than {_MOST} fail the run.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
