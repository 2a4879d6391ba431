"""The settings log: what a workspace's types, tokens and admins were, chained by hash per workspace.

An entry names an object, its revision and the SHA-256 of its canonical form (RFC 8785), never the object's texts. Its
leaf is the RFC 8785 form of its fields, and its hash is RFC 6962's leaf hash, as in the ledger.

The chain is kept for good, so a canonical form holds nothing that is derived from a person's name or address. A field
that an object gains later is left out of its form while it has no value: then older hashes stay right.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from enum import StrEnum
from hashlib import sha256
from json import dumps
from typing import NamedTuple

from sayso.domain.access import Token
from sayso.domain.act import Author
from sayso.domain.admin import Admin
from sayso.domain.ledger import origin
from sayso.domain.subscription_type import SubscriptionType, Translation

VERSION = 1


class SettingKind(StrEnum):
    """What an entry is about. Hashes cover these words: they never change."""

    __hash__ = str.__hash__

    TYPE = "subscription_type.changed"
    TOKEN = "token.changed"  # noqa: S105
    ADMIN = "admin.changed"
    POLICY = "policy.changed"


class Setting(NamedTuple):
    """An object after a change. `revision` counts its changes from 1; `sha256` is of its canonical form."""

    kind: SettingKind
    object_id: str
    revision: int
    sha256: bytes


class SettingsEntry(NamedTuple):
    """One row of the settings log. `at` is ms since the epoch, UTC; `id` is 32 hex digits; `prev` is the hash of the
    workspace's entry before it, None at seq 1."""

    workspace_id: str
    seq: int
    id: str
    kind: str
    object_id: str
    revision: int
    sha256: bytes
    at: int
    actor_kind: str
    actor_ref: str
    prev: bytes | None

    def leaf(self) -> str:
        """The entry in RFC 8785 form."""
        return canonical(
            {
                "actor": {"kind": self.actor_kind, "ref": self.actor_ref},
                "at": self.at,
                "id": self.id,
                "kind": self.kind,
                "log": origin(self.workspace_id),
                "object_id": self.object_id,
                "prev": self.prev and _base64(self.prev),
                "revision": self.revision,
                "seq": self.seq,
                "sha256": _base64(self.sha256),
                "v": VERSION,
            }
        )

    def hash(self) -> bytes:
        """RFC 6962, section 2.1: the leaf hash, 32 bytes."""
        return sha256(b"\x00" + self.leaf().encode()).digest()


class SettingsHead(NamedTuple):
    """The last entry of a workspace's settings log: its number, hash and time; the defaults where there is none."""

    seq: int = 0
    hash: bytes | None = None
    at: int = 0

    def follow(self, workspace_id: str, setting: Setting, id_: str, at: int, author: Author) -> SettingsEntry:
        """The entry after this one. Time never goes back within the chain."""
        return SettingsEntry(
            workspace_id, self.seq + 1, id_, *setting, max(at, self.at), author.kind, author.ref, self.hash
        )

    @classmethod
    def of(cls, entry: SettingsEntry) -> SettingsHead:
        return cls(entry.seq, entry.hash(), entry.at)


def of_type(type_: SubscriptionType) -> Setting:
    sha = type_sha256(
        type_.id,
        type_.state,
        type_.consent_type,
        type_.channels,
        type_.default_locale,
        type_.wording,
        type_.translations,
    )
    return Setting(SettingKind.TYPE, type_.id, type_.revision, sha)


def of_token(token: Token) -> Setting:
    sha = token_sha256(token.id, token.digest, sorted(token.scopes), token.revoked_at)
    return Setting(SettingKind.TOKEN, token.id, token_revision(token.revoked_at), sha)


def of_admin(admin: Admin) -> Setting:
    return Setting(SettingKind.ADMIN, admin.id, 1, admin_sha256(admin.id))


def type_sha256(
    type_id: str,
    state: str,
    consent_type: str,
    channels: Iterable[str],
    default_locale: str,
    wording: int,
    translations: Iterable[Translation],
) -> bytes:
    """The SHA-256 of a type's canonical form: everything that decides what a choice about it means."""
    texts = [{"description": text.description, "locale": text.locale, "name": text.name} for text in translations]
    return _digest(
        {
            "channels": list(channels),
            "consent_type": consent_type,
            "default_locale": default_locale,
            "id": type_id,
            "state": state,
            "translations": texts,
            "wording": wording,
        }
    )


def token_sha256(token_id: str, digest: bytes, scopes: Sequence[str], revoked_at: int | None) -> bytes:
    """The SHA-256 of a token's canonical form; `scopes` in alphabetical order. Its name may be a person's."""
    return _digest({"digest": _base64(digest), "id": token_id, "revoked_at": revoked_at, "scopes": list(scopes)})


def token_revision(revoked_at: int | None) -> int:
    """A token changes once: when it is revoked."""
    return 1 if revoked_at is None else 2


def admin_sha256(admin_id: str) -> bytes:
    """The SHA-256 of an admin's canonical form: the id alone, since name and address are a person's."""
    return _digest({"id": admin_id})


def canonical(form: dict[str, object]) -> str:
    """RFC 8785 for strings, integers, null, lists and maps with ASCII keys. Raises TypeError on anything else."""
    return dumps(form, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def _digest(form: dict[str, object]) -> bytes:
    return sha256(canonical(form).encode()).digest()


def _base64(value: bytes) -> str:
    return b64encode(value).decode()
