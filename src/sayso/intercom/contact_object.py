"""Contact objects: what is known of contacts as bytes, in the version asked for, alone and in lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

import msgspec
from msgspec import UNSET, Struct

from sayso.domain.contact import Contact as DomainContact
from sayso.domain.contact import Role
from sayso.domain.standing import LONGEST_KEPT, Choice, Standing
from sayso.domain.subscription_type import Channel, SubscriptionType
from sayso.http.response import Response
from sayso.intercom.attached import attached
from sayso.intercom.call import Call, encode
from sayso.intercom.shapes.company import CompanyContactList
from sayso.intercom.shapes.contact import (
    Contact,
    ContactList,
    Location,
    Pages,
    Reference,
    References,
    SocialProfiles,
)
from sayso.intercom.versions import Version
from sayso.intercom.versions.form import Form, places

#: How many items of a sub-list are embedded.
EMBEDDED = 10

#: How many lists of types are kept until a type changes: there are far fewer ways to choose than contacts.
LISTS = 4_096

#: What is not the same for all contacts, in the order in which they have it.
_VARIABLE = (
    "id",
    "workspace_id",
    "external_id",
    "role",
    "email",
    "email_domain",
    "phone",
    "name",
    "avatar",
    "owner_id",
    "unsubscribed_from_emails",
    "unsubscribed_from_sms",
    "created_at",
    "updated_at",
    "signed_up_at",
    "last_seen_at",
    "language_override",
    "custom_attributes",
    "tags",
    "notes",
    "companies",
    "opted_out_subscription_types",
    "opted_in_subscription_types",
)

#: A list of what hangs on a contact, as JSON before and after the contact's id.
Around = tuple[bytes, bytes]

#: Ids are numbers and hex digits.
_PLACE = "%"

_encode = msgspec.json.encode

_EMAIL, _SMS = Channel.EMAIL, Channel.SMS


def encode_contact(
    version: Version, contact: DomainContact, tags: Sequence[str], types: tuple[Around, Around]
) -> bytes:
    """A contact as JSON. `tags`: those of its tags that there still are; `types`: what `types_told` makes of its
    standing."""
    head, profile, created_at, (_, companies, (noted, notes)) = contact
    workspace_id, contact_id, _, _, updated_at, _, standing = head
    role, external_id, email, phone, name, avatar, owner_id, signed_up_at, seen_at, language, *_, attributes = profile
    stops, id_, (opted_out, opted_in) = standing.stops, contact_id.encode(), types
    return _form(version).filled(
        (
            _encode(contact_id),
            _encode(workspace_id),
            _encode(external_id),
            _ROLE[role],
            _encode(email),
            _encode(email.rpartition("@")[2] if email else None),
            _encode(phone),
            _encode(name),
            _encode(avatar),
            _encode(owner_id),
            _encode(_EMAIL in stops),
            _encode(_SMS in stops),
            _encode(created_at // 1000),
            _encode(updated_at // 1000),
            _encode(signed_up_at),
            _encode(seen_at),
            _encode(language),
            _encode(attributes),
            id_.join(_references("tags", "tag", "tags", tags)),
            id_.join(_references("notes", "note", "notes", notes, noted)),
            id_.join(_references("companies", "company", "companies", companies)),
            id_.join(opted_out),
            id_.join(opted_in),
        )
    )


def object_of(call: Call, contact: DomainContact) -> bytes:
    """A contact as JSON, as the caller's version tells it."""
    tags = call.snapshot.tags.live(contact.links.tags)
    return encode_contact(call.version, contact, tags, _types(call, contact.head.standing))


def page(
    call: Call, kind: type[ContactList | CompanyContactList], objects: Sequence[bytes], total: int, pages: Struct
) -> Response:
    """A page of contacts that are JSON already."""
    values = (b"[" + b",".join(objects) + b"]", _encode(total), _pages(call, pages))
    return Response(_page_form(call.version, kind).filled(values))


def types_told(standing: Standing, types: Mapping[str, SubscriptionType]) -> tuple[Around, Around]:
    """The types that a contact opted out of and into."""
    chosen = attached(standing, types)
    left = [type_.id for type_, choice in chosen if choice is not Choice.GRANTED]
    joined = [type_.id for type_, choice in chosen if choice is Choice.GRANTED]
    path, kind, at = "subscriptions", "subscription", "subscription_types"
    return _references(path, kind, at, left), _references(path, kind, at, joined)


def _types(call: Call, standing: Standing) -> tuple[Around, Around]:
    lists, line = call.rendered("attached"), standing.packed()
    if len(line) > LONGEST_KEPT:
        return types_told(standing, call.types)
    found: tuple[Around, Around] | None = lists.get(line)
    if found is None:
        if len(lists) >= LISTS:
            lists.clear()
        found = lists[line] = types_told(standing, call.types)
    return found


def _references(path: str, kind: str, at: str, ids: Sequence[str], total: int | None = None) -> Around:
    """The list of what hangs on a contact; `total` where there are more than the ids at hand."""
    total = len(ids) if total is None else total
    if not total:
        return _NONE[path]
    shown = [Reference(id_, kind, f"/{at}/{id_}") for id_ in ids[:EMBEDDED]]
    return _around(References(shown, f"/contacts/{_PLACE}/{path}", total, total > EMBEDDED))


def _around(list_: References) -> Around:
    before, after = _encode(list_).split(_PLACE.encode())
    return before, after


@cache
def _form(version: Version) -> Form:
    shape = Contact(
        **places(_VARIABLE),
        social_profiles=SocialProfiles(),
        has_hard_bounced=False,
        marked_email_as_spam=False,
        sms_consent=False,
        location=Location(),
    )
    return Form(version, shape)


def _pages(call: Call, pages: Struct) -> bytes:
    if isinstance(pages, Pages) and pages.next is UNSET:
        return _last(call.version, pages.page, pages.per_page, pages.total_pages)
    return call.encode(pages)


# Most lists end with their first page.
@lru_cache(maxsize=1_024)
def _last(version: Version, page: int, per_page: int, total_pages: int) -> bytes:
    return encode(version, Pages(page, per_page, total_pages))


@cache
def _page_form(version: Version, kind: type[ContactList | CompanyContactList]) -> Form:
    return Form(version, kind(**places(("data", "total_count", "pages"))))


_ROLE = {role: _encode(role.value) for role in Role}

_NONE = {
    path: _around(References([], f"/contacts/{_PLACE}/{path}", 0, has_more=False))
    for path in ("tags", "notes", "companies", "subscriptions")
}
