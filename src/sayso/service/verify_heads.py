"""Heads that were saved once, and a database that has grown since: every old head must be an ancestor of a new one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from sayso.domain.errors import Invalid
from sayso.service.pages import pages
from sayso.service.ports import HeadRow, Store, Stored, Unreadable
from sayso.service.verify_settings import entries

#: The first line of a file of saved heads.
TITLE = "# sayso heads 1: workspace, subject, seq, hash"

#: How the last line begins; the number of heads follows. Without it a list that was cut would pass for a whole one.
_END = "# end "

#: Stands for the settings log in the place of a subject.
SETTINGS = "settings"

_GONE = "is missing or has a different hash"

#: How many contacts are read at once.
BATCH = 1_000


class SavedHead(NamedTuple):
    """The end of a chain when it was saved. `subject` is 32 hex digits, or `settings`; `hash` is None at seq 0."""

    workspace_id: str
    subject: str
    seq: int
    hash: bytes | None

    def line(self) -> str:
        return f"{self.workspace_id} {self.subject} {self.seq} {self.hash.hex() if self.hash else '-'}"

    @classmethod
    def of(cls, line: str) -> SavedHead:
        """Raises ValueError on what `line` never makes."""
        workspace_id, subject, seq, hash_ = line.split(" ")
        if subject != SETTINGS and len(bytes.fromhex(subject)) != 16:
            raise ValueError(subject)
        return cls(workspace_id, subject, int(seq), None if hash_ == "-" else bytes.fromhex(hash_))


def end_line(count: int) -> str:
    """The last line of a file of so many saved heads."""
    return f"{_END}{count}"


def parsed(lines: Iterable[str]) -> Iterator[SavedHead]:
    """The heads in a file's lines. Raises Invalid with the line's number, or where the list is cut."""
    numbered = enumerate((line.rstrip("\n") for line in lines), 1)
    if next(numbered, None) != (1, TITLE):
        raise Invalid("line 1 is not the title of a list that --save-heads wrote")
    count, end = 0, None
    for number, text in numbered:
        if end is not None:
            raise Invalid(f"line {number} follows the end of the list")
        if text.startswith(_END):
            end = text
            continue
        try:
            yield SavedHead.of(text)
        except ValueError:
            raise Invalid(f"line {number} is not a workspace, a subject, a seq and a hash") from None
        count += 1
    if end is None:
        raise Invalid("the list is incomplete: its last line, `# end` and the number of heads, is missing")
    if end != end_line(count):
        raise Invalid(f"the list has {count} heads, but its last line is not `{end_line(count)}`")


async def heads(store: Store, only: str | None = None) -> AsyncIterator[SavedHead]:
    """The end of every chain, of all workspaces or one, read in pages. A contact's row that cannot be read is left out:
    `verify` names it."""
    for workspace in await store.workspace.all():
        if only not in (None, workspace.id):
            continue
        end = await store.settings_log.head(workspace.id)
        yield SavedHead(workspace.id, SETTINGS, end.seq, end.hash)
        async for rows in pages(partial(store.ledger.heads, workspace.id), _id, "", BATCH):
            for row in rows:
                if isinstance(row, HeadRow):
                    yield SavedHead(workspace.id, row.subject.hex(), row.seq, row.hash)


def _id(row: HeadRow | Unreadable) -> str | None:
    return row.contact_id if isinstance(row, HeadRow) else None


class OldHeads:
    """Saved heads to be found again while a database is verified."""

    def __init__(self, saved: Iterable[SavedHead]) -> None:
        self._sought: dict[str, dict[str, tuple[int, bytes | None]]] = {}
        for workspace_id, subject, seq, hash_ in saved:
            self._sought.setdefault(workspace_id, {})[subject] = (seq, hash_)

    def workspaces(self) -> set[str]:
        return set(self._sought)

    def see_contact(self, workspace_id: str, row: HeadRow) -> None:
        """A head without entries is found again by the contact's row."""
        sought = self._sought.get(workspace_id, {})
        subject = row.subject.hex() if isinstance(row.subject, bytes) else ""
        if sought.get(subject, (1, None))[0] == 0:
            del sought[subject]

    def see_entry(self, workspace_id: str, stored: Stored) -> None:
        self._see(workspace_id, stored.entry.subject, stored.entry.seq, stored.hash)

    async def see_settings(self, store: Store, workspace_id: str) -> None:
        if SETTINGS in self._sought.get(workspace_id, {}):
            for one in await entries(store, workspace_id):
                if one is not None:
                    self._see(workspace_id, SETTINGS, one.entry.seq, one.hash)

    def _see(self, workspace_id: str, subject: str, seq: int, hash_: bytes) -> None:
        sought = self._sought.get(workspace_id, {})
        old_seq, old_hash = sought.get(subject, (None, None))
        if old_seq == 0 or (old_seq == seq and old_hash == hash_):
            del sought[subject]

    def missing(self, workspace_id: str) -> Iterator[str]:
        """What is to be told of heads that were not found again."""
        for subject, (seq, _) in self._sought.get(workspace_id, {}).items():
            if subject == SETTINGS:
                yield f"the saved heads name settings_log entry {seq}; it {_GONE}"
            elif seq == 0:
                yield f"the saved heads name subject {subject}; it is missing"
            else:
                yield f"the saved heads name entry {seq} of subject {subject}; it {_GONE}"
