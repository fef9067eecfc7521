"""The target `milestone`: recordings that a VMS fetches from our edge device (see backend/targets/base.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from backend.disk.sidecar import read_sidecar
from backend.errors import StorageError, TargetError, TransientFailure
from backend.offers.offering import Offering
from backend.targets.base import CheckReport, Expected, Notes, Proof, RemoteCopy, Source, Transfer, Verdict
from backend.targets.config import Kind, TargetConfig
from backend.targets.memory_notes import MemoryNotes
from backend.targets.milestone.failures import Answer, VmsProblem, judge
from backend.targets.milestone.hardware import Edge, Hardware
from backend.targets.milestone.idp import IdentityProvider, Kept
from backend.targets.milestone.keeping import Keeping
from backend.targets.milestone.locks import Locks
from backend.targets.milestone.options import MILESTONE_OPTIONS, option_problems
from backend.targets.milestone.probe import Probe
from backend.targets.milestone.proofs import Known, read_proof, wanted_of
from backend.targets.milestone.putting import Putting, Vms
from backend.targets.milestone.rest import Rest, as_id, path_id
from backend.targets.milestone.sequences import Recorder
from backend.targets.milestone.site import Site
from backend.targets.milestone.soap import Login
from backend.targets.milestone.spans import told
from backend.targets.milestone.wire import Wire

_HOW = "asked the VMS's recording server which sequences it has"
_GONE = "The VMS shows no camera that it was on."
_KEPT = ("uploads", "music")


class MilestoneTarget:
    """One per installation: the edge device has one address, and the VMS takes each device once."""

    def __init__(self, config: TargetConfig) -> None:
        self.name = config.name
        self.kind = config.kind
        options = config.options
        self._options = options
        self._url = str(options["url"]).rstrip("/")
        self._wire = Wire(float(options["timeout_seconds"]), bool(options["verify_tls"]), str(options["ca_file"]))
        idp = IdentityProvider(self._wire, self._url, str(options["username"]), str(options["password"]))
        tokens = Kept(idp.token)
        self._second = Kept(Login(self._wire, self._url, tokens).token)
        self._rest = Rest(self._wire, self._url, tokens)
        site = Site(self._rest, str(options["recording_server"]), str(options["driver"]))
        edge = Edge(str(options["edge_address"]), str(options["edge_username"]), str(options["edge_password"]))
        self._hardware = Hardware(self._rest, site, edge)
        self._recorder = Recorder(self._wire, self._second)
        self._vms = self._as_configured(options)
        self._offering: Offering | None = None
        self._locks = Locks(self._rest, MemoryNotes())

    def _as_configured(self, options: Any) -> Vms:
        return Vms(
            rest=self._rest,
            hardware=self._hardware,
            recorder=self._recorder,
            keeping=Keeping(self._rest),
            camera_by=str(options["camera_by"]),
            tolerance_seconds=float(options["tolerance_seconds"]),
            bookmark=bool(options["bookmark"]),
            event=str(options["event"]),
            link=str(options["link"]),
            watch_url=str(options["watch_url"]),
            h265=bool(options["h265"]),
            poll_seconds=float(options["poll_seconds"]),
            task_hours=float(options["task_hours"]),
        )

    def place(self) -> str:
        """One for each installation (see `Placed`)."""
        return "milestone"

    def offer_through(self, offering: Offering) -> None:
        """See `Offerer`."""
        self._offering = offering

    def take_time_from(self, now: Callable[[], datetime]) -> None:
        """By it retention is reckoned: a clock that was set ahead must end nothing (see `Timed`)."""

        def certain() -> datetime:
            try:
                return now()
            except StorageError as error:
                words = f"What time it certainly is cannot be read: {error.message}"
                raise TransientFailure(words, detail={"reason": "local-clock"}) from error

        self._vms.keeping.now = certain

    def take_notes_in(self, notes: Notes) -> None:
        """Keep there which evidence lock is whose, and which task takes our device in (see `NoteTaker`)."""
        self._locks = Locks(self._rest, notes)
        self._hardware.notes = notes

    def put(self, source: Source, key: str, transfer: Transfer) -> RemoteCopy:
        """Offer the file, have it fetched and see it proved (see `Target.put`).

        The VMS keeps pictures by their time, not the file: nothing can be read back from it byte by byte.
        """
        with self._judging():
            putting = Putting(self._vms, self._told_offering(), source, transfer, self._locks.are_on)
            copy = putting.run(key, "")
            known = read_proof(copy.proof)
            return _with_lock(copy, self._locks.carried(known)) if known else copy

    def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
        """Whether the VMS has all the time that the recording took (see `Target.verify`). Sizes say nothing there."""
        with self._judging():
            known = self._known(copy)
            url = None if known is None else self._recorder_of(known.camera_id)
            if known is None or url is None:
                return Proof(Verdict.MISSING, _HOW, reason=_GONE)
            wanted = known.wanted
            missing = self._recorder.missing(url, known.camera_id, wanted, self._vms.tolerance_seconds)
            if not missing:
                return Proof(Verdict.MATCHES, _HOW)
            passed = self._vms.keeping.passed(known.camera_id, missing, wanted.span, lambda: self._locks.are_on(known))
            if passed.ended_at:
                return Proof(Verdict.ENDED, _HOW, reason=passed.words, ended_at=passed.ended_at)
            if missing == [wanted.span]:
                return Proof(Verdict.MISSING, _HOW, reason=f"The VMS has nothing of that time any more.{passed.words}")
            reason = f"Of the recording {told(missing, wanted.span)}.{passed.words}"
            return Proof(Verdict.DIFFERS, _HOW, reason=reason)

    def doubt(self, copy: RemoteCopy) -> str:
        """By the VMS's own retention; no evidence lock counts, as it goes with its hold (see `Perishable`)."""
        with self._judging():
            known = self._known(copy)
            if known is None:
                return "the VMS shows no camera that it was on"
            return self._vms.keeping.doubt(known.camera_id, known.wanted.span)

    def check(self) -> CheckReport:
        """Walk the whole way without footage (see `Target.check`)."""
        try:
            with self._judging():
                probe = Probe(
                    self._wire,
                    self._url,
                    self._rest,
                    self._hardware,
                    self._recorder,
                    self._second,
                    self._vms.event,
                    self._vms.watch_url,
                )
                return probe.run()
        except TargetError as error:
            return CheckReport.failed(error)

    def hold(self, copy: RemoteCopy, reason: str) -> RemoteCopy:
        """Lock the recording as evidence, for ever (see `Holding`); nothing where evidence_lock = false."""
        if not self._options["evidence_lock"]:
            return copy
        with self._judging():
            known = self._known(copy)
            if known is None:
                raise TransientFailure(f"Milestone has no recording to lock: {_GONE} It is tried again.")
            return _with_lock(copy, self._locks.hold(known, reason))

    def let_go(self, copy: RemoteCopy) -> RemoteCopy:
        """Remove the evidence lock (see `Holding`)."""
        with self._judging():
            self._locks.let_go(self._video_of(copy), as_id(copy.proof.get("lock_id")))
            return _with_lock(copy, "")

    @contextmanager
    def _judging(self) -> Iterator[None]:
        """What goes wrong with the VMS is judged; and nothing is asked of one that nobody has named."""
        try:
            if not self._url:
                raise VmsProblem(Answer("no-url"))
            edge = self._hardware.edge
            if not edge.address or not edge.username or not edge.password:
                raise VmsProblem(Answer("no-edge"))
            yield
        except VmsProblem as problem:
            # What was found there may be what is wrong.
            self._hardware.forget()
            raise judge(problem.answer) from None

    def _told_offering(self) -> Offering:
        if self._offering is None:
            raise RuntimeError("a milestone target was used before it was told through what to offer")
        return self._offering

    def _known(self, copy: RemoteCopy) -> Known | None:
        """Where the copy is in the VMS: from its proof, else from the book of what we offered."""
        return read_proof(copy.proof) or self._from_book(copy)

    def _from_book(self, copy: RemoteCopy) -> Known | None:
        book, video_id = self._told_offering().book, self._video_of(copy)
        try:
            claim = book.claimed(video_id) if video_id else None
            cameras = {one.token: one for one in book.cameras()}
        except StorageError as error:
            raise TransientFailure(f"The book of what was offered cannot be read: {error.message}") from error
        entry = cameras.get(claim.camera_token) if claim else None
        if claim is None or entry is None:
            return None
        seat = self._hardware.seat(entry.number)
        return Known(video_id, seat.camera_id, wanted_of(claim), "") if seat else None

    def _video_of(self, copy: RemoteCopy) -> str:
        """Whose copy it is: by its proof, else by the sidecar of the file that the key is the name of."""
        told_id = copy.proof.get("video_id")
        if isinstance(told_id, str) and told_id:
            return told_id
        layout = self._told_offering().layout
        for category in _KEPT:
            try:
                return read_sidecar(layout.sidecar_of(f"{category}/project_{copy.key}")).video.id
            except (FileNotFoundError, StorageError):
                continue
        return ""

    def _recorder_of(self, camera_id: str) -> str | None:
        """Where to ask for the camera's footage; None when there is no such camera."""
        camera = self._rest.find("cameras", camera_id)
        relations = camera.get("relations") if camera else None
        parent = path_id(relations.get("parent") if isinstance(relations, dict) else None, "hardware")
        device = self._rest.find("hardware", parent) if parent else None
        return self._hardware.site.server_of(device).url if device else None


def _with_lock(copy: RemoteCopy, lock_id: str) -> RemoteCopy:
    return replace(copy, proof={**copy.proof, "lock_id": lock_id})


KIND = Kind("milestone", MILESTONE_OPTIONS, MilestoneTarget, option_problems)
