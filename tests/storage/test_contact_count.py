"""Counts of contacts: kept by every change, and always what the rows add up to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.cast import AUTHOR, NOON, act
from tests.conftest import KINDS
from tests.crash.damage import damage
from tests.storage.conftest import ACME, created, creation

from sayso.domain import contact as contacts
from sayso.domain.contact import Contact, ContactDraft, Profile, Role
from sayso.domain.errors import SaysoError
from sayso.domain.search import Absent, Field, Filter, Group, Kind, Node, OneOf, Part
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.ports_counts import CountRow
from sayso.service.region import Region
from sayso.storage import contact_count, postgres, postgres_connections, postgres_migrate
from sayso.storage import store as stores
from sayso.storage.contact import statements, together
from sayso.storage.engine import Statement
from sayso.storage.search_plan import find_roles
from sayso.storage.sqlite_dialect import dialect
from sayso.storage.sqlite_writer import _may_be_together
from sayso.storage.store import SqlStore

#: Regions that share a database, as processes do: no queue of theirs keeps one from another's contacts.
PROCESSES = 4
WORKERS = 12
ACTS = 10

ROUNDS = 10

ROLE, EMAIL = Field("role", Kind.STRING), Field("email", Kind.STRING)


def of_role(*roles: str, negated: bool = False) -> Filter:
    return Filter(ROLE, OneOf(roles), negated=negated)


async def numbers(store: Store, workspace_id: str = ACME) -> dict[tuple[str, str], int]:
    """The kept count of each state and role."""
    found: dict[tuple[str, str], int] = {}
    for row in await store.contact_count.kept(workspace_id):
        assert isinstance(row, CountRow)
        found[row.state, row.role] = found.get((row.state, row.role), 0) + row.contacts
    return {key: number for key, number in found.items() if number}


class Worker:
    """Does things at random, to contacts that it shares with others."""

    def __init__(self, region: Region, workspace_id: str, made: list[str], companies: Sequence[str], seed: int) -> None:
        self._region = region
        self._workspace_id = workspace_id
        self._made = made
        self._companies = companies
        self._chance = Random(seed)
        self._names = (f"{seed}-{number}" for number in count())

    async def work(self) -> None:
        for _ in range(ACTS):
            # Refused where a contact is in no state for it.
            with suppress(SaysoError):
                await self._act()

    async def do_each(self) -> None:
        """One change of every kind."""
        contacts = self._region.contacts
        users = [await self._create(Role.USER) for _ in range(4)]
        leads = [await self._create(Role.LEAD) for _ in range(2)]
        for deed, contact_id in (
            (contacts.archive, users[0]),
            (contacts.archive, users[1]),
            (contacts.unarchive, users[1]),
            (contacts.block, users[2]),
            (contacts.delete, users[3]),
            (self._promote, leads[0]),
        ):
            await deed(AUTHOR, self._workspace_id, contact_id)
        for company_id in self._companies:
            await self._region.contact_companies.attach(AUTHOR, self._workspace_id, leads[1], company_id)
        await self._region.merges.merge(AUTHOR, self._workspace_id, leads[1], users[1], duplicates_only=False)
        await self._region.contact_companies.detach(AUTHOR, self._workspace_id, users[1], self._companies[0])

    async def _create(self, role: Role) -> str:
        profile = Profile(role, external_id=next(self._names) if role is Role.USER else None)
        contact = await self._region.contacts.create(AUTHOR, self._workspace_id, ContactDraft(profile))
        self._made.append(contact.id)
        await self._region.contact_companies.attach(
            AUTHOR, self._workspace_id, contact.id, self._chance.choice(self._companies)
        )
        return contact.id

    async def _act(self) -> None:
        contacts = self._region.contacts
        if self._chance.random() < 0.3:
            await self._create(self._chance.choice((Role.LEAD, Role.USER)))
            return
        one, other = self._chance.sample(self._made, 2)
        if self._chance.random() < 0.3:
            links = self._region.contact_companies
            change = self._chance.choice((links.attach, links.detach))
            await change(AUTHOR, self._workspace_id, one, self._chance.choice(self._companies))
            return
        if self._chance.random() < 0.2:
            await self._region.merges.merge(AUTHOR, self._workspace_id, one, other, duplicates_only=False)
            return
        deed: Callable[[Any, str, str], Awaitable[Any]] = self._chance.choice(
            (contacts.archive, contacts.unarchive, contacts.unarchive, contacts.block, contacts.delete, self._promote)
        )
        await deed(AUTHOR, self._workspace_id, one)

    async def _promote(self, author: Any, workspace_id: str, contact_id: str) -> None:
        def to_user(contact: Contact) -> ContactDraft:
            return ContactDraft(contact.profile._replace(role=Role.USER, external_id=next(self._names)))

        await self._region.contacts.update(author, workspace_id, contact_id, to_user)


@pytest.mark.parametrize("seed", range(3))
async def test_the_counts_are_what_the_rows_add_up_to_whatever_is_done_at_once(store: Store, seed: int):
    regions = [Region.on("us", store, lambda: NOON, RandomIds()) for _ in range(PROCESSES)]
    workspace_id = (await regions[0].workspaces.create("Acme")).id
    made: list[str] = []
    companies = [
        (await regions[0].companies.put(AUTHOR, workspace_id, name, lambda profile, _: profile)).id
        for name in ("one", "two")
    ]
    workers = [
        Worker(regions[number % PROCESSES], workspace_id, made, companies, 100 * seed + number)
        for number in range(WORKERS)
    ]

    await workers[0].do_each()
    assert {"live": 2, "archived": 1, "blocked": 1, "deleted": 1, "merged": 1} == _by_state(
        await numbers(store, workspace_id)
    )
    await asyncio.gather(*(worker.work() for worker in workers))

    assert [] == await damage(store, workspace_id)
    found = await numbers(store, workspace_id)
    assert len(made) == sum(found.values())
    live = {role: found.get(("live", role), 0) for role in ("user", "lead")}
    assert sum(live.values()) == await store.contact.count(workspace_id)
    assert live == {role: await store.search.count(workspace_id, of_role(role)) for role in live}
    users = [await regions[0].companies.find(workspace_id, company_id) for company_id in companies]
    assert {company.id: company.user_count for company in users} == await store.company.count_members(
        workspace_id, companies
    )
    assert 0 < sum(company.user_count for company in users)


def _by_state(found: dict[tuple[str, str], int]) -> dict[str, int]:
    states = {state for state, _ in found}
    return {state: sum(number for (other, _), number in found.items() if other == state) for state in states}


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("store", [kind for kind in KINDS if kind == "postgres"], indirect=True)
async def test_changes_of_several_contacts_at_once_never_wait_for_each_other_in_a_circle(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
):
    failures: list[str] = []
    translate = postgres_connections.translated

    def heard(error: BaseException, *, sent: bool) -> Exception:
        failures.append(type(error).__name__)
        return translate(error, sent=sent)

    for module in (postgres, postgres_connections):
        monkeypatch.setattr(module, "translated", heard)
    for turn in range(ROUNDS):
        # The parts of one pair are those of the next one, the other way round.
        pairs = [
            [
                await created(store, f"{turn}-{pair}-{part}", contact_id=f"{turn:02x}{pair:020x}0{part}")
                for part in parts
            ]
            for pair, parts in enumerate(("12", "21") * 4)
        ]
        moved = [
            [contacts.delete(contact, act(1 + 100 * turn + 10 * pair + number)) for number, contact in enumerate(both)]
            for pair, both in enumerate(pairs)
        ]

        await asyncio.gather(*map(store.contact.commit_all, moved))

    assert [] == failures
    assert {("deleted", "user"): 16 * ROUNDS} == await numbers(store)


@pytest.mark.usefixtures("workspace")
async def test_a_change_that_somebody_was_faster_than_is_not_counted(store: Store):
    alice = await created(store, "alice")
    rivals = [contacts.delete(alice, act(number)) for number in (1, 2)]

    outcomes = await asyncio.gather(*map(store.contact.commit, rivals), return_exceptions=True)

    assert 1 == sum(outcome is None for outcome in outcomes)
    assert {("deleted", "user"): 1} == await numbers(store)


@pytest.mark.usefixtures("workspace")
async def test_a_workspace_s_counts_are_its_own(store: Store):
    await created(store, "alice")

    assert 0 == await store.contact.count("globex")
    assert 0 == await store.search.count("globex", of_role("user"))
    assert 1 == await store.contact.count(ACME)


# What it costs.


@pytest.fixture
def unscanned(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose engine reads by keys alone."""

    async def refuse(*_: object) -> None:
        raise AssertionError("a count looked at all contacts")

    if isinstance(store, SqlStore):
        for name in ("read_many", "read_or_scan", "scan", "salvage"):
            monkeypatch.setattr(store.engine, name, refuse)
    return store


@pytest.mark.usefixtures("workspace")
async def test_live_contacts_are_counted_without_looking_at_them(unscanned: Store):
    for name in ("alice", "bob"):
        await created(unscanned, name)
    await created(unscanned)

    assert 3 == await unscanned.contact.count(ACME)
    counts = [await unscanned.search.count(ACME, query) for query in (of_role("user"), of_role("user", negated=True))]
    assert [2, 1] == counts


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_count_is_a_search_by_the_key_of_a_workspace_s_counts(store: SqlStore):
    of_state, of_role = ("acme", "live"), ("acme", "live", "user")
    for sql, asked in ((contact_count._IN_STATE, of_state), (contact_count._OF_ROLE, of_role)):
        plan = await store.engine.scan(f"EXPLAIN QUERY PLAN {dialect(sql)}", *asked)

        assert ["SEARCH contact_counts USING PRIMARY KEY (workspace_id=?)"] == [row[3] for row in plan]


def added(written: list[Statement]) -> list[tuple[Any, ...]]:
    """The key and the number of each addition to a count."""
    return [statement.params for statement in written if statement.sql is contact_count._ADD]


def test_a_creation_writes_one_count_at_its_end_and_is_still_run_with_others():
    written = statements(creation("alice", contact_id="00" * 11 + "0a"))

    assert [(ACME, 10, "live", "user", 1)] == added(written)
    assert contact_count._ADD == written[-1].sql
    assert _may_be_together(written)
    assert [statement.sql for statement in written] == [row.sql for row in statements(creation("bob"))]


@pytest.mark.parametrize("external_id", ["alice", None])
def test_a_creation_adds_by_the_short_way_what_it_adds_by_the_long_one(external_id: str | None):
    change = creation(external_id)

    assert [contact_count.creation(change)] == contact_count.additions([change])


def test_a_change_of_a_name_writes_no_count():
    made = Contact(creation("alice").after, Profile(Role.USER, external_id="alice"), NOON)
    change = contacts.update(made, ContactDraft(made.profile._replace(name="Alice")), {}, act(2))

    assert change
    assert [] == added(statements(change))


def test_changes_of_several_contacts_write_each_count_once_in_the_order_of_keys_and_last():
    digits = "b1b0"
    ids = [f"{number:022x}0{digit}" for number, digit in enumerate(digits)]
    made = [
        Contact(creation(f"person-{id_}", contact_id=id_).after, Profile(Role.USER, external_id=f"person-{id_}"), NOON)
        for id_ in ids
    ]

    written = together([contacts.delete(contact, act(number)) for number, contact in enumerate(made)])

    counts = added(written)
    assert counts == [statement.params for statement in written[-len(counts) :]]
    assert counts == sorted(counts)
    assert [
        (ACME, part, state, "user", number * sign)
        for part, number in ((0, 1), (1, 1), (11, 2))
        for state, sign in (("deleted", 1), ("live", -1))
    ] == counts


# Searches that the counts answer.


@pytest.mark.parametrize(
    ("query", "roles"),
    [
        (of_role("user"), {Role.USER}),
        (of_role("lead"), {Role.LEAD}),
        (of_role("user", "lead"), {Role.USER, Role.LEAD}),
        (of_role("user", negated=True), {Role.LEAD}),
        (Filter(ROLE, Part("^", "us")), {Role.USER}),
        (Filter(ROLE, Absent()), set()),
        (Filter(ROLE, Absent(), negated=True), {Role.USER, Role.LEAD}),
        (Group(is_all=True, parts=(of_role("user"), of_role("lead"))), set()),
        (Group(is_all=False, parts=(of_role("user"), of_role("lead"))), {Role.USER, Role.LEAD}),
        (Group(is_all=True, parts=(Group(is_all=False, parts=(of_role("user"),)),)), {Role.USER}),
    ],
)
async def test_a_search_for_roles_alone_is_answered_by_the_counts(query: Node, roles: set[Role]):
    assert roles == find_roles(query)


@pytest.mark.parametrize(
    "query",
    [
        Filter(EMAIL, OneOf(("user",))),
        Group(is_all=True, parts=(of_role("user"), Filter(EMAIL, OneOf(("a@example.com",))))),
        Group(is_all=False, parts=(of_role("user"), Filter(EMAIL, OneOf(("a@example.com",))))),
    ],
)
def test_a_search_for_anything_else_is_not(query: Node):
    assert None is find_roles(query)


# The migration.


@pytest.mark.parametrize("store", [kind for kind in KINDS if kind == "sqlite"], indirect=True)
@pytest.mark.usefixtures("any_order")
async def test_a_database_from_before_is_counted_when_it_is_migrated(store: SqlStore, tmp_path: Path):
    await _contacts(store)
    before = await numbers(store)
    await _forget_counts(store)

    assert ["0005_contact_counts"] == stores.bring_up_to_date(tmp_path / "sayso.db", NOON)

    await _is_counted(store, before)


@pytest.mark.usefixtures("any_order")
async def test_a_postgresql_database_from_before_is_counted_when_it_is_migrated(database: str):
    await postgres_migrate.bring_up_to_date(database, NOON)
    store = await stores.postgres(database)
    try:
        await _contacts(store)
        before = await numbers(store)
        await _forget_counts(store)

        assert ["0005_contact_counts"] == await postgres_migrate.bring_up_to_date(database, NOON)

        await _is_counted(store, before)
    finally:
        await store.close()


async def _contacts(store: Store) -> None:
    for name in ("alice", "bob", "carol"):
        await created(store, name)
    for _ in range(2):
        await created(store)
    await store.contact.commit(contacts.delete(await created(store, "dan"), act(3)))


async def _forget_counts(store: SqlStore) -> None:
    await store.engine.commit([Statement("DROP TABLE contact_counts", ())])
    await store.engine.commit([Statement("DELETE FROM migrations WHERE name = '0005_contact_counts'", ())])


async def _is_counted(store: SqlStore, before: dict[tuple[str, str], int]) -> None:
    assert {("live", "user"): 3, ("live", "lead"): 2, ("deleted", "user"): 1} == before
    assert before == await numbers(store)
    assert {0} == {row.part for row in await store.contact_count.kept(ACME) if isinstance(row, CountRow)}
    # Whoever was counted in part 0 leaves by the part of its own.
    claims = await store.contact.claims(ACME, {"external_id": "alice"})
    alice = await store.contact.find(ACME, claims["external_id"].contact_id)
    assert alice
    await store.contact.commit(contacts.delete(alice, act(4)))
    assert 4 == await store.contact.count(ACME)
    assert [] == await damage(store, ACME)
