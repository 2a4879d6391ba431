"""The digest of a workspace: one hash over every contact's row and chain, and over the settings log.

SHA-256 over lines that end with a newline, each an RFC 8785 array. The first one is `["sayso digest",1,LOG]`. Then, in
the order of contact ids, `[id,state,revision,role,external_id,email,phone,subject,head_seq,head_hash,r]`, and last
`["settings",seq,hash]`, the end of the settings log. Bytes are lower-case hex, NULL is null.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from typing import Any, NamedTuple

from sayso.domain.ledger import origin
from sayso.domain.settings_log import SettingsHead

VERSION = 1


class DigestRow(NamedTuple):
    """What the digest covers of a contact, as it lies in the store, unchecked. `r` is its binding key."""

    contact_id: bytes
    state: str
    revision: int
    role: str
    external_id: str | None
    email: str | None
    phone: str | None
    subject: bytes
    head_seq: int
    head_hash: bytes | None
    r: bytes | None


@dataclass(frozen=True, slots=True)
class Digest:
    """`sha256` in hex. What was counted tells whether a database has grown since: contacts in any state, ledger entries
    by the contacts' rows, changes by their revisions, and the number of the last entry in the settings log."""

    sha256: str
    contacts: int
    entries: int
    changes: int
    settings: int


class Digesting:
    """Takes a workspace's contacts in the order of their ids, and then its digest."""

    def __init__(self, workspace_id: str) -> None:
        self._hash = sha256()
        self._line(["sayso digest", VERSION, origin(workspace_id)])
        self._contacts = self._entries = self._changes = 0

    def add(self, row: DigestRow | None) -> None:
        """One contact; None for a row that cannot be read."""
        if row is None:
            self._line(None)
            return
        id_, state, revision, role, external_id, email, phone, subject, head_seq, head_hash, r = row
        texts = map(_text, (state, revision, role, external_id, email, phone))
        self._line([_hex(id_), *texts, _hex(subject), _text(head_seq), _hex(head_hash), _hex(r)])
        self._contacts += 1
        self._entries += head_seq if isinstance(head_seq, int) else 0
        self._changes += revision if isinstance(revision, int) else 0

    def finish(self, settings: SettingsHead) -> Digest:
        self._line(["settings", settings.seq, _hex(settings.hash)])
        return Digest(self._hash.hexdigest(), self._contacts, self._entries, self._changes, settings.seq)

    def _line(self, value: object) -> None:
        self._hash.update(dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _hex(value: Any) -> object:
    return value.hex() if isinstance(value, bytes) else None if value is None else _odd(value)


def _text(value: Any) -> object:
    return value if value is None or isinstance(value, (str, int)) else _odd(value)


def _odd(value: object) -> object:
    """A value of a kind that no writer of ours puts there: never the same as one of ours."""
    return [type(value).__name__, repr(value)]
