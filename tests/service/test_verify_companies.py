"""Verification of companies: who holds which company_id is what the companies' rows say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.cast import AUTHOR, NOON, Clock
from tests.service.conftest import Ledger

from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.service import verify_companies
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.ports_claims import ClaimRow
from sayso.service.ports_company import CompanyRow
from sayso.service.region import Region
from sayso.service.verify import Report, verify
from sayso.service.verify_companies import misclaimed, unclaimed
from sayso.storage import store as stores

ONE, TWO, GONE = range(3)


async def _companies(store: Store) -> tuple[str, list[str]]:
    """Two companies, one of them with a contact and two notes, and one that was deleted."""
    region = Region.on("us", store, Clock(), RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    ids = []
    for name in ("one", "two", "gone"):
        made = await region.companies.put(AUTHOR, workspace, name, lambda profile, _: replace(profile, name="secret"))
        ids.append(made.id)
    ada = await region.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.USER, external_id="ada")))
    await region.contact_companies.attach(AUTHOR, workspace, ada.id, ids[ONE])
    for body in ("secret", "secret too"):
        await region.company_notes.create(AUTHOR, workspace, ids[ONE], None, body)
    await region.companies.delete(AUTHOR, workspace, ids[GONE])
    return workspace, ids


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    path = tmp_path_factory.mktemp("companies") / "sayso.db"

    async def write() -> Ledger:
        stores.bring_up_to_date(path, NOON)
        store = stores.sqlite(path, checkpoints=True)
        try:
            return Ledger(path, *await _companies(store))
        finally:
            await store.close()

    return asyncio.run(write())


@pytest.mark.parametrize("batch", [1, 1_000])
async def test_companies_that_nobody_touched_are_whole(store: Store, monkeypatch: pytest.MonkeyPatch, batch: int):
    monkeypatch.setattr(verify_companies, "BATCH", batch)
    await _companies(store)

    assert Report(contacts=1) == await verify(store)


@pytest.mark.parametrize(
    ("sql", "who", "what"),
    [
        ("DELETE FROM contact_keys WHERE value = 'one'", ONE, "nobody claims the company's company_id"),
        ("UPDATE contact_keys SET contact_id = $2 WHERE value = 'one'", ONE, "another company claims the company's"),
        ("UPDATE contact_keys SET contact_id = $2 WHERE value = 'one'", TWO, "the company claims a company_id that is"),
        ("UPDATE contact_keys SET state = 'odd' WHERE value = 'one'", ONE, "a claim of the company's is of no known"),
        ("DELETE FROM companies WHERE company_id = $1", ONE, "the company does not exist, and claims a company_id"),
        ("UPDATE companies SET state = 'deleted' WHERE company_id = $1", ONE, "the company is deleted, and claims a"),
        ("DELETE FROM company_notes", ONE, "the company's row counts 2 notes, and company_notes has 0"),
        ("UPDATE companies SET notes = 'x' WHERE company_id = $1", ONE, "the company's row: its notes cannot be read"),
        ("UPDATE companies SET state = 'odd' WHERE company_id = $1", ONE, "the company's row: its state or its"),
        ("UPDATE companies SET user_count = 2 WHERE company_id = $1", ONE, "the company's row counts 2 contacts, but"),
        (
            "UPDATE companies SET user_count = 'x' WHERE company_id = $2",
            TWO,
            "the company's row: its number of contacts is",
        ),
        ("UPDATE contacts SET state = 'archived'", ONE, "the company's row counts 1 contacts, but it has 0"),
    ],
)
@pytest.mark.parametrize("batch", [1, 1_000])
def test_what_claims_and_companies_say_against_each_other_is_told(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, batch: int, sql: str, who: int, what: str
):
    monkeypatch.setattr(verify_companies, "BATCH", batch)
    ids = ledger.contacts
    ledger.run(sql.replace("$1", f"x'{ids[ONE]}'").replace("$2", f"x'{ids[TWO]}'"))

    found = [(problem.contact_id, problem.what) for problem in ledger.problems]

    assert any(company_id == ids[who] and told.startswith(what) for company_id, told in found), found
    assert not any("secret" in told or "one" in told.split() for _, told in found)


async def test_a_count_that_is_written_to_meanwhile_is_no_problem(store: Store, monkeypatch: pytest.MonkeyPatch):
    """Each time the contacts are counted, somebody joins before the count is compared."""
    workspace, ids = await _companies(store)
    region = Region.on("us", store, Clock(), RandomIds())
    count, joins = store.company.count_members, iter(range(3))

    async def count_while_others_join(workspace_id: str, company_ids: Sequence[str]) -> dict[str, int]:
        for number in joins:
            draft = ContactDraft(Profile(Role.USER, external_id=f"late {number}"))
            late = await region.contacts.create(AUTHOR, workspace, draft)
            await region.contact_companies.attach(AUTHOR, workspace, late.id, ids[ONE])
            break
        return await count(workspace_id, company_ids)

    monkeypatch.setattr(store.company, "count_members", count_while_others_join)

    assert [] == (await verify(store)).problems


async def test_a_deletion_that_was_cut_short_is_no_problem(store: Store, monkeypatch: pytest.MonkeyPatch):
    workspace, ids = await _companies(store)
    region = Region.on("us", store, Clock(), RandomIds())

    async def cut(workspace_id: str, company_id: str) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(store.company, "forget", cut)
        with pytest.raises(ConnectionError):
            await region.companies.delete(AUTHOR, workspace, ids[ONE])

    assert [ids[ONE]] == await store.company.deleted(workspace)
    assert [] == (await verify(store)).problems


def test_nothing_is_wrong_with_what_agrees():
    row, claim = CompanyRow("a", "live", "x"), ClaimRow("company_id", "x", "a", "live")

    assert [] == [*unclaimed(row, claim), *misclaimed(claim, row)]
    assert [] == [*unclaimed(CompanyRow("a", "deleted", "x"), None)]
