"""The table of contents of Intercom's surface: method, path, handler, scope, and the version it came with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msgspec import Struct

from sayso.domain.access import Scope
from sayso.http.response import Response
from sayso.intercom import admin, contact, contact_subscription, data_event, me, note, subscription_type
from sayso.intercom.call import Call
from sayso.intercom.shapes.admin import Admin, AdminList
from sayso.intercom.shapes.contact import Contact, ContactFields, ContactList, DeletedContact
from sayso.intercom.shapes.data_event import (
    Accepted,
    DataEventFields,
    DataEventList,
    DataEventSummariesFields,
)
from sayso.intercom.shapes.me import Me
from sayso.intercom.shapes.note import Note, NoteFields, NoteList
from sayso.intercom.shapes.subscription_type import AttachSubscriptionType, SubscriptionType, SubscriptionTypeList
from sayso.intercom.versions import Version

READ, WRITE = Scope.READ, Scope.WRITE


@dataclass(frozen=True, slots=True)
class Route:
    """`answer` and `body` are the shapes of a success, which has `status`, and of the request."""

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Response]]
    scope: Scope
    summary: str
    answer: type[Struct]
    body: type[Struct] | None = None
    since: Version = Version.V2_7
    status: int = 200


# fmt: off
ROUTES = (
    Route("GET", "/me", me.identify, READ, "Identify an admin", Me),
    Route("GET", "/admins", admin.list_all, READ, "List admins", AdminList),
    Route("GET", "/admins/{admin_id}", admin.find, READ, "Find an admin", Admin),
    Route("GET", "/subscription_types", subscription_type.list_all, READ, "List subscription types", SubscriptionTypeList),
    Route("GET", "/subscription_types/{id}", subscription_type.find, READ, "Find a subscription type", SubscriptionType),
    Route("GET", "/contacts", contact.list_all, READ, "List contacts", ContactList),
    Route("POST", "/contacts", contact.create, WRITE, "Create a contact", Contact, ContactFields),
    Route("GET", "/contacts/find_by_external_id/{external_id}", contact.find_by_external_id, READ, "Find a contact by external id", Contact, since=Version.V2_13),
    Route("GET", "/contacts/{id}", contact.find, READ, "Find a contact", Contact),
    Route("PUT", "/contacts/{id}", contact.update, WRITE, "Update a contact", Contact, ContactFields),
    Route("DELETE", "/contacts/{id}", contact.delete, WRITE, "Delete a contact", DeletedContact),
    Route("GET", "/contacts/{contact_id}/subscriptions", contact_subscription.list_of_contact, READ, "List a contact's subscriptions", SubscriptionTypeList),
    Route("POST", "/contacts/{contact_id}/subscriptions", contact_subscription.attach, WRITE, "Attach a subscription type to a contact", SubscriptionType, AttachSubscriptionType),
    Route("DELETE", "/contacts/{contact_id}/subscriptions/{subscription_id}", contact_subscription.detach, WRITE, "Detach a subscription type from a contact", SubscriptionType),
    Route("GET", "/contacts/{contact_id}/notes", note.list_of_contact, READ, "List a contact's notes", NoteList),
    Route("POST", "/contacts/{contact_id}/notes", note.create, WRITE, "Create a note on a contact", Note, NoteFields),
    Route("GET", "/notes/{note_id}", note.find, READ, "Find a note", Note),
    Route("GET", "/events", data_event.list_of_contact, READ, "List a contact's data events", DataEventList),
    Route("POST", "/events", data_event.submit, WRITE, "Submit a data event", Accepted, DataEventFields, status=202),
    Route("POST", "/events/summaries", data_event.summarize, WRITE, "Create data event summaries", Accepted, DataEventSummariesFields),
)
# fmt: on
