"""Tags, and how they came to what has them."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from sayso.domain.links import Tagging
from sayso.domain.tag import Tag as DomainTag
from sayso.http.loose import Identifier


class AppliedBy(Struct, tag_field="type", tag="admin"):
    id: str


class TagBasic(Struct, tag_field="type", tag="tag"):
    id: str
    name: str


class Tag(Struct, tag_field="type", tag="tag"):
    """In the list of all tags nobody has applied it."""

    id: str
    name: str
    applied_at: int | None = None
    applied_by: AppliedBy | None = None

    @classmethod
    def of(cls, tag: DomainTag, applied: Tagging | None = None) -> Tag:
        if applied is None:
            return cls(tag.id, tag.name)
        return cls(tag.id, tag.name, applied.applied_at // 1000, AppliedBy(applied.applied_by))


class TagList(Struct, tag_field="type", tag="list"):
    data: list[Tag]


class MarkedThing(Struct):
    id: str
    tagged: bool


class SavedTag(Struct, tag_field="type", tag="tag"):
    """`users` and `companies` since 2.16: what was tagged and untagged."""

    id: str
    name: str
    users: list[MarkedThing] = []
    companies: list[MarkedThing] = []


class DeletedTag(Struct, tag_field="type", tag="tag"):
    id: str
    deleted: bool = True


class UserMarking(Struct):
    """Whom to tag: by our id, else by external_id (`user_id` in old clients), else by email."""

    id: str | int | UnsetType | None = UNSET
    external_id: Identifier | UnsetType | None = UNSET
    user_id: Identifier | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    untag: bool | Literal["true", "false"] | UnsetType | None = UNSET


class CompanyMarking(Struct):
    """Which company to tag: by our id, else by the customer's."""

    id: str | int | UnsetType | None = UNSET
    company_id: str | int | UnsetType | None = UNSET
    untag: bool | Literal["true", "false"] | UnsetType | None = UNSET


class TagFields(Struct):
    """A name alone finds or makes a tag, an id beside it renames one; users and companies are tagged or untagged."""

    name: str | UnsetType | None = UNSET
    id: str | int | UnsetType | None = UNSET
    users: list[UserMarking] | UnsetType | None = UNSET
    companies: list[CompanyMarking] | UnsetType | None = UNSET


class TagChoice(Struct):
    """Which tag."""

    id: str | int | UnsetType | None = UNSET
