"""What runs for each request looks rows up by key, whatever PostgreSQL knows of its tables: by the plans that a
server's own connections use, which auto_explain writes to PostgreSQL's log."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from itertools import count
from typing import Any, NamedTuple

import pytest
from tests import postgres
from tests.api.test_subscription_type import NEWS, PATH
from tests.cast import AUTHOR, NOON, TOKEN, Clock
from tests.conftest import Acme, opened_acme
from tests.machine import DEADLINE

from sayso.intercom.attached import attaching, detaching
from sayso.service.ids import RandomIds
from sayso.service.region import Region
from sayso.storage import (
    activity,
    admin,
    bulk,
    company,
    contact,
    contact_count,
    data_attribute,
    data_event,
    idempotency,
    ledger,
    links,
    note,
    postgres_together,
    scroll,
    search,
    settings_log,
    subscription_type,
    tag,
    token,
    workspace,
)
from sayso.storage.migrate import files
from sayso.storage.postgres_migrate import bring_up_to_date
from sayso.storage.postgres_together import for_many
from sayso.storage.search_spelling import PostgresSpelling
from sayso.storage.store import SqlStore

#: What runs for a request, by the request.
HOT = {
    "any": [token._FIND, workspace._VERSION],
    "a poll that finds changes": [
        workspace._FIND,
        admin._CHANGED,
        tag._CHANGED,
        data_attribute._CHANGED,
        subscription_type._CHANGED,
    ],
    "GET": [contact._STANDING, for_many(contact._STANDING), contact._FIND, for_many(contact._FIND)],
    "attach and detach": [
        contact._HEAD,
        for_many(contact._HEAD),
        postgres_together.CHOOSE,
        postgres_together.CHOOSE_ONE,
        contact.SWAP_ON_TYPE,
        ledger.APPEND,
        ledger.ANNOUNCE,
    ],
    "create and update": [contact._CLAIM, contact._TAKE, contact._INSERT, contact._SWAP_ALL, contact_count._ADD],
    "tag": [contact._SWAP_LINKS, links._TAG, links._UNTAG, links._TAGS, tag._INSERT, workspace.RAISE_VERSION_FROM],
    "look-up by identifier": [
        PostgresSpelling().each(few, search._ONE_OF_FEW) for few in (search._BY_EMAIL, search._BY_EXTERNAL_ID)
    ],
    "activities": [activity._FIND, ledger.LAST_OF_RANGE],
    "list": [contact._FIRST_PAGE, contact._NEXT_PAGE, contact_count._IN_STATE],
    "Idempotency-Key": [idempotency._FIND, idempotency._KEEP, idempotency._FORGET, settings_log.HEAD],
    "company": [company._FIND, company._SWAP, company._JOIN, company._ADD_USERS, links._ATTACH, links._DETACH],
    "scroll": [scroll._FIND, scroll._INSERT, scroll._SWAP, company._AFTER],
    "note": [note._PAGE, note._WHOSE, note._FIND, note._NEXT, note._TAKE, company._NOTES, company._FIND_NOTE],
    "bulk job": [
        bulk._TASK,
        bulk._TASKS,
        bulk._ITEMS,
        bulk._UNFINISHED,
        bulk._FORGET,
        bulk._ADD,
        bulk._ADVANCE,
        bulk._COMPLETE,
    ],
    "data event": [data_event._EXISTS, data_event._SUMMARY, data_event._FIRST],
}

#: The columns that a look-up of a table's rows by its primary key names; the workspace alone for all others.
KEYS = {
    "contacts": ["workspace_id", "contact_id"],
    "ledger": ["workspace_id", "contact_id"],
    "events": ["act"],
    "contact_keys": ["workspace_id", "kind", "value"],
    "contact_tags": ["workspace_id", "contact_id"],
    "contact_companies": ["workspace_id", "contact_id"],
    "companies": ["workspace_id", "company_id"],
    "company_notes": ["workspace_id", "company_id"],
    "notes": ["workspace_id", "contact_id"],
    "note_ids": ["workspace_id", "note_id"],
    "merges": ["workspace_id", "contact_id"],
    "data_events": ["workspace_id", "contact_id"],
    "data_event_summaries": ["workspace_id", "contact_id"],
    "idempotency": ["workspace_id", "key"],
    "bulk_tasks": ["workspace_id", "job_id"],
    "subscription_types": ["workspace_id", "type_id"],
}

#: Statements that read all of a workspace's types.
OF_ALL_TYPES = "SELECT kept."

#: Enough for a scan to differ from a look-up, for many workspaces to be many, and for a cached plan to be harmful.
GROWN = 2_000

_ROWS = f"generate_series(1, {GROWN}) AS number"

_CONTACT = """contacts (workspace_id, contact_id, state, revision, updated_at, last_act, subject, head_seq, standing,
created_at, role, external_id, email, profile, tags, companies, notes)"""

# `{0}` is the workspace of a row.
GROWTH = [
    f"""INSERT INTO {_CONTACT} SELECT {{0}}, decode(md5('contact' || number), 'hex'), 'live', 1, 1, '', '', 0, '', number,
    CASE number % 10 WHEN 0 THEN 'lead' ELSE 'user' END, number::text, number || '@example.com', '{{{{}}}}', '', '', ''
    FROM {_ROWS}""",
    f"""INSERT INTO contact_keys SELECT {{0}}, 'email', number || '@example.org', '', 'live', 1 FROM {_ROWS}""",
    f"""INSERT INTO contact_tags SELECT {{0}}, decode(md5('contact' || number), 'hex'), '1', 1, '1' FROM {_ROWS}""",
    f"""INSERT INTO contact_companies SELECT {{0}}, decode(md5('contact' || number), 'hex'), '', 1 FROM {_ROWS}""",
    f"""INSERT INTO companies (workspace_id, company_id, external_id, state, revision, created_at, updated_at,
    last_request_at, tags, profile, joined)
    SELECT {{0}}, decode(md5('company' || number), 'hex'), number, 'live', 1, 1, 1, 1, '', '{{{{}}}}', 0 FROM {_ROWS}""",
    f"""INSERT INTO subscription_types (workspace_id, type_id, state, consent_type, channels, default_locale, wording,
    revision, created_at, updated_at) SELECT {{0}}, 100 + number, 'live', 'opt_in', 'email', 'en', 1, 1, 1, 1 FROM {_ROWS}""",
    f"""INSERT INTO translations SELECT {{0}}, 100 + number, 0, 'en', 'News', 'About news' FROM {_ROWS}""",
    f"""INSERT INTO tags (workspace_id, tag_id, name, state, revision, created_at, updated_at)
    SELECT {{0}}, 100 + number, number, 'deleted', 1, 1, 1 FROM {_ROWS}""",
    f"""INSERT INTO notes (workspace_id, contact_id, note_id, body, created_at)
    SELECT {{0}}, decode(md5('contact' || number), 'hex'), 1000 + number, '', 1 FROM {_ROWS}""",
    f"""INSERT INTO company_notes (workspace_id, company_id, note_id, body, created_at)
    SELECT {{0}}, decode(md5('company' || number), 'hex'), 5000 + number, '', 1 FROM {_ROWS}""",
    f"""INSERT INTO note_ids SELECT {{0}}, 1000 + number, decode(md5('contact' || number), 'hex') FROM {_ROWS}""",
    f"""INSERT INTO bulk_tasks (workspace_id, job_id, number, kind, action, author_kind, author_ref, author_method,
    request_id, item_count, done, failed, created_at, updated_at, completed_at, items)
    SELECT {{0}}, 'job' || number, 1, 'contacts', 'create', '', '', '', '', 1, 1, 0, 1, 1, {NOON}, '' FROM {_ROWS}""",
    f"""INSERT INTO idempotency SELECT {{0}}, number, '', 200, '', {NOON} FROM {_ROWS}""",
    f"""INSERT INTO data_events SELECT {{0}}, decode(md5('contact' || number), 'hex'), 1, 'x', '', '' FROM {_ROWS}""",
]


def of_one(workspace_id: str) -> list[str]:
    """What makes a workspace grow."""
    return [sql.format(f"'{workspace_id}'") for sql in GROWTH]


#: What makes as many workspaces with one of everything.
OF_MANY = [sql.format("'workspace' || number") for sql in GROWTH]

ANALYSED = ["VACUUM (ANALYZE)"]


class State(NamedTuple):
    """What is done to a database before a server uses it, and before the same server uses it again: what PostgreSQL
    knows of tables is from then, and so are the server's plans. `grows`: Acme has grown meanwhile."""

    before: Sequence[str] = ()
    between: Sequence[str] = ()
    grows: bool = True


STATES = {
    "never analysed": State(),
    "analysed while empty": State(ANALYSED),
    "analysed when grown": State((), ANALYSED),
    "analysed while small": State((), ANALYSED, grows=False),
    "among many workspaces": State([*OF_MANY, *ANALYSED]),
}

MODES = ["auto", "force_generic_plan", "force_custom_plan"]


TABLES = [table for _, sql in files() for table in re.findall(r"CREATE TABLE (\w+)", sql)]


class Plans:
    """The plans that were used in a database since `forget`, with their statements."""

    def __init__(self, cluster: postgres.Cluster, url: str, *settings: str) -> None:
        self._cluster, self._log = cluster, cluster.folder / "log"
        name = url.rpartition("/")[2]
        wanted = [
            "session_preload_libraries = 'auto_explain'",
            "auto_explain.log_min_duration = 0",
            "auto_explain.log_format = 'json'",
            "log_min_messages = 'log'",
            *settings,
        ]
        cluster.sql(*(f"ALTER DATABASE {name} SET {setting}" for setting in wanted))
        cluster.sql(*(f"ALTER TABLE {table} SET (autovacuum_enabled = off)" for table in TABLES), url=url)
        self.forget()

    def forget(self) -> None:
        self._from = self._log.stat().st_size

    def used(self) -> list[tuple[str, dict[str, Any]]]:
        with self._log.open() as log:
            log.seek(self._from)
            blocks = re.findall(r"plan:\n((?:\t.*\n)+)", log.read())
        told = [json.loads(block) for block in blocks]
        return [(one["Query Text"], one["Plan"]) for one in told]


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes(part))]


def faults(sql: str, plan: dict[str, Any]) -> list[str]:
    """Where a plan reads a table otherwise than by key."""
    found = []
    for node in nodes(plan):
        table, kind = node.get("Relation Name"), node["Node Type"]
        if table not in TABLES or kind in ("ModifyTable", "Tid Scan"):
            continue
        condition, index = node.get("Index Cond", ""), node.get("Index Name", "")
        if not names_key(sql, table, index, condition):
            found.append(f"{sql[:60]!r}: {kind} on {table} {index} {condition}")
    return found


def names_key(sql: str, table: str, index: str, condition: str) -> bool:
    if index.endswith("_pkey"):
        columns = ["workspace_id"] if sql.startswith(OF_ALL_TYPES) else KEYS.get(table, ["workspace_id"])
        return all(re.search(rf"\(?\b{column} [=>] ", condition) for column in columns)
    if index == "tokens_digest":
        return "(digest = " in condition
    if index == "bulk_tasks_unfinished":
        return condition.startswith("((updated_at + 0) > ")
    # Its first column, an expression.
    return condition.lstrip("(").startswith("workspace_id || ")


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No read is so slow, on a busy machine, that it is run again as a scan."""
    monkeypatch.setattr("sayso.storage.postgres.BUDGET", DEADLINE)


class Server(NamedTuple):
    """A server's parts, and those of one whose requests share no statements."""

    acme: Acme
    store: SqlStore
    plain: Region

    async def use(self) -> None:
        """Ask for what is asked for often, by oneself and among many, as often as PostgreSQL tries plans."""
        acme, workspace_id = self.acme, self.acme.workspace.id
        for _ in range(2):
            await _requests(acme, self.store)
        people = [await acme.contact(email=f"{next(_numbers)}@people.example") for _ in range(8)]
        type_id = acme.types["opt_in"]
        for region, some in ((acme.region, people), (acme.region, people[:1]), (self.plain, people[:1])):
            for change in (attaching(None), detaching) * 3:
                await asyncio.gather(*(region.store.contact.standing(workspace_id, one) for one in some))
                await asyncio.gather(*(region.store.contact.find(workspace_id, one) for one in some))
                await asyncio.gather(
                    *(region.consent.choose(AUTHOR, workspace_id, one, type_id, change) for one in some)
                )


_numbers = count(1)


async def _requests(acme: Acme, store: SqlStore) -> None:
    number, workspace_id = next(_numbers), acme.workspace.id
    email, key = f"{number}@example.net", f"key{number}"
    assert await store.token.find(sha256(TOKEN.encode()).digest())
    version = await store.workspace.version(workspace_id) or 0
    one = await acme.contact(role="user", email=email, external_id=f"{number}", name="Alice")
    await acme.contact(role="lead", email=email)
    tag_id = (await acme.post("/tags", {"name": f"tag {number}"})).json()["id"]
    answers = [
        await acme.put(f"/contacts/{one}", {"name": "Bob"}),
        await acme.get(f"/contacts/{one}"),
        await acme.get(f"/contacts/{one}/subscriptions"),
        await acme.post(f"/contacts/{one}/subscriptions", {"id": acme.types["opt_in"], "consent_type": "opt_in"}),
        await acme.delete(f"/contacts/{one}/subscriptions/{acme.types['opt_in']}"),
        await acme.post(f"/contacts/{one}/tags", {"id": tag_id}),
        await acme.get(f"/contacts/{one}/tags"),
        await acme.delete(f"/contacts/{one}/tags/{tag_id}"),
        await acme.get("/contacts?per_page=1"),
        *[
            await acme.post("/contacts/search", {"query": {"field": field, "operator": "=", "value": value}})
            for field, value in (("email", email), ("external_id", f"{number}"))
        ],
        await acme.post(PATH, NEWS, headers={"Idempotency-Key": key}),
        await acme.post(f"/contacts/{one}/notes", {"body": "Hello"}),
        await acme.get(f"/contacts/{one}/notes"),
        await acme.post("/events", {"event_name": "ordered", "created_at": NOON // 1000, "user_id": f"{number}"}),
        await acme.get("/events", params={"type": "user", "intercom_user_id": one}),
        await acme.get("/contacts/activities"),
    ]
    following = answers[8].json()["pages"]["next"]["starting_after"]
    answers.append(await acme.get("/contacts", params={"per_page": "1", "starting_after": following}))
    answers.append(await acme.get(f"/notes/{answers[12].json()['id']}"))
    made = (await acme.post("/companies", {"company_id": f"{number}", "name": "Initech"})).json()["id"]
    newest = {"Intercom-Version": "2.16"}
    noted = await acme.post(f"/companies/{made}/notes", {"body": "Hello"}, headers=newest)
    answers += [
        noted,
        await acme.get(f"/companies/{made}/notes", headers=newest),
        await acme.get(f"/notes/{noted.json()['id']}", headers=newest),
        await acme.get(f"/companies/{made}"),
        await acme.put(f"/companies/{made}", {"name": "Initrode"}),
        await acme.post(f"/contacts/{one}/companies", {"id": made}),
        await acme.delete(f"/contacts/{one}/companies/{made}"),
        await acme.get("/companies/scroll"),
    ]
    # More than a portion.
    answers.append(await acme.post("/contacts/bulk", {"contacts": [{"role": "lead"}] * 11}))
    answers.append(await acme.get(f"/contacts/bulk/{answers[-1].json()['id']}"))
    await asyncio.gather(*acme.region.bulk.background.tasks)
    await store.bulk.unfinished()
    assert [] == [answer.text for answer in answers if not answer.is_success]
    await store.note.take_ids(workspace_id)
    acme.clock.pass_(120_000)
    # What another process reads once it hears of these changes.
    assert await store.workspace.find(workspace_id)
    for small in (store.admin, store.tag, store.data_attribute, store.subscription_type):
        await small.changed(workspace_id, version)


@asynccontextmanager
async def served(url: str) -> AsyncIterator[Server]:
    clock, ids = Clock(), RandomIds()
    store = await postgres.store_on(url)
    apart = await postgres.store_on(f"{url}{'&' if '?' in url else '?'}coalescing=false")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        stack.push_async_callback(apart.close)
        # The first plans are made while there is not one row.
        for asked in (store.contact.standing, store.contact.head, store.contact.find, store.company.find):
            assert await asked("nobody", "0" * 24) is None
        yield Server(await opened_acme(store, clock, stack, ids), store, Region.on("us", apart, clock, ids))


def found_in(plans: Plans) -> list[str]:
    return sorted({fault for sql, plan in plans.used() if "generate_series" not in sql for fault in faults(sql, plan)})


def texts(statements: Sequence[str | None]) -> set[str]:
    return {" ".join(sql.split()) for sql in statements if sql is not None}


CASES = [("never analysed", mode) for mode in MODES] + [(name, "auto") for name in STATES if name != "never analysed"]

#: The suite tries those that found most; PLANS_IN_EVERY_STATE=1 tries all.
EVERY = bool(os.environ.get("PLANS_IN_EVERY_STATE"))
if not EVERY:
    CASES = [("never analysed", "auto"), ("analysed while empty", "auto"), ("among many workspaces", "auto")]


@pytest.mark.parametrize(("state", "mode"), CASES)
async def test_what_runs_for_a_request_looks_up_by_key_in_postgres(
    cluster: postgres.Cluster, database: str, state: str, mode: str
):
    await bring_up_to_date(database, NOON)
    plans = Plans(cluster, database, f"plan_cache_mode = {mode}")
    before, between, grows = STATES[state]
    cluster.sql("SELECT 1", *before, url=database)
    plans.forget()
    async with served(database) as server:
        await server.use()
        growth = of_one(server.acme.workspace.id) if grows else []
        cluster.sql("SELECT 1", *growth, *between, url=database)
        await server.use()

    wanted = texts([sql for statements in HOT.values() for sql in statements])
    assert set() == wanted - texts([sql for sql, _ in plans.used()])
    assert [] == found_in(plans)


@pytest.mark.parametrize("state", ["never analysed", "among many workspaces"] if EVERY else ["never analysed"])
async def test_so_it_does_behind_a_pooler_in_postgres_where_the_database_is_set_to(
    cluster: postgres.Cluster, database: str, state: str
):
    await bring_up_to_date(database, NOON)
    plans = Plans(cluster, database, "enable_seqscan = off", "enable_bitmapscan = off", "jit = off")
    cluster.sql("SELECT 1", *STATES[state].before, url=database)
    plans.forget()
    async with served(f"{database}?pgbouncer=true") as server:
        await server.use()
        cluster.sql(*of_one(server.acme.workspace.id), url=database)
        await server.use()

    assert [] == found_in(plans)


async def test_a_search_is_planned_for_its_values_and_may_scan_a_table_in_postgres(database: str):
    await bring_up_to_date(database, NOON)
    asked = "SELECT current_setting('plan_cache_mode'), current_setting('enable_seqscan')"
    async with served(database) as server:
        engine = server.store.engine
        scans = [await engine.scan(asked), await engine.read_or_scan(asked), await engine.read(asked)]

    key = ("force_generic_plan", "off")
    assert [("force_custom_plan", "on"), key, key] == [tuple(rows[0]) for rows in scans]


async def test_an_index_other_than_a_primary_key_serves_no_look_up_by_key_in_postgres(
    cluster: postgres.Cluster, database: str
):
    """Each begins with an expression that only its own statements name, or with another column than the workspace."""
    await bring_up_to_date(database, NOON)
    rows = cluster.sql(
        """SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid, 1, true) AS first,
        pg_get_expr(indpred, indrelid, true) AS condition FROM pg_index
        WHERE indrelid = ANY (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)
        AND NOT indisprimary""",
        url=database,
    )

    assert len(rows) > 10
    assert {"tokens_digest", "bulk_tasks_unfinished"} == {
        row["name"] for row in rows if not row["first"].lstrip("(").startswith("workspace_id || ")
    }
    unnamed = {row["name"] for row in rows if f"{row['first']} IS NOT NULL" not in (row["condition"] or "")}
    # The latter has a condition that only look-ups by it state.
    assert {"tokens_digest", "contacts_shared_email"} == unnamed
