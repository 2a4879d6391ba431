"""What runs for each request asks one shard: it names the workspace, and the column its table is distributed by."""

from __future__ import annotations

import re

import pytest
from tests.test_architecture import SOURCES, statements

from sayso.storage.citus import DISTRIBUTED

COLUMNS = {place.table: place.column for place in DISTRIBUTED}

#: Statements on distributed tables that may touch every shard, each with its reason.
NOT_HOT = {
    ("chain_binding.py", "_CONTACTS"): "a migration",
    ("address_backfill.py", "_CONTACTS"): "a migration",
    ("address_backfill.py", "_DELETED"): "a migration",
    ("user_count_backfill.py", "_COMPANIES"): "a migration",
    ("contact.py", "_FIRST_PAGE"): "a list of contacts is in order of creation, over all of them",
    ("contact.py", "_NEXT_PAGE"): "as the first page",
    ("company.py", "_LIVE"): "beside a merge: which of a lead's companies are live",
    ("data_event.py", "_MOVE_EVENTS"): "a merge takes what a lead did to the user's shard",
    ("data_event.py", "_TAKE_OFF"): "as the events that both have",
    ("data_event.py", "_ADD_SUMMARIES"): "as what is counted of them",
    ("data_event.py", "_ERASE_SUMMARIES"): "one shard; it looks whether events are left",
    ("data_event.py", "_NOTE_REST"): "one shard: beside a merge or a deletion",
    ("data_event.py", "_END_MOVE"): "one shard: beside a portion",
    ("data_event.py", "_MOVES"): "when a process starts",
    ("data_event.py", "_MOVES_INTO"): "beside a deletion: hardly ever is anything there",
    ("note.py", "_MOVE"): "a merge takes a lead's notes to the user's shard",
    ("note.py", "_REASSIGN_IDS"): "the ways to notes lie apart from contacts",
    ("note.py", "_FORGET"): "as what makes the ways",
    ("contact_count.py", "_LAST_OF_RANGE"): "verification reads everything",
    ("contact_count.py", "_COUNTED"): "verification",
    ("contact_count.py", "_COUNTED_TO_THE_END"): "verification",
    ("settings_backfill.py", "_LAST_RECORDED"): "a migration",
    ("copy.py", "_NEWEST"): "moving a whole database",
    ("copy.py", "_TO_MOVE"): "moving a whole database",
    ("search.py", "_ONE_OF_FEW"): "a part of a search",
    ("search.py", "_IDENTIFIED"): "a search: leads lie on all shards, and claims apart from contacts",
    ("search.py", "_IS_MUCH_RECENT"): "a search",
    ("search.py", "_RECENT"): "a search",
    ("search.py", "_IS_MUCH_TAGGED"): "a search",
    ("search.py", "_TAGGED"): "a search",
    ("copy.py", "_COMPANIES"): "moving a whole database",
    ("company_search.py", "sql"): "a search is over all companies",
    ("company.py", "_SEVERAL"): "beside the preview of a merge",
    ("company.py", "_LATEST"): "a list of companies is over all of them",
    ("company.py", "_EARLIEST"): "as the latest",
    ("company.py", "_NAMED"): "companies are found by a name wherever they lie",
    ("company.py", "_TAGGED"): "as by a name",
    ("company.py", "_COUNT"): "a count is over all companies",
    ("company.py", "_COUNT_NAMED"): "as the count of all",
    ("company.py", "_COUNT_TAGGED"): "as the count of all",
    ("company.py", "_FIND_NOTE"): "of a company's note the id alone is known",
    ("company.py", "_AFTER"): "a scroll is over all companies",
    ("company.py", "_DELETED"): "when a process starts",
    ("company.py", "_MEMBERS"): "a company's contacts lie on all shards",
    ("company.py", "COUNT_MEMBERS"): "verification and a migration: as the contacts themselves",
    ("company.py", "_ATTACHED"): "beside the deletion of a company",
    ("company.py", "_HOLDERS"): "verification reads everything",
    ("company.py", "_HOLDERS_NAMED"): "verification",
    ("bulk.py", "_UNFINISHED"): "once a minute, of all workspaces",
    ("bulk.py", "_FORGET"): "beside a bulk task that is added; on Citus it asks every shard",
    ("copy.py", "_BULK_DONE"): "moving a whole database",
    ("digest.py", "_CONTACTS"): "a digest reads everything",
    ("idempotency.py", "_FORGET"): "beside a key that is kept, which is when a subscription type is made or changed",
    ("link_rows.py", "_PACKED"): "verification reads everything",
    ("link_rows.py", "_TAGS"): "verification",
    ("link_rows.py", "_COMPANIES"): "verification",
    ("link_rows.py", "_NOTES"): "verification",
    ("link_rows.py", "_WAYS"): "verification",
    ("link_rows.py", "_WAYS_FROM"): "verification",
    ("link_rows.py", "_NOTES_OF"): "verification",
    ("claim.py", "_HOLDERS"): "verification reads everything",
    ("claim.py", "_NAMED"): "verification",
    ("claim.py", "_ROWS"): "verification",
    ("claim.py", "_ON"): "verification",
    ("claim.py", "_SHARING"): "verification",
    ("ledger.py", "_STORED"): "verification reads everything",
    ("ledger.py", "_UNANNOUNCED"): "verification",
    ("ledger.py", "_UNANNOUNCED_ACTS"): "verification",
    ("ledger.py", "_UNFOUNDED"): "verification",
    ("ledger.py", "LAST_OF_RANGE"): "verification and activities: of the events of all workspaces",
    ("activity.py", "_FIND"): "activities of contacts are in the order of acts, over all of them",
    ("ledger.py", "_HEADS"): "verification",
    ("ledger.py", "SELECT workspace_id FROM contacts WHERE workspace_id > $1 ..."): "verification: of which workspaces",
    ("ledger.py", "SELECT workspace_id FROM ledger WHERE workspace_id > $1 ..."): "verification: of which workspaces",
    ("ledger.py", "SELECT workspace_id FROM contact_counts WHERE workspace_id > $1 ..."): "verification: as the others",
    ("ledger.py", "SELECT workspace_id FROM contact_keys WHERE workspace_id > $1 ..."): "verification: as the others",
    ("postgres_together.py", "CHOOSE"): "many contacts' choices at once, which is switched off on Citus",
    ("postgres_together.py", "CHOOSE_ONE"): "as many at once",
}

TABLES = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+(\w+)")


def on_shards() -> dict[tuple[str, str], str]:
    """Every statement of the store that touches a distributed table, by its file and name; its start, if it has none."""
    found = {}
    for path in sorted((SOURCES / "storage").glob("*.py")):
        for name, sql in statements(path).items():
            if COLUMNS.keys() & set(TABLES.findall(sql)):
                started = f"{sql.partition(' ORDER')[0]} ..."
                found[path.name, started if name.startswith("line ") else name] = sql
    return found


def hot() -> dict[tuple[str, str], str]:
    return {key: sql for key, sql in on_shards().items() if key not in NOT_HOT}


def strays(sql: str) -> str:
    """Why a statement may touch more than one shard; nothing where it cannot."""
    table, *others = TABLES.findall(sql)
    if table == "contact_keys" and "contacts" in others:
        return "claims lie apart from contacts"
    column = COLUMNS.get(table)
    if column is None:
        return f"it starts at {table}, which is not distributed"
    if sql.startswith("INSERT"):
        return inserts(sql, column)
    changed, _, condition = sql.partition("WHERE")
    if re.search(rf"\bSET\b.*\b{column} =", changed, re.DOTALL):
        return f"it moves a row to another shard: {column}"
    outer = condition.partition("EXISTS")[0]
    if sql.startswith("WITH") or " OR " in outer or outer.rstrip().endswith("NOT"):
        return "not all of its conditions hold"
    missing = [name for name in ("workspace_id", column) if not re.search(rf"(?<!\w|\.){name} = \$\d+", outer)]
    return f"it does not name {', '.join(missing)}" if missing else ""


def inserts(sql: str, column: str) -> str:
    columns = re.search(r"INTO \w+ \((.*?)\)", sql, re.DOTALL)[1]
    values = re.search(r"VALUES \((.*?)\)", sql, re.DOTALL)
    if values is None:
        return "it inserts what it selects"
    given = dict(zip(re.split(r",\s*", columns), re.split(r",\s*", values[1]), strict=True))
    unnamed = [name for name in ("workspace_id", column) if not re.fullmatch(r"\$\d+", given.get(name, ""))]
    return f"it does not give {', '.join(unnamed)}" if unnamed else ""


@pytest.mark.parametrize("key", hot(), ids=".".join)
def test_a_hot_statement_names_its_workspace_and_what_its_table_is_distributed_by(key: tuple[str, str]):
    assert "" == strays(on_shards()[key])


def test_every_statement_that_is_not_hot_is_there_and_would_not_pass_for_one():
    found = on_shards()

    assert set() == NOT_HOT.keys() - found.keys()
    assert [] == [key for key in NOT_HOT if not strays(found[key])]


def test_the_statements_of_a_get_and_of_a_choice_are_among_the_hot_ones():
    assert {
        ("contact.py", "_STANDING"),
        ("contact.py", "_HEAD"),
        ("contact.py", "SWAP_ON_TYPE"),
        ("contact.py", "_CLAIM"),
        ("contact.py", "_INSERT"),
        ("contact_count.py", "_ADD"),
        ("contact_count.py", "_IN_STATE"),
        ("ledger.py", "APPEND"),
    } <= hot().keys()
    assert any("INTO events" in sql for sql in hot().values())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT standing FROM contacts WHERE contact_id = $1",
        "SELECT standing FROM contacts WHERE workspace_id = $1",
        "SELECT standing FROM contacts WHERE workspace_id = $1 AND contact_id > $2",
        "SELECT standing FROM contacts WHERE workspace_id = $1 AND contact_id = ANY($2)",
        "SELECT standing FROM contacts WHERE workspace_id = $1 AND subject = $2 OR contact_id = $3",
        "SELECT contact_id FROM contact_keys WHERE workspace_id = $1 AND contact_id = $2",
        "SELECT seq FROM ledger WHERE workspace_id = $1 AND NOT EXISTS (SELECT 1 FROM events WHERE contact_id = $2)",
        "UPDATE contacts SET contact_id = $1 WHERE workspace_id = $2 AND contact_id = $3",
        "DELETE FROM events WHERE workspace_id = $1 AND act = $2",
        "INSERT INTO events (act, workspace_id, kind) VALUES ($1, $2, $3)",
        "INSERT INTO ledger (workspace_id, contact_id) SELECT workspace_id, contact_id FROM contacts",
        "SELECT 1 FROM workspaces JOIN contacts ON contacts.workspace_id = workspaces.workspace_id",
    ],
)
def test_a_statement_that_may_touch_a_second_shard_is_told_from_one_that_cannot(sql: str):
    assert "" != strays(sql)
