"""Claims and the contacts that hold them, as verification reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sayso.service.ports import Unreadable
from sayso.service.ports_claims import ClaimRow, Duplicate, HolderRow
from sayso.storage.engine import Engine, Row
from sayso.storage.ids import packed

#: How many rows are named in one statement.
_NAMED_AT_ONCE = 100


def places(first: int) -> str:
    """The places that `full` fills, beginning with the parameter `first`."""
    return ", ".join(f"${first + number}" for number in range(_NAMED_AT_ONCE))


_HOLDER = """contact_id, revision, state, role, external_id, email, shares_email, phone, normal_email, normal_phone"""

_HOLDERS = f"""SELECT {_HOLDER} FROM contacts
WHERE workspace_id = $1 AND contact_id > $2 ORDER BY contact_id LIMIT $3"""

_NAMED = f"SELECT {_HOLDER} FROM contacts WHERE workspace_id = $1 AND contact_id IN ({places(2)})"

_CLAIM = "kind, value, contact_id, state"

_ROWS = f"""SELECT {_CLAIM} FROM contact_keys
WHERE workspace_id = $1 AND (kind, value) > ($2, $3) ORDER BY kind, value LIMIT $4"""

_ON = f"SELECT {_CLAIM} FROM contact_keys WHERE workspace_id = $1 AND kind = $2 AND value IN ({places(3)})"

# As the index has it: the workspace, a blank, the email.
_SHARING = """SELECT contact_id, normal_email FROM contacts WHERE workspace_id || ' ' || normal_email > $1
AND workspace_id || ' ' || normal_email < $2 AND shares_email = 1 ORDER BY contact_id"""

_NO_TEXT = "a text of it is not UTF-8"


class SqlClaimStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def holders(self, workspace_id: str, after: str, limit: int) -> list[HolderRow | Unreadable]:
        return [_holder(row) for row in await self._engine.salvage(_HOLDERS, workspace_id, packed(after), limit)]

    async def named(self, workspace_id: str, contact_ids: Sequence[str]) -> list[HolderRow | Unreadable]:
        return [_holder(row) for row in await self._each(_NAMED, (workspace_id,), [packed(id_) for id_ in contact_ids])]

    async def rows(self, workspace_id: str, after: tuple[str, str], limit: int) -> list[ClaimRow | Unreadable]:
        return [_claim(row) for row in await self._engine.salvage(_ROWS, workspace_id, *after, limit)]

    async def on(self, workspace_id: str, kind: str, values: Sequence[str]) -> list[ClaimRow | Unreadable]:
        return [_claim(row) for row in await self._each(_ON, (workspace_id, kind), values)]

    async def duplicates(self, workspace_id: str) -> list[Duplicate]:
        # All that begins with the workspace and a blank: `!` is what comes after it.
        sharing = [row for row in await self._engine.salvage(_SHARING, f"{workspace_id} ", f"{workspace_id}!") if row]
        rows = await self.on(workspace_id, "email", sorted({str(email) for _, email in sharing}))
        holders = {row.value: row.contact_id for row in rows if isinstance(row, ClaimRow)}
        return [Duplicate(contact_id.hex(), holders.get(email)) for contact_id, email in sharing]

    async def _each(self, sql: str, place: tuple[str, ...], named: Sequence[Any]) -> list[Row | None]:
        found: list[Row | None] = []
        for some in full(named):
            found += await self._engine.salvage(sql, *place, *some)
        return found


def full(named: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """In equal portions, the last one filled up with what it ends with: so there is one statement for all."""
    for start in range(0, len(named), _NAMED_AT_ONCE):
        some = named[start : start + _NAMED_AT_ONCE]
        yield (*some, *[some[-1]] * (_NAMED_AT_ONCE - len(some)))


def _holder(row: Row | None) -> HolderRow | Unreadable:
    if row is None:
        return Unreadable("", None, f"the contact's row: {_NO_TEXT}")
    if not isinstance(row[0], bytes):
        return Unreadable(str(row[0]), None, "the contact's row: its id is not valid")
    return HolderRow(row[0].hex(), *row[1:])


def _claim(row: Row | None) -> ClaimRow | Unreadable:
    if row is None:
        return Unreadable("", None, f"a claim: {_NO_TEXT}")
    kind, value, contact_id, state = row
    if not isinstance(kind, str) or not isinstance(value, str):
        return Unreadable("", None, "a claim: its value is not text")
    return ClaimRow(kind, value, contact_id.hex() if isinstance(contact_id, bytes) else str(contact_id), state)
