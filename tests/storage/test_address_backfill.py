"""A database from before normal forms gets them, with its claims, and nobody's address changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests import postgres
from tests.cast import AUTHOR, NOON, Clock
from tests.sqlite import new_file

from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.service.ids import RandomIds
from sayso.service.ports_claims import Duplicate
from sayso.service.region import Region
from sayso.service.verify import verify
from sayso.storage import address_backfill, migrate, postgres_migrate
from sayso.storage import store as stores
from sayso.storage.backfill import Backfill, Batch
from sayso.storage.engine import Statement
from sayso.storage.store import SqlStore

pytestmark = pytest.mark.usefixtures("any_order")

NAME = "0007_normal_form"

#: Who there is: their email as an older program kept it, from the oldest contact to the youngest.
PEOPLE = {
    "plain": "plain@example.com",
    "sharp-s": "Straße@example.com",
    "composed": "jos\u00e9@example.com",
    "decomposed": "Jose\u0301@Example.com",
    "blank-before": "\u200bjosé@example.com",
    "a-labels": "info@xn--bcher-kva.example",
    "unicode-domain": "info@BÜCHER.example",
    "blanks-first": "\ufeffblank@example.com",
    "blanks-second": " blank@example.com",
    "archived-sigma": "ΟΔΥΣΣΕΥΣ@example.com",
    "no-email": None,
    "lead": "\xa0LEAD@bücher.example",
    "second-lead": "info@bücher.example",
    "gone": "Fußball@example.com",
    # Its old claim is on what the normal form of the next one is, and the other way round.
    "crossed-ss": "ß@crossed.example",
    "crossed": "\u2060ss@crossed.example",
}

#: What is claimed afterwards, and by whom.
CLAIMED = {
    "plain@example.com": "plain",
    "straße@example.com": "sharp-s",
    "jos\u00e9@example.com": "composed",
    "info@xn--bcher-kva.example": "a-labels",
    "blank@example.com": "blanks-first",
    "οδυσσευς@example.com": "archived-sigma",
    "ß@crossed.example": "crossed-ss",
    "ss@crossed.example": "crossed",
    "fussball@example.com": "gone",
}

DUPLICATES = {
    "decomposed": "composed",
    "blank-before": "composed",
    "unicode-domain": "a-labels",
    "blanks-second": "blanks-first",
}

#: What an older program's schema and rows were like.
BACK = (
    "DROP INDEX contacts_lead_email",
    "DROP INDEX contacts_shared_email",
    "ALTER TABLE contacts DROP COLUMN normal_email",
    "ALTER TABLE contacts DROP COLUMN normal_phone",
    "ALTER TABLE contacts DROP COLUMN shares_email",
    """CREATE INDEX contacts_lead_email ON contacts (workspace_id, state, role, lower(email))
    WHERE role = 'lead' AND state = 'live'""",
    # What runs again after it, in the order of their numbers.
    "DROP INDEX contacts_roles",
    "CREATE INDEX contacts_leads ON contacts (workspace_id)",
    "ALTER TABLE companies DROP COLUMN user_count",
    "ALTER TABLE companies DROP COLUMN notes",
    "DROP TABLE company_notes",
    f"DELETE FROM migrations WHERE name >= '{NAME}' AND name <> '0009_bulk_tasks'",
)

_CLAIM = """INSERT INTO contact_keys (workspace_id, kind, value, contact_id, state, at)
VALUES ($1, $2, $3, $4, $5, $6)"""

Claims = dict[str, str]


class Stopped(Exception):
    """What stands for a kill."""


class Old:
    """A database as it was before normal forms."""

    def __init__(self, store: SqlStore, place: Path | str) -> None:
        self.store = store
        self.place = place
        self.region = Region.on("us", store, Clock(), RandomIds())
        self.workspace = ""
        self.ids: dict[str, str] = {}

    async def populate(self, people: list[str]) -> None:
        """`people`, in the order in which they were created. Contact ids say nothing of that order here."""
        self.workspace = (await self.region.workspaces.create("Acme")).id
        for name in sorted(PEOPLE, reverse=True):
            role = Role.LEAD if "lead" in name else Role.USER
            draft = ContactDraft(Profile(role, name, phone=" +49 (0)30 1234567" if role is Role.LEAD else None))
            self.ids[name] = (await self.region.contacts.create(AUTHOR, self.workspace, draft)).id
        await self.region.contacts.archive(AUTHOR, self.workspace, self.ids["archived-sigma"])
        await self.region.contacts.delete(AUTHOR, self.workspace, self.ids["gone"])
        for name, email in PEOPLE.items():
            kept = None if name == "gone" else email
            created_at = NOON + people.index(name)
            sql = "UPDATE contacts SET email = $1, created_at = $2 WHERE contact_id = $3"
            await self.run(sql, kept, created_at, self.id(name))
            if email and "lead" not in name:
                state = {"gone": "deleted", "archived-sigma": "archived"}.get(name, "live")
                key = (self.workspace, "email", email.strip().casefold())
                await self.run(_CLAIM, *key, self.id(name), state, NOON)
        for sql in BACK:
            await self.run(sql)

    def id(self, name: str) -> bytes:
        return bytes.fromhex(self.ids[name])

    async def run(self, sql: str, *params: object) -> None:
        await self.store.engine.commit([Statement(sql, params)])

    async def run_again(self) -> None:
        if isinstance(self.place, Path):
            stores.run_again(self.place, NAME, NOON)
        else:
            await postgres_migrate.run_again(self.place, NAME, NOON)

    async def migrate(self) -> list[str]:
        if isinstance(self.place, Path):
            return stores.bring_up_to_date(self.place, NOON + 86_400_000)
        return await postgres_migrate.bring_up_to_date(self.place, NOON + 86_400_000)

    async def still_pending(self) -> list[str]:
        if isinstance(self.place, Path):
            return stores.still_pending(self.place)
        return await postgres_migrate.still_pending(self.place)

    async def claims(self) -> Claims:
        """Who claims which email."""
        names = {id_: name for name, id_ in self.ids.items()}
        rows = await self.store.engine.read(
            "SELECT value, contact_id FROM contact_keys WHERE workspace_id = $1 AND kind = 'email'", self.workspace
        )
        return {value: names[contact_id.hex()] for value, contact_id in rows}

    async def emails(self) -> dict[str, str | None]:
        names = {id_: name for name, id_ in self.ids.items()}
        rows = await self.store.engine.read(
            "SELECT contact_id, email FROM contacts WHERE workspace_id = $1", self.workspace
        )
        return {names[contact_id.hex()]: email for contact_id, email in rows}

    async def check(self, claimed: Claims = CLAIMED, duplicates: Claims = DUPLICATES) -> None:
        report = await verify(self.store)
        assert [] == report.problems
        assert claimed == await self.claims()
        expected = {(self.workspace, Duplicate(self.ids[who], self.ids[of])) for who, of in duplicates.items()}
        assert expected == set(report.duplicates)
        assert PEOPLE | {"gone": None} == await self.emails()


@pytest.fixture(params=["sqlite", *(["postgres"] if postgres.WANTED else [])])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Old]:
    if request.param == "sqlite":
        place: Path | str = new_file(tmp_path / "sayso.db")
        store = stores.sqlite(tmp_path / "sayso.db")
    else:
        place = request.getfixturevalue("database")
        await postgres_migrate.bring_up_to_date(str(place), NOON)
        store = await stores.postgres(str(place))
    yield Old(store, place)
    await store.close()


@pytest.fixture
async def old(empty: Old) -> Old:
    await empty.populate(list(PEOPLE))
    return empty


async def test_claims_move_to_normal_forms_and_the_older_of_two_users_keeps_one(old: Old):
    assert NAME == (await old.migrate())[0]

    await old.check()
    rows = await old.store.engine.read(
        "SELECT kind, state, at FROM contact_keys WHERE workspace_id = $1 AND value = 'fussball@example.com'",
        old.workspace,
    )
    assert [("email", "deleted", NOON)] == [tuple(row) for row in rows]


async def test_the_older_one_is_who_was_created_first_whatever_the_ids_say(empty: Old):
    await empty.populate(list(reversed(PEOPLE)))

    await empty.migrate()

    swapped = {"jos\u00e9@example.com": "blank-before", "info@xn--bcher-kva.example": "unicode-domain"}
    duplicates = {"decomposed": "blank-before", "composed": "blank-before", "a-labels": "unicode-domain"}
    swapped["blank@example.com"], duplicates["blanks-first"] = "blanks-second", "blanks-second"
    await empty.check(CLAIMED | swapped, duplicates)


def stopping_after(batches: int) -> Backfill:
    """A kill within the batch after so many."""
    done = 0

    async def normalize(batch: Batch) -> str | None:
        nonlocal done
        reached = await address_backfill.normalize(batch)
        if done == batches:
            raise Stopped
        done += 1
        return reached

    return normalize


async def test_a_migration_that_is_killed_in_every_batch_goes_on_where_it_was(
    old: Old, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(migrate, "BATCH", 1)
    kills = 0
    while await old.still_pending():
        monkeypatch.setitem(migrate.BACKFILLS, NAME, stopping_after(1))
        try:
            await old.migrate()
        except Stopped:
            kills += 1

    assert kills > len(PEOPLE)
    await old.check()


async def test_the_code_of_the_migration_runs_again_without_changing_anything(old: Old):
    await old.migrate()
    before = await old.store.engine.read(
        "SELECT * FROM contacts WHERE workspace_id = $1 ORDER BY contact_id", old.workspace
    )

    await old.run_again()

    assert before == await old.store.engine.read(
        "SELECT * FROM contacts WHERE workspace_id = $1 ORDER BY contact_id", old.workspace
    )
    await old.check()


async def test_it_puts_right_what_a_server_of_the_version_before_wrote_meanwhile(old: Old):
    await old.migrate()
    for value, who in (("José@example.com", "decomposed"), ("new@BÜCHER.example", "plain")):
        await old.run("UPDATE contacts SET email = $1 WHERE contact_id = $2", value, old.id(who))
    await old.run("UPDATE contact_keys SET value = 'new@bücher.example' WHERE value = 'plain@example.com'")
    assert (await verify(old.store)).problems

    await old.run_again()

    report = await verify(old.store)
    assert ([], len(DUPLICATES)) == (report.problems, len(report.duplicates))
    assert "plain" == (await old.claims())["new@xn--bcher-kva.example"]


async def test_leads_and_duplicates_are_found_afterwards(old: Old):
    await old.migrate()
    names = {id_: name for name, id_ in old.ids.items()}

    async def found(email: str) -> set[str]:
        contacts = await old.region.search.identified(old.workspace, "email", email)
        return {names[contact.id] for contact in contacts or ()}

    assert {"lead"} == await found("lead@xn--bcher-kva.example")
    assert {"a-labels", "unicode-domain", "second-lead"} == await found("Info@bücher.example")
    assert {"composed", "decomposed", "blank-before"} == await found("JOSÉ@example.com")
    assert {("+49301234567",)} == {
        tuple(row)
        for row in await old.store.engine.read(
            "SELECT normal_phone FROM contacts WHERE workspace_id = $1 AND role = 'lead'", old.workspace
        )
    }


async def test_what_cannot_be_read_is_left_out_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    old = Old(stores.sqlite(new_file(tmp_path / "sayso.db")), tmp_path / "sayso.db")
    await old.populate(list(PEOPLE))
    for who, value in (("plain", "CAST(x'ff' AS TEXT)"), ("composed", "x'00'")):
        await old.run(f"UPDATE contacts SET email = {value} WHERE contact_id = $1", old.id(who))
    await old.run("UPDATE contact_keys SET value = CAST(x'ff' AS TEXT) WHERE contact_id = $1", old.id("gone"))
    await old.run("INSERT INTO contact_keys VALUES ($1, 'email', x'01', x'01', 'deleted', 1)", old.workspace)
    monkeypatch.setattr(migrate, "BATCH", 3)

    assert NAME == (await old.migrate())[0]

    claims = await old.store.engine.read(
        "SELECT contact_id FROM contact_keys WHERE workspace_id = $1 AND value = $2",
        old.workspace,
        "jos\u00e9@example.com",
    )
    assert [(old.id("decomposed"),)] == claims
    assert (await verify(old.store)).problems
    await old.store.close()
