"""What went wrong: RFC 9457."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class FieldError(Struct):
    field: str
    detail: str


class Problem(Struct):
    """`type` leads to the explanation; `code` is its last word, for programs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] | UnsetType = UNSET
