"""Verification: the schema compared, every chain recomputed, every standing refolded, every announcement, wording,
claim, link and setting looked up, every contact counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from sayso.domain.errors import Unavailable
from sayso.domain.ledger import bind, fold
from sayso.domain.subscription_type import notice_ref
from sayso.service.ports import HeadRow, Store, Stored, Unreadable
from sayso.service.ports_claims import Duplicate
from sayso.service.verify_claims import ClaimWalk
from sayso.service.verify_companies import CompanyWalk
from sayso.service.verify_counts import of_counts
from sayso.service.verify_forms import Migrated, find_migrated_types, misfits
from sayso.service.verify_hash import try_hash
from sayso.service.verify_heads import OldHeads
from sayso.service.verify_links import LinkWalk
from sayso.service.verify_settings import of_settings
from sayso.service.verify_types import of_types

#: How many contacts are read at once.
BATCH = 1_000

#: How often a contact that keeps changing is read again before it is reported.
TRIES = 100

_GONE = "does not exist, and has entries"


@dataclass(frozen=True, slots=True)
class Problem:
    """Where something is wrong, and what. Without `seq` it is the contact's row, without a contact the workspace, and
    without a workspace the schema of the database."""

    workspace_id: str
    contact_id: str
    seq: int | None
    what: str


@dataclass(slots=True)
class Report:
    """`unbound` counts the chains whose first entry does not name the contact: another contact's would look as whole
    in their place. `duplicates`, each with its workspace: they are no problem. It `is_complete` unless the schema kept
    rows from being read."""

    contacts: int = 0
    entries: int = 0
    unbound: int = 0
    problems: list[Problem] = field(default_factory=list)
    duplicates: list[tuple[str, Duplicate]] = field(default_factory=list)
    is_complete: bool = True


#: The SHA-256 of every wording kept, by (type, version, locale).
Wordings = Mapping[tuple[str, int, str], bytes]

#: A problem within one contact.
Fault = tuple[int | None, str]


async def verify(store: Store, only: str | None = None, old: OldHeads | None = None) -> Report:
    """Check a store's workspaces, all or one, beside whoever writes; `old` are heads that must be found again. Nothing
    is written. Raises Unavailable."""
    report = Report()
    schema = await store.compare_schema()
    report.problems += [Problem("", "", None, what) for what in schema.faults]
    try:
        await _verify_rows(store, only, old or OldHeads(()), report)
    except Unavailable as error:
        if not schema.faults:
            raise
        report.is_complete = False
        report.problems.append(Problem("", "", None, f"the rows cannot be checked: {error.message}"))
    report.problems = list(dict.fromkeys(report.problems))
    return report


async def _verify_rows(store: Store, only: str | None, old: OldHeads, report: Report) -> None:
    known = {workspace.id for workspace in await store.workspace.all()}
    named = await store.ledger.workspaces()
    for workspace_id in sorted(known | named | old.workspaces()):
        if only not in (None, workspace_id):
            continue
        if workspace_id in named - known:
            report.problems.append(Problem(workspace_id, "", None, "the workspace does not exist, and has rows"))
        await _Walk(store, workspace_id, report, old).through()
        await old.see_settings(store, workspace_id)
        report.problems += [Problem(workspace_id, "", None, what) for what in old.missing(workspace_id)]
        await _beside_the_ledger(store, workspace_id, report)
    for workspace_id, contact_id, seq in await store.ledger.unfounded():
        if only in (None, workspace_id):
            report.problems.append(Problem(workspace_id, contact_id, seq, "announced by an event, but not there"))


async def _beside_the_ledger(store: Store, workspace_id: str, report: Report) -> None:
    def tell(contact_id: str, what: str) -> None:
        report.problems.append(Problem(workspace_id, contact_id, None, what))

    await ClaimWalk(store, workspace_id, tell).through()
    report.duplicates += [(workspace_id, duplicate) for duplicate in await store.claim.duplicates(workspace_id)]
    await CompanyWalk(store, workspace_id, tell).through()
    await LinkWalk(store, workspace_id, tell).through()
    problems = [
        *await of_types(store, workspace_id),
        *await of_settings(store, workspace_id),
        *await of_counts(store, workspace_id),
    ]
    for what in problems:
        tell("", what)


class _Walk:
    """Through one workspace, by ranges of contact ids."""

    def __init__(self, store: Store, workspace_id: str, report: Report, old: OldHeads) -> None:
        self._store = store
        self._workspace_id = workspace_id
        self._report = report
        self._old = old
        self._migrated: Mapping[str, Migrated] = {}

    async def through(self) -> None:
        after, more = "", True
        self._migrated = await find_migrated_types(self._store, self._workspace_id)
        while more:
            rows = await self._store.ledger.heads(self._workspace_id, after, BATCH)
            heads = {row.contact_id: row for row in rows if isinstance(row, HeadRow)}
            # A full batch that cannot be read at all would be read again for ever: the rest is then taken at once.
            more = len(rows) == BATCH and bool(heads)
            upto = max(heads) if more else None
            for row in rows:
                if isinstance(row, Unreadable):
                    self._tell(row.contact_id, None, row.why)
            await self._range(heads, after, upto)
            after = upto or after

    async def _range(self, heads: Mapping[str, HeadRow], after: str, upto: str | None) -> None:
        stored = await self._store.ledger.stored(self._workspace_id, after, upto)
        wordings = await self._wordings()
        chains = {id_: list(chain) for id_, chain in groupby(stored, key=lambda one: one.contact_id)}
        self._report.contacts += len(heads)
        self._report.entries += len(stored)
        self._report.unbound += sum(map(_is_unbound, stored))
        self._seek(heads.values(), stored)
        for contact_id in sorted(heads.keys() | chains.keys()):
            chain = chains.get(contact_id, [])
            for seq, what in misfits(chain, self._migrated):
                self._tell(contact_id, seq, what)
            if faults(heads.get(contact_id), chain, wordings):
                await self._again(contact_id)
        for contact_id, seq in await self._store.ledger.unannounced(self._workspace_id, after, upto):
            what = "the contact's last change" if seq is None else "the entry"
            self._tell(contact_id, seq, f"{what} is not announced by an event")

    def _seek(self, heads: Iterable[HeadRow], stored: Iterable[Stored | Unreadable]) -> None:
        if not self._old.workspaces():
            return
        for row in heads:
            self._old.see_contact(self._workspace_id, row)
        for one in stored:
            if isinstance(one, Stored):
                self._old.see_entry(self._workspace_id, one)

    async def _again(self, contact_id: str) -> None:
        """Read until nobody wrote in between, then report what is still wrong."""
        ledger = self._store.ledger
        for _ in range(TRIES):
            head = await ledger.head(self._workspace_id, contact_id)
            chain = await ledger.chain(self._workspace_id, contact_id)
            wordings = await self._wordings()
            if head == await ledger.head(self._workspace_id, contact_id):
                break
        row = head if isinstance(head, HeadRow) else None
        for seq, what in faults(row, chain, wordings):
            self._tell(contact_id, seq, what)

    async def _wordings(self) -> Wordings:
        try:
            notices = await self._store.subscription_type.notices(self._workspace_id)
        except UnicodeDecodeError:
            self._tell("", None, "a wording kept for its types is not UTF-8")
            return {}
        refs = (notice_ref(notice) for notice in notices)
        return {(ref.type_id, ref.version, ref.locale): ref.sha256 for ref in refs}

    def _tell(self, contact_id: str, seq: int | None, what: str) -> None:
        self._report.problems.append(Problem(self._workspace_id, contact_id, seq, what))


def faults(head: HeadRow | None, chain: Sequence[Stored | Unreadable], wordings: Wordings) -> list[Fault]:
    """What is wrong with one contact's row and chain; nothing when they are whole."""
    if head is None:
        return [(None, f"the contact {_GONE}")] if chain else []
    found = [
        *_gaps(head, chain),
        *_broken(chain),
        *_misplaced(head, chain),
        *_misbound(head, chain),
        *_unworded(chain, wordings),
    ]
    if found:
        return sorted(found, key=lambda fault: (fault[0] is None, fault[0]))
    entries = [one.entry for one in chain if isinstance(one, Stored)]
    if head.hash != (chain[-1].hash if chain and isinstance(chain[-1], Stored) else None):
        found.append((None, "the contact's row has another hash than its last entry"))
    if head.standing != fold(entries).packed():
        found.append((None, "the contact's standing is not what its entries come to"))
    return found


def _gaps(head: HeadRow, chain: Iterable[Stored | Unreadable]) -> Iterable[Fault]:
    expected = 1
    for one in chain:
        seq = one.entry.seq if isinstance(one, Stored) else one.seq
        if seq is None:
            continue
        yield from _missing(expected, seq - 1)
        if seq < expected:
            yield seq, "no entry has this number"
        expected = max(expected, seq + 1)
    if not isinstance(head.seq, int):
        yield None, "the contact's row counts its entries by no number"
        return
    yield from _missing(expected, head.seq)
    if head.seq < expected - 1:
        yield None, f"the contact's row counts {head.seq} entries, and there are more"


def _missing(first: int, last: int) -> Iterable[Fault]:
    if first == last:
        yield first, "the entry is missing"
    elif first < last:
        yield first, f"the entries {first} to {last} are missing"


def _broken(chain: Iterable[Stored | Unreadable]) -> Iterable[Fault]:
    """Entries that their hash does not fit. After a broken one either of its hashes may be followed, so that each is
    named alone; after a missing one nothing can be said of the next but by those that follow it."""
    before: set[bytes | None] | None = {None}
    at = 0
    for one in chain:
        if isinstance(one, Unreadable):
            yield one.seq, f"the entry cannot be read: {one.why}"
            before = None
            continue
        if one.entry.seq != at + 1:
            before = None
        at = one.entry.seq
        hashes = {try_hash(partial(one.entry.hash, prev)) for prev in before} if before is not None else {one.hash}
        if one.hash not in hashes or _unlike_ours(one):
            yield at, "the entry, or its hash, was altered"
        before = {hash_ for hash_ in (*hashes, one.hash) if hash_}


def _unlike_ours(stored: Stored) -> bool:
    """No type is written as `*` in the leaf, which is why it may be no type's id."""
    return stored.entry.type_id in ("", "*")


def _misplaced(head: HeadRow, chain: Iterable[Stored | Unreadable]) -> Iterable[Fault]:
    entries = [one.entry for one in chain if isinstance(one, Stored)]
    foreign = [entry for entry in entries if not _is_subject(head.subject, entry.subject)]
    if len(foreign) == len(entries) and len({entry.subject for entry in entries}) == 1:
        yield None, "the contact's row has another subject than its entries"
        return
    for entry in foreign:
        yield entry.seq, "the entry has another subject than the contact"


def _misbound(head: HeadRow, chain: Sequence[Stored | Unreadable]) -> Iterable[Fault]:
    """A first entry that was written for another contact."""
    key = head.binding_key
    if key is not None and not (isinstance(key, bytes) and len(key) == 16):
        yield None, "the contact's row has a binding key that is no key"
        return
    for one in chain:
        if not isinstance(one, Stored) or one.entry.binding is None:
            continue
        if key is None:
            yield one.entry.seq, "the entry is bound to a contact, and the contact's row has no key to tell which"
        elif one.entry.binding != bind(key, head.contact_id):
            yield one.entry.seq, "the entry is bound to another contact"


def _is_unbound(one: Stored | Unreadable) -> bool:
    return isinstance(one, Stored) and one.entry.seq == 1 and one.entry.binding is None


def _is_subject(kept: object, subject: str) -> bool:
    return isinstance(kept, bytes) and kept.hex() == subject


def _unworded(chain: Iterable[Stored | Unreadable], wordings: Wordings) -> Iterable[Fault]:
    for one in chain:
        notice = one.entry.notice if isinstance(one, Stored) else None
        if notice is None:
            continue
        kept = wordings.get((notice.type_id, notice.version, notice.locale))
        if kept != notice.sha256:
            told = "is not kept" if kept is None else "is not the one that is kept"
            yield one.entry.seq if isinstance(one, Stored) else None, f"the wording that the entry names {told}"
