"""A commit without an answer: whether it was ours is found out, and a change is never done twice or said to have failed
when it has not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from tests.proxy import Fate, Proxy, Trap, Unit
from tests.storage.faults.shop import Shop, assert_unavailable, says_nothing_was_written, until

#: Once a transaction is cut off, what it held is free: `proxy.cut()` says for the network that we have left.

#: Fates after which the server has done it, and those after which it has not.
DONE, LOST = (Fate.DONE, Fate.UNANSWERED), (Fate.LOST, Fate.UNHEARD)

#: What changes a contact, in one statement or in a transaction.
ACTS: dict[str, Callable[[Shop, str], Awaitable[httpx2.Response]]] = {
    "attach": lambda shop, one: shop.attach(one),
    "rename": lambda shop, one: shop.rename(one, "renamed"),
    "delete": lambda shop, one: shop.call("DELETE", f"/contacts/{one}"),
}


@pytest.fixture(params=list(ACTS))
def act(request: pytest.FixtureRequest) -> Callable[[Shop, str], Awaitable[httpx2.Response]]:
    return ACTS[request.param]


def trap(proxy: Proxy, fate: Fate, times: int = 1) -> Trap:
    return proxy.trap(Unit.commits, fate, times)


async def test_a_change_that_was_done_is_answered_as_done(shop: Shop, act):
    """The answer was cut off: the act's id tells that it was ours."""
    alice = await shop.contact()
    sprung = trap(shop.proxy, Fate.DONE)

    answer = await act(shop, alice)

    assert sprung.sprung.is_set()
    assert 200 == answer.status_code, answer.text
    assert 2 == await shop.revision(alice)
    assert [] == await shop.damage()


@pytest.mark.parametrize("fate", [*DONE, *LOST])
@pytest.mark.parametrize("act", ["attach", "rename"], indirect=True)
async def test_a_change_whose_answer_is_missing_is_done_once_however_often_it_is_asked_for(shop: Shop, act, fate: Fate):
    alice = await shop.contact()
    sprung = trap(shop.proxy, fate)

    first = await shop.trapped(sprung, act(shop, alice))
    assert not (fate in DONE and says_nothing_was_written(first)), first.text
    if first.status_code != 200:
        assert_unavailable(first)
        shop.proxy.cut()
        again = await act(shop, alice)
        assert 200 == again.status_code, again.text

    assert 2 == await shop.revision(alice)
    assert [] == await shop.damage()


@pytest.mark.parametrize("fate", [*DONE, *LOST])
async def test_a_contact_whose_creation_got_no_answer_is_there_once(shop: Shop, fate: Fate):
    sprung = trap(shop.proxy, fate)

    first = await shop.trapped(sprung, shop.create("alice"))
    assert not (fate in DONE and says_nothing_was_written(first)), first.text
    shop.proxy.cut()
    second = await shop.create("alice")
    people = await shop.sql.fetch("SELECT external_id FROM contacts WHERE workspace_id = $1", shop.workspace_id)

    assert (first.status_code, second.status_code) in {(200, 409), (503, 200), (503, 409)}, (first.text, second.text)
    assert ["alice"] == [row["external_id"] for row in people]
    assert [] == await shop.damage()


async def test_a_creation_that_was_done_is_answered_with_the_contact(shop: Shop):
    trap(shop.proxy, Fate.DONE)

    answer = await shop.create("alice")

    assert 200 == answer.status_code, answer.text
    assert "alice" == (await shop.client.get(f"/contacts/{answer.json()['id']}")).json()["external_id"]


async def test_what_was_done_to_a_company_is_answered_as_done(shop: Shop):
    """Its event bears the act's id, as a contact's does."""
    made = trap(shop.proxy, Fate.DONE)
    created = await shop.call("POST", "/companies", json={"company_id": "acme", "name": "Acme"})
    changed = trap(shop.proxy, Fate.DONE)
    renamed = await shop.call("PUT", f"/companies/{created.json()['id']}", json={"name": "Acme & Sons"})

    assert made.sprung.is_set()
    assert changed.sprung.is_set()
    assert (200, 200) == (created.status_code, renamed.status_code), (created.text, renamed.text)
    assert "Acme & Sons" == renamed.json()["name"]
    assert 2 == len(await shop.sql.fetch("SELECT 1 FROM events WHERE kind LIKE 'company.%'"))


async def test_a_change_that_was_acknowledged_is_answered_as_done_though_the_database_went_at_once(shop: Shop, act):
    alice = await shop.contact()
    trap(shop.proxy, Fate.LAST)

    answer = await act(shop, alice)
    assert_unavailable(await shop.read(alice))
    await shop.proxy.listen()

    assert 200 == answer.status_code, answer.text
    assert 2 == await shop.revision(alice)


async def test_a_type_that_was_changed_is_answered_as_changed_though_the_database_went_at_once(shop: Shop):
    trap(shop.proxy, Fate.LAST)

    answer = await shop.call("PUT", f"/sayso/subscription_types/{shop.type_id}", json={"state": "archived"})
    await shop.proxy.listen()

    assert (200, "archived") == (answer.status_code, answer.json()["state"])


async def test_several_answers_in_a_row_may_go_missing(shop: Shop):
    alice = await shop.contact()
    sprung = trap(shop.proxy, Fate.DONE, times=6)

    answers = [await (shop.detach(alice) if number % 2 else shop.attach(alice)) for number in range(6)]

    assert sprung.sprung.is_set()
    assert [200] * 6 == [answer.status_code for answer in answers], [answer.text for answer in answers]
    assert 6 == await shop.entries(alice)
    assert [] == await shop.damage()


async def test_many_changes_whose_answers_go_missing_at_once_are_each_done_once(shop: Shop):
    people = await shop.contacts(20)
    trap(shop.proxy, Fate.DONE, times=3)

    answers = await asyncio.gather(*(shop.attach(one) for one in people))
    for answer in answers:
        assert 200 == answer.status_code or not says_nothing_was_written(answer), answer.text
    again = [await shop.attach(one) for one in people]

    assert [200] * 20 == [answer.status_code for answer in again]
    assert [1] * 20 == [await shop.entries(one) for one in people]
    assert [] == await shop.damage()


@pytest.mark.parametrize("name", ["attach", "rename"])
async def test_a_commit_that_arrives_late_is_done_once(shop: Shop, name: str):
    """Long after its caller was answered, and after the caller has tried again."""
    alice = await shop.contact()
    held = trap(shop.proxy, Fate.HELD)

    first = await shop.trapped(held, ACTS[name](shop, alice))
    assert_unavailable(first)
    assert not says_nothing_was_written(first), first.text
    trying = asyncio.ensure_future(ACTS[name](shop, alice))
    held.release()

    async def done() -> bool:
        return await shop.revision(alice) == 2

    await until(done)
    await trying
    again = await ACTS[name](shop, alice)

    assert 200 == again.status_code, again.text
    assert 2 == await shop.revision(alice)
    assert [] == await shop.damage()


@pytest.mark.parametrize("fate", [*DONE, *LOST])
async def test_a_key_makes_one_type_whatever_happens_to_the_answer(shop: Shop, fate: Fate):
    body = {
        "consent_type": "opt_in",
        "content_types": ["email"],
        "state": "live",
        "default_translation": {"name": "Once", "description": "Only once", "locale": "en"},
    }

    async def ask() -> httpx2.Response:
        return await shop.call("POST", "/sayso/subscription_types", json=body, headers={"Idempotency-Key": "once"})

    sprung = trap(shop.proxy, fate)
    first = await shop.trapped(sprung, ask())
    assert not (fate in DONE and says_nothing_was_written(first)), first.text
    shop.proxy.cut()
    second = await ask()
    types = await shop.sql.fetch(
        "SELECT type_id FROM subscription_types WHERE workspace_id = $1 AND type_id <> $2",
        shop.workspace_id,
        shop.type_id,
    )

    assert 201 == second.status_code, second.text
    assert [second.json()["id"]] == [row["type_id"] for row in types]
    assert first.status_code == 503 or first.json() == second.json()
