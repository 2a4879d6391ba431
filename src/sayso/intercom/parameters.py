"""What the queries of lists may hold, for the description: by the shape of the list."""

from __future__ import annotations

from msgspec import Struct

from sayso.http.openapi import Json
from sayso.intercom import (
    company,
    contact,
    contact_activity,
    contact_company,
    contact_merge,
    data_event,
    not_stored,
    note,
    paged,
)
from sayso.intercom.shapes.admin import AdminList
from sayso.intercom.shapes.company import (
    CompanyContactList,
    CompanyList,
    CompanyScroll,
    ContactCompanyList,
    FoundCompanies,
)
from sayso.intercom.shapes.contact import ContactList
from sayso.intercom.shapes.contact_activity import ContactActivityList
from sayso.intercom.shapes.contact_deletion import InactiveContactList
from sayso.intercom.shapes.contact_merge import MergeHistoryList
from sayso.intercom.shapes.data_attribute import DataAttributeList
from sayso.intercom.shapes.data_event import DataEventList
from sayso.intercom.shapes.not_stored import ArticleList, CollectionList, NewsItemList
from sayso.intercom.shapes.note import CompanyNoteList, NoteList
from sayso.intercom.shapes.segment import Segment, SegmentList
from sayso.intercom.shapes.visitor import FoundVisitor


def _query(name: str, description: str, schema: Json, *, required: bool = False) -> Json:
    known = {"name": name, "in": "query", "description": description, "schema": schema}
    return {**known, "required": True} if required else known


def _per_page(default: int, most: int) -> Json:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return _query("per_page", "How many on a page.", schema)


_TEXT = {"type": "string"}

_FLAG = {"type": "boolean"}

_COUNT = _query("include_count", "How many contacts are in it too.", _FLAG)

_STARTING_AFTER = _query("starting_after", "The cursor in `pages.next` of the page before.", _TEXT)

_PAGE = _query("page", "Which page, from 1.", {"type": "integer", "minimum": 1, "maximum": paged.MOST_PAGES})


def _numbered(per_page: int) -> list[Json]:
    return [_per_page(per_page, paged.MOST_PER_PAGE), _PAGE, _STARTING_AFTER]


QUERIES: dict[type[Struct], list[Json]] = {
    ContactList: [_per_page(contact.PER_PAGE, contact.MOST_PER_PAGE), _STARTING_AFTER],
    InactiveContactList: [_per_page(contact.PER_PAGE, contact.MOST_PER_PAGE), _STARTING_AFTER],
    ContactActivityList: [_per_page(contact_activity.PER_PAGE, contact_activity.MOST_PER_PAGE), _STARTING_AFTER],
    MergeHistoryList: [
        _per_page(contact_merge.PER_PAGE, contact_merge.MOST_PER_PAGE),
        _query("order", "The last merge first, or the first one.", {"type": "string", "enum": ["desc", "asc"]}),
        _query("cursor", "The `next_cursor` of the page before.", _TEXT),
    ],
    NoteList: _numbered(note.PER_PAGE),
    FoundVisitor: [_query("user_id", "The visitor's `user_id`: a lead's `external_id`.", _TEXT, required=True)],
    CompanyNoteList: _numbered(note.PER_PAGE),
    Segment: [_COUNT],
    SegmentList: [
        _COUNT,
        _query("type", "With `company`, none: segments are of people.", {"type": "string"}),
    ],
    AdminList: [_query("display_avatar", "Our admins have none: it is taken, and changes nothing.", _FLAG)],
    DataAttributeList: [
        _query("model", "Of which objects.", {"type": "string", "enum": ["contact", "company", "conversation"]}),
        _query("include_archived", "Archived ones too.", _FLAG),
    ],
    DataEventList: [
        _query("type", "Always `user`, for leads too.", {"type": "string", "enum": ["user"]}, required=True),
        _query("user_id", "The customer's own id of the contact.", _TEXT),
        _query("intercom_user_id", "The contact's id; leads are named by it.", _TEXT),
        _query("email", "A user's email.", _TEXT),
        _query("summary", "How often each event happened, in the place of the events.", {"type": "boolean"}),
        _per_page(data_event.PER_PAGE, data_event.MOST_PER_PAGE),
        _query("before", "Events before a time in seconds, or what `pages.next` has.", _TEXT),
        _query("since", "Events after a time in seconds, or what `pages.since` has.", _TEXT),
    ],
    FoundCompanies: [
        _query("company_id", "The customer's own id of the company.", _TEXT),
        _query("name", "The name of the companies.", _TEXT),
        _query("tag_id", "A tag that the companies have.", _TEXT),
        _query("segment_id", "A segment that the companies are in.", _TEXT),
        *_numbered(company.PER_PAGE),
    ],
    CompanyList: [
        *_numbered(company.PER_PAGE),
        _query("order", "By the time of the last request.", {"type": "string", "enum": ["asc", "desc"]}),
    ],
    CompanyScroll: [_query("scroll_param", "The `scroll_param` of the page before.", _TEXT)],
    CompanyContactList: _numbered(company.CONTACTS_PER_PAGE),
    ContactCompanyList: _numbered(contact_company.PER_PAGE),
    ArticleList: [_per_page(not_stored.ARTICLES_PER_PAGE, paged.MOST_PER_PAGE), _PAGE],
    CollectionList: [_per_page(not_stored.PER_PAGE, paged.MOST_PER_PAGE), _PAGE],
    NewsItemList: [_per_page(not_stored.NEWS_PER_PAGE, paged.MOST_PER_PAGE), _PAGE],
}
