"""Bulk requests: what contacts and companies have in common. Their items are carried out after the answer, as a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from sayso.domain.bulk import LINKS_LIMIT, BulkAction, BulkItem, BulkJob, BulkKind
from sayso.domain.errors import ItemsMissing, ItemsMistyped
from sayso.http.loose import tighten
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.paged import origin
from sayso.intercom.shapes.bulk import job_shape

_BODY = msgspec.json.Decoder(dict[str, Any])

_ONE = {BulkKind.CONTACTS: "contact", BulkKind.COMPANIES: "company"}

T = TypeVar("T", bound=Struct)


async def submit(
    call: Call, kind: BulkKind, action: BulkAction, shape: type[T], item_of: Callable[[T], BulkItem]
) -> Response:
    """Take in what the body lists. An item of another shape is rejected by itself, and counts as an error of the job;
    one without the id that it must have refuses the request."""
    body = call.body(_BODY)
    items = _items(body, kind)
    if action is not BulkAction.CREATE and not all(_id(item.get("id")) for item in items):
        raise ItemsMissing(f"{kind} must be identified by id")
    wanted = [_read(item, shape, item_of) for item in items]
    job = await call.region.bulk.submit(call.author, call.workspace_id, kind, action, wanted, _job_id(body))
    return Response(call.encode(_shape(call, job)), 202)


async def find(call: Call, kind: BulkKind) -> Response:
    return call.reply(_shape(call, await call.region.bulk.find(call.workspace_id, kind, call.parameters[0])))


def _shape(call: Call, job: BulkJob) -> Struct:
    return job_shape(job, f"{origin(call)}/{job.kind}/bulk/{job.id}")


def _items(body: dict[str, Any], kind: BulkKind) -> list[dict[str, Any]]:
    items = body.get(kind)
    if items is None:
        raise ItemsMissing(f"{kind} field must be supplied")
    if not isinstance(items, list):
        raise ItemsMistyped(f"{kind} must be an array")
    if not all(isinstance(item, dict) for item in items):
        raise ItemsMistyped(f"each {_ONE[kind]} must be an object", kind)
    return items


def _job_id(body: dict[str, Any]) -> str | None:
    job = body.get("job")
    if job is None:
        return None
    if not isinstance(job, dict):
        raise ItemsMistyped("job must be an object")
    job_id = _id(job.get("id"))
    if not job_id:
        raise ItemsMissing("job must be identified by id")
    return job_id


def _id(given: Any) -> str:
    """An identifier as text; empty where there is none."""
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    return str(given) if isinstance(given, (str, int)) and not isinstance(given, bool) else ""


def _read(item: dict[str, Any], shape: type[T], item_of: Callable[[T], BulkItem]) -> BulkItem:
    try:
        read = item_of(msgspec.convert(tighten(item, shape), shape))
    except msgspec.ValidationError:
        return BulkItem(is_refused=True)
    most = max(map(len, (read.companies, read.add_tags, read.remove_tags)))
    return BulkItem(is_refused=True) if most > LINKS_LIMIT else read
