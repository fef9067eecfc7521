"""Sign-in tokens: made once, shown once, kept only as SHA-256 (they are random, so a plain hash is enough)."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy.orm import Session

from backend.catalog import audit
from backend.catalog.models import Token
from backend.errors import BadField, NotFound

PREFIX = "hf_"
_TOUCH_EVERY = timedelta(minutes=5)
_IDS = uuid.UUID("6f6f7a0e-2f0c-4d53-9d0a-6f6c64666173")

# Every request runs one of these. Made once, of bare columns: making a statement costs more than running it.
_C = Token.__table__.c
_LIVING = select(_C.id, _C.name, _C.role, _C.projects, _C.last_used_at).where(_C.revoked_at.is_(None))
_BY_SECRET = _LIVING.where(_C.sha256 == bindparam("sha256"))
_BY_ID = _LIVING.where(_C.id == bindparam("id"))


@dataclass(frozen=True)
class Holder:
    """Whose a living token is, and what it may."""

    id: str
    name: str
    role: str
    projects: list[str]
    last_used_at: datetime | None


class Role(StrEnum):
    VIEWER = "viewer"
    UPLOADER = "uploader"
    SERVICE = "service"
    OPERATOR = "operator"
    ADMIN = "admin"


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create(session: Session, name: str, role: str, projects: list[str], secret: str | None = None) -> tuple[Token, str]:
    """Make a token; the secret is returned here and nowhere else."""
    if role not in list(Role):
        raise BadField(f"role '{role}' is unknown; known roles: {', '.join(Role)}.", detail={"field": "role"})
    if not name.strip():
        raise BadField("A token needs a name: whose is it?", detail={"field": "name"})
    if not name.strip().isprintable():
        raise BadField("A token's name cannot hold line breaks or other control characters.", detail={"field": "name"})
    secret = secret or PREFIX + secrets.token_urlsafe(32)
    token = Token(
        # Of the secret: an admin token that is made again after the catalog was lost is the same person as before.
        id=str(uuid.uuid5(_IDS, digest(secret))),
        name=name.strip(),
        role=role,
        projects=projects,
        sha256=digest(secret),
        created_at=datetime.now(UTC),
    )
    session.add(token)
    audit.append(session, "token.created", token=token.id, name=token.name, role=role, projects=projects)
    return token, secret


def find(catalog: Session | Connection, secret: str) -> Holder | None:
    """The living token with this secret."""
    found = catalog.execute(_BY_SECRET, {"sha256": digest(secret)}).first()
    return Holder(*found) if found is not None else None


def living(catalog: Session | Connection, token_id: str) -> Holder | None:
    """The token by id, unless it was revoked."""
    found = catalog.execute(_BY_ID, {"id": token_id}).first()
    return Holder(*found) if found is not None else None


def is_known(session: Session, token_id: str) -> bool:
    """Whether the catalog knows this token, revoked or not."""
    return session.get(Token, token_id) is not None


def is_stale(token: Holder, now: datetime) -> bool:
    """True when `last_used_at` is worth writing again: not at every request."""
    return token.last_used_at is None or now - token.last_used_at > _TOUCH_EVERY


def touch(session: Session, token_id: str, now: datetime) -> None:
    session.execute(update(Token).where(Token.id == token_id).values(last_used_at=now))


def revoke(session: Session, id_or_name: str) -> Token:
    """End a token by id or by name; a name that several have is refused."""
    found = session.scalars(
        select(Token).where((Token.id == id_or_name) | (Token.name == id_or_name), Token.revoked_at.is_(None))
    ).all()
    if not found:
        raise NotFound(f"There is no living token {id_or_name}.")
    if len(found) > 1:
        raise BadField(f"{len(found)} tokens are named {id_or_name}; revoke them by id.")
    found[0].revoked_at = datetime.now(UTC)
    audit.append(session, "token.revoked", token=found[0].id, name=found[0].name, role=found[0].role)
    return found[0]


def every(session: Session) -> list[Token]:
    return list(session.scalars(select(Token).order_by(Token.created_at)))


def count_living(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Token).where(Token.revoked_at.is_(None))) or 0
