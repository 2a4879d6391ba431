"""What the services need of a store for the settings log, for tokens and for digests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sayso.domain.access import Token
from sayso.domain.digest import DigestRow
from sayso.domain.settings_log import SettingsEntry, SettingsHead


@dataclass(frozen=True, slots=True)
class StoredSetting:
    """An entry as it lies in the store, with the hash stored beside it."""

    entry: SettingsEntry
    hash: bytes


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token's row, unchecked."""

    token_id: str
    digest: bytes
    scopes: Sequence[str]
    revoked_at: int | None


class SettingsLogStore(Protocol):
    """Entries are written by the stores of what they are about, in the same transaction."""

    async def head(self, workspace_id: str) -> SettingsHead:
        """The end of a workspace's chain."""

    async def rows(self, workspace_id: str, after: int, limit: int) -> list[StoredSetting | None]:
        """Entries after a number, in that order; None for one that cannot be read."""


class TokenStore(Protocol):
    async def find(self, digest: bytes) -> Token | None:
        """A token, revoked or not, by the SHA-256 of its value."""

    async def all(self, workspace_id: str) -> list[Token]: ...

    async def rows(self, workspace_id: str) -> list[TokenRow | None]:
        """What verification reads; None for one that cannot be read."""

    async def add(self, token: Token, logged: SettingsEntry) -> None: ...

    async def revoke(self, token: Token, logged: SettingsEntry) -> None:
        """`token` as it is afterwards. Stale too where it has been revoked already."""


class DigestStore(Protocol):
    async def contacts(self, workspace_id: str, after: bytes, limit: int) -> list[DigestRow | None]:
        """Contacts in any state after an id, in that order; None for one that cannot be read."""
