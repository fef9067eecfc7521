"""Who may call what. Every route denies unless it names a right; the app does not start if one forgot to.

A person is known by `Authorization: Bearer` or by the session cookie. With a cookie, a request that changes
something must carry a header of ours, which no other site can make a browser send.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar, cast
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, current_app, g, request, session
from werkzeug.exceptions import NotImplemented as NotImplementedHere

from backend.actor import SYSTEM, Actor, act_as
from backend.catalog import tokens
from backend.catalog.tokens import Holder, Role
from backend.catalog.videos import EVERYTHING, Scope
from backend.errors import BodyTimeout, Forbidden, IncompleteBody, NotFound, Unauthenticated
from backend.intake.receive import Caller
from backend.services import Services
from backend.settings import is_loopback
from backend.web import addresses
from backend.web.attempts import attempts
from backend.web.connections import BadFraming, deadline, limit_silence

CSRF_HEADER = "X-Holdfast-CSRF"
_SAFE = ("GET", "HEAD", "OPTIONS")
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
_RIGHT = "holdfast_right"
_SMALL_BODY_BYTES = 1024 * 1024

View = TypeVar("View", bound=Callable[..., Any])


class Right(StrEnum):
    PUBLIC = "public"  # sign-in, health, static files: nobody is asked
    READ = "read"
    UPLOAD = "upload"
    EDIT = "edit"  # what is said of one's own videos; an operator: of all
    OPERATE = "operate"
    ADMIN = "admin"


_RIGHTS: dict[str, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.UPLOADER: frozenset({Right.READ, Right.UPLOAD, Right.EDIT}),
    Role.SERVICE: frozenset({Right.READ, Right.UPLOAD, Right.EDIT}),
    Role.OPERATOR: frozenset({Right.READ, Right.UPLOAD, Right.EDIT, Right.OPERATE}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True)
class Person:
    """Who sent this request."""

    id: str
    name: str
    role: str
    projects: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        return Scope(frozenset(self.projects)) if self.projects else EVERYTHING

    @property
    def caller(self) -> Caller:
        return Caller(self.id, self.name, self.scope, is_admin=self.may(Right.ADMIN))

    def check_everything(self, what: str) -> None:
        """Refuse who is limited to projects what tells of all of them."""
        if self.projects:
            raise Forbidden(f"Your token reaches only: {', '.join(self.projects)}. It is not told {what}.")

    def check_shared(self, what: str) -> None:
        """Refuse who is limited to projects what changes something for the others too."""
        if self.projects:
            raise Forbidden(
                f"Your token reaches only: {', '.join(self.projects)}. {what} is there for every project: ask an "
                "operator of all of them."
            )

    def check_project(self, project_id: str) -> None:
        if not self.scope.allows(project_id):
            raise Forbidden(
                f"Your token does not reach the project '{project_id}', only: {', '.join(self.projects)}.",
                detail={"project_id": project_id},
            )

    def may(self, right: Right) -> bool:
        return right in _RIGHTS.get(self.role, frozenset())


NOBODY_ASKED = Person(id="open", name="open", role=Role.ADMIN)


def needs(right: Right) -> Callable[[View], View]:
    """Mark a view with the right it needs."""

    def mark(view: View) -> View:
        setattr(view, _RIGHT, right)
        return view

    return mark


def right_of(view: Callable[..., Any]) -> Right | None:
    return cast("Right | None", getattr(view, _RIGHT, None))


def roles_with(right: Right) -> list[str]:
    return [role for role, rights in _RIGHTS.items() if right in rights]


def services() -> Services:
    """The services of the app that serves this request."""
    return cast(Services, current_app.extensions["holdfast"])


def person() -> Person:
    """Who sent this request; only where a right was needed."""
    return cast(Person, g.person)


def install(app: Flask) -> None:
    """Guard every route, and refuse to start with one that names no right."""
    forgotten = [name for name, view in app.view_functions.items() if right_of(view) is None]
    if forgotten:
        raise RuntimeError(f"these routes name no right and would deny or admit everybody: {', '.join(forgotten)}")
    app.before_request(_guard)
    app.teardown_request(lambda _: act_as(SYSTEM))


def _guard() -> None:
    # First of all: a thread that served somebody else must not act in that one's name.
    act_as(Actor("", "nobody", client_address()))
    limit_silence(request.environ, services().settings.body_timeout_seconds)
    _refuse_transfer_coding()
    _refuse_strangers()
    view = current_app.view_functions.get(request.endpoint or "")
    right = right_of(view) if view is not None else None
    if right is not Right.UPLOAD:
        # The upload doors stream and limit their bodies themselves; everybody else sends a few fields.
        request.max_content_length = _SMALL_BODY_BYTES
        _read_small_body()
    # The page itself takes any parameters: what they mean is read in the browser.
    asked = b"" if request.endpoint == "pages.index" else unquote_to_bytes(request.query_string)
    if "\x00" in request.path or b"\x00" in asked:
        raise NotFound("The address holds a NUL character; nothing has that name.")
    # A path that does not exist needs a sign-in too: it tells a stranger nothing.
    if right is Right.PUBLIC:
        return
    g.person = identify()
    act_as(Actor(g.person.id, g.person.name, client_address()))
    if right is not None and not g.person.may(right):
        raise Forbidden(
            f"Your role '{g.person.role}' may not do this; it takes one of: {', '.join(roles_with(right))}. "
            "Ask an admin for a token with that role.",
            detail={"role": g.person.role, "needs": right},
        )


def _refuse_transfer_coding() -> None:
    """RFC 9112 section 6.1: a coding that we do not undo would be kept as if it were the file."""
    coding = request.headers.get("Transfer-Encoding", "").strip().lower()
    if coding not in ("", "identity", "chunked"):
        raise NotImplementedHere(f"Transfer-Encoding '{coding}' is not known here; send it chunked, or with a length.")


def _read_small_body() -> None:
    """Read the body at once and within the time limit: nobody, signed in or not, holds a thread by trickling one."""
    try:
        with deadline(request.environ, services().settings.body_timeout_seconds):
            request.get_data()
    except BadFraming as error:
        raise IncompleteBody("The request's chunks do not fit together.") from error
    except OSError as error:
        raise BodyTimeout("The request did not come in time.") from error


def identify() -> Person:
    """The person behind this request, or `Unauthenticated`."""
    if services().settings.auth_mode == "open":
        return NOBODY_ASKED
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret.strip():
        return by_secret(secret.strip())
    token_id = session.get("token")
    if token_id is None:
        raise Unauthenticated(
            "Sign in first: open the sign-in link, or send the header 'Authorization: Bearer <token>'."
        )
    if request.method not in _SAFE and CSRF_HEADER not in request.headers:
        raise Forbidden(
            f"The header {CSRF_HEADER} is missing; a request with a session must carry it to change anything."
        )
    with services().database.look() as db:
        token = tokens.living(db, token_id)
    if token is None:
        session.clear()
        raise Unauthenticated("Your session has ended: its token was revoked. Sign in with another one.")
    return _person(token)


def by_secret(secret: str) -> Person:
    """The person with this token. Wrong ones are counted by address, so that nobody guesses at leisure."""
    now = datetime.now(UTC)
    attempts().refuse_guessers(client_address())
    with services().database.look() as db:
        token = tokens.find(db, secret)
    if token is None:
        attempts().count(client_address())
        raise Unauthenticated("This token is unknown or was revoked. Ask an admin for a new sign-in link.")
    if tokens.is_stale(token, now):
        with services().database.write() as db:
            tokens.touch(db, token.id, now)
    return _person(token)


def still_is(parts: Services, who: Person) -> bool:
    """Whether nothing has changed in what this person may: for who is answered for a long time."""
    if parts.settings.auth_mode == "open":
        return True
    with parts.database.look() as db:
        token = tokens.living(db, who.id)
    return token is not None and _person(token) == who


def client_address() -> str:
    """The sender's address: the nearest one that is not a trusted proxy's."""
    return addresses.client_address(request, services().settings.trusted_proxies)


def _person(token: Holder) -> Person:
    return Person(token.id, token.name, token.role, tuple(token.projects))


def _refuse_strangers() -> None:
    """AUTH_MODE=open trusts this machine only; a local proxy or a rebound name would publish it to the world."""
    if services().settings.auth_mode != "open":
        return
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    forwarded = next((h for h in FORWARDED if h in request.headers), None)
    if forwarded or not is_loopback(host) or not _from_here():
        raise Forbidden(
            "AUTH_MODE=open answers only requests made on this machine to its loopback address"
            + (f" (this one came through a proxy: {forwarded})" if forwarded else "")
            + ". Use AUTH_MODE=token to let others in."
        )
    if request.method not in _SAFE and _from_another_site():
        raise Forbidden("A page of another site asked for this change; AUTH_MODE=open takes changes only from its own.")


def _from_another_site() -> bool:
    """Browsers say where a request comes from; programs such as curl say nothing and are let in."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc.lower() != request.host.lower()


def _from_here() -> bool:
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
