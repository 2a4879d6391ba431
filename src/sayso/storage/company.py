"""Companies, as rows, and who belongs to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sayso.domain.company import CLAIM, Company, CompanyChange, CompanyProfile, CompanyState
from sayso.domain.contact import Change
from sayso.domain.links import Note, NoteList
from sayso.domain.user_count import additions
from sayso.service.ports import Unreadable
from sayso.service.ports_company import CompanyFilter, CompanyRow
from sayso.storage.claim import full, places
from sayso.storage.engine import Engine, Row, Statement
from sayso.storage.ids import packed
from sayso.storage.ledger import announcing
from sayso.storage.note import note
from sayso.storage.words import has_word

#: What `company` reads.
COLUMNS = """company_id, external_id, state, revision, created_at, updated_at, last_request_at, name, tags, notes,
profile, user_count"""

_FIND = f"SELECT {COLUMNS} FROM companies WHERE workspace_id = $1 AND company_id = $2"

_LIVE = f"""SELECT company_id FROM companies
WHERE workspace_id = $1 AND company_id IN ({places(2)}) AND state = 'live'"""

_SEVERAL = f"""SELECT {COLUMNS} FROM companies
WHERE workspace_id = $1 AND company_id IN ({places(2)}) AND state = 'live'"""

_LATEST = f"""SELECT {COLUMNS} FROM companies WHERE workspace_id || '' = $1 AND state = 'live'
ORDER BY last_request_at DESC, company_id DESC LIMIT $2 OFFSET $3"""

_EARLIEST = f"""SELECT {COLUMNS} FROM companies WHERE workspace_id || '' = $1 AND state = 'live'
ORDER BY last_request_at, company_id LIMIT $2 OFFSET $3"""

_NAMED = f"""SELECT {COLUMNS} FROM companies WHERE workspace_id || '' = $1 AND name = $2 AND state = 'live'
ORDER BY company_id DESC LIMIT $3 OFFSET $4"""

_TAGGED = f"""SELECT {COLUMNS} FROM companies WHERE workspace_id || '' = $1 AND state = 'live'
AND {has_word("tags", "$2")} ORDER BY last_request_at DESC, company_id DESC LIMIT $3 OFFSET $4"""

_COUNT = "SELECT count(*) FROM companies WHERE workspace_id || '' = $1 AND state = 'live'"

_COUNT_NAMED = "SELECT count(*) FROM companies WHERE workspace_id || '' = $1 AND name = $2 AND state = 'live'"

_COUNT_TAGGED = f"""SELECT count(*) FROM companies WHERE workspace_id || '' = $1 AND state = 'live'
AND {has_word("tags", "$2")}"""

_AFTER = f"""SELECT {COLUMNS} FROM companies WHERE workspace_id = $1 AND company_id > $2 AND state = 'live'
ORDER BY company_id LIMIT $3"""

_DELETED = "SELECT company_id FROM companies WHERE workspace_id || '' = $1 AND state = 'deleted' LIMIT 1000"

_TAKE = """INSERT INTO contact_keys (workspace_id, kind, value, contact_id, state, at)
VALUES ($1, $2, $3, $4, 'live', $5) ON CONFLICT (workspace_id, kind, value) DO NOTHING"""

_RELEASE = "DELETE FROM contact_keys WHERE workspace_id = $1 AND kind = $2 AND value = $3 AND contact_id = $4"

_INSERT = """INSERT INTO companies (workspace_id, company_id, external_id, state, revision, created_at, updated_at,
last_request_at, name, tags, notes, profile, joined) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)
ON CONFLICT (workspace_id, company_id) DO NOTHING"""

_SWAP = """UPDATE companies SET state = $1, revision = $2, updated_at = $3, last_request_at = $4, name = $5, tags = $6,
notes = $7, profile = $8 WHERE workspace_id = $9 AND company_id = $10 AND revision = $11"""

_NOTES = """SELECT note_id, author_id, body, created_at FROM company_notes WHERE workspace_id = $1 AND company_id = $2
ORDER BY created_at DESC, note_id DESC LIMIT $3 OFFSET $4"""

_FIND_NOTE = """SELECT company_id, note_id, author_id, body, created_at FROM company_notes
WHERE workspace_id || '' = $1 AND note_id = $2"""

_ADD_NOTE = """INSERT INTO company_notes (workspace_id, company_id, note_id, author_id, body, created_at)
VALUES ($1, $2, $3, $4, $5, $6)"""

_DELETE_NOTES = "DELETE FROM company_notes WHERE workspace_id = $1 AND company_id = $2"

_FORGET = "DELETE FROM companies WHERE workspace_id = $1 AND company_id = $2 AND state = 'deleted'"

# A write, so that it and a deletion come one after the other on every engine.
_JOIN = """UPDATE companies SET joined = joined + 1, user_count = user_count + $1
WHERE workspace_id = $2 AND company_id = $3 AND state = 'live'"""

_ADD_USERS = "UPDATE companies SET user_count = user_count + $1 WHERE workspace_id = $2 AND company_id = $3"

# A scalar subquery finds each contact by key. In a join PostgreSQL might begin with all contacts.
_IS_LIVE = """'live' = (SELECT state FROM contacts WHERE contacts.workspace_id = contact_companies.workspace_id
AND contacts.contact_id = contact_companies.contact_id)"""

_MEMBERS = f"""SELECT contact_id FROM contact_companies WHERE workspace_id || '' = $1 AND company_id = $2
AND contact_id > $3 AND {_IS_LIVE} ORDER BY contact_id LIMIT $4 OFFSET $5"""

#: With the parameters that `full` makes of ids; a company without contacts is not in the answer.
COUNT_MEMBERS = f"""SELECT company_id, count(*) FROM contact_companies WHERE workspace_id || '' = $1
AND company_id IN ({places(2)}) AND {_IS_LIVE} GROUP BY company_id"""

_ATTACHED = """SELECT contact_id FROM contact_companies WHERE workspace_id || '' = $1 AND company_id = $2
ORDER BY contact_id LIMIT $3"""

_HOLDER = """company_id, state, external_id, user_count, notes,
(SELECT count(*) FROM company_notes WHERE company_notes.workspace_id = companies.workspace_id
AND company_notes.company_id = companies.company_id)"""

_HOLDERS = f"""SELECT {_HOLDER} FROM companies WHERE workspace_id = $1 AND company_id > $2
ORDER BY company_id LIMIT $3"""

_HOLDERS_NAMED = f"SELECT {_HOLDER} FROM companies WHERE workspace_id = $1 AND company_id IN ({places(2)})"


class SqlCompanyStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def find(self, workspace_id: str, company_id: str) -> Company | None:
        rows = await self._engine.read(_FIND, workspace_id, packed(company_id))
        return company(workspace_id, rows[0]) if rows else None

    async def live(self, workspace_id: str, company_ids: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for some in full([bytes.fromhex(company_id) for company_id in company_ids]):
            found |= {row[0].hex() for row in await self._engine.read(_LIVE, workspace_id, *some)}
        return found

    async def several(self, workspace_id: str, company_ids: Sequence[str]) -> list[Company]:
        found: list[Company] = []
        for some in full([bytes.fromhex(company_id) for company_id in company_ids]):
            rows = await self._engine.read_many(_SEVERAL, workspace_id, *some)
            found += [company(workspace_id, row) for row in rows]
        return found

    async def page(self, workspace_id: str, wanted: CompanyFilter, limit: int, offset: int) -> list[Company]:
        rows: list[Row]
        if wanted.name is not None:
            rows = await self._engine.read_or_scan(_NAMED, workspace_id, wanted.name, limit, offset)
        elif wanted.tag_id is not None:
            rows = await self._engine.scan(_TAGGED, workspace_id, wanted.tag_id, limit, offset)
        else:
            rows = await self._engine.read_or_scan(
                _EARLIEST if wanted.ascending else _LATEST, workspace_id, limit, offset
            )
        return [company(workspace_id, row) for row in rows]

    async def count(self, workspace_id: str, wanted: CompanyFilter) -> int:
        if wanted.name is not None:
            rows = await self._engine.read_or_scan(_COUNT_NAMED, workspace_id, wanted.name)
        elif wanted.tag_id is not None:
            rows = await self._engine.scan(_COUNT_TAGGED, workspace_id, wanted.tag_id)
        else:
            rows = await self._engine.read_or_scan(_COUNT, workspace_id)
        return int(rows[0][0])

    async def after(self, workspace_id: str, place: str, limit: int) -> list[Company]:
        rows = await self._engine.read_many(_AFTER, workspace_id, bytes.fromhex(place), limit)
        return [company(workspace_id, row) for row in rows]

    async def deleted(self, workspace_id: str) -> list[str]:
        return [row[0].hex() for row in await self._engine.read_many(_DELETED, workspace_id)]

    async def members(self, workspace_id: str, company_id: str, place: str, limit: int, offset: int) -> list[str]:
        key = (workspace_id, packed(company_id), bytes.fromhex(place))
        return [row[0].hex() for row in await self._engine.read_or_scan(_MEMBERS, *key, limit, offset)]

    async def count_members(self, workspace_id: str, company_ids: Sequence[str]) -> dict[str, int]:
        found = dict.fromkeys(company_ids, 0)
        for some in full([packed(company_id) for company_id in company_ids]):
            found |= {row[0].hex(): row[1] for row in await self._engine.scan(COUNT_MEMBERS, workspace_id, *some)}
        return found

    async def attached(self, workspace_id: str, company_id: str, limit: int) -> list[str]:
        rows = await self._engine.read_many(_ATTACHED, workspace_id, packed(company_id), limit)
        return [row[0].hex() for row in rows]

    async def notes(self, workspace_id: str, company_id: str, offset: int, limit: int) -> list[Note]:
        rows = await self._engine.read_many(_NOTES, workspace_id, packed(company_id), limit, offset)
        return [note(row) for row in rows]

    async def find_note(self, workspace_id: str, note_id: str) -> tuple[str, Note] | None:
        for company_id, *row in await self._engine.read(_FIND_NOTE, workspace_id, int(note_id)):
            return company_id.hex(), note(row)
        return None

    async def commit(self, change: CompanyChange) -> None:
        await self._engine.commit(_statements(change))

    async def forget(self, workspace_id: str, company_id: str) -> None:
        key = (workspace_id, bytes.fromhex(company_id))
        # A server from before `0011_company_notes` leaves a deleted company's notes.
        await self._engine.commit([Statement(_FORGET, key), Statement(_DELETE_NOTES, key, bulk=True)])

    async def holders(self, workspace_id: str, place: str, limit: int) -> list[CompanyRow | Unreadable]:
        return [_holder(row) for row in await self._engine.salvage(_HOLDERS, workspace_id, packed(place), limit)]

    async def named(self, workspace_id: str, company_ids: Sequence[str]) -> list[CompanyRow | Unreadable]:
        rows: list[Row | None] = []
        for some in full([packed(company_id) for company_id in company_ids]):
            rows += await self._engine.salvage(_HOLDERS_NAMED, workspace_id, *some)
        return [_holder(row) for row in rows]


def memberships(changes: Iterable[Change]) -> list[Statement]:
    """What changes of contacts do to the companies' rows: those that a contact joins must be live still, and each keeps
    the number of its contacts.

    One statement for each row, in the order of the rows' keys, so that no two transactions wait for each other.
    """
    added: dict[tuple[str, str], int] = {}
    joined: set[tuple[str, str]] = set()
    for change in changes:
        workspace_id = change.before.workspace_id
        joined.update((workspace_id, company_id) for company_id in change.joined)
        for company_id, number in additions(change).items():
            added[workspace_id, company_id] = added.get((workspace_id, company_id), 0) + number
    return [
        Statement(_JOIN if key in joined else _ADD_USERS, (number, key[0], bytes.fromhex(key[1])), key in joined)
        for key, number in sorted((dict.fromkeys(joined, 0) | added).items())
        if number or key in joined
    ]


def _statements(change: CompanyChange) -> list[Statement]:
    act, kind, before, after, written = change
    event = announcing(act, after.workspace_id, after.id, kind)
    company_id = bytes.fromhex(after.id)
    key = (after.workspace_id, company_id)
    claim = (after.workspace_id, CLAIM, after.profile.external_id, company_id)
    lists = (" ".join(after.tags), after.notes.packed())
    row = (after.profile.last_request_at or 0, after.profile.name, *lists, _packed(after.profile))
    if before is None:
        times = (after.revision, after.created_at, after.updated_at)
        insert = (*key, after.profile.external_id, after.state, *times, *row)
        return [Statement(_TAKE, (*claim, after.created_at), True), Statement(_INSERT, insert, True), event]
    swap = Statement(_SWAP, (after.state, after.revision, after.updated_at, *row, *key, before.revision), True)
    if written is not None:
        added = (*key, int(written.id), written.author_id, written.body, written.created_at)
        return [swap, Statement(_ADD_NOTE, added), event]
    if after.state is before.state:
        return [swap, event]
    return [Statement(_RELEASE, claim, True), swap, Statement(_DELETE_NOTES, key, bulk=True), event]


_PACKED = ("plan", "size", "website", "industry", "monthly_spend", "remote_created_at")


def _packed(profile: CompanyProfile) -> str:
    kept = {name: value for name in _PACKED if (value := getattr(profile, name)) is not None}
    if profile.custom_attributes:
        kept["custom_attributes"] = dict(profile.custom_attributes)
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def company(workspace_id: str, row: Row) -> Company:
    """A company as its row of `COLUMNS` says."""
    (
        company_id,
        external_id,
        state,
        revision,
        created_at,
        updated_at,
        last_request_at,
        name,
        tags,
        notes,
        form,
        users,
    ) = row
    profile = CompanyProfile(external_id, name, last_request_at=last_request_at or None, **json.loads(form))
    times = (revision, created_at, updated_at)
    lists = (tuple(tags.split()), NoteList.unpacked(notes))
    return Company(workspace_id, company_id.hex(), CompanyState(state), *times, profile, *lists, users)


def _holder(row: Row | None) -> CompanyRow | Unreadable:
    if row is None:
        return Unreadable("", None, "a company's row: a text of it is not UTF-8")
    if not isinstance(row[0], bytes):
        return Unreadable(str(row[0]), None, "a company's row: its id is not valid")
    return CompanyRow(row[0].hex(), *row[1:])
