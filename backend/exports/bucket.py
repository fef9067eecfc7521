"""Where results are copied to: the bucket of exports of an S3 target, else `exports/` of a folder that takes them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backend.catalog.models import Export
from backend.outbox.places import Place, Places
from backend.outbox.transfer import Throttle
from backend.targets.base import Linkable, RemoteCopy, Target
from backend.targets.config import TargetConfig
from backend.targets.registry import build_target

_EXPORTS, _BUCKET, _FOLDER = "bucket_exports", "bucket", "exports"


@dataclass(frozen=True)
class Bucket:
    """`prefix`: what stands before each key there."""

    name: str
    label: str
    target: Target
    throttle: Throttle
    prefix: str = ""

    def key_of(self, export_id: str, filename: str) -> str:
        """One object for an export, however often it is made and sent: seed 001 calls it `{id}.mp4`."""
        return f"{self.prefix}{export_id}.{filename.rpartition('.')[2]}"

    def holds(self, export: Export) -> bool:
        """Whether a copy was verified there."""
        return export.delivery_target == self.name and export.delivery_state == "verified"

    def link(self, export: Export, seconds: float) -> str:
        """A link for a while to the copy, for whoever has it; "" where there are no such links."""
        if not isinstance(self.target, Linkable):
            return ""
        return self.target.link(RemoteCopy(export.remote_key, export.proof), int(seconds))


def open_bucket(places: Places) -> Bucket | None:
    """The first target, in the order of the settings, that takes exports; None when none does. Opens no connection."""
    stores = [place for place in places.by_name.values() if place.config.options.get(_EXPORTS)]
    folders = [place for place in places.by_name.values() if place.config.options.get(_FOLDER) is True]
    for place in stores:
        return _bucket(place, build_target(_of_exports(place.config)), "")
    for place in folders:
        return _bucket(place, place.target, "exports/")
    return None


def _bucket(place: Place, target: Target, prefix: str) -> Bucket:
    throttle = Throttle(place.config.max_mib_per_second)
    return Bucket(place.config.name, place.config.label, target, throttle, prefix)


def _of_exports(config: TargetConfig) -> TargetConfig:
    """The same service and keys, the other bucket."""
    return replace(config, options={**config.options, _BUCKET: config.options[_EXPORTS]})
