"""A workspace on a real PostgreSQL, reached through a proxy that breaks things, and a client that calls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2
import pytest
from tests.cast import TOKEN, draft
from tests.crash.damage import damage
from tests.loop_clock import LoopClock
from tests.machine import DEADLINE
from tests.postgres import Cluster
from tests.proxy import Fate, Proxy, Trap

from sayso import asgi
from sayso.domain.access import ALL_SCOPES
from sayso.http.tally import Tally
from sayso.http.windows import Windows
from sayso.server import surfaces
from sayso.service.ids import RandomIds, now
from sayso.service.region import Region, Regions
from sayso.storage import postgres_connections
from sayso.storage import store as stores

#: SAYSO_DATABASE_TIMEOUT here, and how long others wait once it has passed, in seconds. Both pass only when a test
#: advances the loop's clock: the machine's alone would take longer than any test waits.
TIMEOUT = 20 * DEADLINE
PATIENCE = 10 * DEADLINE

#: What happens to a statement so that only a time-out ends the wait for its answer.
_SILENT = (Fate.UNANSWERED, Fate.UNHEARD, Fate.HELD)


@dataclass(repr=False)
class Shop:
    """`sql` is a session of somebody else's, straight to the server."""

    region: Region
    workspace_id: str
    client: httpx2.AsyncClient
    proxy: Proxy
    sql: asyncpg.Connection
    clock: LoopClock
    type_id: str = ""
    names: int = 0

    def call(self, method: str, path: str, **more: Any) -> Awaitable[httpx2.Response]:
        return self.client.request(method, path, **more)

    async def given_up(self, *requests: Awaitable[httpx2.Response]) -> list[httpx2.Response]:
        """The answers once the time-out has passed since all of them were asked for. Nobody may wait any longer."""
        asked = [asyncio.ensure_future(request) for request in requests]
        # The time-out of a request counts from its first step.
        await asyncio.sleep(0)
        self.clock.advance(TIMEOUT)
        return await self.at_once(*asked)

    async def at_once(self, *requests: Awaitable[httpx2.Response]) -> list[httpx2.Response]:
        """The answers to requests that no time-out has to pass for."""
        async with asyncio.timeout(DEADLINE):
            return list(await asyncio.gather(*requests))

    async def trapped(self, trap: Trap, request: Awaitable[httpx2.Response]) -> httpx2.Response:
        """The answer to a request that walks into a trap; where its fate is silence, once the time-out has passed."""
        asked = asyncio.ensure_future(request)
        await trap.wait()
        [answer] = await (self.given_up(asked) if trap.fate in _SILENT else self.at_once(asked))
        return answer

    def read(self, contact_id: str) -> Awaitable[httpx2.Response]:
        return self.call("GET", f"/contacts/{contact_id}/subscriptions")

    def attach(self, contact_id: str) -> Awaitable[httpx2.Response]:
        return self.call("POST", f"/contacts/{contact_id}/subscriptions", json={"id": self.type_id})

    def detach(self, contact_id: str) -> Awaitable[httpx2.Response]:
        return self.call("DELETE", f"/contacts/{contact_id}/subscriptions/{self.type_id}")

    def create(self, name: str = "") -> Awaitable[httpx2.Response]:
        self.names += 1
        return self.call("POST", "/contacts", json={"external_id": name or f"person-{self.names}"})

    def rename(self, contact_id: str, name: str) -> Awaitable[httpx2.Response]:
        """Change what is claimed: more than one row, in a transaction."""
        return self.call("PUT", f"/contacts/{contact_id}", json={"external_id": name})

    async def contact(self) -> str:
        answer = await self.create()
        assert 200 == answer.status_code, answer.text
        return answer.json()["id"]

    async def contacts(self, number: int) -> list[str]:
        """At once: as many connections as there may be are open then."""
        return list(await asyncio.gather(*(self.contact() for _ in range(number))))

    async def attached(self, contact_id: str) -> bool:
        answer = await self.read(contact_id)
        assert 200 == answer.status_code, answer.text
        return [type_["id"] for type_ in answer.json()["data"]] == [self.type_id]

    async def entries(self, contact_id: str) -> int:
        return len(await self.region.store.ledger.chain(self.workspace_id, contact_id))

    async def revision(self, contact_id: str) -> int:
        """As the server has it, past the engine and the proxy."""
        return await self.sql.fetchval("SELECT revision FROM contacts WHERE contact_id = $1", bytes.fromhex(contact_id))

    async def served(self, act: Callable[[], Awaitable[httpx2.Response]]) -> httpx2.Response:
        """The first answer that is no 503: what another session holds is let go of in the end."""
        async with asyncio.timeout(DEADLINE):
            while (answer := await act()).status_code == 503:
                assert_unavailable(answer)
                await asyncio.sleep(0)
        return answer

    async def toggle(self, contact_id: str, stop: asyncio.Event) -> int:
        """Choose to and fro until told to stop; how often it was done. What is refused is looked up."""
        done, attached = 0, False
        while not stop.is_set():
            answer = await (self.detach(contact_id) if attached else self.attach(contact_id))
            if answer.status_code == 200:
                done, attached = done + 1, not attached
                continue
            assert_unavailable(answer)
            found = bool((await self.served(lambda: self.read(contact_id))).json()["data"])
            assert found == attached or not says_nothing_was_written(answer), answer.text
            done, attached = done + (found != attached), found
        return done

    async def all_write(self, people: list[str]) -> None:
        """Wait until each of them has been changed again."""
        before = [await self.revision(one) for one in people]

        async def changed() -> bool:
            return all([await self.revision(one) > was for one, was in zip(people, before, strict=True)])

        await until(changed)

    async def damage(self) -> list[str]:
        return await damage(self.region.store, self.workspace_id)

    async def waiting(self) -> int:
        """How many other sessions the server has that run something or hold a transaction open."""
        # Within a transaction, what was seen once would be seen again.
        await self.sql.execute("SELECT pg_stat_clear_snapshot()")
        return await self.sql.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()"
        )

    async def sessions(self) -> list[int]:
        """The server's processes behind the engine's connections."""
        rows = await self.sql.fetch(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return [row["pid"] for row in rows]


@asynccontextmanager
async def shop_on(cluster: Cluster, database: str, through: str = "") -> AsyncIterator[Shop]:
    """A new workspace in a database that is up to date. `database`, `through`: its URL, and another than that through the proxy."""
    clock = LoopClock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres_connections, "REVIVAL_WAIT", PATIENCE)
        patch.setattr(asgi, "monotonic", clock.time)
        async with _opened(cluster, database, through, clock) as shop:
            yield shop


@asynccontextmanager
async def _opened(cluster: Cluster, database: str, through: str, clock: LoopClock) -> AsyncIterator[Shop]:
    async with Proxy("127.0.0.1", cluster.port) as proxy:
        store = await stores.postgres(
            through or cluster.url_of(database.rpartition("/")[2], proxy.port), timeout=TIMEOUT
        )
        region = Region.on("us", store, now, RandomIds())
        workspace = await region.workspaces.create("Acme")
        token = f"{TOKEN}-{workspace.id}"
        await region.access.create(workspace.id, "all", ALL_SCOPES, "us", token)
        async with client_on(region, token) as client:
            sql = await asyncpg.connect(database)
            shop = Shop(region, workspace.id, client, proxy, sql, clock)
            shop.type_id = (await region.types.create(workspace.id, draft("opt_in"))).id
            yield shop
        proxy.flow()
        await store.close()
        await shop.sql.close()


def client_on(region: Region, token: str) -> httpx2.AsyncClient:
    app = surfaces(Regions({"us": region}, {}, "us"), Windows(0), Tally(), now, RandomIds())
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://sayso.test", headers=headers)


def assert_unavailable(answer: httpx2.Response) -> None:
    """The documented form of "not now, try again"."""
    assert 503 == answer.status_code, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json().get("code") in ("unavailable", "outcome_unknown") or ["service_unavailable"] == [
        error["code"] for error in answer.json()["errors"]
    ]


def says_nothing_was_written(answer: httpx2.Response) -> bool:
    return answer.status_code == 503 and "nothing was written" in answer.text.lower()


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = DEADLINE) -> None:
    """Wait for what somebody else brings about."""
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0)
