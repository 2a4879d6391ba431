"""A database from before the settings log gets one entry for each type, token and admin there is."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests import postgres
from tests.cast import NOON, Clock, draft
from tests.service.conftest import choose, new_contact
from tests.sqlite import new_file

from sayso.domain.access import Scope
from sayso.domain.settings_log import SettingKind, of_admin, of_token, of_type
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import Translation
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region
from sayso.service.verify import verify
from sayso.storage import migrate, postgres_migrate, settings_backfill
from sayso.storage import store as stores
from sayso.storage.backfill import Backfill, Batch
from sayso.storage.engine import Row, Statement
from sayso.storage.store import SqlStore

pytestmark = pytest.mark.usefixtures("any_order")

NAME = "0003_settings_log"

SCALE = Path(__file__).parents[2] / "docs" / "explanation" / "scale.md"

#: When the database is migrated, a day after everything was written.
LATER = NOON + 86_400_000


class Stopped(Exception):
    """What stands for a kill."""


class Old:
    """A database as it was before the settings log."""

    def __init__(self, store: SqlStore, place: Path | str) -> None:
        self.store = store
        self.place = place
        self.region = Region.on("us", store, Clock(), RandomIds())
        self.workspace = ""

    async def run(self, *statements: str) -> None:
        for sql in statements:
            await self.store.engine.commit([Statement(sql, ())])

    async def forget_the_log(self) -> None:
        await self.run("DROP TABLE settings_log", f"DELETE FROM migrations WHERE name = '{NAME}'")

    async def migrate(self, now: int = LATER) -> list[str]:
        if isinstance(self.place, Path):
            return stores.bring_up_to_date(self.place, now)
        return await postgres_migrate.bring_up_to_date(self.place, now)

    async def problems(self) -> list[tuple[str, int | None, str]]:
        found = (await verify(self.store)).problems
        return [(problem.contact_id, problem.seq, problem.what) for problem in found]


@pytest.fixture(params=["sqlite", *(["postgres"] if postgres.WANTED else [])])
async def old(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Old]:
    """Acme with 12 types, three tokens and two admins, Globex with its first admin, and no settings log."""
    if request.param == "sqlite":
        place: Path | str = new_file(tmp_path / "sayso.db")
        store = stores.sqlite(tmp_path / "sayso.db")
    else:
        place = request.getfixturevalue("database")
        await postgres_migrate.bring_up_to_date(str(place), NOON)
        store = await stores.postgres(str(place))
    made = Old(store, place)
    region = made.region
    made.workspace = (await region.workspaces.create("Acme")).id
    await region.workspaces.create("Globex")
    for number in range(12):
        consent_type = "opt_out" if number % 2 else "opt_in"
        await region.types.create(made.workspace, draft(consent_type, name=f"Type {number}"))
    await region.types.translate(made.workspace, "11", Translation("Nouvelles", "", "fr"))
    for name in ("one", "two", "three"):
        token, _ = await region.access.create(made.workspace, name, [Scope.READ, Scope.WRITE], "us")
    await region.access.revoke(made.workspace, token.id)
    await region.admins.create(made.workspace, "ada@example.com", "Ada")
    await made.forget_the_log()
    yield made
    await store.close()


async def expected(store: Store, workspace_id: str) -> set[Any]:
    return {
        *map(of_admin, await store.admin.all(workspace_id)),
        *map(of_token, await store.token.all(workspace_id)),
        *map(of_type, await store.subscription_type.all(workspace_id)),
    }


async def logged(store: Store, workspace_id: str) -> list[Any]:
    rows = await store.settings_log.rows(workspace_id, 0, 100)
    return [row and (row.entry.kind, row.entry.object_id, row.entry.revision, row.entry.sha256) for row in rows]


async def test_each_object_gets_one_entry_and_the_database_verifies(old: Old):
    assert [NAME] == await old.migrate()

    for workspace in await old.region.workspaces.all():
        entries = await logged(old.store, workspace.id)
        assert await expected(old.store, workspace.id) == set(entries)
        assert len(entries) == len(set(entries))
        head = await old.store.settings_log.head(workspace.id)
        assert (len(entries), LATER) == (head.seq, head.at)
    rows = await old.store.settings_log.rows(old.workspace, 0, 100)
    assert {("system", "migration")} == {(row.entry.actor_kind, row.entry.actor_ref) for row in rows if row}
    assert [] == await old.problems()


def stopping_before(batch_number: int) -> Backfill:
    done = 0

    async def fill(batch: Batch) -> str | None:
        nonlocal done
        if done == batch_number:
            raise Stopped
        done += 1
        return await settings_backfill.fill(batch)

    return fill


async def test_a_migration_that_is_killed_at_any_step_goes_on_where_it_was(old: Old, monkeypatch: pytest.MonkeyPatch):
    """A batch of one object each: the first kill is before the first batch, the last one before the very last."""
    monkeypatch.setattr(migrate, "BATCH", 1)
    kills = 0
    while await still_pending(old):
        monkeypatch.setitem(migrate.BACKFILLS, NAME, stopping_before(1))
        try:
            await old.migrate()
        except Stopped:
            kills += 1
    assert kills > 18

    for workspace in await old.region.workspaces.all():
        entries = await logged(old.store, workspace.id)
        assert (await expected(old.store, workspace.id), len(set(entries))) == (set(entries), len(entries))
    assert [] == await old.problems()


async def still_pending(old: Old) -> list[str]:
    if isinstance(old.place, Path):
        return stores.still_pending(old.place)
    return await postgres_migrate.still_pending(old.place)


async def test_the_log_goes_on_from_what_the_migration_found(old: Old):
    await old.migrate()

    await old.region.types.translate(old.workspace, "1", Translation("News", "", "en"))
    await old.region.access.create(old.workspace, "four", [Scope.READ], "us")

    assert [] == await old.problems()


def translating_after_types_were_read(old: Old) -> Backfill:
    """Stands for an older server, which translates a type between two statements of the migration."""

    class Beside:
        def __init__(self, batch: Batch) -> None:
            self.place, self.limit, self.now, self.write = batch.place, batch.limit, batch.now, batch.write
            self._read = batch.read

        async def read(self, sql: str, *params: Any) -> list[Row]:
            nonlocal translated
            rows = await self._read(sql, *params)
            if not translated and "FROM subscription_types" in sql and any(row[0] == "1" for row in rows):
                translated = True
                await old.run(
                    "UPDATE subscription_types SET revision = revision + 1, wording = wording + 1 WHERE type_id = '1'",
                    "UPDATE translations SET name = 'Other' WHERE type_id = '1' AND locale = 'en'",
                    """INSERT INTO notices (workspace_id, type_id, version, locale, name, description)
                    SELECT t.workspace_id, t.type_id, t.wording, w.locale, w.name, w.description
                    FROM subscription_types t JOIN translations w USING (workspace_id, type_id) WHERE type_id = '1'""",
                )
            return rows

    translated = False

    async def fill(batch: Batch) -> str | None:
        return await settings_backfill.fill(Beside(batch))

    return fill


# An embedded database lets nobody write meanwhile, and no older server run on.
on_postgres = pytest.mark.parametrize("old", ["postgres"] if postgres.WANTED else [], indirect=True)


@on_postgres
async def test_a_type_that_is_translated_meanwhile_is_logged_as_of_one_moment(
    old: Old, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(migrate.BACKFILLS, NAME, translating_after_types_were_read(old))

    await old.migrate()

    assert [] == await old.problems()


@on_postgres
async def test_what_an_older_server_changed_without_the_log_is_logged_as_the_documentation_says(old: Old):
    await old.migrate()
    await old.run(
        "UPDATE tokens SET scopes = 'read' WHERE name = 'one'",
        "UPDATE subscription_types SET revision = revision + 1, state = 'archived' WHERE type_id = '1'",
        """INSERT INTO admins (workspace_id, admin_id, email, name)
        SELECT workspace_id, '9', 'grace@example.com', 'Grace' FROM admins WHERE admin_id = '2'""",
    )
    assert 3 == len(await old.problems())
    written = re.search(
        r"### Log settings again.*?```sh\nsayso migrate --again (.*?)\n```", SCALE.read_text("utf-8"), re.DOTALL
    )

    assert written is not None
    await postgres_migrate.run_again(old.place, written[1], LATER)

    assert [] == await old.problems()


async def test_entries_from_before_that_do_not_fit_their_type_are_named_and_nothing_is_refused(old: Old):
    """Type 1 is opt_in, type 2 opt_out. Somebody made type 4 opt_in, which was opt_out: a withdrawal fits both."""
    contact = await new_contact(old.region, old.workspace, 1)
    await old.migrate()
    await choose(old.region, old.workspace, contact, "1", Choice.GRANTED)
    await choose(old.region, old.workspace, contact, "1", Choice.WITHDRAWN)
    await choose(old.region, old.workspace, contact, "2", Choice.WITHDRAWN)
    await choose(old.region, old.workspace, contact, "2", Choice.NONE)
    await choose(old.region, old.workspace, contact, "4", Choice.WITHDRAWN)
    await choose(old.region, old.workspace, contact, "3", Choice.GRANTED)
    await old.forget_the_log()
    await old.run("UPDATE subscription_types SET consent_type = 'opt_in' WHERE type_id = '4'")
    await old.run("UPDATE subscription_types SET consent_type = 'opt_out' WHERE type_id = '3'")

    assert [NAME] == await old.migrate()

    what = "the entry says granted, but type 3 is opt_out: it could only say withdrawn or none"
    assert [(contact, 6, what)] == await old.problems()


async def test_a_record_that_dates_the_migration_before_the_entries_keeps_none_from_being_compared(old: Old):
    contact = await new_contact(old.region, old.workspace, 1)
    await old.migrate()
    await choose(old.region, old.workspace, contact, "3", Choice.GRANTED)
    await old.forget_the_log()
    await old.run("UPDATE subscription_types SET consent_type = 'opt_out' WHERE type_id = '3'")

    assert [NAME] == await old.migrate(now=0)

    what = "the entry says granted, but type 3 is opt_out: it could only say withdrawn or none"
    assert [(contact, 1, what)] == await old.problems()


async def test_entries_from_afterwards_may_grant_and_refuse_a_type_of_either_kind(old: Old):
    await old.migrate()
    contact = await new_contact(old.region, old.workspace, 1)
    late = Region.on("us", old.store, Clock(LATER), RandomIds())

    await choose(late, old.workspace, contact, "2", Choice.GRANTED)
    await choose(late, old.workspace, contact, "1", Choice.REFUSED)

    assert [] == await old.problems()


async def test_what_cannot_be_read_is_left_out_and_told(tmp_path: Path):
    store = stores.sqlite(new_file(tmp_path / "sayso.db"))
    old = Old(store, tmp_path / "sayso.db")
    old.workspace = (await old.region.workspaces.create("Acme")).id
    await old.region.types.create(old.workspace, draft())
    await old.region.access.create(old.workspace, "one", [Scope.READ], "us")
    await old.forget_the_log()
    await old.run(
        "UPDATE translations SET name = CAST(x'ff' AS TEXT) WHERE locale = 'de'", "UPDATE tokens SET digest = 'text'"
    )

    assert [NAME] == await old.migrate()

    found = {what for _, _, what in await old.problems()}
    assert {"type 1 is not in settings_log", "a type: a text of it is not UTF-8"} <= found
    assert any(what.startswith("token ") and what.endswith(" is not in settings_log") for what in found)
    await store.close()


@pytest.mark.parametrize("batch", [1, 2, 1_000])
async def test_what_can_be_read_beside_it_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int):
    """In batches of one object, of two tokens, and of all tokens and ten types."""
    monkeypatch.setattr(migrate, "BATCH", batch)
    store = stores.sqlite(new_file(tmp_path / "sayso.db"))
    old = Old(store, tmp_path / "sayso.db")
    old.workspace = (await old.region.workspaces.create("Acme")).id
    for _ in range(5):
        await old.region.types.create(old.workspace, draft())
        await old.region.access.create(old.workspace, "any", [Scope.READ], "us")
    objects = await expected(store, old.workspace)
    tokens = sorted(token.id for token in await store.token.all(old.workspace))
    broken = {"2", "4", *tokens[1:3]}
    await old.forget_the_log()
    await old.run(
        "UPDATE translations SET name = CAST(x'ff' AS TEXT) WHERE type_id = '2'",
        "UPDATE subscription_types SET state = CAST(x'ff' AS TEXT) WHERE type_id = '4'",
        *(f"UPDATE tokens SET scopes = CAST(x'ff' AS TEXT) WHERE token_id = '{id_}'" for id_ in tokens[1:3]),
    )

    assert [NAME] == await old.migrate()

    entries = await logged(store, old.workspace)
    assert len(set(entries)) == len(entries)
    assert {one for one in objects if one.kind == SettingKind.ADMIN or one.object_id not in broken} == set(entries)
    await store.close()


async def test_a_table_is_read_on_after_ids_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(migrate, "BATCH", 1)
    store = stores.sqlite(new_file(tmp_path / "sayso.db"))
    old = Old(store, tmp_path / "sayso.db")
    old.workspace = (await old.region.workspaces.create("Acme")).id
    for _ in range(4):
        await old.region.access.create(old.workspace, "any", [Scope.READ], "us")
    tokens = sorted(token.id for token in await store.token.all(old.workspace))
    await old.forget_the_log()
    for place in (1, 2):
        await old.run(f"UPDATE tokens SET token_id = CAST(x'31ff0{place}' AS TEXT) WHERE token_id = '{tokens[place]}'")

    assert [NAME] == await old.migrate()

    entries = await logged(store, old.workspace)
    assert {tokens[0], tokens[3]} <= {object_id for _, object_id, _, _ in entries}
    assert len(set(entries)) == len(entries) == 3
    await store.close()
