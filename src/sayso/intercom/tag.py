"""Tags of a workspace: list, find, make, rename, delete; and many contacts and companies tagged at once."""

from __future__ import annotations

import msgspec

from sayso.domain.errors import Invalid
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.tag import (
    CompanyMarking,
    DeletedTag,
    MarkedThing,
    SavedTag,
    Tag,
    TagBasic,
    TagFields,
    TagList,
    UserMarking,
)
from sayso.intercom.versions import Version
from sayso.service.contact_tag import Marking

#: How many users and companies are tagged by one request.
MOST_AT_ONCE = 100

_FIELDS = msgspec.json.Decoder(TagFields)


async def list_all(call: Call) -> Response:
    """Every tag of the workspace, in order of creation."""
    return call.reply(TagList([Tag.of(tag) for tag in await call.region.tags.all(call.workspace_id)]))


async def find(call: Call) -> Response:
    """One tag."""
    tag = await call.region.tags.find(call.workspace_id, call.parameters[0])
    return call.reply(TagBasic(tag.id, tag.name))


async def save(call: Call) -> Response:
    """Find or make the tag of a name, whatever its case; with an id, rename one. With users or companies the tag is put
    on them, or taken from those with `untag`, at most 100. All of them must be there; Preview leaves out those that are
    not."""
    fields = call.body(_FIELDS)
    users = [_user(one) for one in fields.users or ()]
    companies = [_company(one) for one in fields.companies or ()]
    if users or companies:
        return await _mark(call, fields, users, companies)
    name = _name(fields)
    if fields.id:
        tag = await call.region.tags.rename(call.workspace_id, str(fields.id), name)
    else:
        tag = await call.region.tags.named(call.workspace_id, name)
    return call.reply(SavedTag(tag.id, tag.name))


async def delete(call: Call) -> Response:
    """Delete a tag: from then on nobody has it. Contacts and companies that had it are not changed otherwise."""
    tag_id = call.parameters[0]
    await call.region.tags.delete(call.workspace_id, tag_id)
    return call.reply(DeletedTag(tag_id))


async def _mark(call: Call, fields: TagFields, users: list[Marking], companies: list[Marking]) -> Response:
    if len(users) + len(companies) > MOST_AT_ONCE:
        raise Invalid(f"at most {MOST_AT_ONCE} users and companies are tagged at once")
    tag = str(fields.id) if fields.id else _name(fields)
    done = await call.region.contact_tags.mark(
        call.author,
        call.workspace_id,
        tag,
        call.admin_id,
        users,
        companies,
        by_id=bool(fields.id),
        skip_missing=call.version is Version.PREVIEW,
    )
    told = [[MarkedThing(*one) for one in kind] for kind in (done.contacts, done.companies)]
    return call.reply(SavedTag(done.tag.id, done.tag.name, *told))


def _name(fields: TagFields) -> str:
    if not isinstance(fields.name, str):
        raise Invalid("invalid tag parameters", "name")
    return fields.name


def _user(given: UserMarking) -> Marking:
    named = given.external_id or given.user_id
    return _marking("users", given.id, named, given.email or None, untag=given.untag in (True, "true"))


def _company(given: CompanyMarking) -> Marking:
    return _marking("companies", given.id, given.company_id, None, untag=given.untag in (True, "true"))


def _marking(field: str, id_: object, external_id: object, email: str | None, *, untag: bool) -> Marking:
    if not (id_ or external_id or email):
        raise Invalid("invalid tag parameters", field)
    return Marking(str(id_) if id_ else None, str(external_id) if external_id else None, email or None, untag)
