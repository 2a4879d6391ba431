"""Deletions on request: what is asked, and what is answered."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from sayso.http.loose import Identifier


class DeletionFields(Struct):
    """Whom to delete, by our id."""

    intercom_user_id: Identifier | UnsetType = UNSET


class DeletionRequest(Struct):
    """The contact's id: a request is done when it is answered, and has no id of its own."""

    id: str
