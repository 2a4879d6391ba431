"""How much of a change the event loop does, and how much Python does at all, does not grow with what a contact has, as
long as that is no more data events than one transaction moves."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.cast import AUTHOR, NOON, Clock, act
from tests.sqlite import new_file

from sayso.domain.contact import Change, ContactDraft, Profile, Role
from sayso.domain.data_event import DataEvent, Summary
from sayso.domain.links import NEWEST, Note, NoteList
from sayso.service.data_event import Named
from sayso.service.ids import RandomIds
from sayso.service.region import Region
from sayso.storage import sqlite
from sayso.storage.data_event import PORTION
from sayso.storage.engine import Statement
from sayso.storage.sqlite import SqliteEngine
from sayso.storage.store import SqlStore

FEW, MANY = 20, PORTION


@dataclass
class Work:
    """What connections did: statements that the thread of the loop ran and others, and rows that Python was given."""

    loop: int = field(default_factory=threading.get_ident)
    by_loop: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    rows: int = 0
    steps: int = 0

    def statement(self, cursor: apsw.Cursor, sql: str, params: object) -> bool:
        # What is left out depends on the loop's rounds, and on what was opened before.
        if sql.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            (self.by_loop if threading.get_ident() == self.loop else self.beside).append(sql)
        return True

    def run(self, run: dict[str, Any]) -> None:
        """Count the steps of SQLite's own machine that the loop waits for."""
        if threading.get_ident() == self.loop:
            self.steps += run["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

    def row(self, cursor: apsw.Cursor, row: Any) -> Any:
        self.rows += 1
        return row

    def clear(self) -> None:
        self.by_loop, self.beside, self.rows, self.steps = [], [], 0, 0


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
async def store(tmp_path: Path, work: Work) -> AsyncIterator[SqlStore]:
    path = new_file(tmp_path / "sayso.db")

    def connect() -> apsw.Connection:
        connection = sqlite.connect(path)
        connection.exec_trace, connection.row_trace = work.statement, work.row
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, work.run)
        return connection

    opened = SqlStore(SqliteEngine(connect))
    yield opened
    await opened.close()


@dataclass
class Acme:
    """A workspace with contacts who have as much as one likes."""

    region: Region
    workspace: str
    work: Work

    async def contact(self, role: Role, much: int) -> str:
        """A contact with so many data events and notes."""
        external_id = f"user of {much}" if role is Role.USER else None
        draft = ContactDraft(Profile(role, external_id))
        made = await self.region.contacts.create(AUTHOR, self.workspace, draft)
        first = int(made.id[-6:], 16) * 10_000
        events = [DataEvent(f"{first + at:032x}", "visited", at) for at in range(much)]
        notes = [Note(str(first + at), "1", "<p>Hi</p>", NOON + at) for at in range(much)]
        done = act(first, NOON)
        head = made.head
        links = made.links._replace(notes=NoteList(much, tuple(note.id for note in notes[: -NEWEST - 1 : -1])))
        after = head.after(done, head.chain, head.standing)
        told = (*events, Summary("visited", much, 0, much - 1))
        change = Change(done, "contact.noted", head, after, links=links, put=tuple(notes), told=told)
        await self.region.store.contact.commit(change)
        return made.id

    async def merge(self, much: int) -> None:
        lead, user = [await self.contact(role, much) for role in (Role.LEAD, Role.USER)]
        await self.settle()
        await self.region.merges.merge(AUTHOR, self.workspace, lead, user, duplicates_only=False)
        await self.check(user, much)

    async def delete(self, much: int) -> None:
        user = await self.contact(Role.USER, much)
        await self.settle()
        await self.region.contacts.delete(AUTHOR, self.workspace, user)

    async def archive(self, much: int) -> None:
        user = await self.contact(Role.USER, much)
        await self.settle()
        await self.region.contacts.archive(AUTHOR, self.workspace, user)

    async def settle(self) -> None:
        """Count from here on. After a change that the writer ran, the loop runs the next one."""
        await self.region.tags.named(self.workspace, "settled")
        self.work.clear()

    async def check(self, user: str, much: int) -> None:
        _, summaries = await self.region.data_events.summaries(self.workspace, Named(contact_id=user))
        assert [Summary("visited", much, 0, much - 1)] == summaries
        assert 2 * much == (await self.region.notes.page(self.workspace, user, 1, 1)).total


@pytest.fixture
async def acme(store: SqlStore, work: Work) -> Acme:
    region = Region.on("us", store, Clock(), RandomIds())
    return Acme(region, (await region.workspaces.create("Acme")).id, work)


@pytest.mark.parametrize("deed", [Acme.merge, Acme.delete, Acme.archive])
async def test_a_change_of_a_contact_takes_as_much_of_python_whatever_the_contact_has(
    acme: Acme, work: Work, deed: Callable[[Acme, int], Awaitable[None]]
):
    taken = []
    for much in (FEW, MANY):
        await deed(acme, much)
        taken.append((len(work.by_loop) + len(work.beside), work.rows))

    assert taken[0] == taken[1]


@pytest.mark.parametrize("deed", [Acme.merge, Acme.delete])
async def test_the_loop_runs_no_statement_that_may_write_any_number_of_rows(
    acme: Acme, work: Work, deed: Callable[[Acme, int], Awaitable[None]]
):
    await deed(acme, FEW)

    moving = ("data_events", "data_event_summaries", "notes", "note_ids", "contact_tags", "merges")
    assert [] == [sql for sql in work.by_loop if any(f" {table} " in sql for table in moving) and "SELECT" != sql[:6]]
    assert [sql for sql in work.beside if sql.startswith("DELETE FROM data_events ")]


async def test_the_loop_does_not_delete_the_notes_of_a_company(acme: Acme, work: Work):
    company = await acme.region.companies.put(AUTHOR, acme.workspace, "noted", lambda profile, _: profile)
    await acme.region.company_notes.create(AUTHOR, acme.workspace, company.id, None, "Hi")
    await acme.settle()

    await acme.region.companies.delete(AUTHOR, acme.workspace, company.id)

    assert [] == [sql for sql in work.by_loop if sql.startswith("DELETE FROM company_notes ")]
    assert [sql for sql in work.beside if sql.startswith("DELETE FROM company_notes ")]


@pytest.mark.parametrize("deed", [Acme.merge, Acme.delete, Acme.archive])
async def test_what_the_loop_waits_for_in_a_change_does_not_grow_with_what_a_contact_has(
    acme: Acme, work: Work, deed: Callable[[Acme, int], Awaitable[None]]
):
    steps = []
    for much in (FEW, MANY):
        await deed(acme, much)
        steps.append(work.steps)

    assert steps[1] < 1.1 * steps[0]


async def test_a_change_of_many_statements_is_not_run_by_the_loop(store: SqlStore, work: Work):
    one = Statement("UPDATE workspaces SET name = $1 WHERE workspace_id = $2", ("x", "y"))
    by_loop = []
    for number in (1, sqlite.FEW_STATEMENTS, sqlite.FEW_STATEMENTS + 1):
        work.clear()
        await store.engine.commit([one] * number)
        by_loop.append(sum(sql.startswith("UPDATE") for sql in work.by_loop))

    # The first change after a start is the writer's: it opens its connection.
    assert [0, sqlite.FEW_STATEMENTS, 0] == by_loop
