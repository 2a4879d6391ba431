"""Verification of claims: each names a contact that has the identifier, and the identifiers of each user, live or
archived, are claimed. Of the normal forms that claims and searches go by, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby

from sayso.domain.address import normalize_email, normalize_phone
from sayso.domain.company import CLAIM as COMPANY
from sayso.domain.contact import ContactState, Profile, Role
from sayso.service.ports import Store, Unreadable
from sayso.service.ports_claims import ClaimRow, HolderRow

#: How many contacts or claims are read at once.
BATCH = 1_000

#: How often a contact that keeps changing is read again before it is reported.
TRIES = 100

KINDS = frozenset({"email", "external_id"})

# Their words alone: an enumeration is gone through at every look-up, and these are a million contacts'.
STATES = frozenset(state.value for state in ContactState)
ROLES = frozenset(role.value for role in Role)

#: The states in which a contact keeps its identifiers. A deleted one has none left to compare its claims with.
HOLDING = frozenset({ContactState.LIVE.value, ContactState.ARCHIVED.value})

#: (kind, value)
Key = tuple[str, str]

#: Told a contact's id and what is wrong with it. It is never told an identifier's value.
Tell = Callable[[str, str], None]


class ClaimWalk:
    """Through one workspace twice, beside whoever writes: by contacts, and by claims."""

    def __init__(self, store: Store, workspace_id: str, tell: Tell) -> None:
        self._claims = store.claim
        self._workspace_id = workspace_id
        self._tell = tell

    async def through(self) -> None:
        await self._contacts()
        await self._rows()

    async def _contacts(self) -> None:
        after, more = "", True
        while more:
            rows = await self._claims.holders(self._workspace_id, after, BATCH)
            holders = [row for row in rows if isinstance(row, HolderRow)]
            self._tell_unreadable(rows)
            claims = await self._on({key for holder in holders for key in identifiers(holder).items()})
            for holder in holders:
                if any(unclaimed(holder, claims)) or any(misnormalized(holder)):
                    await self._again(holder.contact_id)
            more = len(rows) == BATCH and bool(holders)
            after = holders[-1].contact_id if holders else after

    async def _rows(self) -> None:
        after, more = ("", ""), True
        while more:
            rows = await self._claims.rows(self._workspace_id, after, BATCH)
            claims = [row for row in rows if isinstance(row, ClaimRow)]
            self._tell_unreadable(rows)
            more = len(rows) == BATCH and bool(claims)
            after = (claims[-1].kind, claims[-1].value) if claims else after
            claims = [claim for claim in claims if claim.kind != COMPANY]
            named = await self._claims.named(self._workspace_id, sorted({claim.contact_id for claim in claims}))
            holders = {holder.contact_id: holder for holder in named if isinstance(holder, HolderRow)}
            for claim in claims:
                if any(misclaimed(claim, holders.get(claim.contact_id))):
                    await self._again(claim.contact_id, (claim.kind, claim.value))

    async def _again(self, contact_id: str, *keys: Key) -> None:
        """Read until nobody wrote in between, then report what is still wrong. What claims, contacts' rows tell."""
        for _ in range(TRIES):
            row = await self._named(contact_id)
            holder = row if isinstance(row, HolderRow) else None
            claims = await self._on({*keys, *identifiers(holder).items()})
            if row == await self._named(contact_id):
                break
        if isinstance(row, Unreadable):
            return
        found = [*unclaimed(holder, claims), *misnormalized(holder)] if holder else []
        for claim in claims.values():
            if claim.contact_id == contact_id:
                found += misclaimed(claim, holder)
        for what in found:
            self._tell(contact_id, what)

    async def _named(self, contact_id: str) -> HolderRow | Unreadable | None:
        return next(iter(await self._claims.named(self._workspace_id, [contact_id])), None)

    async def _on(self, keys: Iterable[Key]) -> dict[Key, ClaimRow]:
        found: dict[Key, ClaimRow] = {}
        for kind, same in groupby(sorted(keys), key=lambda key: key[0]):
            rows = await self._claims.on(self._workspace_id, kind, [value for _, value in same])
            found |= {(row.kind, row.value): row for row in rows if isinstance(row, ClaimRow)}
        return found

    def _tell_unreadable(self, rows: Iterable[object]) -> None:
        for row in rows:
            if isinstance(row, Unreadable):
                self._tell(row.contact_id, row.why)


@lru_cache(2 * BATCH)
def identifiers(holder: HolderRow | None) -> dict[str, str]:
    """What a contact must have claimed, by kind; nothing where its row holds what no writer of ours writes."""
    if holder is None or holder.state not in HOLDING or not _is_whole(holder):
        return {}
    who = Profile(Role(holder.role), holder.external_id, holder.email, shares_email=bool(holder.shares_email))
    return who.identifiers()


def unclaimed(holder: HolderRow, claims: Mapping[Key, ClaimRow]) -> Iterator[str]:
    """What is wrong with the claims on a contact's identifiers."""
    if not _is_whole(holder):
        yield "the contact's row: its state, its role or an identifier is not valid"
    for kind, value in identifiers(holder).items():
        claim = claims.get((kind, value))
        if claim is None:
            yield f"nobody claims the contact's {kind}"
        elif claim.contact_id != holder.contact_id:
            yield f"another contact claims the contact's {kind}"


def misnormalized(holder: HolderRow) -> Iterator[str]:
    """Which of a contact's addresses are stored beside a normal form that is not theirs."""
    for kind, given, normal, normalize in (
        ("email", holder.email, holder.normal_email, normalize_email),
        ("phone", holder.phone, holder.normal_phone, normalize_phone),
    ):
        if normal != (normalize(given) if isinstance(given, str) else None):
            yield f"the normal form of the contact's {kind} is not the one stored"


def misclaimed(claim: ClaimRow, holder: HolderRow | None) -> Iterator[str]:
    """What is wrong with one claim, beside the contact that it names."""
    if claim.kind not in KINDS or claim.state not in STATES:
        yield "a claim of the contact's is of no known kind or state"
    elif holder is None:
        yield f"the contact does not exist, and claims an {claim.kind}"
    elif claim.state != holder.state:
        yield f"the contact is {holder.state}, and its claim on an {claim.kind} is {claim.state}"
    elif claim.state in HOLDING and identifiers(holder).get(claim.kind) != claim.value:
        yield f"the contact claims an {claim.kind} that is not its own"


def _is_whole(holder: HolderRow) -> bool:
    return (
        holder.role in ROLES
        and holder.state in STATES
        and isinstance(holder.external_id, (str, type(None)))
        and isinstance(holder.email, (str, type(None)))
    )
