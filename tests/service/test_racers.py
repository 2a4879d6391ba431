"""Sixty-four callers change one contact at once: what comes of it is a history that one after another could have made."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import pytest
from tests.cast import AUTHOR, NOON, draft
from tests.crash.damage import damage
from tests.machine import DEADLINE

from sayso.domain.act import Author
from sayso.domain.contact import Contact, ContactDraft, Profile, Role
from sayso.domain.errors import DuplicateContact, TypeNotFound
from sayso.domain.ledger import Event
from sayso.domain.standing import Choice, Standing
from sayso.domain.subscription_type import TypeId
from sayso.intercom.attached import attaching, detaching
from sayso.service import decided
from sayso.service.ids import RandomIds
from sayso.service.ports import Store, Stored
from sayso.service.region import Region

RACERS = 64
PROCESSES = 24
ACTS = 8


@dataclass
class Answer:
    """What a racer asked, and what came of it: done or refused."""

    request: str
    type_id: str
    what: str
    done: bool


@pytest.fixture
async def region(store: Store) -> Region:
    return Region.on("us", store, lambda: NOON, RandomIds())


async def test_racers_on_one_contact_make_one_history(region: Region):
    workspace = await region.workspaces.create("Acme")
    for consent_type in ("opt_in", "opt_out"):
        await region.types.create(workspace.id, draft(consent_type))
    contact = await region.contacts.create(AUTHOR, workspace.id, ContactDraft(Profile(Role.LEAD)))

    answers = await asyncio.gather(*(_racer(region, workspace.id, contact, number) for number in range(RACERS)))

    chain = await region.store.ledger.chain(workspace.id, contact.id)
    entries = [row.entry for row in chain if isinstance(row, Stored)]
    by_request = {answer.request: answer for told in answers for answer in told}
    assert list(range(1, len(entries) + 1)) == [entry.seq for entry in entries]
    assert len(entries) > RACERS
    standing = Standing()
    for entry in entries:
        asked = by_request.pop(entry.request_id)
        before = standing.of(TypeId(asked.type_id))
        # Each was decided against the outcome of the one before it: no change of what was so already.
        assert asked.done
        assert (asked.type_id, asked.what) == (entry.type_id, _asked(entry.event, asked.type_id))
        assert entry.state != before.value
        standing = standing.choose(TypeId(asked.type_id), Choice(entry.state))
    # Who left no entry was refused, or asked for what was so already: only attaching can be that.
    assert all(answer.what == "attach" or not answer.done for answer in by_request.values())
    assert standing.packed() == await region.store.contact.standing(workspace.id, contact.id)
    assert [] == await damage(region.store, workspace.id)


async def test_racers_in_many_processes_all_come_to_their_turn(store: Store, monkeypatch: pytest.MonkeyPatch):
    """A region each, as processes have: no turns hold one back for another."""
    monkeypatch.setattr(decided, "PATIENCE", DEADLINE)
    regions = [Region.on("us", store, lambda: NOON, RandomIds()) for _ in range(PROCESSES)]
    workspace = (await regions[0].workspaces.create("Acme")).id
    contact = (await regions[0].contacts.create(AUTHOR, workspace, ContactDraft(Profile(Role.LEAD)))).id

    async def rename(region: Region, name: str) -> str | None:
        seen: list[str | None] = []

        def draft_of(found: Contact) -> ContactDraft:
            seen.append(found.profile.name)
            return ContactDraft(found.profile._replace(name=name))

        await region.contacts.update(AUTHOR, workspace, contact, draft_of)
        return seen[-1]

    names = [str(number) for number in range(PROCESSES)]
    before = await asyncio.gather(*map(rename, regions, names))

    after = await regions[0].contacts.find(workspace, contact)
    # Each was decided on the outcome of another one.
    assert {None, *names} == {after.profile.name, *before}
    assert 1 + PROCESSES == after.head.revision
    assert [] == await damage(store, workspace)


def _asked(event: Event, type_id: str) -> str:
    attaching_events = {"1": Event.GRANTED, "2": Event.WITHDRAWN}
    return "attach" if event is attaching_events[type_id] else "detach"


async def _racer(region: Region, workspace_id: str, contact: Contact, number: int) -> list[Answer]:
    chance, answers = random.Random(number), []
    for act in range(ACTS):
        type_id, what = chance.choice("12"), chance.choice(("attach", "detach"))
        request = f"{number}-{act}"
        wish = attaching(None) if what == "attach" else detaching
        author = Author("api_key", "tok1", "api", request)
        try:
            await region.consent.choose(author, workspace_id, contact.id, type_id, wish)
            answers.append(Answer(request, type_id, what, True))
        except TypeNotFound:
            answers.append(Answer(request, type_id, what, False))
    return answers


async def test_who_has_an_identifier_is_asked_when_it_is_taken_alone(region: Region, monkeypatch: pytest.MonkeyPatch):
    workspace, asked = await region.workspaces.create("Acme"), []
    claims = region.store.contact.claims
    monkeypatch.setattr(region.store.contact, "claims", lambda *named: (asked.append(named), claims(*named))[1])
    given = ContactDraft(Profile(Role.USER, email="alice@example.com"))
    alice = await region.contacts.create(AUTHOR, workspace.id, given)
    assert [] == asked

    with pytest.raises(DuplicateContact) as refused:
        await region.contacts.create(AUTHOR, workspace.id, given)

    assert alice.id == refused.value.contact_id
    assert [(workspace.id, {"email": "alice@example.com"})] == asked
