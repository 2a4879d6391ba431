"""What plain SQL can do to a database, and what finds it: the table in docs/explanation/verification.md, row by row."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.cast import AUTHOR, NOON, Clock, draft
from tests.service.conftest import Ledger, choose

from sayso.cli import main
from sayso.domain.access import Scope
from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.digest import Digest
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import Translation
from sayso.service.data_event import Named
from sayso.service.digest import digest
from sayso.service.ids import RandomIds
from sayso.service.region import Region
from sayso.service.verify import verify
from sayso.service.verify_digest import difference, parse_digest
from sayso.service.verify_digest import form as digest_form
from sayso.service.verify_heads import OldHeads, SavedHead, heads
from sayso.storage import migrate as migrations
from sayso.storage import store as stores
from sayso.storage.engine import Statement
from sayso.storage.migrate import OutOfOrder
from sayso.storage.sqlite import connect
from sayso.storage.store import SqlStore

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "verification.md"

ALICE, BOB, GONE, DAVE, EVE, FRANK, CAROL = range(7)
NAMES = ("alice", "bob", "gone", "dave", "eve", "frank", "carol")

#: Tables whose rows are one contact's.
OF_CONTACTS = (
    "contacts",
    "ledger",
    "events",
    "contact_keys",
    "contact_tags",
    "contact_companies",
    "notes",
    "note_ids",
    "merges",
    "data_events",
    "data_event_summaries",
    "data_event_moves",
)

#: Puts the counts of contacts right, and those of companies.
RECOUNT = (
    "DELETE FROM contact_counts",
    """INSERT INTO contact_counts (workspace_id, part, state, role, contacts)
    SELECT workspace_id, 0, state, role, count(*) FROM contacts GROUP BY workspace_id, state, role""",
    """UPDATE companies SET user_count = (SELECT count(*) FROM contact_companies AS link CROSS JOIN contacts
    WHERE link.company_id = companies.company_id AND contacts.contact_id = link.contact_id AND state = 'live')""",
)

Tamper = Callable[[Ledger], None]


class Kept:
    """What was kept outside the database, and its file without the log, as it was copied while a server wrote."""

    def __init__(self, ledger: Ledger, digests: dict[str, Digest], saved: list[SavedHead], torn: Path) -> None:
        self.ledger = ledger
        self.digests = digests
        self.saved = saved
        self.torn = torn

    @cached_property
    def files(self) -> tuple[Path, Path]:
        """A file of digests and one of heads, as the commands write them."""
        copy, saved = self.torn.with_name("copy.db"), self.torn.with_name("heads.txt")
        for words in (("backup", str(copy)), ("verify", "--save-heads", str(saved))):
            result = CliRunner().invoke(main, [*words, "--database-url", f"sqlite:///{self.ledger.path}"])
            assert 0 == result.exit_code, result.output
        return copy.with_name("copy.db.digest"), saved


async def write(store: SqlStore) -> tuple[str, list[str]]:
    """Alice joined, left and left; Bob joined and left; one is deleted; Dave chose nothing and has everything else. The
    chains of Eve and Frank are as old as if they had begun before chains were bound to their contacts. Carol is
    archived."""
    region = Region.on("us", store, Clock(), RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    globex = (await region.workspaces.create("Globex")).id
    await region.contacts.create(AUTHOR, globex, ContactDraft(Profile(Role.USER, external_id="grace")))
    newsletter = (await region.types.create(workspace, draft("opt_in"))).id
    offers = (await region.types.create(workspace, draft("opt_out", name="Offers"))).id
    await region.types.create(workspace, draft("opt_in", name="Never chosen"))
    for number in range(3):
        await region.types.translate(workspace, "3", Translation(f"Wording {number}", "", "en"))
    people = []
    for name in NAMES:
        profile = Profile(Role.USER, external_id=name, email=f"{name}@example.com", phone="+15555550100")
        people.append((await region.contacts.create(AUTHOR, workspace, ContactDraft(profile))).id)
    for name in people[:3]:
        await choose(region, workspace, name, newsletter, Choice.GRANTED)
        await choose(region, workspace, name, offers, Choice.WITHDRAWN)
    await choose(region, workspace, people[ALICE], newsletter, Choice.WITHDRAWN)
    for name, choice in zip(people[EVE:CAROL], (Choice.GRANTED, Choice.WITHDRAWN), strict=True):
        unbind = "UPDATE contacts SET binding_key = NULL WHERE workspace_id = $1 AND contact_id = $2"
        await store.engine.commit([Statement(unbind, (workspace, bytes.fromhex(name)))])
        await choose(region, workspace, name, newsletter, choice)
    await region.contacts.delete(AUTHOR, workspace, people[GONE])
    await region.contacts.archive(AUTHOR, workspace, people[CAROL])
    for name in ("one", "two"):
        token, _ = await region.access.create(workspace, name, [Scope.READ], "us")
    await region.access.revoke(workspace, token.id)
    await region.admins.create(workspace, "ada@example.com", "Ada")
    await write_what_is_not_bound(region, workspace, people[DAVE])
    return workspace, people


async def write_what_is_not_bound(region: Region, workspace: str, contact: str) -> None:
    lead = (await region.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.LEAD)))).id
    tag = await region.tags.named(workspace, "vip")
    await region.contact_tags.tag(AUTHOR, workspace, contact, tag.id, "1")
    company = await region.companies.put(AUTHOR, workspace, "one", lambda profile, _: replace(profile, name="One"))
    await region.contact_companies.attach(AUTHOR, workspace, contact, company.id)
    await region.notes.create(AUTHOR, workspace, contact, None, "<p>x</p>")
    await region.company_notes.create(AUTHOR, workspace, company.id, None, "<p>x</p>")
    await region.data_events.submit(AUTHOR, workspace, Named(contact), "ordered", NOON // 1000, {})
    await region.merges.merge(AUTHOR, workspace, lead, contact, duplicates_only=False)


@pytest.fixture(scope="module")
def kept_outside(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("tampering")
    path, torn = folder / "sayso.db", folder / "torn.db"

    async def made() -> Kept:
        stores.bring_up_to_date(path, NOON)
        store = stores.sqlite(path, checkpoints=True)
        workspace, people = await write(store)
        await store.close()
        store = stores.sqlite(path, checkpoints=True)
        region = Region.on("us", store, Clock(NOON + 1), RandomIds())
        await choose(region, workspace, people[BOB], "1", Choice.WITHDRAWN)
        shutil.copy(path, torn)
        digests = {one.id: await digest(store, one.id) for one in await store.workspace.all()}
        saved = [head async for head in heads(store)]
        await store.close()
        return Kept(Ledger(path, workspace, people), digests, saved, torn)

    return asyncio.run(made())


@pytest.fixture
def ledger(kept_outside: Kept, tmp_path: Path) -> Ledger:
    return kept_outside.ledger.copy(tmp_path / "sayso.db")


def found_by(ledger: Ledger, outside: Kept) -> tuple[bool, bool, bool]:
    """Whether `verify` finds something, alone, with --expect and with --heads."""

    async def looked() -> tuple[bool, bool, bool]:
        store = stores.sqlite(ledger.path)
        try:
            alone = bool((await verify(store)).problems)
            compared = bool((await verify(store, old=OldHeads(outside.saved))).problems)
            digests = {one.id: await digest(store, one.id) for one in await store.workspace.all()}
        finally:
            await store.close()
        unlike = digests.keys() != outside.digests.keys() or any(
            difference(digests[id_], parse_digest(digest_form(old))) for id_, old in outside.digests.items()
        )
        return alone, alone or unlike, alone or compared

    return asyncio.run(looked())


def exit_code(path: Path, *words: str) -> int:
    """How `sayso verify` ends."""
    return CliRunner().invoke(main, ["verify", "--database-url", f"sqlite:///{path}", *words]).exit_code


def exit_codes(path: Path, outside: Kept) -> tuple[int, int, int]:
    """How it ends alone, with --expect and with --heads."""
    digests, saved = outside.files
    return exit_code(path), exit_code(path, "--expect", str(digests)), exit_code(path, "--heads", str(saved))


# The kinds, by the words of the table.


def each(*statements: str) -> Tamper:
    """Statements in which :alice and the like, and :acme, stand for ids."""

    def tamper(ledger: Ledger) -> None:
        names = zip(NAMES, ledger.contacts, strict=True)
        ids = {name: f"x'{contact}'" for name, contact in names} | {"acme": f"'{ledger.workspace}'"}
        for sql in statements:
            ledger.run(re.sub(rf":({'|'.join(ids)})\b", lambda match: ids[match[1]], sql))

    return tamper


def one_by_one(*statements: str) -> list[Tamper]:
    """Several ways to do the same kind."""
    return [each(sql) for sql in statements]


def back_to_the_entry_before(ledger: Ledger) -> None:
    """Alice's withdrawal from the newsletter never was."""
    each(
        "DELETE FROM events WHERE contact_id = :alice AND seq = 3",
        "DELETE FROM ledger WHERE contact_id = :alice AND seq = 3",
        """UPDATE contacts SET head_seq = 2, standing = '1g 2w', revision = revision - 1,
        head_hash = (SELECT hash FROM ledger WHERE ledger.contact_id = contacts.contact_id AND seq = 2),
        last_act = (SELECT id FROM ledger WHERE ledger.contact_id = contacts.contact_id AND seq = 2)
        WHERE contact_id = :alice""",
    )(ledger)


def swapping(one: str, other: str, *, keys: bool = False) -> Tamper:
    """The histories of two contacts, and their binding keys."""
    columns = "subject, head_seq, head_hash, standing, last_act" + (", binding_key" if keys else "")
    third = "x'ffffffffffffffffffffffff'"
    statements = [
        f"UPDATE {table} SET contact_id = {new} WHERE contact_id = {old}"
        for table in ("ledger", "events")
        for old, new in ((f":{one}", third), (f":{other}", f":{one}"), (third, f":{other}"))
    ]
    copied = f"""UPDATE contacts SET ({columns}) = (SELECT {columns} FROM two
    WHERE two.contact_id = CASE contacts.contact_id WHEN :{one} THEN :{other} ELSE :{one} END)
    WHERE contact_id IN (:{one}, :{other})"""
    return each(*statements, "CREATE TABLE two AS SELECT * FROM contacts", copied, "DROP TABLE two")


def wholly_deleted(name: str) -> Tamper:
    return each(*(f"DELETE FROM {table} WHERE contact_id = :{name}" for table in OF_CONTACTS), *RECOUNT)


def a_workspace_deleted(ledger: Ledger) -> None:
    tables = ledger.run("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'migrati%'")
    for (table,) in tables:
        ledger.run(f"DELETE FROM {table} WHERE workspace_id = ?", ledger.workspace)


def rewritten_with_the_program(ledger: Ledger) -> None:
    """Bob's withdrawal becomes a grant, by whoever can compute hashes: taken back, and another written in its place."""

    async def rewrite() -> None:
        store = stores.sqlite(ledger.path)
        region = Region.on("us", store, Clock(NOON + 1), RandomIds())
        await choose(region, ledger.workspace, ledger.contacts[BOB], "1", Choice.GRANTED)
        await store.close()

    each(
        "DELETE FROM events WHERE contact_id = :bob AND seq = 3",
        "DELETE FROM ledger WHERE contact_id = :bob AND seq = 3",
        """UPDATE contacts SET head_seq = 2, standing = '1g 2w', revision = revision - 1,
        head_hash = (SELECT hash FROM ledger WHERE ledger.contact_id = contacts.contact_id AND seq = 2),
        last_act = (SELECT id FROM ledger WHERE ledger.contact_id = contacts.contact_id AND seq = 2)
        WHERE contact_id = :bob""",
    )(ledger)
    asyncio.run(rewrite())


def marked_as_unfinished(migration: str, *tampering: str) -> Tamper:
    """Whoever starts or migrates next is to write anew what the migration computes."""

    def tamper(ledger: Ledger) -> None:
        each(*tampering, f"INSERT INTO migrating VALUES ('{migration}', '')")(ledger)
        with pytest.raises(OutOfOrder):
            stores.bring_up_to_date(ledger.path, NOON)

    return tamper


def counts_to_be_made_anew(ledger: Ledger) -> None:
    tables = [f"DELETE FROM {table} WHERE contact_id = :alice" for table in OF_CONTACTS]
    forget = "DELETE FROM migrations WHERE name = '0005_contact_counts'"
    each(*tables, "DROP TABLE contact_counts", forget)(ledger)
    with pytest.raises(OutOfOrder):
        stores.bring_up_to_date(ledger.path, NOON)


def put_back_and_migrated_again(ledger: Ledger) -> None:
    """All that migrations after the second one made is gone, and so is what told that a token may only read."""
    older = ledger.path.with_name("older.db")
    kept = [(name, sql) for name, sql in migrations.files() if name < "0003"]
    with closing(connect(older)) as connection:
        connection.execute(migrations.TABLES)
        for _, sql in kept:
            connection.execute(migrations.for_sqlite(sql))
        connection.execute("ATTACH ? AS later", (str(ledger.path),))
        for (table,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            names = [name for (name,) in connection.execute(f"SELECT name FROM pragma_table_info('{table}')")]
            columns = ", ".join(names)
            connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM later.{table}")
        connection.execute("DELETE FROM main.migrations WHERE name >= '0003'")
        connection.execute("UPDATE main.tokens SET scopes = 'admin read write' WHERE name = 'one'")
    older.replace(ledger.path)
    stores.bring_up_to_date(ledger.path, NOON)


KINDS: dict[str, list[Tamper]] = {
    "a field of an entry is changed": one_by_one(
        "UPDATE ledger SET occurred_at = occurred_at - 1 WHERE contact_id = :alice AND seq = 1",
        "UPDATE ledger SET recorded_at = recorded_at - 1 WHERE contact_id = :alice AND seq = 3",
        "UPDATE ledger SET request_id = 'other' WHERE contact_id = :alice AND seq = 2",
        "UPDATE ledger SET notice_sha256 = zeroblob(32) WHERE contact_id = :alice AND seq = 2",
        "UPDATE ledger SET state = 'granted' WHERE contact_id = :alice AND seq = 3",
        "UPDATE ledger SET position = 1 WHERE contact_id = :alice AND seq = 1",
    ),
    "an entry in a chain is deleted, or swapped with another contact's": [
        *one_by_one("DELETE FROM ledger WHERE contact_id = :alice AND seq = 2"),
        each(
            "UPDATE ledger SET contact_id = x'00' WHERE contact_id = :alice AND seq = 1",
            "UPDATE ledger SET contact_id = :alice WHERE contact_id = :bob AND seq = 1",
            "UPDATE ledger SET contact_id = :bob WHERE contact_id = x'00'",
        ),
    ],
    "the last entry of a chain is deleted, and nothing else": one_by_one(
        "DELETE FROM ledger WHERE contact_id = :alice AND seq = 3"
    ),
    "a withdrawal is undone: the last entry and its event are deleted, and the contact's row is put back": [
        back_to_the_entry_before
    ],
    "every entry of a contact is deleted, and its row is put back": [
        each(
            "DELETE FROM ledger WHERE contact_id = :alice",
            "DELETE FROM events WHERE contact_id = :alice AND seq IS NOT NULL",
            """UPDATE contacts SET head_seq = 0, head_hash = NULL, standing = '', revision = 1,
            last_act = (SELECT act FROM events WHERE events.contact_id = contacts.contact_id)
            WHERE contact_id = :alice""",
        )
    ],
    "the whole histories of two contacts are swapped": [swapping("alice", "bob"), swapping("alice", "bob", keys=True)],
    "the same, of chains that were begun before `0002_chain_binding`": [swapping("eve", "frank")],
    "a chain is rewritten by somebody who computes the hashes": [rewritten_with_the_program],
    "a contact's standing is changed": one_by_one(
        "UPDATE contacts SET standing = '1g 2w' WHERE contact_id = :alice",
        "UPDATE contacts SET standing = '1w 2w' WHERE contact_id = :alice",
        "UPDATE contacts SET standing = '' WHERE contact_id = :bob",
    ),
    "the event of an entry is deleted or changed": one_by_one(
        "DELETE FROM events WHERE contact_id = :alice AND seq = 1",
        "UPDATE events SET seq = 9 WHERE contact_id = :alice AND seq = 1",
    ),
    "an event without an entry is deleted, or an event's kind or time is changed": one_by_one(
        "DELETE FROM events WHERE contact_id = :alice AND seq IS NULL",
        "UPDATE events SET at = 0 WHERE contact_id = :alice",
        "UPDATE events SET kind = 'consent' WHERE contact_id = :dave",
    ),
    "the addresses of two contacts are swapped, with their normal forms and claims": [
        each(
            """UPDATE contacts SET email = CASE contact_id WHEN :alice THEN 'bob@example.com' ELSE 'alice@example.com'
            END WHERE contact_id IN (:alice, :bob)""",
            "UPDATE contacts SET normal_email = email WHERE contact_id IN (:alice, :bob)",
            """UPDATE contact_keys SET contact_id = CASE value WHEN 'alice@example.com' THEN :bob ELSE :alice END
            WHERE kind = 'email' AND contact_id IN (:alice, :bob)""",
        )
    ],
    "a contact's state or role is changed, with its claims and the counts of contacts": [
        each(
            "UPDATE contacts SET state = 'archived' WHERE contact_id = :alice",
            "UPDATE contact_keys SET state = 'archived' WHERE contact_id = :alice",
            *RECOUNT,
        ),
        each(
            "UPDATE contacts SET role = 'lead' WHERE contact_id = :dave",
            "DELETE FROM contact_keys WHERE contact_id = :dave",
            *RECOUNT,
        ),
    ],
    "a contact's revision is changed, or its phone with its normal form": one_by_one(
        "UPDATE contacts SET revision = revision + 1 WHERE contact_id = :alice",
        "UPDATE contacts SET phone = '+15555550199', normal_phone = '+15555550199' WHERE contact_id = :alice",
    ),
    "a contact's email or phone is changed, and its normal form is not": one_by_one(
        "UPDATE contacts SET email = 'mallory@example.com' WHERE contact_id = :alice",
        "UPDATE contacts SET phone = '+15555550199' WHERE contact_id = :alice",
    ),
    "a claim of a live or archived contact is deleted, changed, or given to another contact": one_by_one(
        "DELETE FROM contact_keys WHERE kind = 'email' AND contact_id = :alice",
        "UPDATE contact_keys SET contact_id = :bob WHERE kind = 'email' AND contact_id = :alice",
        "DELETE FROM contact_keys WHERE contact_id = :carol",
        "UPDATE contact_keys SET value = 'other@example.com' WHERE kind = 'email' AND contact_id = :carol",
        "UPDATE contact_keys SET contact_id = :alice, state = 'live' WHERE kind = 'email' AND contact_id = :carol",
    ),
    "a claim of a deleted contact is deleted or changed, or its seven days are ended": one_by_one(
        "DELETE FROM contact_keys WHERE contact_id = :gone",
        "UPDATE contact_keys SET value = 'other@example.com' WHERE kind = 'email' AND contact_id = :gone",
        "UPDATE contact_keys SET at = 0 WHERE contact_id = :gone",
    ),
    "a contact's name, times, custom attributes or other profile fields are changed": one_by_one(
        "UPDATE contacts SET name = 'Mallory' WHERE contact_id = :alice",
        "UPDATE contacts SET profile = 'junk' WHERE contact_id = :alice",
        "UPDATE contacts SET created_at = 0, updated_at = 0 WHERE contact_id = :alice",
    ),
    "a contact is deleted with everything that belongs to it, and counted no more": [wholly_deleted("alice")],
    "what is left of a deleted contact is deleted, and counted no more": [wholly_deleted("gone")],
    "a contact without entries is added, and counted": [
        each(
            "CREATE TABLE more AS SELECT * FROM contacts WHERE contact_id = :alice",
            """UPDATE more SET contact_id = x'ffffffffffffffffffffffff', subject = zeroblob(16), head_seq = 0,
            head_hash = NULL, standing = '', role = 'lead', external_id = NULL, email = NULL, normal_email = NULL""",
            "INSERT INTO contacts SELECT * FROM more",
            "DROP TABLE more",
            """INSERT INTO events SELECT last_act, workspace_id, contact_id, 'contact.created', NULL, 0 FROM contacts
            WHERE contact_id = x'ffffffffffffffffffffffff'""",
            *RECOUNT,
        )
    ],
    "a contact is added or deleted, or its state is changed, and the counts stay as they were": [
        each(*(f"DELETE FROM {table} WHERE contact_id = :gone" for table in OF_CONTACTS)),
        each(
            "UPDATE contacts SET state = 'archived' WHERE contact_id = :alice",
            "UPDATE contact_keys SET state = 'archived' WHERE contact_id = :alice",
        ),
    ],
    "a contact's row and the rows of its tags, companies and notes are made to differ": one_by_one(
        "DELETE FROM contact_tags WHERE contact_id = :dave",
        "UPDATE contacts SET companies = '' WHERE contact_id = :dave",
        "DELETE FROM notes WHERE contact_id = :dave",
    ),
    "a tag is taken off a contact, in its row and in the tag's": [
        each(
            "DELETE FROM contact_tags WHERE contact_id = :dave",
            "UPDATE contacts SET tags = '' WHERE contact_id = :dave",
        )
    ],
    "the text of a note is changed": one_by_one(
        "UPDATE notes SET body = 'other'", "UPDATE company_notes SET body = 'other'"
    ),
    "data events, or the record of a merge, are changed": one_by_one(
        "UPDATE data_events SET name = 'paid'", "DELETE FROM data_events", "DELETE FROM merges"
    ),
    "the number of contacts that a company keeps is changed": one_by_one(
        "UPDATE companies SET user_count = user_count + 1",
        "DELETE FROM contact_companies",
        "UPDATE companies SET user_count = ''",
    ),
    "the notes on a company are made to differ from their number in its row": one_by_one(
        "DELETE FROM company_notes", "UPDATE companies SET notes = ''"
    ),
    "a company's name or other profile fields, a tag, or a data attribute is changed": one_by_one(
        "UPDATE companies SET name = 'Other'", "UPDATE tags SET name = 'other'", "DELETE FROM data_attributes"
    ),
    "a type's consent_type, channels or state is changed": one_by_one(
        "UPDATE subscription_types SET consent_type = 'opt_out' WHERE workspace_id = :acme AND type_id = '1'",
        "UPDATE subscription_types SET channels = 'sms_message' WHERE type_id = '1'",
        "UPDATE subscription_types SET state = 'archived' WHERE type_id = '3'",
    ),
    "a type's wording is changed, in any locale, wherever it is kept": [
        each(*(f"UPDATE {table} SET {change}" for table in tables))
        for change in (
            "name = 'other' WHERE type_id = '1' AND locale = 'de'",
            "description = 'other' WHERE type_id = '1' AND locale = 'en'",
        )
        for tables in (("translations", "notices"), ("translations",), ("notices",))
    ],
    "a wording that was replaced before anybody chose on it is changed": one_by_one(
        "UPDATE notices SET name = 'other' WHERE type_id = '3' AND version = 2"
    ),
    "a type is added, or deleted with its wordings": [
        each(
            *(f"DELETE FROM {table} WHERE type_id = '3'" for table in ("subscription_types", "translations", "notices"))
        )
    ],
    "a token's value, scopes or revocation is changed": one_by_one(
        "UPDATE tokens SET scopes = 'admin read write' WHERE name = 'one'",
        "UPDATE tokens SET digest = zeroblob(32) WHERE name = 'one'",
        "UPDATE tokens SET revoked_at = NULL WHERE name = 'two'",
    ),
    "a token or an admin is added or deleted": one_by_one(
        """INSERT INTO tokens SELECT workspace_id, 'mine', name, zeroblob(32), hint, 'admin', created_at, NULL
        FROM tokens WHERE name = 'one'""",
        "DELETE FROM tokens WHERE name = 'two'",
        """INSERT INTO admins (workspace_id, admin_id, email, name)
        SELECT workspace_id, '9', email, name FROM admins WHERE admin_id = '2'""",
        "DELETE FROM admins WHERE admin_id = '2'",
    ),
    "the name of a token, or the name or address of an admin, is changed": one_by_one(
        "UPDATE tokens SET name = 'other'", "UPDATE admins SET name = 'other', email = 'mallory@example.com'"
    ),
    "an entry of settings_log is changed or deleted": one_by_one(
        "UPDATE settings_log SET at = at - 1 WHERE seq = 2",
        "UPDATE settings_log SET actor_ref = 'other' WHERE seq = 2",
        "DELETE FROM settings_log WHERE seq = 2",
    ),
    "the last change of a setting is undone, in settings_log too": [
        each(
            "DELETE FROM settings_log WHERE object_id = '2' AND kind = 'admin.changed'",
            "DELETE FROM admins WHERE admin_id = '2'",
        )
    ],
    "`settings_log` or the counts are deleted, so that their migration writes them anew": [
        marked_as_unfinished("0003_settings_log", "DELETE FROM settings_log", "UPDATE tokens SET scopes = 'admin'"),
        marked_as_unfinished(
            "0003_settings_log",
            "DELETE FROM settings_log",
            "UPDATE migrations SET applied_at = 0",
            "UPDATE subscription_types SET consent_type = 'opt_out' WHERE type_id = '1'",
        ),
        counts_to_be_made_anew,
    ],
    "the whole database is put back to an older version's, altered, and migrated again": [put_back_and_migrated_again],
    "a trigger is added, or a view in the place of a table": [
        each(
            """CREATE TRIGGER swallow AFTER INSERT ON ledger WHEN NEW.contact_id = :alice AND NEW.seq = 4 BEGIN
            DELETE FROM ledger WHERE contact_id = :alice AND seq = 4; END"""
        ),
        each("ALTER TABLE contacts RENAME TO others", "CREATE VIEW contacts AS SELECT * FROM others"),
    ],
    "a column or an index is missing, or there is another one that may refuse a write or run code": one_by_one(
        "DROP INDEX contacts_page",
        "ALTER TABLE contacts ADD COLUMN more TEXT DEFAULT ''",
        "CREATE UNIQUE INDEX more ON tokens (digest)",
        "CREATE INDEX more ON contacts (lower(name))",
    ),
    "any other index is added": one_by_one("CREATE INDEX more ON contacts (workspace_id, name)"),
    "a workspace's region, name, time zone or version of Intercom's API is changed": one_by_one(
        "UPDATE workspaces SET region = 'eu'", "UPDATE workspaces SET name = 'o', timezone = 'o', api_version = '2.7'"
    ),
    "a workspace is deleted with everything in it": [a_workspace_deleted],
    "answers kept under an Idempotency-Key, scrolls or bulk jobs are changed": one_by_one(
        "DELETE FROM idempotency", "DELETE FROM scrolls", "DELETE FROM bulk_tasks"
    ),
}

#: Kinds that replace the file: by an older state of it.
COPIED = "`sayso.db` is copied without `sayso.db-wal`, or an older copy is put in its place"


def rows() -> dict[str, tuple[str, ...]]:
    """The table in the documentation: what is said of each kind."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith("| ")
    ]
    return {kind: tuple(said) for kind, *said in cells if len(said) == 3 and set(said) <= {"found", "no"}}


def said(found: tuple[bool, bool, bool]) -> tuple[str, ...]:
    return tuple("found" if one else "no" for one in found)


def test_the_table_names_every_kind_and_no_other():
    assert [*KINDS, COPIED] == list(rows())


def test_nothing_is_found_where_nothing_was_changed(ledger: Ledger, kept_outside: Kept):
    assert (False, False, False) == found_by(ledger, kept_outside)
    assert (0, 0, 0) == exit_codes(ledger.path, kept_outside)


#: A kind of each row of words that the table has.
ONE_OF_EACH = [
    "a field of an entry is changed",
    "a withdrawal is undone: the last entry and its event are deleted, and the contact's row is put back",
    "a contact without entries is added, and counted",
    "a workspace is deleted with everything in it",
    "the text of a note is changed",
]


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_the_command_ends_with_3_where_the_documentation_says_found(ledger: Ledger, kept_outside: Kept, kind: str):
    assert {rows()[one] for one in ONE_OF_EACH} == set(rows().values())

    KINDS[kind][0](ledger)

    assert tuple(3 if word == "found" else 0 for word in rows()[kind]) == exit_codes(ledger.path, kept_outside)


def test_the_command_ends_with_1_without_a_database_and_with_2_where_what_was_kept_is_cut(
    ledger: Ledger, kept_outside: Kept, tmp_path: Path
):
    (tmp_path / "cut.txt").touch()

    assert (1, 1, 1) == exit_codes(tmp_path / "missing.db", kept_outside)
    assert {2} == {exit_code(ledger.path, kind, str(tmp_path / "cut.txt")) for kind in ("--expect", "--heads")}


@pytest.mark.parametrize(
    ("kind", "tamper"),
    [pytest.param(kind, way, id=f"{kind} {number}") for kind, ways in KINDS.items() for number, way in enumerate(ways)],
)
def test_each_kind_is_found_as_the_documentation_says(ledger: Ledger, kept_outside: Kept, kind: str, tamper: Tamper):
    tamper(ledger)

    assert rows()[kind] == said(found_by(ledger, kept_outside))


def test_a_file_without_its_log_is_found_as_the_documentation_says(ledger: Ledger, kept_outside: Kept):
    shutil.copy(kept_outside.torn, ledger.path)

    assert rows()[COPIED] == said(found_by(ledger, kept_outside))
