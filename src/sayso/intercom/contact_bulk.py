"""Contacts in bulk: created, updated, deleted, by jobs."""

from __future__ import annotations

from sayso.domain.bulk import BulkAction, BulkItem, BulkKind, CompanyLink
from sayso.http.response import Response
from sayso.intercom import bulk
from sayso.intercom.call import Call
from sayso.intercom.contact import wish_of
from sayso.intercom.shapes.bulk import (
    BulkChoice,
    BulkCompanyChoice,
    BulkTag,
    BulkTagChoices,
    ChangedBulkContact,
    NewBulkContact,
)
from sayso.intercom.shapes.contact import ContactFields

_KIND = BulkKind.CONTACTS


async def create(call: Call) -> Response:
    """Begin to create contacts, or add them to a job. A contact that exists already, archived or not, is not changed:
    its item counts as an error of the job."""
    return await bulk.submit(call, _KIND, BulkAction.CREATE, NewBulkContact, _item)


async def update(call: Call) -> Response:
    """Begin to update contacts, or add them to a job."""
    return await bulk.submit(call, _KIND, BulkAction.UPDATE, ChangedBulkContact, _item)


async def delete(call: Call) -> Response:
    """Begin to delete contacts, or add them to a job."""
    return await bulk.submit(call, _KIND, BulkAction.DELETE, BulkChoice, lambda choice: BulkItem(choice.id))


async def find(call: Call) -> Response:
    """A job for contacts: how far it is, and whether an item was rejected."""
    return await bulk.find(call, _KIND)


def _item(given: NewBulkContact | ChangedBulkContact) -> BulkItem:
    known = ContactFields.__struct_fields__
    fields = {name: getattr(given, name) for name in given.__struct_fields__ if name in known}
    wish = wish_of(ContactFields(**fields))
    return BulkItem(
        given.id if isinstance(given, ChangedBulkContact) else "",
        wish.given,
        wish.custom_attributes,
        wish.unsubscribed_from_emails,
        companies=tuple(
            CompanyLink(one.company_id, one.name or None, isinstance(one, BulkCompanyChoice) and one.remove is True)
            for one in given.companies or ()
        ),
        add_tags=_ids(given.tags.add if given.tags else None),
        remove_tags=_ids(given.tags.remove if isinstance(given.tags, BulkTagChoices) else None),
    )


def _ids(tags: object) -> tuple[str, ...]:
    return tuple(tag.id for tag in tags if isinstance(tag, BulkTag)) if isinstance(tags, list) else ()
