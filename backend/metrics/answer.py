"""The whole answer of /metrics: what all processes counted together, and what is so just now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from backend.metrics import store
from backend.metrics.folder import Folder
from backend.metrics.process import folder_of
from backend.metrics.state import State
from backend.services import Services

_OPENMETRICS = "application/openmetrics-text; version=1.0.0"
_VERSIONS = ("", "0.0.1", "1.0.0")


@dataclass(frozen=True)
class _Counted(Collector):
    folder: Folder

    def collect(self) -> Iterable[Metric]:
        try:
            with self.folder.locked():
                self.folder.fold(store.read, store.write)
                return store.added_up(self.folder.files())
        except OSError:
            # There is no room to fold, or the folder is away: what is so just now is told all the same.
            return store.added_up(self.folder.files())


@dataclass(frozen=True)
class Answer:
    """Made once per process: it keeps the catalog's figures for a few seconds."""

    registry: CollectorRegistry

    @classmethod
    def of(cls, services: Services) -> Answer:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Counted(folder_of(services.settings)))
        registry.register(State(services))
        return cls(registry)

    def text(self, accept: str) -> tuple[bytes, str]:
        """The body and its Content-Type: OpenMetrics for those who ask for it, else Prometheus' own text."""
        # The library takes whatever version it is asked for, also one that there is not.
        encode, content_type = choose_encoder(_OPENMETRICS if _wanted(accept) else "")
        return encode(self.registry), content_type


def _wanted(accept: str) -> bool:
    """Whether OpenMetrics is accepted, in the version that there is."""
    for form in accept.split(","):
        kind, *parameters = (part.strip() for part in form.split(";"))
        versions = [value for name, _, value in (part.partition("=") for part in parameters) if name == "version"]
        if kind == "application/openmetrics-text" and set(versions or [""]) <= set(_VERSIONS):
            return True
    return False
