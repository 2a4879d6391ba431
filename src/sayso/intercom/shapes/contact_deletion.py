"""Contacts that are not active any more, and deletions on request."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from sayso.domain.contact import Contact, ContactState
from sayso.http.loose import Identifier
from sayso.intercom.shapes.contact import Pages

Status: TypeAlias = Literal["archived", "blocked", "merged", "deleted"]

_STATUS: dict[ContactState, Status] = {
    ContactState.ARCHIVED: "archived",
    ContactState.BLOCKED: "blocked",
    ContactState.MERGED: "merged",
    ContactState.DELETED: "deleted",
}


class InactiveContact(Struct, tag_field="type", tag="contact"):
    """`external_id` and `email` are null once a contact is merged or deleted: nothing is kept of it then. `updated_at`
    is when it became so."""

    id: str
    status: Status
    external_id: str | None
    email: str | None
    updated_at: int

    @classmethod
    def of(cls, contact: Contact) -> InactiveContact:
        """Of a contact that is not live."""
        head, profile = contact.head, contact.profile
        status = _STATUS[head.state]
        if head.state.is_empty:
            return cls(contact.id, status, None, None, head.updated_at // 1000)
        return cls(contact.id, status, profile.external_id, profile.email, head.updated_at // 1000)


class InactiveContactList(Struct, tag_field="type", tag="list"):
    data: list[InactiveContact]
    total_count: int
    pages: Pages


class DeletionFields(Struct):
    """Whom to delete, by our id."""

    intercom_user_id: Identifier | UnsetType = UNSET


class DeletionRequest(Struct):
    """The contact's id: a request is done when it is answered, and has no id of its own."""

    id: str
