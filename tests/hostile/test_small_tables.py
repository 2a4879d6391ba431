"""A client that changes a small table over and over, with other header fields in each request.

HOSTILE_TAGS makes it longer.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import count
from typing import Any
from weakref import ref

import pytest
from tests.cast import TOKEN, Clock
from tests.conftest import Acme, opened_acme
from tests.http.serving import Serving, serving

from sayso.http import protocol
from sayso.http.heads import HEADS_LIMIT
from sayso.service.ids import RandomIds
from sayso.service.snapshot import Snapshot
from sayso.storage.engine import Row
from sayso.storage.store import SqlStore

TAGS = int(os.environ.get("HOSTILE_TAGS", "300")) // 2 * 2


class Client:
    """One connection that is kept, and header fields that never come twice."""

    def __init__(self, server: Serving) -> None:
        self._server = server
        self._numbers = count(1)

    async def __aenter__(self) -> Client:
        self._reader, self._writer = await self._server.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: sayso.test",
            f"Authorization: Bearer {TOKEN}",
            f"Traceparent: 00-{next(self._numbers):032x}-{1:016x}-01",
            *([f"Content-Length: {len(content)}"] if content else []),
        ]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = json.loads(await self._reader.readexactly(length))
        assert head.startswith(b"http/1.1 200"), answer
        return answer


@pytest.fixture
async def acme(sqlite: SqlStore) -> AsyncIterator[Acme]:
    async with AsyncExitStack() as stack:
        yield await opened_acme(sqlite, Clock(), stack, RandomIds())


@pytest.fixture
async def client(acme: Acme) -> AsyncIterator[Client]:
    protocol._HEADS.clear()
    async with serving(acme.app) as server, Client(server) as connected:
        yield connected


@pytest.mark.usefixtures("no_garbage_collector")
async def test_header_fields_that_never_come_twice_keep_one_snapshot_alive(acme: Acme, client: Client):
    seen: list[ref[Snapshot]] = []
    most_kept = 0
    for number in range(TAGS):
        tag = await client.ask("POST", "/tags", {"name": f"tag {number}"})
        await client.ask("GET", f"/tags/{tag['id']}")
        held = acme.region.snapshots.held(acme.workspace.id)
        assert held
        seen.append(ref(held))
        del held
        (heads,) = protocol._HEADS.values()
        most_kept = max(most_kept, len(heads._known))

    assert most_kept >= min(TAGS, HEADS_LIMIT)
    assert 1 == len({id(snapshot) for each in seen if (snapshot := each())})


async def test_how_many_rows_a_change_reads_does_not_depend_on_how_many_there_are(
    acme: Acme, client: Client, sqlite: SqlStore, monkeypatch: pytest.MonkeyPatch
):
    read, rows = sqlite.engine.read, []

    async def counted(sql: str, *params: Any) -> list[Row]:
        found = await read(sql, *params)
        rows.extend(found)
        return found

    monkeypatch.setattr(sqlite.engine, "read", counted)
    costs = []
    for number in range(TAGS):
        rows.clear()
        tag = await client.ask("POST", "/tags", {"name": f"tag {number}"})
        await client.ask("POST", "/tags", {"id": tag["id"], "name": f"renamed {number}"})
        await client.ask("DELETE" if number % 2 else "GET", f"/tags/{tag['id']}")
        await acme.get("/me")
        costs.append(len(rows))

    assert costs[2:4] == costs[-2:]
    assert max(costs) < 50
