"""What `doctor` says of the audit: whether its end is where it was signed. `audit verify` follows all of it."""

from __future__ import annotations

from collections.abc import Iterator

from backend.catalog.audit_head import Seal
from backend.catalog.database import Database
from backend.cli.findings import Finding, notice, well
from backend.disk.layout import Layout
from backend.log import UploadLog
from backend.settings import Settings
from backend.signing import RECEIPT_KEY_FILE, load_signer


def audit(settings: Settings, layout: Layout, database: Database) -> Iterator[Finding]:
    """No fault of anybody, perhaps: after a lost database, or with an older backup, it is so."""
    if not (layout.keys / RECEIPT_KEY_FILE).is_file():
        return
    log = UploadLog(settings.log_dir.absolute(), settings.log_level, settings.log_format)
    trouble = Seal(database, layout, load_signer(layout.keys), log).trouble()
    if trouble is None:
        yield well("audit", "It ends where it was signed; `video_manager audit verify` follows every line.")
        return
    remedy = "If you know why (a lost database, an older backup): video_manager audit accept --reason …"
    yield notice("audit", trouble.words, remedy)
