"""Every change of a company is announced by an event, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.cast import AUTHOR, NOON, Clock
from tests.conftest import KINDS

from sayso.domain.company import CompanyProfile
from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.errors import Stale
from sayso.service.company import Wish
from sayso.service.contact_tag import Marking
from sayso.service.ids import RandomIds
from sayso.service.region import Region
from sayso.service.verify import verify
from sayso.storage.store import SqlStore

pytestmark = pytest.mark.parametrize("store", [kind for kind in KINDS if kind != "memory"], indirect=True)

_EVENTS = "SELECT contact_id, kind, seq, at FROM events WHERE workspace_id = $1 ORDER BY act"


def named(name: str) -> Wish:
    return lambda profile, _: replace(profile, name=name)


async def events(store: SqlStore, workspace: str) -> list[tuple[str, str]]:
    rows = await store.engine.scan(_EVENTS, workspace)
    assert all(seq is None and at >= NOON for _, _, seq, at in rows)
    return [(changed.hex(), kind) for changed, kind, _, _ in rows]


async def test_what_becomes_of_a_company_is_announced_and_what_changes_nothing_is_not(store: SqlStore):
    clock = Clock()
    region = Region.on("us", store, clock, RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    companies, seen = region.companies, []

    async def told() -> list[tuple[str, str]]:
        """The events since the last look."""
        clock.pass_(1)
        every = await events(store, workspace)
        seen.append(len(every))
        return every[seen[-2] if len(seen) > 1 else 0 :]

    acme = (await companies.put(AUTHOR, workspace, "acme", named("Acme"))).id
    assert [(acme, "company.created")] == await told()
    for name in ("Acme & Sons", "Acme & Sons"):
        await companies.put(AUTHOR, workspace, "acme", named(name))
    assert [(acme, "company.updated")] == await told()
    await companies.update(AUTHOR, workspace, acme, named("Acme again"))
    assert [(acme, "company.updated")] == await told()
    for untag in (False, False, True, True):
        mark = [Marking(acme, untag=untag)]
        await region.contact_tags.mark(AUTHOR, workspace, "vip", "1", [], mark, by_id=False)
        clock.pass_(1)
    assert [(acme, "company.tagged"), (acme, "company.untagged")] == await told()
    ada = (await region.contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.USER, external_id="ada")))).id
    clock.pass_(1)
    await region.contact_companies.attach(AUTHOR, workspace, ada, acme)
    assert [(ada, "contact.created"), (ada, "contact.company_attached")] == await told()
    await region.contact_companies.detach(AUTHOR, workspace, ada, acme)
    await region.contact_companies.attach(AUTHOR, workspace, ada, acme)
    await told()
    await companies.delete(AUTHOR, workspace, acme)
    assert {(acme, "company.deleted"), (ada, "contact.company_detached")} == set(await told())
    await companies.delete(AUTHOR, workspace, (await companies.put(AUTHOR, workspace, "b", named("B"))).id)
    assert ["company.created", "company.deleted"] == sorted(kind for _, kind in await told())
    assert [] == (await verify(store)).problems


async def test_a_change_that_is_stale_is_not_announced(store: SqlStore):
    region = Region.on("us", store, Clock(), RandomIds())
    workspace = (await region.workspaces.create("Acme")).id
    commit, stale = store.company.commit, []

    async def commit_late(change) -> None:
        if not stale:
            stale.append(change)
            await Region.on("us", store, Clock(), RandomIds()).companies.put(AUTHOR, workspace, "acme", named("First"))
        await commit(change)

    store.company.commit = commit_late  # type: ignore[method-assign]
    made = await region.companies.put(AUTHOR, workspace, "acme", lambda profile, _: replace(profile, plan="Pro"))

    kept = CompanyProfile("acme", name="First", plan="Pro")
    assert kept == made.profile
    assert [(made.id, f"company.{kind}") for kind in ("created", "updated")] == sorted(await events(store, workspace))
    with pytest.raises(Stale):
        await commit(stale[0])
    assert 2 == len(await events(store, workspace))
