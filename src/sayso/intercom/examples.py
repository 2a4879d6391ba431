"""One example of each shape, for the description."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct

from sayso.domain.contact import Contact as DomainContact
from sayso.domain.contact import ContactState, Head, Profile, Role
from sayso.domain.ledger import Chain
from sayso.domain.standing import Standing
from sayso.intercom.contact_object import encode_contact, types_told
from sayso.intercom.shapes import bulk, me, search
from sayso.intercom.shapes import company as companies
from sayso.intercom.shapes import not_stored as empty
from sayso.intercom.shapes.admin import Admin, AdminList
from sayso.intercom.shapes.contact import Contact, ContactFields, ContactList, DeletedContact, Pages
from sayso.intercom.shapes.contact_activity import ActivityPages, ContactActivity, ContactActivityList
from sayso.intercom.shapes.contact_archive import ArchivedContact, BlockedContact
from sayso.intercom.shapes.contact_deletion import DeletionFields, DeletionRequest, InactiveContact, InactiveContactList
from sayso.intercom.shapes.contact_merge import (
    AllowedMerge,
    MergedField,
    MergedFields,
    MergeFields,
    MergeHistoryItem,
    MergeHistoryList,
    MergeSummary,
    Reassigned,
    Reassignments,
)
from sayso.intercom.shapes.data_attribute import DataAttribute, DataAttributeFields, DataAttributeList, NewDataAttribute
from sayso.intercom.shapes.data_event import (
    Accepted,
    DataEvent,
    DataEventFields,
    DataEventList,
    DataEventPages,
    DataEventSummariesFields,
    DataEventSummaryFields,
)
from sayso.intercom.shapes.note import (
    CompanyNote,
    CompanyNoteList,
    CompanyNoteReference,
    Note,
    NotedCompany,
    NotedContact,
    NoteFields,
    NoteList,
    NotePages,
)
from sayso.intercom.shapes.segment import ContactSegmentList, Segment, SegmentList
from sayso.intercom.shapes.subscription_type import (
    AttachSubscriptionType,
    SubscriptionType,
    SubscriptionTypeList,
    Translation,
)
from sayso.intercom.shapes.tag import (
    AppliedBy,
    DeletedTag,
    MarkedThing,
    SavedTag,
    Tag,
    TagBasic,
    TagChoice,
    TagFields,
    TagList,
    UserMarking,
)
from sayso.intercom.shapes.visitor import ConversionFields, FoundVisitor, Visitor, VisitorFields, VisitorIdentity
from sayso.intercom.versions import Version

Job = TypeVar("Job", bulk.ContactsBulkJob, bulk.CompaniesBulkJob)

_ID = "6a0c1f5e9b3d7a2c4e8f0b1d"
_AT = 1_793_620_800
_ENGLISH = Translation("Newsletter", "Twice a month", "en")
_GERMAN = Translation("Rundbrief", "Zweimal im Monat", "de")

_TYPE = SubscriptionType("2", "live", "opt_in", _ENGLISH, [_ENGLISH, _GERMAN], ["email"])

_HEAD = Head("ab12cd34", _ID, ContactState.LIVE, 1, _AT * 1000, Chain("sayso/ab12cd34", "0" * 32), Standing())

_ADA = DomainContact(_HEAD, Profile(Role.USER, "ada", "ada@example.com", name="Ada Example"), _AT * 1000)

_CONTACT = msgspec.json.decode(encode_contact(Version.PREVIEW, _ADA, (), types_told(_HEAD.standing, {})), type=Contact)

_LEAD = DomainContact(
    _HEAD._replace(id="6a0c1f5e9b3d7a2c4e8f0b1f"),
    Profile(Role.LEAD, "8a88a590-e1c3-41e2-a502-e0649dbf721c", name="Grace"),
    _AT * 1000,
)

_VISITOR = Visitor.of(_LEAD, [], [], [])

_TAG = Tag("7", "VIP", _AT, AppliedBy("1"))

_ATTRIBUTE = DataAttribute(
    id=34,
    name="plan",
    full_name="custom_attributes.plan",
    label="plan",
    description="Which plan they are on",
    data_type="string",
    options=["pro", "free"],
    api_writable=True,
    messenger_writable=False,
    custom=True,
    archived=False,
    admin_id="1",
    created_at=_AT,
    updated_at=_AT,
    model="contact",
)

_SEGMENT = Segment("56203d253cba154d39010062", "Active", _AT, _AT, "user")

_ADMIN = Admin("admin@example.com", "1", "Admin")

_NOTE = Note("12", _AT, NotedContact(_ID), _ADMIN, "<p>Hello</p>")

_COMPANY_NOTE = CompanyNote("13", _AT, NotedCompany("6a0c1f5e9b3d7a2c4e8f0b1e"), _ADMIN, "<p>Hello</p>")

_EVENT = DataEvent(
    "01930f00-0000-7000-8000-000000000000",
    "invited-friend",
    _AT,
    "ada",
    "ada@example.com",
    _ID,
    {"invite_code": "ADDAFRIEND"},
)

_APP = me.App("ab12cd34", "My workspace", _AT, False, False, "UTC", "US")

_COMPANY = companies.Company(
    company_id="analytical-engines",
    id="6a0c1f5e9b3d7a2c4e8f0b1e",
    app_id="ab12cd34",
    name="Analytical Engines",
    remote_created_at=_AT,
    created_at=_AT,
    updated_at=_AT,
    monthly_spend=100,
    session_count=0,
    user_count=1,
    size=12,
    website="https://example.com",
    industry="Manufacturing",
    tags=companies.CompanyTags([TagBasic("7", "VIP")]),
    segments=SegmentList([]),
    notes=companies.CompanyNotes(
        [CompanyNoteReference("13", NotedCompany("6a0c1f5e9b3d7a2c4e8f0b1e"))],
        "/companies/6a0c1f5e9b3d7a2c4e8f0b1e/notes",
        1,
        False,
    ),
    plan=companies.Plan("plan", "2186158", "Pro"),
    custom_attributes={"seats": 12},
)

_NO_PAGES = empty.EmptyPages(None, 1, 20, 0)

_JOB = "job_01930f000000700080000000000000aa"

_TASK = bulk.JobTask("task_01930f000000700080000000000000aa_1", 2, "pending", _AT, None, None)


def _bulk_job(shape: type[Job], kind: str) -> Job:
    url = f"https://sayso.example.com/{kind}/bulk/{_JOB}"
    return shape(id=_JOB, state="pending", created_at=_AT, updated_at=_AT, completed_at=None, tasks=[_TASK], url=url)


EXAMPLES: dict[type[Struct], Struct] = {
    search.SearchRequest: search.SearchRequest(
        query={
            "operator": "AND",
            "value": [
                {"field": "role", "operator": "=", "value": "user"},
                {"field": "created_at", "operator": ">", "value": _AT},
            ],
        },
        pagination=search.Pagination(per_page=50),
    ),
    search.CompanySearchRequest: search.CompanySearchRequest(
        query={
            "operator": "AND",
            "value": [
                {"field": "monthly_spend", "operator": ">", "value": 50},
                {"field": "user_count", "operator": ">", "value": 0},
            ],
        },
        pagination=search.Pagination(per_page=15),
        sort={"field": "name", "order": "ascending"},
    ),
    search.SearchedCompanies: search.SearchedCompanies([_COMPANY], 1, Pages(1, 15, 1)),
    search.FoundContacts: search.FoundContacts([_CONTACT], 1, Pages(1, 50, 1)),
    SubscriptionType: _TYPE,
    SubscriptionTypeList: SubscriptionTypeList([_TYPE]),
    AttachSubscriptionType: AttachSubscriptionType("2", "opt_in"),
    Contact: _CONTACT,
    ContactFields: ContactFields(
        role="user", external_id="ada", email="ada@example.com", name="Ada Example", custom_attributes={"plan": "pro"}
    ),
    ContactList: ContactList([_CONTACT], 1, Pages(1, 10, 1)),
    DeletedContact: DeletedContact(_ID, "ada"),
    Visitor: _VISITOR,
    FoundVisitor: msgspec.convert(msgspec.to_builtins(_VISITOR), FoundVisitor),
    VisitorFields: VisitorFields(_LEAD.id, name="Grace", custom_attributes={"plan": "pro"}),
    ConversionFields: ConversionFields(
        "user", VisitorIdentity(email="grace@example.com"), VisitorIdentity(user_id=_LEAD.profile.external_id or "")
    ),
    DeletionFields: DeletionFields(_ID),
    InactiveContactList: InactiveContactList(
        [InactiveContact(_ID, "archived", "ada", "ada@example.com", _AT)], 1, Pages(1, 10, 1)
    ),
    ContactActivityList: ContactActivityList(
        [
            ContactActivity(
                id="019a447a540070008000000000000000",
                event_type="contact.created",
                contact_id=_ID,
                external_id="ada",
                role="user",
                created_at=_AT,
            )
        ],
        ActivityPages(50),
    ),
    DeletionRequest: DeletionRequest(_ID),
    ArchivedContact: ArchivedContact(_ID, "ada", archived=True),
    BlockedContact: BlockedContact(_ID, "ada"),
    MergeFields: MergeFields("6a0c1f5e9b3d7a2c4e8f0b1f", _ID),
    AllowedMerge: AllowedMerge(
        summary=MergeSummary(
            MergedFields([MergedField("name", "adopted", "Ada", UNSET, "Ada")], 1),
            Reassignments(notes=Reassigned(2, 6)),
        )
    ),
    MergeHistoryList: MergeHistoryList([MergeHistoryItem("6a0c1f5e9b3d7a2c4e8f0b1f", "lead", _AT)], has_more=False),
    Admin: _ADMIN,
    Segment: _SEGMENT,
    SegmentList: SegmentList([_SEGMENT]),
    ContactSegmentList: ContactSegmentList([_SEGMENT]),
    DataAttribute: _ATTRIBUTE,
    DataAttributeList: DataAttributeList([_ATTRIBUTE]),
    NewDataAttribute: NewDataAttribute(
        "plan", "contact", "string", "Which plan they are on", [{"value": "pro"}, {"value": "free"}]
    ),
    DataAttributeFields: DataAttributeFields(archived=False, description="Which plan they pay for"),
    Tag: _TAG,
    TagBasic: TagBasic("7", "VIP"),
    TagList: TagList([_TAG]),
    SavedTag: SavedTag("7", "VIP", [MarkedThing(_ID, tagged=True)]),
    TagFields: TagFields(name="VIP", users=[UserMarking(id=_ID)]),
    TagChoice: TagChoice("7"),
    DeletedTag: DeletedTag("7"),
    AdminList: AdminList([_ADMIN]),
    Note: _NOTE,
    NoteFields: NoteFields("Hello", "1"),
    CompanyNote: _COMPANY_NOTE,
    CompanyNoteList: CompanyNoteList([_COMPANY_NOTE], 1, NotePages(None, 1, 50, 1)),
    NoteList: NoteList([_NOTE], 1, NotePages(None, 1, 50, 1)),
    Accepted: Accepted(),
    DataEventList: DataEventList("ada@example.com", _ID, "ada", [_EVENT], DataEventPages()),
    DataEventFields: DataEventFields(
        id=_ID, event_name="invited-friend", created_at=_AT, metadata={"invite_code": "ADDAFRIEND"}
    ),
    DataEventSummariesFields: DataEventSummariesFields(
        user_id="ada", event_summaries=DataEventSummaryFields("invited-friend", 1, _AT, _AT)
    ),
    me.Me: me.Me("1", "admin@example.com", "Admin", True, _APP, me.AdminAvatar(), True),
    companies.Company: _COMPANY,
    companies.CompanyFields: companies.CompanyFields(
        company_id="analytical-engines", name="Analytical Engines", plan="Pro", size=12, monthly_spend=100
    ),
    companies.AttachCompany: companies.AttachCompany(_COMPANY.id),
    companies.DeletedCompany: companies.DeletedCompany(_COMPANY.id),
    companies.CompanyList: companies.CompanyList([_COMPANY], companies.CompanyPages(None, 1, 15, 1), 1),
    companies.FoundCompanies: companies.FoundCompanies([_COMPANY], companies.CompanyPages(None, 1, 15, 1), 1),
    companies.CompanyScroll: companies.CompanyScroll([_COMPANY], None, None, "5c0d7f9e-1f0b-4a57-9c39-0d6a7a4c2b11"),
    companies.ContactCompanyList: companies.ContactCompanyList(
        [_COMPANY], [_COMPANY], companies.LinkPages(None, 1, 50, 1), 1
    ),
    companies.CompanyContactList: companies.CompanyContactList([_CONTACT], 1, companies.CompanyContactPages(1, 50, 1)),
    companies.CompanySegmentList: companies.CompanySegmentList([], 0),
    bulk.ContactsBulkJob: _bulk_job(bulk.ContactsBulkJob, "contacts"),
    bulk.CompaniesBulkJob: _bulk_job(bulk.CompaniesBulkJob, "companies"),
    bulk.CreateContacts: bulk.CreateContacts(
        [
            bulk.NewBulkContact(external_id="ada", email="ada@example.com"),
            bulk.NewBulkContact(external_id="grace", email="grace@example.com"),
        ]
    ),
    bulk.UpdateContacts: bulk.UpdateContacts([bulk.ChangedBulkContact(id=_ID, name="Ada Example")]),
    bulk.DeleteContacts: bulk.DeleteContacts([bulk.BulkChoice(_ID)]),
    bulk.CreateCompanies: bulk.CreateCompanies(
        [bulk.NewBulkCompany(company_id="analytical-engines", name="Analytical Engines")]
    ),
    bulk.UpdateCompanies: bulk.UpdateCompanies([bulk.ChangedBulkCompany(id=_COMPANY.id, plan="Pro")]),
    bulk.DeleteCompanies: bulk.DeleteCompanies([bulk.BulkChoice(_COMPANY.id)]),
    empty.ActivityLogList: empty.ActivityLogList(_NO_PAGES, []),
    empty.ActivityLogEventTypeList: empty.ActivityLogEventTypeList([]),
    empty.ActivityLogSearch: empty.ActivityLogSearch(),
    empty.TeamList: empty.TeamList([]),
    empty.ConversationList: empty.ConversationList(_NO_PAGES, 0, []),
    empty.TicketList: empty.TicketList(_NO_PAGES, 0, []),
    empty.TicketTypeList: empty.TicketTypeList([]),
    empty.ArticleList: empty.ArticleList(_NO_PAGES, 0, []),
    empty.CollectionList: empty.CollectionList([], 0, _NO_PAGES),
    empty.NewsItemList: empty.NewsItemList(_NO_PAGES, [], 0),
}
