"""The schema is compared with what the migrations make: what may change reads or writes is a fault, the rest is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import asyncpg
import pytest
from tests.cast import NOON
from tests.postgres import Cluster, apart
from tests.storage.old_databases import NAMES, copy_to_postgres, unpack

from sayso.service.ports_schema import SchemaDifferences
from sayso.storage import migrate, postgres_schema, sqlite
from sayso.storage.postgres_migrate import bring_up_to_date
from sayso.storage.sqlite_schema import compare_connection

FILES = migrate.files()

CODE = "it is unique, partial or on an expression, and may refuse a write or run code"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    with closing(sqlite.connect(tmp_path / "sayso.db")) as opened:
        yield opened


def test_the_schema_is_as_expected_after_each_migration(connection: apsw.Connection, monkeypatch: pytest.MonkeyPatch):
    assert SchemaDifferences() == compare_connection(connection)
    for number in range(len(FILES)):
        with monkeypatch.context() as patch:
            patch.setattr(migrate, "files", lambda: FILES[: number + 1])  # noqa: B023
            migrate.migrate(connection, NOON)

        assert SchemaDifferences() == compare_connection(connection), FILES[number][0]


@pytest.mark.parametrize("name", NAMES)
def test_an_older_database_has_the_schema_of_its_migrations(name: str, tmp_path: Path):
    with closing(sqlite.connect(unpack(name, tmp_path / "sayso.db"))) as connection:
        assert SchemaDifferences() == compare_connection(connection)
        migrate.migrate(connection, NOON)
        assert SchemaDifferences() == compare_connection(connection)


ON_SQLITE = {
    "DROP TABLE contact_counts": "the table contact_counts is missing",
    "DROP INDEX contacts_page": "the index contacts_page is missing",
    "DROP TABLE contact_counts; CREATE VIEW contact_counts AS SELECT 1 AS contacts": (
        "there is a view in the place of the table contact_counts"
    ),
    "ALTER TABLE tags ADD COLUMN more TEXT": "the table tags is not what the migrations make",
    "DROP INDEX tokens_digest; CREATE INDEX tokens_digest ON tokens (hint)": (
        "the index tokens_digest is not what the migrations make"
    ),
    "CREATE TRIGGER t AFTER INSERT ON ledger BEGIN SELECT 1; END": "there is a trigger on ledger: t",
    "CREATE TABLE another (a); CREATE TRIGGER t AFTER INSERT ON another BEGIN DELETE FROM ledger; END": (
        "there is a trigger on another: t"
    ),
    "CREATE UNIQUE INDEX more ON tokens (digest)": f"there is an additional index on tokens: more; {CODE}",
    "CREATE INDEX more ON tokens (lower(name))": f"there is an additional index on tokens: more; {CODE}",
    "CREATE INDEX more ON tokens (name) WHERE revoked_at > 0": f"there is an additional index on tokens: more; {CODE}",
}


@pytest.mark.parametrize(("sql", "fault"), ON_SQLITE.items())
def test_a_file_s_schema_that_was_altered_is_told(connection: apsw.Connection, sql: str, fault: str):
    migrate.migrate(connection, NOON)
    connection.execute(sql)

    assert SchemaDifferences([fault]) == compare_connection(connection)


def test_what_changes_nothing_in_a_file_is_no_fault(connection: apsw.Connection):
    migrate.migrate(connection, NOON)
    connection.execute("CREATE TABLE another (a UNIQUE); CREATE VIEW v AS SELECT * FROM contacts; ANALYZE; VACUUM")
    connection.execute("CREATE INDEX more ON contacts (workspace_id, name DESC)")

    assert SchemaDifferences(notes=["there is an additional index on contacts: more"]) == compare_connection(connection)


async def compared(url: str) -> SchemaDifferences:
    connection = await asyncpg.connect(url)
    try:
        return await postgres_schema.compare(connection.fetch)
    finally:
        await connection.close()


async def test_the_schema_on_postgresql_is_as_expected_after_each_migration(
    database: str, monkeypatch: pytest.MonkeyPatch
):
    assert SchemaDifferences() == await compared(database)
    for number in range(len(FILES)):
        with monkeypatch.context() as patch:
            patch.setattr(migrate, "files", lambda: FILES[: number + 1])  # noqa: B023
            await bring_up_to_date(database, NOON)

        assert SchemaDifferences() == await compared(database), FILES[number][0]


@pytest.mark.parametrize("name", NAMES)
async def test_an_older_database_on_postgresql_has_the_schema_of_its_migrations(
    name: str, tmp_path: Path, database: str
):
    await copy_to_postgres(unpack(name, tmp_path / "sayso.db"), database)

    assert SchemaDifferences() == await compared(database)
    await bring_up_to_date(database, NOON)
    assert SchemaDifferences() == await compared(database)


FUNCTIONS = (
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "CREATE FUNCTION lower(text, int) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1'",
)

ON_POSTGRES = {
    "DROP TABLE tags": "the table tags is missing",
    "ALTER TABLE tags RENAME TO others; CREATE VIEW tags AS TABLE others": (
        "there is a view in the place of the table tags"
    ),
    "CREATE SCHEMA other; ALTER TABLE tags SET SCHEMA other; SET search_path = public, other": (
        "the table tags is found in the schema other, and migrations in public"
    ),
    "ALTER TABLE tags SET UNLOGGED": "the table tags is unlogged: a crash empties it",
    "ALTER TABLE tags ENABLE ROW LEVEL SECURITY": "row security is on for the table tags",
    "ALTER TABLE tags DROP COLUMN revision": "the column tags.revision is missing",
    "ALTER TABLE tags ADD COLUMN more int": "there is an additional column: tags.more",
    "ALTER TABLE tags ALTER COLUMN name DROP NOT NULL": "the column tags.name is not what the migrations make",
    "ALTER TABLE tags ALTER COLUMN name TYPE varchar": "the column tags.name is not what the migrations make",
    "ALTER TABLE tags ALTER COLUMN name SET DEFAULT ''": "the column tags.name is not what the migrations make",
    'ALTER TABLE tags ALTER COLUMN name TYPE text COLLATE "default"': (
        "the column tags.name is not what the migrations make"
    ),
    "ALTER TABLE tags DROP CONSTRAINT tags_pkey": "the index tags_pkey is missing",
    "DROP INDEX contacts_page": "the index contacts_page is missing",
    "DROP INDEX tokens_digest; CREATE INDEX tokens_digest ON tokens USING hash (digest)": (
        "the index tokens_digest is not what the migrations make, or is not valid"
    ),
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tokens_digest'::regclass": (
        "the index tokens_digest is not what the migrations make, or is not valid"
    ),
    """DROP INDEX contacts_lead_email; CREATE INDEX contacts_lead_email
    ON contacts (workspace_id, state, role, lower(email, 1)) WHERE role = 'lead' AND state = 'live'""": (
        "the index contacts_lead_email is not what the migrations make, or is not valid"
    ),
    "CREATE UNIQUE INDEX more ON tokens (digest)": f"there is an additional index on tokens: more; {CODE}",
    "CREATE INDEX more ON tokens (lower(name))": f"there is an additional index on tokens: more; {CODE}",
    "CREATE TRIGGER t BEFORE UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION f()": (
        "there is a trigger on contacts: t"
    ),
    "CREATE RULE r AS ON DELETE TO tags DO INSTEAD NOTHING": "there is a rule on tags: r",
    "CREATE POLICY p ON tags USING (true)": "there is a policy on tags: p",
    "ALTER TABLE tags ADD CONSTRAINT c CHECK (name <> 'x')": "there is a constraint on tags: c",
    "CREATE TABLE child () INHERITS (tags)": "there is a child table on tags: child",
    "SET search_path = public, pg_catalog": (
        "the search path (public, pg_catalog) lets other functions and tables stand in for PostgreSQL's own"
    ),
}


@pytest.fixture(scope="module")
def template(cluster: Cluster) -> Iterator[str]:
    """The name of a database with the schema and functions, to be copied."""
    with cluster.database() as url:
        apart(bring_up_to_date(url, NOON))
        cluster.sql(*FUNCTIONS, url=url)
        yield url.rpartition("/")[2]


@pytest.mark.parametrize(("sql", "fault"), ON_POSTGRES.items())
async def test_a_schema_on_postgresql_that_was_altered_is_told(cluster: Cluster, template: str, sql: str, fault: str):
    with cluster.database(template) as url:
        connection = await asyncpg.connect(url)
        await connection.execute(sql)

        assert SchemaDifferences([fault]) == await postgres_schema.compare(connection.fetch)
        await connection.close()


async def test_what_changes_nothing_on_postgresql_is_no_fault(cluster: Cluster, template: str):
    with cluster.database(template) as url:
        connection = await asyncpg.connect(url)
        await connection.execute("""CREATE TABLE another (a int UNIQUE CHECK (a > 0)); CREATE VIEW v AS TABLE contacts;
        CREATE TRIGGER t BEFORE UPDATE ON another FOR EACH ROW EXECUTE FUNCTION f(); ANALYZE;
        CREATE INDEX more ON contacts (workspace_id, name); CREATE UNIQUE INDEX contacts_ccnew ON contacts
        (workspace_id, contact_id); ALTER INDEX tokens_digest SET (fillfactor = 70)""")

        notes = [f"there is an additional index on contacts: {name}" for name in ("contacts_ccnew", "more")]
        assert SchemaDifferences(notes=notes) == await postgres_schema.compare(connection.fetch)
        await connection.close()


async def test_the_trigger_that_citus_adds_is_no_fault(cluster: Cluster, template: str):
    with cluster.database(template) as url:
        connection = await asyncpg.connect(url)
        await connection.execute("""SET allow_system_table_mods = on;
        CREATE FUNCTION pg_catalog.citus_truncate_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER truncate_trigger_1 AFTER TRUNCATE ON contacts
        EXECUTE FUNCTION pg_catalog.citus_truncate_trigger()""")

        assert SchemaDifferences() == await postgres_schema.compare(connection.fetch)
        await connection.close()
