"""The table of contents of Intercom's surface: method, path, handler, scope, and the version it came with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msgspec import Struct

from sayso.domain.access import Scope
from sayso.http.response import Response
from sayso.intercom import (
    admin,
    company,
    company_bulk,
    company_note,
    company_search,
    contact,
    contact_activity,
    contact_archive,
    contact_bulk,
    contact_company,
    contact_deletion,
    contact_merge,
    contact_merge_preview,
    contact_subscription,
    contact_tag,
    data_attribute,
    data_event,
    me,
    not_stored,
    note,
    search,
    segment,
    subscription_type,
    tag,
    visitor,
)
from sayso.intercom.call import Call
from sayso.intercom.shapes.admin import Admin, AdminList
from sayso.intercom.shapes.bulk import (
    CompaniesBulkJob,
    ContactsBulkJob,
    CreateCompanies,
    CreateContacts,
    DeleteCompanies,
    DeleteContacts,
    UpdateCompanies,
    UpdateContacts,
)
from sayso.intercom.shapes.company import (
    AttachCompany,
    Company,
    CompanyContactList,
    CompanyFields,
    CompanyList,
    CompanyScroll,
    CompanySegmentList,
    ContactCompanyList,
    DeletedCompany,
    FoundCompanies,
)
from sayso.intercom.shapes.contact import Contact, ContactFields, ContactList, DeletedContact
from sayso.intercom.shapes.contact_activity import ContactActivityList
from sayso.intercom.shapes.contact_archive import ArchivedContact, BlockedContact
from sayso.intercom.shapes.contact_deletion import DeletionFields, DeletionRequest, InactiveContactList
from sayso.intercom.shapes.contact_merge import AllowedMerge, MergeFields, MergeHistoryList
from sayso.intercom.shapes.data_attribute import DataAttribute, DataAttributeFields, DataAttributeList, NewDataAttribute
from sayso.intercom.shapes.data_event import (
    Accepted,
    DataEventFields,
    DataEventList,
    DataEventSummariesFields,
)
from sayso.intercom.shapes.me import Me
from sayso.intercom.shapes.not_stored import (
    ActivityLogEventTypeList,
    ActivityLogList,
    ActivityLogSearch,
    ArticleList,
    CollectionList,
    ConversationList,
    NewsItemList,
    TeamList,
    TicketList,
    TicketTypeList,
)
from sayso.intercom.shapes.note import CompanyNote, CompanyNoteList, Note, NoteFields, NoteList
from sayso.intercom.shapes.search import CompanySearchRequest, FoundContacts, SearchedCompanies, SearchRequest
from sayso.intercom.shapes.segment import ContactSegmentList, Segment, SegmentList
from sayso.intercom.shapes.subscription_type import AttachSubscriptionType, SubscriptionType, SubscriptionTypeList
from sayso.intercom.shapes.tag import DeletedTag, SavedTag, Tag, TagBasic, TagChoice, TagFields, TagList
from sayso.intercom.shapes.visitor import ConversionFields, FoundVisitor, Visitor, VisitorFields
from sayso.intercom.versions import Version

READ, WRITE = Scope.READ, Scope.WRITE


@dataclass(frozen=True, slots=True)
class Route:
    """`answer` and `body` are the shapes of a success, which has `status`, and of the request. `writes` is set where
    a route with scope read writes all the same: it is never cancelled.
    """

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Response]]
    scope: Scope
    summary: str
    answer: type[Struct]
    body: type[Struct] | None = None
    since: Version = Version.V2_7
    status: int = 200
    writes: bool = False

    @property
    def names_contact(self) -> bool:
        """Whether the first parameter is a contact's id."""
        return self.path.startswith(("/contacts/{id}", "/contacts/{contact_id}"))


# fmt: off
#: Lists of what Intercom keeps and Sayso does not.
NOT_STORED = (
    Route("GET", "/admins/activity_logs", not_stored.activity_logs, READ, "List activity logs", ActivityLogList),
    Route("POST", "/admins/activity_logs/search", not_stored.search_activity_logs, READ, "Search activity logs", ActivityLogList, ActivityLogSearch, since=Version.V2_16),
    Route("GET", "/admins/activity_log_event_types", not_stored.activity_log_event_types, READ, "List the types of activity logs", ActivityLogEventTypeList, since=Version.V2_16),
    Route("GET", "/teams", not_stored.teams, READ, "List teams", TeamList),
    Route("GET", "/conversations", not_stored.conversations, READ, "List conversations", ConversationList),
    Route("POST", "/conversations/search", not_stored.search_conversations, READ, "Search conversations", ConversationList, SearchRequest),
    Route("POST", "/tickets/search", not_stored.search_tickets, READ, "Search tickets", TicketList, SearchRequest, since=Version.V2_10),
    Route("GET", "/ticket_types", not_stored.ticket_types, READ, "List ticket types", TicketTypeList, since=Version.V2_9),
    Route("GET", "/articles", not_stored.articles, READ, "List articles", ArticleList),
    Route("GET", "/help_center/collections", not_stored.collections, READ, "List collections of articles", CollectionList),
    Route("GET", "/news/news_items", not_stored.news_items, READ, "List news items", NewsItemList),
)

ROUTES = (
    Route("GET", "/me", me.identify, READ, "Identify an admin", Me),
    Route("GET", "/admins", admin.list_all, READ, "List admins", AdminList),
    Route("GET", "/admins/{admin_id}", admin.find, READ, "Find an admin", Admin),
    Route("GET", "/data_attributes", data_attribute.list_all, READ, "List data attributes", DataAttributeList),
    Route("POST", "/data_attributes", data_attribute.create, WRITE, "Create a data attribute", DataAttribute, NewDataAttribute),
    Route("PUT", "/data_attributes/{data_attribute_id}", data_attribute.update, WRITE, "Update a data attribute", DataAttribute, DataAttributeFields),
    Route("GET", "/segments", segment.list_all, READ, "List segments", SegmentList),
    Route("GET", "/segments/{segment_id}", segment.find, READ, "Find a segment", Segment),
    Route("GET", "/contacts/{contact_id}/segments", segment.list_of_contact, READ, "List a contact's segments", ContactSegmentList),
    Route("GET", "/tags", tag.list_all, READ, "List tags", TagList),
    Route("POST", "/tags", tag.save, WRITE, "Create or update a tag, tag and untag users and companies", SavedTag, TagFields),
    Route("GET", "/tags/{tag_id}", tag.find, READ, "Find a tag", TagBasic),
    Route("DELETE", "/tags/{tag_id}", tag.delete, WRITE, "Delete a tag", DeletedTag),
    Route("GET", "/contacts/{contact_id}/tags", contact_tag.list_of_contact, READ, "List a contact's tags", TagList),
    Route("POST", "/contacts/{contact_id}/tags", contact_tag.tag, WRITE, "Tag a contact", Tag, TagChoice),
    Route("DELETE", "/contacts/{contact_id}/tags/{tag_id}", contact_tag.untag, WRITE, "Untag a contact", Tag),
    Route("GET", "/subscription_types", subscription_type.list_all, READ, "List subscription types", SubscriptionTypeList),
    Route("GET", "/subscription_types/{id}", subscription_type.find, READ, "Find a subscription type", SubscriptionType),
    Route("GET", "/contacts", contact.list_all, READ, "List contacts", ContactList),
    Route("POST", "/contacts", contact.create, WRITE, "Create a contact", Contact, ContactFields),
    Route("GET", "/contacts/find_by_external_id/{external_id}", contact.find_by_external_id, READ, "Find a contact by external id", Contact, since=Version.V2_13),
    Route("POST", "/contacts/search", search.contacts, READ, "Search contacts", FoundContacts, SearchRequest),
    Route("POST", "/contacts/bulk", contact_bulk.create, WRITE, "Create contacts in bulk", ContactsBulkJob, CreateContacts, since=Version.PREVIEW, status=202),
    Route("PUT", "/contacts/bulk", contact_bulk.update, WRITE, "Update contacts in bulk", ContactsBulkJob, UpdateContacts, since=Version.PREVIEW, status=202),
    Route("POST", "/contacts/bulk/delete", contact_bulk.delete, WRITE, "Delete contacts in bulk", ContactsBulkJob, DeleteContacts, since=Version.PREVIEW, status=202),
    Route("GET", "/contacts/bulk/{id}", contact_bulk.find, READ, "Find a bulk job for contacts", ContactsBulkJob, since=Version.PREVIEW),
    Route("GET", "/contacts/deleted", contact_deletion.list_inactive, READ, "List archived, blocked, merged and deleted contacts", InactiveContactList, since=Version.PREVIEW),
    Route("GET", "/contacts/activities", contact_activity.list_all, READ, "List activities of contacts", ContactActivityList, since=Version.PREVIEW),
    Route("GET", "/contacts/{id}", contact.find, READ, "Find a contact", Contact),
    Route("PUT", "/contacts/{id}", contact.update, WRITE, "Update a contact", Contact, ContactFields),
    Route("DELETE", "/contacts/{id}", contact.delete, WRITE, "Delete a contact", DeletedContact),
    Route("POST", "/contacts/{id}/archive", contact_archive.archive, WRITE, "Archive a contact", ArchivedContact),
    Route("POST", "/contacts/{id}/unarchive", contact_archive.unarchive, WRITE, "Unarchive a contact", ArchivedContact),
    Route("POST", "/contacts/{id}/block", contact_archive.block, WRITE, "Block a contact", BlockedContact, since=Version.V2_13),
    Route("POST", "/contacts/merge/preview", contact_merge_preview.preview, READ, "Preview a merge", AllowedMerge, MergeFields, since=Version.PREVIEW),
    Route("GET", "/visitors", visitor.find, READ, "Find a visitor by its user_id", FoundVisitor),
    Route("PUT", "/visitors", visitor.update, WRITE, "Update a visitor", Visitor, VisitorFields),
    Route("GET", "/visitors/{id}", visitor.find_by_id, READ, "Find a visitor", Visitor),
    Route("POST", "/visitors/convert", visitor.convert, WRITE, "Convert a visitor to a lead or a user", Contact, ConversionFields),
    Route("POST", "/contacts/merge", contact_merge.merge, WRITE, "Merge a lead and a user", Contact, MergeFields),
    Route("GET", "/contacts/{id}/merge_history", contact_merge.history, READ, "List what was merged into a contact", MergeHistoryList, since=Version.V2_16),
    Route("GET", "/contacts/{contact_id}/subscriptions", contact_subscription.list_of_contact, READ, "List a contact's subscriptions", SubscriptionTypeList),
    Route("POST", "/contacts/{contact_id}/subscriptions", contact_subscription.attach, WRITE, "Attach a subscription type to a contact", SubscriptionType, AttachSubscriptionType),
    Route("DELETE", "/contacts/{contact_id}/subscriptions/{subscription_id}", contact_subscription.detach, WRITE, "Detach a subscription type from a contact", SubscriptionType),
    Route("GET", "/contacts/{contact_id}/notes", note.list_of_contact, READ, "List a contact's notes", NoteList),
    Route("POST", "/contacts/{contact_id}/notes", note.create, WRITE, "Create a note on a contact", Note, NoteFields),
    Route("GET", "/notes/{note_id}", note.find, READ, "Find a note", Note),
    Route("GET", "/events", data_event.list_of_contact, READ, "List a contact's data events", DataEventList),
    Route("POST", "/events", data_event.submit, WRITE, "Submit a data event", Accepted, DataEventFields, status=202),
    Route("POST", "/events/summaries", data_event.summarize, WRITE, "Create data event summaries", Accepted, DataEventSummariesFields),
    Route("GET", "/companies", company.list_some, READ, "Find companies", FoundCompanies),
    Route("POST", "/companies", company.put, WRITE, "Create or update a company", Company, CompanyFields),
    Route("POST", "/companies/list", company.list_all, READ, "List companies", CompanyList),
    Route("GET", "/companies/scroll", company.scroll, READ, "Scroll over all companies", CompanyScroll, writes=True),
    Route("POST", "/companies/bulk", company_bulk.create, WRITE, "Create or update companies in bulk", CompaniesBulkJob, CreateCompanies, since=Version.PREVIEW, status=202),
    Route("PUT", "/companies/bulk", company_bulk.update, WRITE, "Update companies in bulk", CompaniesBulkJob, UpdateCompanies, since=Version.PREVIEW, status=202),
    Route("POST", "/companies/bulk/delete", company_bulk.delete, WRITE, "Delete companies in bulk", CompaniesBulkJob, DeleteCompanies, since=Version.PREVIEW, status=202),
    Route("GET", "/companies/bulk/{id}", company_bulk.find, READ, "Find a bulk job for companies", CompaniesBulkJob, since=Version.PREVIEW),
    Route("POST", "/companies/search", company_search.companies, READ, "Search companies", SearchedCompanies, CompanySearchRequest, since=Version.PREVIEW),
    Route("GET", "/companies/{id}", company.find, READ, "Find a company", Company),
    Route("PUT", "/companies/{id}", company.update, WRITE, "Update a company", Company, CompanyFields),
    Route("DELETE", "/companies/{id}", company.delete, WRITE, "Delete a company", DeletedCompany),
    Route("GET", "/companies/{id}/contacts", company.contacts, READ, "List a company's contacts", CompanyContactList),
    Route("GET", "/companies/{id}/segments", company.segments, READ, "List a company's segments", CompanySegmentList),
    Route("GET", "/companies/{id}/notes", company_note.list_of_company, READ, "List a company's notes", CompanyNoteList, since=Version.V2_15),
    Route("POST", "/companies/{id}/notes", company_note.create, WRITE, "Create a note on a company", CompanyNote, NoteFields, since=Version.V2_16),
    Route("GET", "/contacts/{contact_id}/companies", contact_company.list_of_contact, READ, "List a contact's companies", ContactCompanyList),
    Route("POST", "/contacts/{contact_id}/companies", contact_company.attach, WRITE, "Attach a contact to a company", Company, AttachCompany),
    Route("DELETE", "/contacts/{contact_id}/companies/{id}", contact_company.detach, WRITE, "Detach a contact from a company", Company),
    Route("POST", "/user_delete_requests", contact_deletion.request, WRITE, "Request the deletion of a contact", DeletionRequest, DeletionFields),
    *NOT_STORED,
)
# fmt: on
