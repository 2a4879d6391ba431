"""The calls of Nango's actions and syncs for contacts, companies, tags and notes, with what they demand of answers.

Nango publishes them as source on GitHub and not as a package, so these are the facts about them in our words: method,
path, version, parameters, paging, and the fields that their schemas require, with their types.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeVar

import httpx2
import msgspec
from msgspec import UNSET, Struct, UnsetType

T = TypeVar("T")

#: What nearly all of them name in a header; `UNNAMED` where they name no version.
VERSION = {"Intercom-Version": "2.11"}
UNNAMED: dict[str, str] = {}


class Contact(Struct):
    id: str
    role: Literal["user", "lead"]
    created_at: int
    updated_at: int
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    external_id: str | None = None
    avatar: str | None = None
    last_seen_at: int | None = None


class Reference(Struct):
    type: str
    id: str


class Location(Struct):
    type: str
    country: str | None
    city: str | None
    region: str | None


class References(Struct):
    type: str
    data: list[Reference]
    url: str


class WholeContact(Contact, kw_only=True):
    """What the action for one contact demands, but for a name of each tag and company, which Intercom does not give
    either: the action fails on contacts that have any."""

    type: str
    workspace_id: str
    owner_id: int | None
    has_hard_bounced: bool
    marked_email_as_spam: bool
    unsubscribed_from_emails: bool
    signed_up_at: int | None
    last_replied_at: int | None
    last_contacted_at: int | None
    last_email_opened_at: int | None
    last_email_clicked_at: int | None
    language_override: str | None
    browser: str | None
    os: str | None
    location: Location | None
    android_device: str | None
    ios_device: str | None
    tags: References
    notes: References
    companies: References
    custom_attributes: dict[str, Any]


class Following(Struct):
    starting_after: str


class Pages(Struct):
    """`next` may be absent and not null."""

    page: int
    per_page: int
    total_pages: int
    next: Following | UnsetType = UNSET


class ContactList(Struct):
    type: Literal["list"]
    data: list[Contact]
    total_count: int
    pages: Pages


class CompanyContactPages(Struct):
    type: str
    page: int
    per_page: int
    total_pages: int


class CompanyContactList(Struct):
    type: str
    data: list[Contact]
    total_count: int
    pages: CompanyContactPages


class Plan(Struct):
    id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET


class Company(Struct):
    type: str
    id: str
    company_id: str
    name: str
    app_id: str
    created_at: int
    updated_at: int
    plan: Plan | UnsetType = UNSET
    size: int | UnsetType = UNSET
    website: str | UnsetType = UNSET
    industry: str | UnsetType = UNSET
    monthly_spend: int | UnsetType = UNSET
    remote_created_at: int | UnsetType = UNSET
    last_request_at: int | UnsetType = UNSET


class CompanyPages(Struct):
    """Only the last page fits: others of 2.11 have a URL."""

    next: Following | None = None


class CompanyList(Struct):
    data: list[Company]
    pages: CompanyPages
    total_count: int


class CompanyScroll(Struct):
    data: list[Company]
    scroll_param: str | None


class Identified(Struct):
    id: str


class Person(Struct):
    type: str
    id: str
    name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET


class Note(Struct):
    type: str
    id: str
    created_at: int
    body: str
    contact: Reference | None
    author: Person | None


class NotePages(Struct):
    next: Following | None = None


class NoteList(Struct):
    data: list[Note]
    pages: NotePages


class Tag(Struct):
    id: str
    name: str
    type: str
    created_at: int | UnsetType = UNSET


class TagList(Struct):
    type: str
    data: list[Tag]
    pages: Pages | UnsetType = UNSET


class Admin(Struct):
    id: str
    type: str
    name: str | None
    email: str | None
    away_mode_enabled: bool
    away_mode_reassign: bool
    has_inbox_seat: bool
    team_ids: list[int]
    job_title: str | None = None
    avatar: str | None = None


class AdminList(Struct):
    admins: list[Admin]


class Segment(Struct):
    id: str
    name: str
    type: str | UnsetType = UNSET
    created_at: int | UnsetType = UNSET


class SegmentList(Struct):
    segments: list[Segment]
    pages: Pages | UnsetType = UNSET


class Nango:
    """Actions and syncs by their names there."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def create_contact(self, **fields: Any) -> Contact:
        return self._ask(Contact, "POST", "/contacts", VERSION, json=fields)

    def get_contact(self, contact_id: str) -> WholeContact:
        return self._ask(WholeContact, "GET", f"/contacts/{contact_id}", VERSION)

    def update_contact(self, contact_id: str, **fields: Any) -> Contact:
        return self._ask(Contact, "PUT", f"/contacts/{contact_id}", VERSION, json=fields)

    def delete_contact(self, contact_id: str) -> Identified:
        return self._ask(Identified, "DELETE", f"/contacts/{contact_id}", UNNAMED)

    def merge_contacts(self, lead_id: str, user_id: str) -> Contact:
        return self._ask(Contact, "POST", "/contacts/merge", VERSION, json={"from": lead_id, "into": user_id})

    def list_contacts(self) -> Iterator[Contact]:
        """Page by page, as its caller passes cursors on."""
        query: dict[str, Any] = {"per_page": 150}
        while True:
            found = self._ask(ContactList, "GET", "/contacts", VERSION, params=query)
            yield from found.data
            if found.pages.next is UNSET:
                return
            query["starting_after"] = found.pages.next.starting_after

    def search_contacts(self, query: Any) -> ContactList:
        body = {"query": query, "pagination": {"per_page": 50}}
        return self._ask(ContactList, "POST", "/contacts/search", VERSION, json=body)

    def sync_contacts(self) -> Iterator[Contact]:
        """Those updated since a time; a page's cursor goes into the body of the next request."""
        updated = {"operator": "AND", "value": [{"field": "updated_at", "operator": ">", "value": 1_600_000_000}]}
        pagination: dict[str, Any] = {"per_page": 150}
        while True:
            body = {"query": updated, "pagination": pagination}
            found = self._ask(ContactList, "POST", "/contacts/search", VERSION, json=body)
            yield from found.data
            if found.pages.next is UNSET:
                return
            pagination["starting_after"] = found.pages.next.starting_after

    def create_company(self, **fields: Any) -> Company:
        return self._ask(Company, "POST", "/companies", VERSION, json=fields)

    def get_company(self, company_id: str) -> Company:
        return self._ask(Company, "GET", f"/companies/{company_id}", VERSION)

    def update_company(self, company_id: str, **fields: Any) -> Company:
        return self._ask(Company, "PUT", f"/companies/{company_id}", UNNAMED, json=fields)

    def delete_company(self, company_id: str) -> Identified:
        return self._ask(Identified, "DELETE", f"/companies/{company_id}", VERSION)

    def list_companies(self, per_page: int) -> CompanyList:
        return self._ask(CompanyList, "GET", "/companies", VERSION, params={"per_page": str(per_page)})

    def sync_companies(self) -> Iterator[Company]:
        """A scroll until a page has no `scroll_param`."""
        query: dict[str, Any] = {"per_page": 100}
        while True:
            found = self._ask(CompanyScroll, "GET", "/companies/scroll", VERSION, params=query)
            yield from found.data
            if not found.scroll_param:
                return
            query["scroll_param"] = found.scroll_param

    def attach_contact_to_company(self, contact_id: str, company_id: str) -> Identified:
        return self._ask(Identified, "POST", f"/contacts/{contact_id}/companies", VERSION, json={"id": company_id})

    def detach_contact_from_company(self, contact_id: str, company_id: str) -> Identified:
        return self._ask(Identified, "DELETE", f"/contacts/{contact_id}/companies/{company_id}", VERSION)

    def list_company_contacts(self, company_id: str) -> Iterator[Contact]:
        """By the number of the page, while there are more pages."""
        page = more = 1
        while page <= more:
            query = {"per_page": 50, "page": page}
            found = self._ask(CompanyContactList, "GET", f"/companies/{company_id}/contacts", VERSION, params=query)
            yield from found.data
            page, more = page + 1, found.pages.total_pages

    def create_tag(self, name: str) -> Tag:
        return self._ask(Tag, "POST", "/tags", UNNAMED, json={"name": name})

    def tag_contacts(self, name: str, *users: dict[str, Any]) -> Tag:
        return self._ask(Tag, "POST", "/tags", VERSION, json={"name": name, "users": users})

    def tag_companies(self, name: str, *companies: dict[str, Any]) -> Tag:
        return self._ask(Tag, "POST", "/tags", VERSION, json={"name": name, "companies": companies})

    def list_tags(self) -> TagList:
        """What is said of pages is ignored: there is one."""
        return self._ask(TagList, "GET", "/tags", UNNAMED, params={"per_page": "150"})

    def create_note(self, contact_id: str, body: str) -> Note:
        return self._ask(Note, "POST", f"/contacts/{contact_id}/notes", VERSION, json={"body": body})

    def list_notes(self, contact_id: str) -> NoteList:
        return self._ask(NoteList, "GET", f"/contacts/{contact_id}/notes", UNNAMED, params={"per_page": 1})

    def list_admins(self) -> AdminList:
        return self._ask(AdminList, "GET", "/admins", VERSION, params={"per_page": 150})

    def get_admin(self, admin_id: str) -> Admin:
        return self._ask(Admin, "GET", f"/admins/{admin_id}", VERSION)

    def sync_segments(self) -> SegmentList:
        return self._ask(SegmentList, "GET", "/segments", VERSION, params={"per_page": 1})

    def _ask(self, shape: type[T], method: str, path: str, headers: dict[str, str], **request: Any) -> T:
        answer = self._client.request(method, path, headers=headers, **request)
        assert 200 == answer.status_code, f"{method} {path}: {answer.text}"
        return msgspec.convert(answer.json(), shape)
