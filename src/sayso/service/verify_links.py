"""Verification of links: what a contact's row says of its tags, companies and notes is what their own rows say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from sayso.domain.links import NEWEST, Links
from sayso.service.ports import Store, Unreadable
from sayso.service.ports_links import LinkKey, LinkTable, PackedRow

#: How many contacts or notes are read at once.
BATCH = 1_000

#: How often a contact that keeps changing is read again before it is reported.
TRIES = 100

TABLES: tuple[LinkTable, ...] = ("contact_tags", "contact_companies", "notes")

#: What the rows of each table link one contact with.
Linked = dict[LinkTable, list[str]]


class LinkWalk:
    """Through one workspace twice, beside whoever writes: by contacts, and by the ids of notes. `tell` hears a
    contact's id and what is wrong with it."""

    def __init__(self, store: Store, workspace_id: str, tell: Callable[[str, str], None]) -> None:
        self._rows = store.link_rows
        self._workspace_id = workspace_id
        self._tell = tell

    async def through(self) -> None:
        await self._contacts()
        await self._notes()

    async def _contacts(self) -> None:
        after, more = "", True
        while more:
            found = await self._rows.packed(self._workspace_id, after, BATCH)
            packed = {row.contact_id: row for row in found if isinstance(row, PackedRow)}
            self._tell_unreadable(found)
            # A full batch that cannot be read at all would be read again for ever: the rest is then taken at once.
            more = len(found) == BATCH and bool(packed)
            upto = max(packed) if more else None
            linked = await self._linked(after, upto)
            ways = await self._ways_from(linked.values())
            for contact_id in sorted(packed.keys() | linked.keys()):
                if any(faults(contact_id, packed.get(contact_id), linked.get(contact_id, {}), ways)):
                    await self._again(contact_id)
            after = upto or after

    async def _again(self, contact_id: str) -> None:
        """Read until nobody wrote in between, then report what is still wrong. What links, contacts' rows tell."""
        for _ in range(TRIES):
            row = await self._rows.named(self._workspace_id, contact_id)
            # A shorter id comes before all that it begins.
            linked = (await self._linked(contact_id[:-2], contact_id)).get(contact_id, {})
            ways = await self._ways_from([linked])
            if row == await self._rows.named(self._workspace_id, contact_id):
                break
        if isinstance(row, Unreadable):
            return
        for what in faults(contact_id, row, linked, ways):
            self._tell(contact_id, what)

    async def _linked(self, after: str, upto: str | None) -> dict[str, Linked]:
        linked: dict[str, Linked] = {}
        for table in TABLES:
            found = await self._rows.rows(self._workspace_id, table, after, upto)
            for contact_id, other in self._readable(found):
                linked.setdefault(contact_id, {}).setdefault(table, []).append(other)
        return linked

    async def _ways_from(self, linked: Iterable[Linked]) -> dict[str, str]:
        """Where the ids of notes lead to."""
        notes = [note_id for rows in linked for note_id in rows.get("notes", ())]
        found = await self._rows.ways_from(self._workspace_id, notes)
        return {note_id: contact_id for contact_id, note_id in self._readable(found)}

    async def _notes(self) -> None:
        after, more = 0, True
        while more:
            found = await self._rows.ways(self._workspace_id, after, BATCH)
            ways = self._readable(found)
            more = len(found) == BATCH and bool(ways)
            after = int(ways[-1][1]) if ways else after
            for _, note_id in await self._astray(ways):
                await self._way_again(note_id)

    async def _way_again(self, note_id: str) -> None:
        for _ in range(TRIES):
            ways = await self._rows.ways_from(self._workspace_id, [note_id])
            astray = await self._astray(self._readable(ways))
            if ways == await self._rows.ways_from(self._workspace_id, [note_id]):
                break
        for contact_id, _ in astray:
            self._tell(contact_id, f"note_ids leads to the contact for note {note_id}, which notes does not have")

    async def _astray(self, ways: Sequence[LinkKey]) -> list[LinkKey]:
        """Those of ways, in the order of their notes, that lead to a contact without the note."""
        if not ways:
            return []
        contacts = sorted({contact_id for contact_id, _ in ways})
        first, last = int(ways[0][1]), int(ways[-1][1])
        notes = set(self._readable(await self._rows.notes(self._workspace_id, contacts, first, last)))
        return [way for way in ways if way not in notes]

    def _readable(self, found: Iterable[LinkKey | Unreadable]) -> list[LinkKey]:
        found = list(found)
        self._tell_unreadable(found)
        return [row for row in found if not isinstance(row, Unreadable)]

    def _tell_unreadable(self, found: Iterable[object]) -> None:
        for row in found:
            if isinstance(row, Unreadable):
                self._tell(row.contact_id, row.why)


def faults(contact_id: str, row: PackedRow | None, linked: Linked, ways: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with one contact's links. `ways`: whose each note is by its id."""
    if row is None:
        yield from (f"the contact does not exist, and has rows in {table}" for table in linked)
        return
    try:
        links = Links.unpacked(row.tags, row.companies, row.notes)
    except (ValueError, TypeError, AttributeError):
        yield "the contact's row: its tags, companies or notes cannot be read"
        return
    yield from _unlike("contact_tags", links.tags, linked)
    yield from _unlike("contact_companies", links.companies, linked)
    yield from _miscounted(links, linked.get("notes", []))
    for note_id in linked.get("notes", ()):
        if ways.get(note_id) != contact_id:
            yield f"note_ids does not lead to the contact for its note {note_id}"


def _unlike(table: LinkTable, named: Sequence[str], linked: Linked) -> Iterator[str]:
    kept = linked.get(table, [])
    if set(named) - set(kept):
        yield f"the contact's row names what has no row in {table}"
    if set(kept) - set(named):
        yield f"{table} has a row that the contact's row does not name"
    if len(set(named)) < len(named):
        yield f"the contact's row names twice what has one row in {table}"


def _miscounted(links: Links, kept: Sequence[str]) -> Iterator[str]:
    """The order of notes is not compared: of two processes' times, the later write may bear the earlier."""
    total, newest = links.notes
    if total != len(kept):
        yield f"the contact's row counts {total} notes, and notes has {len(kept)}"
    elif len(set(newest) & set(kept)) != min(total, NEWEST) or len(newest) > NEWEST:
        yield "the contact's row names other notes than notes has"
