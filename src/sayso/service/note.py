"""Notes on contacts: written, listed, found."""

from __future__ import annotations

from dataclasses import dataclass

from sayso.domain import note as rules
from sayso.domain.act import Act, Author
from sayso.domain.admin import Admin
from sayso.domain.contact import Change
from sayso.domain.errors import ContactNotFound, NotFound
from sayso.domain.links import Note
from sayso.service.contact import ContactService
from sayso.service.decided import decided
from sayso.service.ports import Clock, Ids, Store
from sayso.service.snapshot import Snapshot, Snapshots
from sayso.service.turns import Turns

NO_SUCH_NOTE = "there is no such note"


@dataclass(frozen=True, slots=True)
class NotePage:
    """Some of a contact's notes, newest first, and how many there are."""

    notes: list[Note]
    total: int


class NoteService:
    def __init__(
        self, store: Store, snapshots: Snapshots, contacts: ContactService, turns: Turns, clock: Clock, ids: Ids
    ) -> None:
        self._store = store
        self._snapshots = snapshots
        self._contacts = contacts
        self._turns = turns
        self._clock = clock
        self._ids = ids
        #: Ids taken for notes to come, by workspace: the next one, and the one after the last.
        self._taken: dict[str, tuple[int, int]] = {}
        self._taking = Turns()

    async def create(self, author: Author, workspace_id: str, contact_id: str, admin_id: str | None, text: str) -> Note:
        """Write a note on a contact, in the name of an admin, by default the workspace's first.

        Raises ContactNotFound, NotFound for an admin that is none, Missing, Invalid, Unavailable.
        """
        now = self._clock()
        act = Act(self._ids.act(now), now, author)
        note_id: str | None = None

        async def decide() -> Change | None:
            nonlocal note_id
            contact = await self._contacts.find(workspace_id, contact_id)
            admin = await self.find_admin(workspace_id, admin_id)
            body = rules.body(text)
            # Taken when nothing can refuse the note any more, and kept when another try is needed.
            note_id = note_id or await self.next_id(workspace_id)
            return rules.create(contact, note_id, admin.id, body, act)

        async with self._turns.of(workspace_id, contact_id):
            change = await decided(decide, self._store.contact.commit)
        assert change is not None
        (note,) = change.put
        assert isinstance(note, Note)
        return note

    async def page(self, workspace_id: str, contact_id: str, number: int, size: int) -> NotePage:
        """A page of a contact's notes; pages count from 1. Raises ContactNotFound."""
        contact = await self._contacts.find(workspace_id, contact_id)
        total, first = contact.links.notes.total, (number - 1) * size
        if first >= total:
            return NotePage([], total)
        return NotePage(await self._store.note.page(workspace_id, contact_id, first, size), total)

    async def find(self, workspace_id: str, note_id: str) -> tuple[str, Note]:
        """A note of a live contact, and the contact's id. Raises NotFound."""
        found = await self._store.note.find(workspace_id, note_id) if is_note_id(note_id) else None
        if found is None:
            raise NotFound(NO_SUCH_NOTE)
        try:
            await self._contacts.find(workspace_id, found[0])
        except ContactNotFound:
            raise NotFound(NO_SUCH_NOTE) from None
        return found

    async def find_admin(self, workspace_id: str, admin_id: str | None) -> Admin:
        """The author of a note to be written. Raises NotFound."""
        snapshot = await self._snapshots.of(workspace_id)
        found = _admin_in(snapshot, admin_id) or _admin_in(await self._snapshots.current(workspace_id), admin_id)
        if found is None:
            raise NotFound("there is no such admin")
        return found

    async def next_id(self, workspace_id: str) -> str:
        """The id of a note to be written. Raises Unavailable."""
        async with self._taking.of(workspace_id, ""):
            following, end = self._taken.get(workspace_id, (0, 0))
            if following == end:
                following, end = await self._take(workspace_id)
            self._taken[workspace_id] = (following + 1, end)
        return str(following)

    async def _take(self, workspace_id: str) -> tuple[int, int]:
        taken = (0, 0)

        async def decide() -> str | None:
            return workspace_id

        async def commit(taker: str) -> None:
            nonlocal taken
            taken = await self._store.note.take_ids(taker)

        await decided(decide, commit)
        return taken


def is_note_id(note_id: str) -> bool:
    """Whether a note may have this id: a decimal number of at most 18 digits, without leading zeros."""
    return note_id.isascii() and note_id.isdecimal() and len(note_id) <= 18 and str(int(note_id)) == note_id


def _admin_in(snapshot: Snapshot | None, admin_id: str | None) -> Admin | None:
    admins = snapshot.admins if snapshot else []
    return next((admin for admin in admins if admin_id is None or admin.id == admin_id), None)
