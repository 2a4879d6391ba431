"""Companies in bulk: created, updated, deleted, by jobs."""

from __future__ import annotations

from sayso.domain.bulk import BulkAction, BulkItem, BulkKind
from sayso.http.response import Response
from sayso.intercom import bulk
from sayso.intercom.call import Call
from sayso.intercom.company import company_id_of, wish_of
from sayso.intercom.shapes.bulk import BulkChoice, ChangedBulkCompany, NewBulkCompany
from sayso.intercom.shapes.company import CompanyFields

_KIND = BulkKind.COMPANIES


async def create(call: Call) -> Response:
    """Begin to create companies, or to update those that have their `company_id` already, or add them to a job."""
    return await bulk.submit(call, _KIND, BulkAction.CREATE, NewBulkCompany, _new)


async def update(call: Call) -> Response:
    """Begin to update companies, or add them to a job. None is created."""
    return await bulk.submit(call, _KIND, BulkAction.UPDATE, ChangedBulkCompany, _item)


async def delete(call: Call) -> Response:
    """Begin to delete companies and detach their contacts, or add them to a job."""
    return await bulk.submit(call, _KIND, BulkAction.DELETE, BulkChoice, lambda choice: BulkItem(choice.id))


async def find(call: Call) -> Response:
    """A job for companies: how far it is, and whether an item was rejected."""
    return await bulk.find(call, _KIND)


def _new(given: NewBulkCompany) -> BulkItem:
    item = _item(given)
    if item.given.get("external_id") is None and not isinstance(given.name, str):
        return BulkItem(is_refused=True)
    return item


def _item(given: NewBulkCompany | ChangedBulkCompany) -> BulkItem:
    fields = CompanyFields(**{name: getattr(given, name) for name in given.__struct_fields__ if name != "id"})
    wish, own_id = wish_of(fields), company_id_of(fields)
    named = {} if own_id is None else {"external_id": own_id}
    id_ = given.id if isinstance(given, ChangedBulkCompany) else ""
    return BulkItem(id_, {**wish.given, **named}, wish.custom_attributes, is_seen=wish.is_seen)
