"""Intercom's own client for Python, unmodified, sync and async."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from intercom import AsyncIntercom, Intercom
from intercom.core.api_error import ApiError
from intercom.errors import NotFoundError, UnauthorizedError
from intercom.types import CreateContactRequestWithEmail as WithEmail
from intercom.types import CreateContactRequestWithExternalId as WithExternalId
from intercom.types import CreateContactRequestWithRole as WithRole
from intercom.types import CreateDataAttributeRequestOne as NewAttribute
from tests.running import Running

NOBODY = "0" * 24


@pytest.fixture
def intercom(quiet: Running) -> Iterator[Intercom]:
    with _open(quiet.url, quiet.token) as client:
        yield client


@pytest.fixture
async def async_intercom(quiet: Running) -> AsyncIterator[AsyncIntercom]:
    async with _open_async(quiet.url, quiet.token) as client:
        yield client


@contextmanager
def _open(url: str, token: str) -> Iterator[Intercom]:
    """The SDK has no way to close a client."""
    client = Intercom(base_url=url, token=token)
    yield client
    client._client_wrapper.httpx_client.httpx_client.close()


@asynccontextmanager
async def _open_async(url: str, token: str) -> AsyncIterator[AsyncIntercom]:
    client = AsyncIntercom(base_url=url, token=token)
    yield client
    await client._client_wrapper.httpx_client.httpx_client.aclose()


def _ids(listed) -> list[str]:
    return [one.id for one in listed.data]


def test_the_story_is_told_in_sync(intercom: Intercom):
    types = intercom.subscription_types.list().data
    opt_in = next(one for one in types if one.consent_type == "opt_in")
    opt_out = next(one for one in types if one.consent_type == "opt_out")
    contact = intercom.contacts.create(request=WithEmail(email="sync@example.com"))
    assert ("user", "sync@example.com") == (contact.role, contact.email)

    for type_ in (opt_in, opt_out):
        attached = intercom.contacts.attach_subscription(
            contact.id, subscription_id=type_.id, consent_type=type_.consent_type
        )
        assert type_ == attached
    assert [opt_in, opt_out] == intercom.contacts.list_attached_subscriptions(contact.id).data

    assert opt_in == intercom.contacts.detach_subscription(contact.id, opt_in.id)
    assert [opt_out] == intercom.contacts.list_attached_subscriptions(contact.id).data


async def test_the_story_is_told_in_async(async_intercom: AsyncIntercom):
    contacts = async_intercom.contacts
    types = (await async_intercom.subscription_types.list()).data
    opt_in = next(one.id for one in types if one.consent_type == "opt_in")
    opt_out = next(one.id for one in types if one.consent_type == "opt_out")
    contact = await contacts.create(request=WithEmail(email="async@example.com"))

    await contacts.attach_subscription(contact.id, subscription_id=opt_in, consent_type="opt_in")
    await contacts.attach_subscription(contact.id, subscription_id=opt_out, consent_type="opt_out")
    assert [opt_in, opt_out] == _ids(await contacts.list_attached_subscriptions(contact.id))

    await contacts.detach_subscription(contact.id, opt_in)
    assert [opt_out] == _ids(await contacts.list_attached_subscriptions(contact.id))


def test_one_of_email_external_id_and_role_makes_a_contact(intercom: Intercom):
    made = [
        intercom.contacts.create(request=request)
        for request in (
            WithEmail(email="alone@example.com"),
            WithExternalId(external_id="alone"),
            WithRole(role="lead"),
        )
    ]

    assert ["user", "user", "lead"] == [contact.role for contact in made]


def test_a_contact_is_found_updated_and_deleted(intercom: Intercom):
    contact = intercom.contacts.create(request=WithExternalId(external_id="fleeting", email="fleeting@example.com"))

    paid = intercom.data_attributes.create(request=NewAttribute(name="paid", model="contact", data_type="boolean"))
    assert ("paid", True) == (paid.name, paid.custom)
    assert "Alice" == intercom.contacts.update(contact.id, name="Alice", custom_attributes={"paid": True}).name
    found = intercom.contacts.find(contact.id)
    assert ("Alice", {"paid": True}) == (found.name, found.custom_attributes)
    deleted = intercom.contacts.delete(contact.id)
    assert (contact.id, "fleeting", True) == (deleted.id, deleted.external_id, deleted.deleted)
    with pytest.raises(ApiError) as missing:
        intercom.contacts.find(contact.id)
    assert 404 == missing.value.status_code


def test_the_admin_of_the_token_is_identified(intercom: Intercom):
    me = intercom.admins.identify()

    assert ("admin", "US") == (me.type, me.app.region)


def test_an_unknown_contact_is_a_not_found_error(intercom: Intercom):
    for call in (
        lambda: intercom.contacts.list_attached_subscriptions(NOBODY),
        lambda: intercom.contacts.attach_subscription(NOBODY, subscription_id="1", consent_type="opt_out"),
        lambda: intercom.contacts.detach_subscription(NOBODY, "1"),
    ):
        with pytest.raises(NotFoundError) as missing:
            call()
        assert [{"code": "not_found", "message": "User Not Found"}] == missing.value.body["errors"]


def test_an_unknown_type_is_a_not_found_error(intercom: Intercom):
    contact = intercom.contacts.create(request=WithRole(role="lead"))

    with pytest.raises(NotFoundError) as missing:
        intercom.contacts.attach_subscription(contact.id, subscription_id="invalid_id", consent_type="opt_in")

    assert [{"code": "not_found", "message": "Resource Not Found"}] == missing.value.body["errors"]


def test_a_wrong_token_is_an_unauthorized_error(quiet: Running):
    with _open(quiet.url, "wrong-token") as client, pytest.raises(UnauthorizedError) as refused:
        client.subscription_types.list()

    assert "Access Token Invalid" == refused.value.body.errors[0].message
    assert refused.value.headers["x-request-id"] == refused.value.body.request_id


async def test_a_wrong_token_is_an_unauthorized_error_in_async(quiet: Running):
    async with _open_async(quiet.url, "wrong-token") as client:
        with pytest.raises(UnauthorizedError):
            await client.contacts.list_attached_subscriptions(NOBODY)


def test_a_walk_through_all_contacts_comes_to_its_end(intercom: Intercom):
    for number in range(7):
        intercom.contacts.create(request=WithEmail(email=f"walked-{number}@example.com"))

    pages = list(intercom.contacts.list(per_page=3).iter_pages())

    ids = [contact.id for page in pages for contact in page.items]
    total = pages[0].response.total_count
    assert total == len(ids) == len(set(ids))
    assert -(-total // 3) == len(pages) >= 3
    assert ids == [contact.id for contact in intercom.contacts.list(per_page=3)]


async def test_an_async_walk_comes_to_its_end(async_intercom: AsyncIntercom):
    for number in range(4):
        await async_intercom.contacts.create(request=WithEmail(email=f"walked-async-{number}@example.com"))

    first = await async_intercom.contacts.list(per_page=2)
    walked = [contact.id async for contact in first]

    assert first.response.total_count == len(walked) == len(set(walked))


async def test_eight_calls_at_once_are_all_answered(async_intercom: AsyncIntercom):
    contacts = async_intercom.contacts
    types = _ids(await async_intercom.subscription_types.list())
    made = await asyncio.gather(
        *(contacts.create(request=WithEmail(email=f"at-once-{number}@example.com")) for number in range(8))
    )
    assert 8 == len({contact.id for contact in made})

    for type_id, consent_type in ((types[1], "opt_in"), (types[0], "opt_out")):
        await asyncio.gather(
            *(
                contacts.attach_subscription(contact.id, subscription_id=type_id, consent_type=consent_type)
                for contact in made
            )
        )

    listed = await asyncio.gather(*(contacts.list_attached_subscriptions(contact.id) for contact in made))
    assert [[types[1], types[0]]] * 8 == [_ids(one) for one in listed]


async def test_eight_calls_at_once_about_one_contact_leave_what_was_said(async_intercom: AsyncIntercom):
    contacts = async_intercom.contacts
    contact = await contacts.create(request=WithEmail(email="one@example.com"))
    types = (await async_intercom.subscription_types.list()).data

    await asyncio.gather(
        *(
            contacts.attach_subscription(contact.id, subscription_id=type_.id, consent_type=type_.consent_type)
            for type_ in [*types, *types]
        )
    )

    assert {type_.id for type_ in types} == set(_ids(await contacts.list_attached_subscriptions(contact.id)))
