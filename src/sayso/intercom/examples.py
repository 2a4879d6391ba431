"""One example of each shape, for the description."""

from __future__ import annotations

from msgspec import Struct

from sayso.domain.contact import Contact as DomainContact
from sayso.domain.contact import ContactState, Head, Profile, Role
from sayso.domain.ledger import Chain
from sayso.domain.standing import Standing
from sayso.intercom.shapes import me
from sayso.intercom.shapes.admin import Admin, AdminList
from sayso.intercom.shapes.contact import Contact, ContactFields, ContactList, DeletedContact, Pages
from sayso.intercom.shapes.data_event import (
    Accepted,
    DataEvent,
    DataEventFields,
    DataEventList,
    DataEventPages,
    DataEventSummariesFields,
    DataEventSummaryFields,
)
from sayso.intercom.shapes.note import Note, NotedContact, NoteFields, NoteList, NotePages
from sayso.intercom.shapes.subscription_type import (
    AttachSubscriptionType,
    SubscriptionType,
    SubscriptionTypeList,
    Translation,
)

_ID = "6a0c1f5e9b3d7a2c4e8f0b1d"
_AT = 1_793_620_800
_ENGLISH = Translation("Newsletter", "Twice a month", "en")
_GERMAN = Translation("Rundbrief", "Zweimal im Monat", "de")

_TYPE = SubscriptionType("2", "live", "opt_in", _ENGLISH, [_ENGLISH, _GERMAN], ["email"])

_HEAD = Head("ab12cd34", _ID, ContactState.LIVE, 1, _AT * 1000, Chain("sayso/ab12cd34", "0" * 32), Standing())

_CONTACT = Contact.of(
    DomainContact(_HEAD, Profile(Role.USER, "ada", "ada@example.com", name="Ada Example"), _AT * 1000), {}
)

_ADMIN = Admin("1", "Admin", "admin@example.com")

_NOTE = Note("12", _AT, NotedContact(_ID), _ADMIN, "<p>Hello</p>")

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

EXAMPLES: dict[type[Struct], Struct] = {
    SubscriptionType: _TYPE,
    SubscriptionTypeList: SubscriptionTypeList([_TYPE]),
    AttachSubscriptionType: AttachSubscriptionType("2", "opt_in"),
    Contact: _CONTACT,
    ContactFields: ContactFields(
        role="user", external_id="ada", email="ada@example.com", name="Ada Example", custom_attributes={"plan": "pro"}
    ),
    ContactList: ContactList([_CONTACT], 1, Pages(1, 10, 1)),
    DeletedContact: DeletedContact(_ID, "ada"),
    Admin: _ADMIN,
    AdminList: AdminList([_ADMIN]),
    Note: _NOTE,
    NoteFields: NoteFields("Hello", "1"),
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
}
