"""Companies: create or update, find, list, scroll, update, delete; their contacts and segments."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import UNSET

from sayso.domain.company import Company as DomainCompany
from sayso.domain.company import CompanyProfile, CompanyWish
from sayso.domain.errors import CompanyNotFound, Invalid, Malformed, Missing
from sayso.domain.paging import Cursor
from sayso.http.response import Response
from sayso.intercom import contact_object
from sayso.intercom.call import Call
from sayso.intercom.paged import Asked, asked, following
from sayso.intercom.shapes.company import (
    Company,
    CompanyContactList,
    CompanyContactPages,
    CompanyFields,
    CompanyList,
    CompanyPages,
    CompanyScroll,
    CompanySegmentList,
    DeletedCompany,
    FoundCompanies,
    FoundCompany,
    NextCompanies,
    NextCompanyContacts,
    PlanGiven,
)
from sayso.service.company import CompanyPage
from sayso.service.ports_company import CompanyFilter

PER_PAGE, CONTACTS_PER_PAGE = 15, 50

#: How many companies a list gives: after that many Intercom asks for a scroll.
LISTED = 10_000

_GIVEN = msgspec.json.Decoder(dict[str, Any])
_FIELDS = msgspec.json.Decoder(CompanyFields)

#: What companies are answered with, and may be sent back: it is not for clients to set.
_ANSWERED = frozenset({*Company.__struct_fields__, "type"} - set(CompanyFields.__struct_fields__))


async def put(call: Call) -> Response:
    """Create a company, or update the one that has this `company_id`. Without it a new one gets one."""
    fields = _fields(call)
    company_id = company_id_of(fields)
    companies, wish = call.region.companies, wish_of(fields).profile
    if company_id is None and isinstance(fields.id, str):
        return _reply(call, await companies.update(call.author, call.workspace_id, fields.id, wish))
    if company_id is None and not isinstance(fields.name, str):
        raise Missing("company_id or name must be there", "company_id")
    return _reply(call, await companies.put(call.author, call.workspace_id, company_id, wish))


async def list_some(call: Call) -> Response:
    """Companies by `company_id` or `name`, which must be there, by `tag_id` or `segment_id`, or all; one filter counts,
    in this order. The latest request first, those that made none at the end."""
    page = _page(call)
    found = _list(call, page, await _filtered(call, page), FoundCompanies)
    is_named = not {"company_id", "name"}.isdisjoint(call.request.query)
    return call.reply(FoundCompany.only(found) if is_named and found.total_count == len(found.data) == 1 else found)


async def _filtered(call: Call, page: Asked) -> CompanyPage:
    query = call.request.query
    if "company_id" in query:
        company = await call.region.companies.find_by_external_id(call.workspace_id, query["company_id"])
        return CompanyPage([company] if page.number == 1 else [], 1)
    if "name" in query:
        found = await _listed(call, CompanyFilter(name=query["name"]), page)
        if not found.total:
            raise CompanyNotFound("there is no company of this name")
        return found
    if "segment_id" in query and "tag_id" not in query:
        return CompanyPage([], 0)
    return await _listed(call, CompanyFilter(tag_id=query.get("tag_id")), page)


async def list_all(call: Call) -> Response:
    """Every company, up to 10,000 of them: the latest request first, those that made none at the end."""
    order = call.request.query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise Invalid("order must be asc or desc", "order")
    page = _page(call)
    found = await _listed(call, CompanyFilter(ascending=order == "asc"), page)
    return call.reply(_list(call, page, found))


async def scroll(call: Call) -> Response:
    """The next hundred companies; without `scroll_param` the first ones of a new scroll. A workspace has one open at a
    time; it ends with an empty page, whose `scroll_param` is null, or when it was not used for a minute."""
    scroll_id, found = await call.region.scrolls.page(call.workspace_id, call.request.query.get("scroll_param"))
    return call.reply(CompanyScroll([shape(call, company) for company in found], None, None, scroll_id))


async def find(call: Call) -> Response:
    """A company by the id that Sayso gave it."""
    return _reply(call, await call.region.companies.find(call.workspace_id, call.parameters[0]))


async def update(call: Call) -> Response:
    """Change what the body names, but for `company_id`, which stays; custom attributes are merged key by key."""
    fields = _fields(call)
    company_id, wish = company_id_of(fields), wish_of(fields).profile

    def same_id(profile: CompanyProfile, now: int) -> CompanyProfile:
        return replace(wish(profile, now), external_id=company_id or profile.external_id)

    return _reply(call, await call.region.companies.update(call.author, call.workspace_id, call.parameters[0], same_id))


async def delete(call: Call) -> Response:
    """Delete a company and detach its contacts: the first thousand before the answer, the others after it."""
    company_id = call.parameters[0]
    await call.region.companies.delete(call.author, call.workspace_id, company_id)
    return call.reply(DeletedCompany(company_id))


async def contacts(call: Call) -> Response:
    """The contacts of a company, in the order of their ids."""
    query = call.request.query
    word = query.pop("starting_after", "")
    page, after = asked(query, CONTACTS_PER_PAGE), Cursor.of(word, "starting_after") if word else None
    found = await call.region.contact_companies.contacts(call.workspace_id, call.parameters[0], after, *page)
    pages = CompanyContactPages(found.page, page.size, page.pages(found.total))
    if found.following is not None:
        pages.next = NextCompanyContacts(found.page + 1, found.following.word())
    objects = [contact_object.object_of(call, contact) for contact in found.contacts]
    return contact_object.page(call, CompanyContactList, objects, found.total, pages)


async def segments(call: Call) -> Response:
    """None: segments are of people."""
    await call.region.companies.find(call.workspace_id, call.parameters[0])
    return call.reply(CompanySegmentList([], 0))


def shape(call: Call, company: DomainCompany) -> Company:
    return Company.of(company, call.snapshot.tags.by_id)


def _reply(call: Call, company: DomainCompany) -> Response:
    return call.reply(shape(call, company))


def _page(call: Call) -> Asked:
    page = asked(call.request.query, PER_PAGE)
    if (page.number - 1) * page.size >= LISTED:
        raise Invalid(f"a list has at most {LISTED} companies: scroll over them instead", "page")
    return page


async def _listed(call: Call, wanted: CompanyFilter, page: Asked) -> CompanyPage:
    # In a query there may be what no store can be asked for.
    if "\0" in (wanted.name or "") or not (wanted.tag_id is None or re.fullmatch("[0-9]+", wanted.tag_id)):
        return CompanyPage([], 0)
    if wanted.tag_id is not None and call.snapshot.tags.is_gone(wanted.tag_id):
        return CompanyPage([], 0)
    return await call.region.companies.page(call.workspace_id, wanted, *page)


def _list(call: Call, page: Asked, found: CompanyPage, kind: type[CompanyList] = CompanyList) -> CompanyList:
    pages = CompanyPages(None, page.number, page.size, page.pages(found.total))
    if page.has_next(found.total):
        number = page.number + 1
        pages.next = NextCompanies(number, page.size, str(number), following(call, page))
    return kind([shape(call, company) for company in found.companies], pages, found.total)


def _fields(call: Call) -> CompanyFields:
    """The body. Raises Malformed for what is neither a field nor a part of an answer, which is ignored."""
    given = call.body(_GIVEN)
    known = {*CompanyFields.__struct_fields__, *_ANSWERED}
    for name in given:
        if name not in known:
            raise Malformed(f"bad '{name[:255]}' parameter")
    return call.body(_FIELDS)


def company_id_of(fields: CompanyFields) -> str | None:
    return str(fields.company_id) if isinstance(fields.company_id, (str, int)) else None


def wish_of(fields: CompanyFields) -> CompanyWish:
    """What the body asks a company to be known by."""
    given = {name: value for name in _PLAIN if (value := getattr(fields, name)) is not UNSET}
    if isinstance(fields.plan, PlanGiven):
        given["plan"] = fields.plan.name
    if isinstance(fields.size, str):
        given["size"] = int(fields.size)
    if fields.monthly_spend is not UNSET:
        # Intercom cuts off what is behind the point.
        given["monthly_spend"] = int(fields.monthly_spend or 0)
    return CompanyWish(given, fields.custom_attributes or {}, fields.update_last_request_at is True)


_PLAIN = ("name", "plan", "size", "website", "industry", "remote_created_at")
