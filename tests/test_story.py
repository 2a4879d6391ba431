"""A long story, told over HTTP to every kind of store: with the same ids and clock, its answers are the same bytes."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.cast import Clock
from tests.conftest import KINDS, Acme, opened_acme, opened_store
from tests.service.test_model import CountedIds

SEED = 20_261_123
STEPS = 400

WEEK = 7 * 24 * 3_600_000

#: One answer: status, headers and body, as they went over the wire.
Told = tuple[str, int, list[tuple[bytes, bytes]], bytes]

NAMES = ("alice", "bob", "carol", "dörte", "Ελένη", "山田")
VERSIONS = ("2.7", "2.11", "2.13", "2.16", "Preview", "1.4", "9.9")


class Story:
    """Takes one step after the other, each by chance, the same chance for every store."""

    def __init__(self, acme: Acme) -> None:
        self.acme = acme
        self.chance = random.Random(SEED)
        self.told: list[Told] = []
        self.contacts: list[str] = ["0" * 24]
        self.following = ""
        self.steps: list[tuple[Callable[[], Awaitable[object]], int]] = [
            (self.create, 5),
            (self.change, 4),
            (self.delete, 1),
            (self.look, 4),
            (self.walk, 3),
            (self.attach, 10),
            (self.detach, 6),
            (self.make_a_type, 1),
            (self.change_a_type, 1),
            (self.read_types, 1),
            (self.err, 2),
            (self.wait, 3),
        ]

    async def tell(self) -> list[Told]:
        await self.acme.attributes(plan="string", seats="integer", ratio="float")
        steps, weights = zip(*self.steps, strict=True)
        for step in self.chance.choices(steps, weights, k=STEPS):
            await step()
        return self.told

    async def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        client = self.acme.client if self.chance.random() < 0.97 else self.acme.stranger
        headers = more.pop("headers", {})
        if self.chance.random() < 0.3:
            headers["Intercom-Version"] = self.chance.choice(VERSIONS)
        answer = await client.request(method, path, headers=headers, **more)
        self.told.append((f"{method} {path}", answer.status_code, sorted(answer.headers.raw), answer.content))
        return answer

    def one(self) -> str:
        return self.chance.choice(self.contacts[-8:])

    def type_id(self) -> str:
        words = self.chance.choices(["opt_in", "opt_out", "sms", "archived", "draft"], (6, 6, 6, 1, 1))
        return self.chance.choices([self.acme.types[words[0]], "6", "99", "none"], (15, 3, 1, 1))[0]

    def fields(self) -> dict[str, Any]:
        name = f"{self.chance.choice(NAMES)}{self.chance.randrange(6)}"
        wanted = {
            "external_id": name,
            "email": f"{name}@example.com",
            "name": name.title(),
            "role": self.chance.choice(["user", "lead"]),
            "phone": "+15555550100",
            "signed_up_at": 1_700_000_000,
            "unsubscribed_from_emails": self.chance.random() < 0.5,
            "custom_attributes": {"plan": "paid", "seats": self.chance.randrange(9), "ratio": 0.1},
            "owner_id": self.chance.choice([1, "x", None]),
        }
        return {field: value for field, value in wanted.items() if self.chance.random() < 0.4}

    async def create(self) -> None:
        answer = await self.ask("POST", "/contacts", json=self.fields())
        if answer.status_code == 200:
            self.contacts.append(answer.json()["id"])

    async def change(self) -> None:
        await self.ask("PUT", f"/contacts/{self.one()}", json=self.fields())

    async def delete(self) -> None:
        await self.ask("DELETE", f"/contacts/{self.one()}")

    async def look(self) -> None:
        path = self.chance.choice(
            [
                f"/contacts/{self.one()}",
                f"/contacts/{self.one()}/subscriptions",
                f"/contacts/find_by_external_id/{self.chance.choice([*NAMES, 'alice1', '%00', 'no%20body'])}",
                "/me",
            ]
        )
        await self.ask("GET", path)

    async def walk(self) -> None:
        query = f"?per_page={self.chance.randrange(1, 5)}"
        if self.following and self.chance.random() < 0.7:
            query += f"&starting_after={self.following}"
        answer = await self.ask("GET", f"/contacts{query}")
        pages = answer.json().get("pages") or {}
        self.following = (pages.get("next") or {}).get("starting_after", "")

    async def attach(self) -> None:
        body: dict[str, Any] = {"id": self.type_id()}
        if self.chance.random() < 0.3:
            body["consent_type"] = self.chance.choice(["opt_in", "opt_out", "perhaps"])
        await self.ask("POST", f"/contacts/{self.one()}/subscriptions", json=body)

    async def detach(self) -> None:
        await self.ask("DELETE", f"/contacts/{self.one()}/subscriptions/{self.type_id()}")

    def wording(self) -> dict[str, str]:
        name = self.chance.choice(["Newsletter", "Rundbrief", "お知らせ"])
        return {"name": name, "description": f"About {name}", "locale": self.chance.choice(["en", "de", "ja"])}

    async def make_a_type(self) -> None:
        body = {
            "consent_type": self.chance.choice(["opt_in", "opt_out"]),
            "content_types": self.chance.choice([["email"], ["sms_message"], ["email", "sms_message"], []]),
            "state": self.chance.choice(["live", "draft"]),
            "default_translation": self.wording(),
            "translations": [self.wording()] if self.chance.random() < 0.5 else [],
        }
        key = {"Idempotency-Key": f"key-{self.chance.randrange(4)}"} if self.chance.random() < 0.6 else {}
        for _ in range(self.chance.randrange(1, 3)):
            await self.ask("POST", "/sayso/subscription_types", json=body, headers=dict(key))

    async def change_a_type(self) -> None:
        body = self.chance.choice(
            [{"state": "live"}, {"state": "archived"}, {"default_translation": self.wording()}, {"state": "draft"}]
        )
        await self.ask("PUT", f"/sayso/subscription_types/{self.type_id()}", json=body)

    async def read_types(self) -> None:
        await self.ask("GET", self.chance.choice(["/subscription_types", "/sayso/subscription_types"]))

    async def err(self) -> None:
        method, path, more = self.chance.choice(
            [
                ("GET", "/nowhere", {}),
                ("PATCH", "/contacts", {}),
                ("POST", "/contacts", {"content": b"{"}),
                ("POST", "/contacts", {"json": ["no", "object"]}),
                ("GET", "/me", {"headers": {"Authorization": "Bearer unknown"}}),
                ("GET", "/contacts?starting_after=nonsense", {}),
            ]
        )
        await self.ask(method, path, **dict(more))

    async def wait(self) -> None:
        self.acme.clock.pass_(self.chance.choice([1, 900, 1_100, 60_000, WEEK]))


async def told_to(kind: str, request: pytest.FixtureRequest, folder: Path) -> list[Told]:
    store = await opened_store(kind, request, folder)
    try:
        async with AsyncExitStack() as stack:
            return await Story(await opened_acme(store, Clock(), stack, CountedIds())).tell()
    finally:
        await store.close()


async def test_a_long_story_gets_the_same_bytes_from_every_store(request: pytest.FixtureRequest, tmp_path: Path):
    memory, *others = [await told_to(kind, request, tmp_path) for kind in KINDS]

    for kind, other in zip(KINDS[1:], others, strict=True):
        # The first difference: what comes after it is another story.
        assert None is next((pair for pair in zip(memory, other, strict=False) if pair[0] != pair[1]), None), kind
        assert len(memory) == len(other)
    statuses = {status for _, status, _, _ in memory}
    assert {200, 201, 400, 401, 404, 409} <= statuses, sorted(statuses)
    done = [request for request, status, _, _ in memory if status == 200 and request.startswith(("POST", "DELETE"))]
    assert len(done) > STEPS / 8, len(done)
