"""Handing new events to the webhooks that want them: each has its own place in the stream.

The place moves on in the transaction that makes the deliveries, so any number of workers may do this, and be killed.
A webhook that is paused stays where it is: it is told when it is resumed, as far back as events are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.catalog import webhooks
from backend.catalog.database import Database
from backend.catalog.models import Webhook
from backend.catalog.types import iso
from backend.catalog.webhook_claims import catch_up
from backend.log import UploadLog
from backend.outbox.clock import instant

# A webhook that comes back after days gets its events in parts, so that no transaction is long.
MOST_A_TURN = 500


@dataclass(frozen=True)
class FanOut:
    database: Database
    log: UploadLog
    most: int = MOST_A_TURN

    def turn(self, webhook_ids: Iterable[str]) -> bool:
        """Hand over up to `most` events to each; whether there is more to do at once."""
        left, is_more = list(webhook_ids), False
        while left:
            done, found_more = self._hand_over(left)
            left, is_more = left[done:], is_more or found_more
        return is_more

    def _hand_over(self, webhook_ids: Sequence[str]) -> tuple[int, bool]:
        """To the first of these; how many, and whether one has more. In one transaction for as many as get `most`
        events together: uploads wait for each commit, however little is in it."""
        missed: list[Webhook] = []
        done = count = 0
        is_more = False
        with self.database.write() as session:
            found = webhooks.several_locked(session, webhook_ids)
            for webhook_id in webhook_ids:
                if done and count >= self.most:
                    break
                done += 1
                if (webhook := found.get(webhook_id)) is None or not webhook.enabled:
                    continue
                had = webhook.last_error_at
                handed = catch_up(session, webhook, self.most, instant(session))
                count, is_more = count + handed, is_more or handed == self.most
                if webhook.last_error_at != had:
                    missed.append(webhook)
        for webhook in missed:
            at = iso(webhook.last_error_at)
            self.log.write("warning", "webhook_missed_events", webhook=webhook.id, label=webhook.label, found_at=at)
        return done, is_more
