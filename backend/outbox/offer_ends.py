"""What is offered and will never be asked for is offered no longer, and gives its time on the camera's line back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from backend.catalog.database import Database
from backend.catalog.models import Delivery, DeliveryState, Video
from backend.log import UploadLog
from backend.offers.book import Book
from backend.outbox.places import Places
from backend.targets.base import Offerer

# Anything else may still be fetched, or was: a copy that is verified has no offer any more, and keeps its time.
_OVER = (DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.DELETING, DeliveryState.DELETED)
_GONE = ("purging", "purged")


@dataclass(frozen=True)
class OfferEnder:
    """A recording that was deleted, or that the VMS can never have, must not stand in the way of the next one."""

    database: Database
    book: Book
    places: Places
    log: UploadLog

    def run_due(self) -> int:
        """Withdraw what is over; how many that were."""
        over = [video_id for video_id in self.book.on_offer() if self._is_over(video_id)]
        for video_id in over:
            self.book.withdraw(video_id)
            self.log.write("info", "offer_withdrawn", upload=video_id)
        return len(over)

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
