"""A contact's companies: list, attach, detach."""

from __future__ import annotations

import msgspec

from sayso.domain.errors import Missing
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.company import shape
from sayso.intercom.paged import asked, following
from sayso.intercom.shapes.company import AttachCompany, ContactCompanyList, LinkPages

PER_PAGE = 50

_ATTACH: msgspec.json.Decoder[AttachCompany | None] = msgspec.json.Decoder(AttachCompany | None)


async def list_of_contact(call: Call) -> Response:
    """The companies of a contact, in the order in which it came to them."""
    page = asked(call.request.query, PER_PAGE)
    found = await call.region.contact_companies.companies(call.workspace_id, call.parameters[0], *page)
    link = following(call, page) if page.has_next(found.total) else None
    data = [shape(call, company) for company in found.companies]
    return call.reply(
        ContactCompanyList(data, data, LinkPages(link, page.number, page.size, page.pages(found.total)), found.total)
    )


async def attach(call: Call) -> Response:
    """Make a contact belong to a company, of a thousand at most; again is no mistake."""
    body = call.body(_ATTACH)
    if body is None or not isinstance(body.id, (str, int)) or body.id == "":
        raise Missing("company not specified", "id")
    attached = await call.region.contact_companies.attach(
        call.author, call.workspace_id, call.parameters[0], str(body.id)
    )
    return call.reply(shape(call, attached))


async def detach(call: Call) -> Response:
    """End that a contact belongs to a company."""
    contact_id, company_id = call.parameters
    detached = await call.region.contact_companies.detach(call.author, call.workspace_id, contact_id, company_id)
    return call.reply(shape(call, detached))
