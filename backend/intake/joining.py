"""Several finished parts made into one video, in the order they are named (tus: concatenation).

The parts are noted as joined before a byte is copied: the same request again, after an answer that was lost or a
crash, finds the video that was made or goes on making it. It never makes a second one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from backend.disk import partial
from backend.disk.atomic import discard
from backend.disk.locks import lock_all
from backend.disk.partial import PartialFile
from backend.errors import BadField, Conflict, NotFound, UploadGone
from backend.intake.unfinished import Record, Standing, has_expired

if TYPE_CHECKING:
    from backend.intake.resumable import Resumables, Wish

_MOST_PARTS = 1000


def join(uploads: Resumables, wish: Wish, part_ids: Sequence[str]) -> Standing:
    """Make the video. Raises what `Resumables.create` and a save raise, `Conflict` for a part that is not whole."""
    if not 0 < len(part_ids) <= _MOST_PARTS:
        raise BadField(f"Name 1 to {_MOST_PARTS} parts; {len(part_ids)} were named.", detail={"field": "Upload-Concat"})
    # Two requests with the same parts take turns, and so do a request and the end of one of its parts.
    with lock_all(uploads.intake.layout, "join", part_ids):
        parts = [_whole(uploads, wish, part_id) for part_id in part_ids]
        final = _begun_before(uploads, wish, parts)
        whole = final.standing() if final is not None and final.saved else _join(uploads, wish, parts, final)
        for part in parts:
            discard(partial.part_path(uploads.intake.layout, part.id))
        return whole


def _join(uploads: Resumables, wish: Wish, parts: list[Record], final: Record | None) -> Standing:
    _demand_bytes(uploads, parts)
    length = sum(part.length or 0 for part in parts)
    if final is None:
        final = uploads.begin(replace(wish, length=length), parts=[part.id for part in parts])
    for part in parts:
        uploads.hands.note(part.id, joined=final.id)
    file = uploads.hands.take(final)
    if file is not None:
        _fill_and_save(uploads, wish, file, final, parts)
    return replace(final, saved=final.id, length=length).standing()


def _fill_and_save(uploads: Resumables, wish: Wish, file: PartialFile, final: Record, parts: list[Record]) -> None:
    try:
        # Nothing of it is told before it is whole: a crash on the way begins anew.
        file.prove_from_here()
        for part in parts:
            file.append_file(partial.part_path(uploads.intake.layout, part.id))
        file.hold_back(file.size_bytes)
        file.proved()
        uploads.save(file, final, wish.caller)
    finally:
        file.take_back()
        uploads.hands.let_go(file)


def _whole(uploads: Resumables, wish: Wish, part_id: str) -> Record:
    part = uploads.finder.known(part_id, wish.caller, wish.protocol)
    if has_expired(part):
        raise UploadGone(f"The part {part.id} stood still for too long. Send its bytes again.")
    if not part.is_part:
        raise Conflict(f"The upload {part.id} is no part: it was not created with 'Upload-Concat: partial'.")
    if not part.is_whole:
        raise Conflict(
            f"The part {part.id} is not finished: {part.offset} of {part.length or 'yet unknown'} bytes are here. "
            "Finish it first.",
            detail={"part": part.id, "offset": part.offset, "length": part.length},
        )
    return part


def _begun_before(uploads: Resumables, wish: Wish, parts: list[Record]) -> Record | None:
    """The upload that an earlier request, with the same words, began of the very same parts."""
    if parts[0].joined is None:
        return None
    try:
        final = uploads.finder.find(parts[0].joined, wish.caller, wish.protocol)
    except NotFound:
        return None
    asked = (wish.original_filename, {name: list(values) for name, values in wish.fields.items()})
    is_same = list(final.parts) == [part.id for part in parts] and (final.filename, final.fields) == asked
    return final if is_same else None


def _demand_bytes(uploads: Resumables, parts: list[Record]) -> None:
    for part in parts:
        if not partial.part_path(uploads.intake.layout, part.id).exists():
            raise UploadGone(f"The part {part.id} went into another video already. Send its bytes again.")
