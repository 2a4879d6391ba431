"""Verification of companies: each claim names a live company that has the id, each live one's id is claimed, and it has
as many contacts and notes as its row says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sayso.domain.company import CLAIM, CompanyState
from sayso.domain.contact import ContactState
from sayso.domain.links import NoteList
from sayso.service.ports import Store, Unreadable
from sayso.service.ports_claims import ClaimRow
from sayso.service.ports_company import CompanyRow

#: How many companies or claims are read at once.
BATCH = 1_000

#: How often a company that keeps changing is read again before it is reported.
TRIES = 100

_STATES = frozenset(state.value for state in CompanyState)


class CompanyWalk:
    """Through one workspace twice, beside whoever writes: by companies, and by claims. `tell` hears a company's id and
    what is wrong with it, never its id of the customer's."""

    def __init__(self, store: Store, workspace_id: str, tell: Callable[[str, str], None]) -> None:
        self._companies = store.company
        self._claims = store.claim
        self._workspace_id = workspace_id
        self._tell = tell

    async def through(self) -> None:
        await self._rows()
        await self._held()

    async def _rows(self) -> None:
        place, more = "", True
        while more:
            rows = await self._companies.holders(self._workspace_id, place, BATCH)
            companies = [row for row in rows if isinstance(row, CompanyRow)]
            self._tell_unreadable(rows)
            claims = await self._on(row.external_id for row in companies if isinstance(row.external_id, str))
            for row in companies:
                if any(unclaimed(row, claims.get(row.external_id))) or any(miscounted(row)):
                    await self._again(row.company_id, row.external_id)
            numbers = await self._companies.count_members(self._workspace_id, [row.company_id for row in companies])
            for row in companies:
                if row.state == CompanyState.LIVE and row.user_count != numbers[row.company_id]:
                    await self._count_again(row)
            more = len(rows) == BATCH and bool(companies)
            place = companies[-1].company_id if companies else place

    async def _held(self) -> None:
        value, more = "", True
        while more:
            rows = await self._claims.rows(self._workspace_id, (CLAIM, value), BATCH)
            claims = [row for row in rows if isinstance(row, ClaimRow) and row.kind == CLAIM]
            named = await self._companies.named(self._workspace_id, sorted({claim.contact_id for claim in claims}))
            companies = {row.company_id: row for row in named if isinstance(row, CompanyRow)}
            for claim in claims:
                if any(misclaimed(claim, companies.get(claim.contact_id))):
                    await self._again(claim.contact_id, claim.value)
            more = len(claims) == BATCH
            value = claims[-1].value if claims else value

    async def _again(self, company_id: str, external_id: str) -> None:
        """Read until nobody wrote in between, then report what is still wrong."""
        for _ in range(TRIES):
            row = await self._named(company_id)
            claim = (await self._on([external_id] if isinstance(external_id, str) else [])).get(external_id)
            if row == await self._named(company_id):
                break
        of_row = (*unclaimed(row, claim), *miscounted(row)) if row else ()
        for what in (*of_row, *(misclaimed(claim, row) if claim else ())):
            self._tell(company_id, what)

    async def _count_again(self, row: CompanyRow) -> None:
        """Report a count that differs from the company's contacts. Beside whoever writes, a number that lies between
        what was kept before and after is put down to the writes, and the same difference twice in a row is told."""
        company_id, seen = row.company_id, None
        for _ in range(TRIES):
            number = (await self._companies.count_members(self._workspace_id, [company_id]))[company_id]
            before, now = row, await self._named(company_id)
            if now is None or now.state != CompanyState.LIVE or _lies_between(before, number, now):
                return
            row = now
            if seen == (row.user_count, number):
                break
            seen = (row.user_count, number)
        self._tell(company_id, _miscounted_users(row.user_count, number))

    async def _named(self, company_id: str) -> CompanyRow | None:
        rows = await self._companies.named(self._workspace_id, [company_id])
        return next((row for row in rows if isinstance(row, CompanyRow)), None)

    async def _on(self, external_ids: Iterable[str]) -> dict[str, ClaimRow]:
        rows = await self._claims.on(self._workspace_id, CLAIM, sorted(set(external_ids)))
        return {row.value: row for row in rows if isinstance(row, ClaimRow)}

    def _tell_unreadable(self, rows: Iterable[object]) -> None:
        for row in rows:
            if isinstance(row, Unreadable):
                self._tell(row.contact_id, row.why)


def _lies_between(before: CompanyRow, number: int, after: CompanyRow) -> bool:
    kept = (before.user_count, after.user_count)
    return all(isinstance(count, int) for count in kept) and min(kept) <= number <= max(kept)


def _miscounted_users(count: object, number: int) -> str:
    # What somebody else wrote may hold anything: only a number may be shown.
    if not isinstance(count, int):
        return "the company's row: its number of contacts is not a number"
    return f"the company's row counts {count} contacts, but it has {number}"


def unclaimed(row: CompanyRow, claim: ClaimRow | None) -> Iterator[str]:
    """What is wrong with the claim on a company's id."""
    if row.state not in _STATES or not isinstance(row.external_id, str):
        yield "the company's row: its state or its company_id is not valid"
    elif row.state == CompanyState.LIVE and claim is None:
        yield "nobody claims the company's company_id"
    elif row.state == CompanyState.LIVE and claim and claim.contact_id != row.company_id:
        yield "another company claims the company's company_id"


def miscounted(row: CompanyRow) -> Iterator[str]:
    """What is wrong with a live company's notes. A deleted one's are found by nobody."""
    if row.state != CompanyState.LIVE:
        return
    try:
        total = NoteList.unpacked(row.notes).total
    except (ValueError, AttributeError):
        yield "the company's row: its notes cannot be read"
        return
    if total != row.note_count:
        yield f"the company's row counts {total} notes, and company_notes has {row.note_count}"


def misclaimed(claim: ClaimRow, row: CompanyRow | None) -> Iterator[str]:
    """What is wrong with a claim, beside the company that it names."""
    if row is not None and claim.contact_id != row.company_id:
        return
    if claim.state != ContactState.LIVE:
        yield "a claim of the company's is of no known state"
    elif row is None:
        yield "the company does not exist, and claims a company_id"
    elif row.state != CompanyState.LIVE:
        yield "the company is deleted, and claims a company_id"
    elif row.external_id != claim.value:
        yield "the company claims a company_id that is not its own"
