"""Intercom's surface, described: what every operation takes and answers, in all versions."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

from msgspec import Struct

from sayso.domain import company
from sayso.domain.contact import TEXT_LIMITS
from sayso.domain.errors import (
    ContactBlocked,
    ItemsMissing,
    ItemsMistyped,
    JobClosed,
    JobNotFound,
    Malformed,
    Missing,
    ModelGone,
    NotDuplicates,
    NotRestorable,
    RoleFixed,
    SaysoError,
    TooManyItems,
    WrongCursor,
)
from sayso.domain.second import SECONDS_LIMIT
from sayso.domain.subscription_type import ConsentType
from sayso.http.openapi import Answer, Json, Operation, Surface
from sayso.intercom.errors import TABLE
from sayso.intercom.examples import EXAMPLES
from sayso.intercom.parameters import QUERIES
from sayso.intercom.routes import NOT_STORED, ROUTES, Route
from sayso.intercom.shapes.company import FoundCompanies, FoundCompany
from sayso.intercom.shapes.contact import ContactFields, DeletedContact
from sayso.intercom.shapes.contact_archive import ArchivedContact
from sayso.intercom.shapes.contact_merge import AllowedMerge, BlockedMerge, MergeFields
from sayso.intercom.shapes.data_attribute import DataAttributeList
from sayso.intercom.shapes.data_event import DataEventList, DataEventSummary
from sayso.intercom.shapes.error import Error, ErrorList
from sayso.intercom.shapes.note import CompanyNote, Note
from sayso.intercom.shapes.tag import TagFields
from sayso.intercom.shapes.visitor import ConversionFields
from sayso.intercom.versions import OLDEST, Version

TAG = "Intercom"

_COMMON = ("X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")

_OF_PATH = {
    "id": "The id that Sayso or Intercom gave.",
    "admin_id": "The admin's id.",
    "note_id": "The note's id.",
    "contact_id": "The contact's id, 24 hex digits.",
    "tag_id": "The tag's id.",
    "segment_id": "The segment's id, 24 hex digits.",
    "data_attribute_id": "The data attribute's id.",
    "subscription_id": "The subscription type's id.",
    "external_id": "The customer's own id for the contact.",
}


class DeletedContactBefore210(Struct):
    """How a deletion was told before 2.10."""

    id: str
    object: Literal["contact"]
    deleted: bool


class ArchivedContactBefore210(Struct):
    """How archiving was told before 2.10."""

    id: str
    object: Literal["contact"]
    archived: bool


#: Shapes that older versions answer with instead.
_OLDER: dict[type[Struct], tuple[type[Struct], ...]] = {
    DeletedContact: (DeletedContactBefore210,),
    ArchivedContact: (ArchivedContactBefore210,),
}

_BULK = ("/contacts/bulk", "/contacts/bulk/delete", "/companies/bulk", "/companies/bulk/delete")

#: The routes on which an error comes.
_ONLY_ON: dict[type[SaysoError], tuple[str, ...]] = {
    NotDuplicates: ("/contacts/merge",),
    NotRestorable: ("/contacts/{id}/unarchive",),
    ContactBlocked: ("/contacts/{id}/unarchive",),
    ModelGone: ("/data_attributes",),
    ItemsMissing: _BULK,
    ItemsMistyped: _BULK,
    TooManyItems: _BULK,
    JobClosed: _BULK,
    JobNotFound: (*_BULK, "/contacts/bulk/{id}", "/companies/bulk/{id}"),
}

#: Shapes that an operation answers with, too.
_OTHERS: dict[type[Struct], tuple[type[Struct], ...]] = {
    DataEventList: (DataEventSummary,),
    FoundCompanies: (FoundCompany,),
    AllowedMerge: (BlockedMerge,),
    Note: (CompanyNote,),
}


def surface() -> Surface:
    operations = [_operation(route) for route in ROUTES]
    return Surface(tag=TAG, description="Intercom's contacts and subscriptions.", operations=operations, revise=_revise)


def _operation(route: Route) -> Operation:
    handler = route.handler
    return Operation(
        id=f"intercom.{handler.__module__.rpartition('.')[2]}.{handler.__name__}",
        method=route.method,
        path=route.path,
        tag=TAG,
        summary=route.summary,
        description=" ".join((handler.__doc__ or f"{route.summary}.").split()),
        answers=_answers(route),
        parameters=[*_query(route), _version(route.since)],
        of_path=_OF_PATH,
        body=route.body,
        body_example=EXAMPLES[route.body] if route.body else None,
        scope=route.scope.value,
        since=_name(route.since) if route.since is not OLDEST else None,
    )


def _answers(route: Route) -> list[Answer]:
    shapes = (route.answer, *_OLDER.get(route.answer, ()), *_OTHERS.get(route.answer, ()))
    example = EXAMPLES.get(route.answer)
    headers = (*_COMMON, "Sayso-Not-Stored") if route in NOT_STORED else _COMMON
    done = Answer(status=route.status, description="Done.", shapes=shapes, headers=headers, example=example)
    return [done, *(answer for answer in _errors(route) if _may_answer(route, answer.status))]


def _may_answer(route: Route, status: int) -> bool:
    match status:
        case 404:
            return (
                "{" in route.path
                or route.body is MergeFields
                or route.path.startswith(
                    ("/companies", "/contacts/bulk", "/events", "/tags", "/user_delete_requests", "/visitors")
                )
            )
        case 409:
            return route.body in (ContactFields, ConversionFields, TagFields)
        case 410:
            return route.path.startswith(("/contacts/{id}", "/contacts/{contact_id}"))
        case 413:
            return route.body is not None
        case 422:
            return route.answer is DataAttributeList or route.path in _BULK
    return True


def _errors(route: Route) -> list[Answer]:
    by_status: dict[int, list[str]] = defaultdict(list)
    messages: dict[int, str] = {}
    for kind, answer in TABLE.items():
        if kind in (Missing, Malformed, RoleFixed) and route.body is None:
            continue
        if kind is WrongCursor and route.answer not in QUERIES:
            continue
        if route.path not in _ONLY_ON.get(kind, (route.path,)):
            continue
        messages.setdefault(answer.status, answer.message or "What was wrong, and where.")
        if answer.code not in by_status[answer.status]:
            by_status[answer.status].append(answer.code)
    return [
        Answer(
            status=status,
            description=f"`{'`, `'.join(codes)}`",
            shapes=(ErrorList,),
            headers=(*_COMMON, "Retry-After") if status == 503 else _COMMON,
            example=ErrorList("5b9a4f0c3d2e1f6a7b8c", [Error(codes[0], messages[status])]),
        )
        for status, codes in sorted(by_status.items())
    ]


def _query(route: Route) -> list[Json]:
    return QUERIES.get(route.answer, [])


def _version(since: Version) -> Json:
    names = [_name(version) for version in Version if version >= since]
    return {
        "name": "Intercom-Version",
        "in": "header",
        "description": "The version to speak; without it the workspace's own, 2.11 by default.",
        "schema": {"type": "string", "enum": [*names, "Unstable"]},
    }


def _name(version: Version) -> str:
    return "Preview" if version is Version.PREVIEW else f"2.{version - 200}"


def _revise(schemas: Json) -> None:
    """What the shapes leave to the domain, and what older versions say in other forms."""
    schemas["Contact"]["properties"]["owner_id"]["anyOf"].insert(1, {"type": "integer", "description": "Before 2.16."})
    fields = schemas["ContactFields"]["properties"]
    for name, limit in TEXT_LIMITS.items():
        _text(fields[name]).update(maxLength=limit)
    _text(fields["email"]).update(format="email")
    for name in ("signed_up_at", "last_seen_at"):
        fields[name]["anyOf"][0] |= {"minimum": 0, "maximum": SECONDS_LIMIT - 1}
    _limit_companies(schemas["CompanyFields"]["properties"])
    _text(schemas["AttachSubscriptionType"]["properties"]["consent_type"]).update(enum=[*ConsentType])


def _limit_companies(fields: Json) -> None:
    for name, limit in company.TEXT_LIMITS.items():
        _text(fields[name]).update(maxLength=limit)
    _text(fields["company_id"]).update(minLength=1, maxLength=company.EXTERNAL_ID_LIMIT)
    for form in fields["size"]["anyOf"] + fields["monthly_spend"]["anyOf"]:
        if form.get("type") in ("integer", "number"):
            form |= {"minimum": 0, "maximum": company.NUMBER_LIMIT - 1}


def _text(schema: Json) -> Json:
    """The text among the forms that a field may have."""
    found: Json = next(form for form in schema["anyOf"] if form.get("type") == "string")
    return found
