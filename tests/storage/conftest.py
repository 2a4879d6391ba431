"""Values that the port's suite writes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from tests.cast import NOON, act, draft
from tests.crash.vfs import Disk, a_disk

from sayso.domain import contact as contacts
from sayso.domain import subscription_type as types
from sayso.domain.access import Token, Workspace
from sayso.domain.act import SYSTEM
from sayso.domain.admin import Admin
from sayso.domain.contact import Change, Claim, Contact, ContactDraft, ContactState, Head, Profile, Role
from sayso.domain.idempotency import IdempotencyRecord
from sayso.domain.ledger import Chain, origin
from sayso.domain.settings_log import Setting, SettingsEntry, SettingsHead, of_admin, of_token, of_type
from sayso.domain.standing import Standing
from sayso.domain.subscription_type import SubscriptionType, TypeChange, TypeId
from sayso.service.ports import Store
from sayso.storage import migrate

ACME = "acme"

#: Above the numbers that tests give their acts themselves.
_numbers = count(1_000)


@pytest.fixture
def disk() -> Iterator[Disk]:
    with a_disk() as made:
        yield made


@pytest.fixture
def any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration may be applied again while later ones are there: the services need what those make."""
    monkeypatch.setattr(migrate, "applied_after", lambda *_: [])


@pytest.fixture
async def workspace(store: Store) -> Workspace:
    made = Workspace(ACME, "us", "Acme", "2.11", "UTC", 1, NOON)
    admin = Admin("1", ACME, "admin@example.com", "Admin")
    await store.workspace.add(made, [admin], [entry_of(SettingsHead(), ACME, of_admin(admin))])
    return made


def entry_of(head: SettingsHead, workspace_id: str, setting: Setting) -> SettingsEntry:
    return head.follow(workspace_id, setting, f"{next(_numbers):032x}", NOON, SYSTEM)


async def logged(store: Store, workspace_id: str, setting: Setting) -> SettingsEntry:
    """The next entry of the settings log, not written yet."""
    return entry_of(await store.settings_log.head(workspace_id), workspace_id, setting)


async def keep_type(store: Store, change: TypeChange, record: IdempotencyRecord | None = None) -> None:
    entry = await logged(store, change.after.workspace_id, of_type(change.after))
    await store.subscription_type.commit(change, entry, record)


async def keep_token(store: Store, token: Token) -> None:
    await store.token.add(token, await logged(store, token.workspace_id, of_token(token)))


async def revoke_token(store: Store, token: Token) -> None:
    """`token`: as it is afterwards."""
    await store.token.revoke(token, await logged(store, token.workspace_id, of_token(token)))


async def keep_admin(store: Store, admin: Admin) -> None:
    await store.admin.add(admin, await logged(store, admin.workspace_id, of_admin(admin)))


@pytest.fixture
async def newsletter(store: Store, workspace: Workspace) -> SubscriptionType:
    change = types.create(ACME, TypeId("1"), draft("opt_in"), NOON)
    await keep_type(store, change)
    return change.after


def new_head(contact_id: str | None = None) -> Head:
    number = next(_numbers)
    contact_id = contact_id or f"{number:024x}"
    key = number.to_bytes(16)
    chain = Chain(origin(ACME), f"{number:032x}", contact_id=contact_id, binding_key=key)
    return Head(ACME, contact_id, ContactState.LIVE, 0, NOON, chain, Standing())


def creation(
    external_id: str | None = None,
    *,
    email: str | None = None,
    at: int = NOON,
    claims: dict[str, Claim] | None = None,
    contact_id: str | None = None,
) -> Change:
    role = Role.USER if external_id or email else Role.LEAD
    draft = ContactDraft(Profile(role, external_id=external_id, email=email))
    return contacts.create(new_head(contact_id), draft, claims or {}, act(next(_numbers), at))


async def created(store: Store, external_id: str | None = None, **more: object) -> Contact:
    change = creation(external_id, **more)  # type: ignore[arg-type]
    await store.contact.commit(change)
    found = await store.contact.find(ACME, change.before.id)
    assert found
    return found
