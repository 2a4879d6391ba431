"""Access: who may call, and what for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from sayso.domain.errors import Invalid

ADMIN_EMAIL_LIMIT = 254
ADMIN_NAME_LIMIT = 255


class Scope(StrEnum):
    __hash__ = str.__hash__

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token as it is kept: the SHA-256 of its value, never the value. Times in ms."""

    id: str
    workspace_id: str
    name: str
    digest: bytes
    hint: str
    scopes: frozenset[Scope]
    created_at: int
    revoked_at: int | None = None


_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


@dataclass(frozen=True, slots=True)
class Admin:
    """A human operator of a workspace."""

    id: str
    workspace_id: str
    email: str
    name: str


def check_admin(email: str, name: str) -> None:
    """Raises Invalid with the field's name."""
    if not _EMAIL.fullmatch(email) or not email.isprintable() or len(email) > ADMIN_EMAIL_LIMIT:
        raise Invalid("an admin's email is an address such as admin@example.com", "admin_email")
    if not name.strip() or "\0" in name or len(name) > ADMIN_NAME_LIMIT:
        raise Invalid(f"an admin's name has 1 to {ADMIN_NAME_LIMIT} characters", "admin_name")


@dataclass(frozen=True, slots=True)
class Workspace:
    """The tenant, in one region for good. `version` counts changes of its small tables, so that caches know when they
    are old; `api_version` answers clients that name none. Times in ms."""

    id: str
    region: str
    name: str
    api_version: str
    timezone: str
    version: int
    created_at: int
