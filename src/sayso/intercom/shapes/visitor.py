"""Visitors: the whole object, what is said of one, and what one is converted to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from sayso.domain.contact import Contact
from sayso.domain.subscription_type import Channel
from sayso.domain.tag import Tag
from sayso.http.loose import Identifier
from sayso.intercom.shapes.company import Company, CompanyTags
from sayso.intercom.shapes.tag import TagBasic


class VisitorAvatar(Struct, tag_field="type", tag="avatar"):
    image_url: str | None


class VisitorCompanies(Struct, tag_field="type", tag="company.list"):
    companies: list[Company]


class VisitorSegments(Struct, tag_field="type", tag="segment.list"):
    """Their ids."""

    segments: list[str]


class VisitorProfiles(Struct, tag_field="type", tag="social_profile.list"):
    social_profiles: list[str] = []


class Visitor(Struct, tag_field="type", tag="visitor", kw_only=True):
    """The same in every version. `email` is empty where there is none; `user_id` is the contact's `external_id`."""

    id: str
    user_id: str
    anonymous: bool = True
    email: str
    phone: str | None
    name: str | None
    pseudonym: str | None = None
    avatar: VisitorAvatar
    app_id: str
    companies: VisitorCompanies
    location_data: dict[str, str] = {}
    last_request_at: int | None
    created_at: int
    remote_created_at: int
    signed_up_at: int
    updated_at: int
    session_count: int = 0
    social_profiles: VisitorProfiles
    owner_id: str | None
    unsubscribed_from_emails: bool
    marked_email_as_spam: bool = False
    has_hard_bounced: bool = False
    tags: CompanyTags
    segments: VisitorSegments
    custom_attributes: dict[str, Any]
    referrer: str | None = None
    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_medium: str | None = None
    utm_source: str | None = None
    utm_term: str | None = None
    do_not_track: bool | None = None

    @classmethod
    def of(
        cls, contact: Contact, companies: Sequence[Company], tags: Iterable[Tag], segments: Sequence[str]
    ) -> Visitor:
        """`companies`, `tags` and `segments` are those that the contact has."""
        profile, created_at = contact.profile, contact.created_at // 1000
        return cls(
            id=contact.id,
            user_id=profile.external_id or "",
            email=profile.email or "",
            phone=profile.phone,
            name=profile.name,
            avatar=VisitorAvatar(profile.avatar),
            app_id=contact.head.workspace_id,
            companies=VisitorCompanies(list(companies)),
            last_request_at=profile.last_seen_at,
            created_at=created_at,
            remote_created_at=created_at,
            signed_up_at=created_at if profile.signed_up_at is None else profile.signed_up_at,
            updated_at=contact.head.updated_at // 1000,
            social_profiles=VisitorProfiles(),
            owner_id=profile.owner_id,
            unsubscribed_from_emails=Channel.EMAIL in contact.head.standing.stops,
            tags=CompanyTags([TagBasic(tag.id, tag.name) for tag in tags]),
            segments=VisitorSegments(list(segments)),
            custom_attributes=dict(profile.custom_attributes),
        )


class FoundVisitor(Visitor, tag_field="type", tag="visitor", kw_only=True):
    """A visitor that was looked for by its `user_id`."""


class VisitorFields(Struct):
    """Which visitor, by our id or by its `user_id`, and what is said of it."""

    id: Identifier | UnsetType | None = UNSET
    user_id: Identifier | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    custom_attributes: dict[str, str | int | float | bool | None] | UnsetType | None = UNSET


class VisitorIdentity(Struct):
    """One of these is enough; the first one counts."""

    id: Identifier | UnsetType | None = UNSET
    user_id: Identifier | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET


class ConversionFields(Struct):
    """Which visitor, and whom or what it becomes: `user` names a contact of the role `type`, or what the visitor is
    known by from then on."""

    type: Literal["lead", "user"] | UnsetType = UNSET
    user: VisitorIdentity | UnsetType = UNSET
    visitor: VisitorIdentity | UnsetType = UNSET
