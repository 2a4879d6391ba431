"""What is wrong with a store: every chain recomputed and folded, and compared with the contacts' rows."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from sayso.domain.ledger import fold
from sayso.service.ports import HeadRow, Store, Stored
from sayso.service.ports_claims import HolderRow
from sayso.service.ports_counts import CountRow


async def damage(store: Store, workspace_id: str) -> list[str]:
    """A sentence for each thing that is wrong; none when all is whole."""
    stored = await store.ledger.stored(workspace_id, "", None)
    unreadable = [f"{row.contact_id} {row.seq}: {row.why}" for row in stored if not isinstance(row, Stored)]
    entries = [row for row in stored if isinstance(row, Stored)]
    chains = {contact: list(rows) for contact, rows in groupby(entries, lambda row: row.contact_id)}
    heads = await store.ledger.heads(workspace_id, "", 1_000_000)
    unreadable += [f"{head.contact_id}: {head.why}" for head in heads if not isinstance(head, HeadRow)]
    rows = [head for head in heads if isinstance(head, HeadRow)]
    found = [wrong for row in rows for wrong in _wrong(row, chains.pop(row.contact_id, []))]
    silent = [f"{contact} {seq}: no event" for contact, seq in await store.ledger.unannounced(workspace_id, "", None)]
    counts = await _miscounted(store, workspace_id)
    return unreadable + found + [f"{contact}: no contact" for contact in chains] + silent + counts


async def _miscounted(store: Store, workspace_id: str) -> list[str]:
    contacts = [row for row in await store.claim.holders(workspace_id, "", 1_000_000) if isinstance(row, HolderRow)]
    there = Counter((row.state, row.role) for row in contacts)
    kept: Counter[tuple[str, str]] = Counter()
    for row in await store.contact_count.kept(workspace_id):
        assert isinstance(row, CountRow)
        kept[row.state, row.role] += row.contacts
    both = sorted(there.keys() | kept.keys())
    return [f"{key}: {there[key]} contacts, and a count of {kept[key]}" for key in both if there[key] != kept[key]]


def _wrong(head: HeadRow, chain: list[Stored]) -> list[str]:
    name, previous, found = head.contact_id, None, []
    for seq, stored in enumerate(chain, 1):
        if stored.entry.seq != seq:
            found.append(f"{name}: entry {stored.entry.seq} where {seq} belongs")
        if stored.entry.hash(previous) != stored.hash:
            found.append(f"{name}: the hash of entry {seq} is not its own")
        previous = stored.hash
    if (head.seq, head.hash) != (len(chain), previous):
        found.append(f"{name}: the head is at {head.seq}, the chain at {len(chain)}")
    if fold(stored.entry for stored in chain).packed() != head.standing:
        found.append(f"{name}: the standing is not what the entries come to")
    return found
