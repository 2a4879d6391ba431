"""A server is killed between two portions of a merge: the next one finishes it before it answers anybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from tests import postgres
from tests.cast import NOON, act
from tests.running import Running

from sayso.domain.contact import Change
from sayso.domain.data_event import DataEvent, Summary
from sayso.service.ids import now
from sayso.storage import store as stores
from sayso.storage.data_event import PORTION
from sayso.storage.store import SqlStore

#: A server that is killed when it has done a portion after the merge's own transaction.
_KILLED = """
import os, signal
from sayso.storage.data_event import SqlDataEventStore

async def move_and_die(self, move, move_portion=SqlDataEventStore.move_portion):
    await move_portion(self, move)
    os.kill(os.getpid(), signal.SIGKILL)

SqlDataEventStore.move_portion = move_and_die
from sayso.cli import main
main(prog_name="sayso")
"""

MANY = 5 * PORTION


@pytest.mark.parametrize("kind", ["sqlite", *(["postgres"] if postgres.WANTED else [])])
async def test_a_merge_whose_server_is_killed_between_portions_is_whole_when_the_next_one_answers(
    kind: str, request: pytest.FixtureRequest, start: Callable[..., Running], tmp_path: Path
):
    url = request.getfixturevalue("database") if kind == "postgres" else ""
    settings = {"SAYSO_DATABASE_URL": url} if url else {}

    async def opened() -> SqlStore:
        return await postgres.store_on(url) if url else stores.sqlite(tmp_path / "sayso-data" / "sayso.db")

    first = start(**settings)
    with first.client as client:
        user = client.post("/contacts", json={"role": "user", "external_id": "alice"}).json()["id"]
        lead = client.post("/contacts", json={"role": "lead"}).json()["id"]
    assert 0 == first.stop()
    newest = now() // 1000
    store = await opened()
    (workspace,) = await store.workspace.all()
    # Each has MANY, and every second one at a time when the other did the same.
    times = {user: [newest - 2 * at for at in range(MANY)], lead: [newest - at for at in range(MANY)]}
    for number, (contact_id, ats) in enumerate(times.items(), 1):
        await tell(store, workspace.id, contact_id, number, ats)
    await store.close()
    both = sorted({*times[user], *times[lead]}, reverse=True)

    killed = start(program=("-c", _KILLED), **settings)
    with killed.client as client, pytest.raises(httpx2.TransportError):
        client.post("/contacts/merge", json={"from": lead, "into": user, "skip_duplicate_validation": True})
    killed.process.wait()
    store = await opened()
    assert [lead] == await store.data_event.moves(workspace.id)
    await store.close()

    server = start(**settings)
    with server.client as client:
        query = {"type": "user", "intercom_user_id": user, "summary": "true"}
        (counted,) = client.get("/events", params=query).json()["events"]
    server.stop()

    store = await opened()
    events = await store.data_event.page(workspace.id, user, None, (0, ""), 10 * MANY)
    assert both == [event.at for event in events]
    assert len(both) == counted["count"]
    assert [] == await store.data_event.page(workspace.id, lead, None, (0, ""), 1)
    assert [] == await store.data_event.moves(workspace.id)
    await store.close()


async def tell(store: SqlStore, workspace_id: str, contact_id: str, number: int, ats: list[int]) -> None:
    head = await store.contact.head(workspace_id, contact_id)
    assert head
    events = [DataEvent(f"{number * MANY + place:032x}", "visited", at) for place, at in enumerate(ats)]
    done = act(number, NOON)
    after = head.after(done, head.chain, head.standing)
    told = (*events, Summary("visited", len(ats), min(ats), max(ats)))
    await store.contact.commit(Change(done, "data_event.submitted", head, after, told=told))
