"""Idempotency-Key: a request that comes twice acts once."""

from __future__ import annotations

import asyncio

import pytest
from tests.api.test_subscription_type import NEWS, PATH
from tests.cast import NOON
from tests.conftest import Acme

from sayso.domain.idempotency import KEPT_FOR, IdempotencyRecord
from sayso.service.snapshot import MAX_AGE


async def sent(acme: Acme, key: str, **fields):
    return await acme.post(PATH, NEWS | fields, headers={"Idempotency-Key": key})


async def types(acme: Acme) -> int:
    return len((await acme.get(PATH)).json()["data"])


async def test_the_same_request_again_gets_the_same_answer_and_makes_nothing(acme: Acme):
    first, again = await sent(acme, "one"), await sent(acme, "one")

    assert (201, first.content, first.headers["Location"]) == (
        again.status_code,
        again.content,
        again.headers["Location"],
    )
    assert ("true", None) == (again.headers["Idempotent-Replayed"], first.headers.get("Idempotent-Replayed"))
    assert len(acme.types) + 1 == await types(acme)


async def test_the_answer_is_the_first_one_even_when_the_type_has_changed_since(acme: Acme):
    first = await sent(acme, "one")
    await acme.put(first.headers["Location"], {"state": "live"})

    assert first.content == (await sent(acme, "one")).content


async def test_a_key_used_for_another_body_is_refused(acme: Acme):
    await sent(acme, "one")

    refused = await sent(acme, "one", consent_type="opt_out")

    assert (422, "key_reused") == (refused.status_code, refused.json()["code"])
    assert len(acme.types) + 1 == await types(acme)


async def test_a_key_means_the_same_bare_and_quoted(acme: Acme):
    assert (await sent(acme, "one")).content == (await sent(acme, '"one"')).content


async def test_requests_at_once_under_one_key_act_once(acme: Acme):
    answers = await asyncio.gather(*(sent(acme, "one") for _ in range(8)))

    assert {(201, answers[0].content)} == {(answer.status_code, answer.content) for answer in answers}
    assert len(acme.types) + 1 == await types(acme)


async def test_without_a_key_every_request_acts(acme: Acme):
    await acme.post(PATH, NEWS)
    await acme.post(PATH, NEWS)

    assert len(acme.types) + 2 == await types(acme)


async def test_a_refused_request_leaves_its_key_free(acme: Acme):
    assert 400 == (await sent(acme, "one", content_types=[])).status_code

    assert 201 == (await sent(acme, "one")).status_code


async def test_keys_of_two_workspaces_do_not_meet(acme: Acme):
    await sent(acme, "one")

    theirs = await acme.stranger.post(PATH, json=NEWS | {"consent_type": "opt_out"}, headers={"Idempotency-Key": "one"})

    assert (201, "1") == (theirs.status_code, theirs.json()["id"])


async def test_an_answer_is_kept_for_a_day_and_then_forgotten(acme: Acme):
    first = await sent(acme, "one")

    acme.clock.pass_(KEPT_FOR - 1)
    assert first.content == (await sent(acme, "one")).content

    acme.clock.pass_(1)
    assert first.json()["id"] != (await sent(acme, "one")).json()["id"]


async def test_what_is_too_old_is_cleared_away_by_the_next(acme: Acme):
    await sent(acme, "one")
    acme.clock.pass_(KEPT_FOR)

    await sent(acme, "two")

    kept = acme.region.store.idempotency
    assert None is await kept.find(acme.workspace.id, "one")
    assert None is not await kept.find(acme.workspace.id, "two")


async def test_when_another_process_takes_the_key_first_nothing_is_written_and_trying_again_replays(acme: Acme):
    store = acme.region.store.subscription_type
    commit = store.commit

    async def theirs_first(change, logged, record=None):
        store.commit = commit
        theirs = IdempotencyRecord(record.workspace_id, record.key, record.fingerprint, 201, record.body, NOON)
        await commit(change, logged, theirs)
        await commit(change, logged, record)

    store.commit = theirs_first
    refused = await sent(acme, "one")

    assert (503, "1") == (refused.status_code, refused.headers["Retry-After"])
    acme.clock.pass_(MAX_AGE)
    assert "true" == (await sent(acme, "one")).headers["Idempotent-Replayed"]
    assert len(acme.types) + 1 == await types(acme)


@pytest.mark.parametrize("key", ["", '""', "k" * 256, "é", "a\tb"])
async def test_a_key_that_cannot_be_one_is_refused(acme: Acme, key: str):
    refused = await acme.post(PATH, NEWS, headers={"Idempotency-Key": key.encode("latin-1")})

    assert (400, "Idempotency-Key") == (refused.status_code, refused.json()["errors"][0]["field"])
    assert len(acme.types) == await types(acme)


async def test_a_key_of_255_characters_is_accepted(acme: Acme):
    assert 201 == (await sent(acme, "k" * 255)).status_code
