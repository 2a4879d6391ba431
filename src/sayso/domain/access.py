"""Access: who may call, and what for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


#: Intercom's version for clients that name none, where a workspace sets no other.
DEFAULT_API_VERSION = "2.11"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The tenant, in one region for good. `version` counts changes of its small tables, so that caches know when they
    are old; `unstamped` says how many of them did not mark the rows that they changed. `api_version` answers clients
    that name none. Times in ms."""

    id: str
    region: str
    name: str
    api_version: str
    timezone: str
    version: int
    created_at: int
    unstamped: int = 0
