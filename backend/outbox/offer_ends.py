"""What is offered and will never be asked for is offered no longer, and gives its time on the camera's line back.

But for time that the VMS was asked for: what it may have stays there, and is to prove no other recording.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select

from backend.catalog.database import Database
from backend.catalog.models import Delivery, DeliveryState, Video
from backend.disk.layout import SIDECAR_SUFFIX
from backend.disk.sidecar import read_sidecar
from backend.errors import DiskFault, LocalDamage
from backend.log import UploadLog
from backend.offers.book import Book
from backend.outbox.places import Places
from backend.targets.base import Offerer

# Anything else may still be fetched, or was: a copy that is verified has no offer any more, and keeps its time.
_OVER = (DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.DELETING, DeliveryState.DELETED)
_GONE = ("purging", "purged")


def tell_page(log: UploadLog, error: DiskFault) -> None:
    """For `Book.left` and `Pages.told`."""
    log.write("warning", "offers_unread", error=error.message)


@dataclass(frozen=True)
class OfferEnder:
    """A recording that was deleted, or that the VMS can never have, must not stand in the way of the next one."""

    database: Database
    book: Book
    places: Places
    log: UploadLog

    def run_due(self) -> int:
        """Withdraw the offers that are over; how many that were."""
        return self._withdraw(one for one in self.book.on_offer() if self._is_known(one) and self._is_over(one))

    def tidy(self) -> int:
        """Withdraw all that is over or nobody's, what a kill left too: copies without an offer, claims without either.
        Returns how many videos had any.

        What the catalog does not list may be about to be listed again, after it was lost: while its sidecar is there,
        or any cannot be read, or none is there at all as on a disk that is away, it stays.
        """
        self.book.double_cameras()
        left = {one: self._is_known(one) for one in self.book.left(partial(tell_page, self.log))}
        unknown = [one for one, is_known in left.items() if not is_known]
        told = self._told_by_sidecars() if unknown else set()
        nobodys = [one for one in unknown if told and one not in told]
        return self._withdraw([*nobodys, *(one for one, is_known in left.items() if is_known and self._is_over(one))])

    def _withdraw(self, over: Iterable[str]) -> int:
        found = list(over)
        for video_id in found:
            self.book.withdraw(video_id)
            self.log.write("info", "offer_withdrawn", upload=video_id)
        return len(found)

    def _is_known(self, video_id: str) -> bool:
        with self.database.read() as session:
            return session.scalar(select(Video.id).where(Video.id == video_id)) is not None

    def _is_over(self, video_id: str) -> bool:
        offerers = [name for name, place in self.places.by_name.items() if isinstance(place.target, Offerer)]
        wanted = (
            select(Delivery.id)
            .join(Video, Video.id == Delivery.video_id)
            .where(Delivery.video_id == video_id, Delivery.target.in_(offerers))
            .where(Delivery.state.not_in(_OVER), Video.local_state.not_in(_GONE))
        )
        with self.database.read() as session:
            return session.scalar(wanted.limit(1)) is None

    def _told_by_sidecars(self) -> set[str]:
        """The ids of all videos that have a sidecar; none at all when one of them cannot be read."""
        found: set[str] = set()
        for folder in self.book.layout.kept_folders():
            for place in folder.glob(f"*{SIDECAR_SUFFIX}"):
                try:
                    found.add(read_sidecar(place).video.id)
                except FileNotFoundError:
                    continue  # its upload was taken back this moment
                except LocalDamage as error:
                    self.log.write("warning", "offers_left", file=place.name, error=error.message)
                    return set()
        return found
