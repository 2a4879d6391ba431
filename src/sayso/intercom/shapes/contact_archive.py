"""Contacts put away: what is answered."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class ArchivedContact(Struct):
    """Its `type` is no tag: tags come first, and this one is described as the third."""

    id: str
    external_id: str | None
    archived: bool
    type: Literal["contact"] = "contact"


class BlockedContact(Struct):
    id: str
    external_id: str | None
    type: Literal["contact"] = "contact"
    blocked: bool = True
