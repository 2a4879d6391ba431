"""Data attributes: those that every workspace has, and those of its own."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from sayso.domain.data_attribute import DataAttribute as DomainAttribute
from sayso.domain.data_attribute_built_in import BuiltIn


class DataAttribute(Struct, tag_field="type", tag="data_attribute", kw_only=True):
    """`id`, `options`, `admin_id` and the times are those of an attribute of the workspace's own."""

    id: int | UnsetType = UNSET
    name: str
    full_name: str
    label: str
    description: str
    data_type: Literal["string", "integer", "float", "boolean", "date", "datetime"]
    options: list[str] | UnsetType = UNSET
    api_writable: bool
    ui_writable: bool = False
    messenger_writable: bool
    custom: bool
    archived: bool
    admin_id: str | UnsetType = UNSET
    created_at: int | UnsetType = UNSET
    updated_at: int | UnsetType = UNSET
    model: Literal["contact", "company"]

    @classmethod
    def of(cls, attribute: DomainAttribute) -> DataAttribute:
        return cls(
            id=attribute.id,
            name=attribute.name,
            full_name=f"custom_attributes.{attribute.name}",
            label=attribute.name,
            description=attribute.description,
            data_type=attribute.data_type.value,
            options=list(attribute.options),
            api_writable=True,
            messenger_writable=attribute.messenger_writable,
            custom=True,
            archived=attribute.archived,
            admin_id=attribute.admin_id,
            created_at=attribute.created_at // 1000,
            updated_at=attribute.updated_at // 1000,
            model=attribute.model.value,
        )

    @classmethod
    def of_built_in(cls, attribute: BuiltIn) -> DataAttribute:
        return cls(
            name=attribute.name,
            full_name=attribute.full_name,
            label=attribute.label,
            description=attribute.description,
            data_type=attribute.data_type.value,
            api_writable=attribute.api_writable,
            messenger_writable=True,
            custom=False,
            archived=False,
            model=attribute.model.value,
        )


class DataAttributeList(Struct, tag_field="type", tag="list"):
    data: list[DataAttribute]


class NewDataAttribute(Struct):
    """`data_type` options asks for a string that is one of a list. Options are texts, or objects with a `value`."""

    name: str | UnsetType | None = UNSET
    model: str | UnsetType | None = UNSET
    data_type: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    options: Any | UnsetType = UNSET
    messenger_writable: bool | UnsetType | None = UNSET


class DataAttributeFields(Struct):
    """What may be changed of an attribute."""

    archived: bool | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    options: Any | UnsetType = UNSET
    messenger_writable: bool | UnsetType | None = UNSET
