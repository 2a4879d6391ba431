"""The same acts, in any order, on every kind of store: they answer alike and hold the same things after."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.cast import AUTHOR, Clock, draft
from tests.crash.damage import damage
from tests.sqlite import new_file

from sayso.domain.contact import CLAIM_GRACE, Contact, ContactDraft, Profile, Role
from sayso.domain.errors import SaysoError
from sayso.domain.subscription_type import TypeDraft, TypeState
from sayso.intercom.attached import attaching, detaching
from sayso.service.ports import Store, Stored
from sayso.service.region import Region
from sayso.storage import store as stores
from sayso.storage.memory import MemoryStore


class CountedIds:
    """Ids without chance: both stores get the same."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def act(self, now: int) -> str:
        return f"{next(self._numbers):032x}"

    def contact(self, now: int) -> str:
        return f"{next(self._numbers):024x}"

    def subject(self) -> str:
        return f"{next(self._numbers):032x}"

    def binding_key(self) -> bytes:
        return next(self._numbers).to_bytes(16)

    def request(self) -> str:
        return f"{next(self._numbers):020x}"

    def uuid(self) -> str:
        return f"{next(self._numbers):032x}"

    def code(self) -> str:
        return f"{next(self._numbers):08x}"

    def secret(self) -> str:
        return f"{next(self._numbers):040x}"


NAMES = st.sampled_from(["alice", "bob", "carol"])
MAYBE = st.none() | NAMES
PLACES = st.integers(0, 5)
TYPES = st.sampled_from(["1", "2", "3", "9"])


class Stores(RuleBasedStateMachine):
    """A store in memory and one on SQLite, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        path = new_file(Path(self.folder.name) / "sayso.db")
        self.clock = Clock()
        self.both: list[Store] = [MemoryStore(), stores.sqlite(path, checkpoints=True)]
        self.regions = [Region.on("us", store, self.clock, CountedIds()) for store in self.both]
        self.contacts: list[str] = []

    def teardown(self) -> None:
        for store in self.both:
            self.loop.run_until_complete(store.close())
        self.loop.close()
        self.folder.cleanup()

    def alike(self, act: Callable[[Region], Awaitable[Any]]) -> Any:
        """What an act came to, the same on both."""
        memory, sqlite = (self.loop.run_until_complete(_told(act(region))) for region in self.regions)
        assert memory == sqlite
        return memory

    @initialize()
    def a_workspace_with_three_types(self) -> None:
        self.workspace_id = self.alike(lambda region: region.workspaces.create("Acme")).id
        for consent_type in ("opt_in", "opt_out", "opt_in"):
            self.alike(lambda region, kind=consent_type: region.types.create(self.workspace_id, draft(kind)))

    @rule(external_id=MAYBE, email=MAYBE, stopped=st.none() | st.booleans())
    def create(self, external_id: str | None, email: str | None, stopped: bool | None) -> None:
        role = Role.USER if external_id or email else Role.LEAD
        profile = Profile(role, external_id=external_id, email=email and f"{email}@example.com")
        wanted = ContactDraft(profile, stopped)
        made = self.alike(lambda region: region.contacts.create(AUTHOR, self.workspace_id, wanted))
        if isinstance(made, Contact):
            self.contacts.append(made.id)

    @rule(place=PLACES, type_id=TYPES, detach=st.booleans())
    def choose(self, place: int, type_id: str, detach: bool) -> None:
        wish = detaching if detach else attaching(None)
        contact_id = self._contact(place)
        self.alike(lambda region: region.consent.choose(AUTHOR, self.workspace_id, contact_id, type_id, wish))

    @rule(place=PLACES, external_id=MAYBE, email=MAYBE, name=MAYBE, stopped=st.none() | st.booleans())
    def update(
        self, place: int, external_id: str | None, email: str | None, name: str | None, stopped: bool | None
    ) -> None:
        def wanted(contact: Contact) -> ContactDraft:
            address = email and f"{email}@example.com"
            return ContactDraft(contact.profile._replace(external_id=external_id, email=address, name=name), stopped)

        contact_id = self._contact(place)
        self.alike(lambda region: region.contacts.update(AUTHOR, self.workspace_id, contact_id, wanted))

    @rule(place=PLACES)
    def delete(self, place: int) -> None:
        contact_id = self._contact(place)
        self.alike(lambda region: region.contacts.delete(AUTHOR, self.workspace_id, contact_id))

    @rule(type_id=TYPES, state=st.sampled_from(TypeState), name=MAYBE)
    def change_type(self, type_id: str, state: TypeState, name: str | None) -> None:
        wanted = TypeDraft(state=state, default_translation=draft(name=name).default_translation if name else None)
        self.alike(lambda region: region.types.update(self.workspace_id, type_id, wanted))

    @rule(ms=st.sampled_from([1, 999, 1000, CLAIM_GRACE - 1, CLAIM_GRACE]))
    def wait(self, ms: int) -> None:
        self.clock.pass_(ms)

    @rule()
    def clock_goes_back(self) -> None:
        self.clock.pass_(-3_600_000)

    @rule(name=NAMES)
    def find(self, name: str) -> None:
        self.alike(lambda region: region.contacts.find_by_external_id(self.workspace_id, name))

    @rule(limit=st.integers(1, 3))
    def walk(self, limit: int) -> None:
        after = None
        seen: list[str] = []
        while True:
            page = self.alike(lambda region, start=after: region.contacts.page(self.workspace_id, start, limit))
            seen += [contact.id for contact in page.contacts]
            if page.following is None:
                break
            after = page.following
        assert len(seen) == len(set(seen)) == page.total

    @precondition(lambda self: hasattr(self, "workspace_id"))
    @invariant()
    def both_are_whole_and_hold_the_same(self) -> None:
        for store in self.both:
            assert [] == self.loop.run_until_complete(damage(store, self.workspace_id))
        self.alike(lambda region: _contents(region.store, self.workspace_id))

    def _contact(self, place: int) -> str:
        return self.contacts[place] if place < len(self.contacts) else "nobody"


async def _told(answer: Awaitable[Any]) -> Any:
    """An act's outcome; a refusal is told by its kind and its words."""
    try:
        return await answer
    except SaysoError as error:
        return type(error), error.message, getattr(error, "contact_id", None)


async def _contents(store: Store, workspace_id: str) -> list[Any]:
    heads = await store.ledger.heads(workspace_id, "", 1000)
    entries = await store.ledger.stored(workspace_id, "", None)
    assert all(isinstance(row, Stored) for row in entries)
    contacts = [await store.contact.find(workspace_id, head.contact_id) for head in heads]
    names = ("alice", "bob", "carol")
    claims = [await store.contact.claims(workspace_id, {"external_id": name}) for name in names]
    claims += [await store.contact.claims(workspace_id, {"email": f"{name}@example.com"}) for name in names]
    types = await store.subscription_type.all(workspace_id)
    notices = await store.subscription_type.notices(workspace_id)
    return [heads, entries, contacts, claims, types, notices, await store.workspace.version(workspace_id)]


TestStores = Stores.TestCase
TestStores.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
