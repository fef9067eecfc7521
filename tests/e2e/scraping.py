"""What /metrics says, by name and labels, for the tests that ask a running server."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from tests.services.app import RunningApp

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Scraped:
    """One answer."""

    text: str
    samples: dict[tuple[str, Labels], float]
    types: dict[str, str]

    def value(self, name: str, **labels: str) -> float:
        return self.samples[name, frozenset(labels.items())]

    def labels_of(self) -> dict[str, set[str]]:
        """Every name of a sample with the labels that any of its series has."""
        found: dict[str, set[str]] = {}
        for name, labels in self.samples:
            found.setdefault(name, set()).update(key for key, _ in labels)
        return found

    def counts(self) -> dict[tuple[str, Labels], float]:
        """All that only ever grows."""
        ends = ("_total", "_bucket", "_sum", "_count")
        return {key: value for key, value in self.samples.items() if key[0].endswith(ends)} | {}


def scrape(app: RunningApp) -> Scraped:
    """Ask whichever web process answers."""
    answer = app.request("GET", "/metrics")
    text = answer.data.decode()
    assert answer.status == 200, text
    families = list(text_string_to_metric_families(text))
    samples = {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}
    return Scraped(text, samples, {family.name: family.type for family in families})
