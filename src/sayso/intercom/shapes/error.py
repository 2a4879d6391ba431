"""The envelope of every error."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class Error(Struct):
    code: str
    message: str
    field: str | UnsetType = UNSET


class ErrorList(Struct, tag_field="type", tag="error.list"):
    request_id: str | None
    errors: list[Error]
