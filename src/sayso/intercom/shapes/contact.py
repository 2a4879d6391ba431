"""Contacts: the whole object, what is asked of it, and pages of it."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from sayso.http.loose import Identifier, Second
from sayso.intercom.shapes.contact_merge import MergeHistoryItem


class Location(Struct, tag_field="type", tag="location"):
    country: str | None = None
    region: str | None = None
    city: str | None = None
    country_code: str | None = None
    continent_code: str | None = None


class SocialProfile(Struct, tag_field="type", tag="social_profile"):
    name: str
    url: str


class SocialProfiles(Struct, tag_field="type", tag="list"):
    data: list[SocialProfile] = []


class Reference(Struct):
    id: str
    type: str
    url: str


class References(Struct, tag_field="type", tag="list"):
    """A sub-list: at most ten items, the rest at `url`."""

    data: list[Reference]
    url: str
    total_count: int
    has_more: bool


class Contact(Struct, tag_field="type", tag="contact", kw_only=True):
    """Every key is present, null or not: strict clients of 2.11 need them. `avatar` is a URL: it is described as an
    object, but generated clients and Singer taps read a string."""

    id: str
    workspace_id: str
    external_id: str | None = None
    role: Literal["user", "lead"]
    email: str | None = None
    email_domain: str | None = None
    phone: str | None = None
    formatted_phone: str | None = None
    name: str | None = None
    avatar: str | None = None
    owner_id: str | None = None
    social_profiles: SocialProfiles
    has_hard_bounced: bool
    marked_email_as_spam: bool
    unsubscribed_from_emails: bool
    unsubscribed_from_sms: bool
    sms_consent: bool
    created_at: int
    updated_at: int
    signed_up_at: int | None = None
    last_seen_at: int | None = None
    last_replied_at: int | None = None
    last_contacted_at: int | None = None
    last_email_opened_at: int | None = None
    last_email_clicked_at: int | None = None
    language_override: str | None = None
    browser: str | None = None
    browser_version: str | None = None
    browser_language: str | None = None
    os: str | None = None
    location: Location
    android_app_name: str | None = None
    android_app_version: str | None = None
    android_device: str | None = None
    android_os_version: str | None = None
    android_sdk_version: str | None = None
    android_last_seen_at: int | None = None
    ios_app_name: str | None = None
    ios_app_version: str | None = None
    ios_device: str | None = None
    ios_os_version: str | None = None
    ios_sdk_version: str | None = None
    ios_last_seen_at: int | None = None
    custom_attributes: dict[str, Any]
    tags: References
    notes: References
    companies: References
    opted_out_subscription_types: References
    opted_in_subscription_types: References
    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_medium: str | None = None
    utm_source: str | None = None
    utm_term: str | None = None
    referrer: str | None = None
    enabled_push_messaging: bool | None = None
    merge_history: list[MergeHistoryItem] | UnsetType = UNSET


class DeletedContact(Struct):
    """Its `type` is no tag: tags come first, and this one is described as the third."""

    id: str
    external_id: str | None
    type: Literal["contact"] = "contact"
    deleted: bool = True


class NextPage(Struct):
    page: int
    starting_after: str


class Pages(Struct, tag_field="type", tag="pages"):
    """`next` is absent on the last page."""

    page: int
    per_page: int
    total_pages: int
    next: NextPage | UnsetType = UNSET


class ContactList(Struct, tag_field="type", tag="list"):
    data: list[Contact]
    total_count: int
    pages: Pages


class AvatarGiven(Struct):
    image_url: str | None = None


class ContactFields(Struct):
    """What may be said of a contact. A key that is absent leaves things as they are; null empties them."""

    role: Literal["user", "lead"] | UnsetType | None = UNSET
    external_id: Identifier | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    email_verified: bool | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    avatar: str | AvatarGiven | UnsetType | None = UNSET
    signed_up_at: Second | UnsetType | None = UNSET
    last_seen_at: Second | UnsetType | None = UNSET
    owner_id: int | str | UnsetType | None = UNSET
    unsubscribed_from_emails: bool | UnsetType | None = UNSET
    language_override: str | UnsetType | None = UNSET
    custom_attributes: dict[str, str | int | float | bool | None] | UnsetType | None = UNSET
