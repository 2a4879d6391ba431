"""The facts of Intercom's published OpenAPI descriptions as an oracle: every answer of a served route is held against
them. They lie in `facts/`; `scripts/facts.py` says what they are and writes them.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import httpx2
import jsonschema_rs
from scripts.facts import VERSIONS as VERSIONS
from scripts.facts import facts, referred

from sayso.http.router import NotAllowed, Router
from sayso.intercom.routes import ROUTES, Route
from sayso.intercom.unserved import key

_OLDER = ("1.0", "1.1", "1.2", "1.3", "1.4", *(f"2.{minor}" for minor in range(7)))
_SAME_AS = {**dict.fromkeys(_OLDER, "2.7"), "Unstable": "Preview"}

#: What we serve and no description here describes; SDKs ask for it.
_UNDESCRIBED = {
    ("GET", "/subscription_types/{}"): "subscription_type",
    ("GET", "/visitors/{}"): "visitor",
    ("GET", "/contacts/deleted"): "deleted_contact_list",
    ("POST", "/user_delete_requests"): "deletion_request",
}

#: The schemas of answers that no description has.
_OUR_SCHEMAS: dict[str, Any] = {
    "deletion_request": {"properties": {"id": {"type": "string"}}, "required": ["id"], "additionalProperties": False},
    "deleted_contact_list": {
        "properties": {
            "type": {"const": "list"},
            "data": {
                "type": "array",
                "items": {
                    "properties": {
                        "type": {"const": "contact"},
                        "id": {"type": "string"},
                        "status": {"enum": ["archived", "blocked", "merged", "deleted"]},
                        "external_id": {"type": ["string", "null"]},
                        "email": {"type": ["string", "null"]},
                        "updated_at": {"type": "integer"},
                    },
                    "required": ["type", "id", "status", "external_id", "email", "updated_at"],
                    "additionalProperties": False,
                },
            },
            "total_count": {"type": "integer"},
            "pages": {"$ref": "#/components/schemas/cursor_pages"},
        },
        "required": ["type", "data", "total_count", "pages"],
        "additionalProperties": False,
    },
}

#: What real answers bear and no schema or example names: section 2.1 of the reference.
_OBSERVED = frozenset({"sms_consent", "unsubscribed_from_sms", "email_domain"})

#: What an example has, and other examples of such an object have not: it is there where it is known.
_WHERE_KNOWN = frozenset({"last_request_at", "next_cursor", "remote_created_at"})

#: What examples show of a list that goes on: where it ends, and for sums, there is none. A preview of a merge has what
#: the merge would change, and nothing of that where it is not allowed.
_OF_MORE = {
    "/events": {"pages", "next"},
    "/contacts/merge/preview": {
        *("summary", "attribute_changes", "attributes", "total_count", "field", "outcome"),
        *("from_value", "into_value", "new_into_value", "reassignments", "from", "into"),
        *("conversations", "tickets", "phone_calls", "tags", "notes"),
    },
}

#: What only some of the objects have of which an example shows one.
_OF_SOME = {
    "/notes/{note_id}": {"contact"},
    # As in the further items of the example.
    "/contacts/activities": {"external_id", "role"},
    # As it is routed here, and as it is described.
    **{
        key_0: {"away_status_reason_id", "has_inbox_seat", "team_ids", "team_priority_level"}
        for key_0 in ("/companies/{id}/notes", "/companies/{company_id}/notes")
    },
}

_ROUTER: Router[Route] = Router(ROUTES)


class DoesNotConform(AssertionError):
    """An answer that the description of its version does not allow."""


@dataclass(frozen=True)
class Description:
    """What is known of one version."""

    version: str

    @cached_property
    def schemas(self) -> dict[str, Any]:
        """The schemas as JSON Schema, with what the descriptions get wrong put right."""
        known = facts(self.version)
        schemas = _converted(known["schemas"])
        _amend(schemas)
        for name in referred(known) - set(schemas):
            schemas[name] = {}
        return {**schemas, **_OUR_SCHEMAS}

    @cached_property
    def _operations(self) -> dict[tuple[str, str], dict[str, Any]]:
        known = facts(self.version)
        return {(*name.split(" "),): operation for name, operation in (known["lists"] | known["operations"]).items()}

    @cached_property
    def _validators(self) -> dict[Any, Any]:
        return {}

    def example(self, method: str, path: str) -> Any:
        """The keys of the first example of a 200: an object with None for each value, an array with one item."""
        return self._examples(method, path)[0]

    def requests(self) -> list[tuple[str, str, str, list[Any] | None, int]]:
        """The example requests of the contacts side: method, path, the example's name, the keys of its body as
        `scripts/facts.py` has them, and the documented status."""
        return [
            (name.partition(" ")[0], operation["path"], example, request.get("body"), request["status"])
            for name, operation in facts(self.version)["operations"].items()
            for example, request in operation.get("requests", {}).items()
        ]

    def complaints(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """What the description says against an answer; a route's `path` has its parameters in braces."""
        validator = self._validator(method, path, status)
        if validator is None:
            return [f"{status} is no answer of it"]
        found = [f"{_where(error)}: {error.message}" for error in validator.iter_errors(body)]
        if status == 200 and self._is_described(method, path):
            elsewhere = self._stray | _WHERE_KNOWN | _OF_MORE.get(path, set()) | _OF_SOME.get(path, set())
            missing = _missing(self._examples(method, path)[:1], [body]) - elsewhere
            found += [f"{name}: the example has it" for name in missing]
            found += [f"{name}: nothing like it is described" for name in self._unknown_keys(method, path, body)]
        return found

    def _validator(self, method: str, path: str, status: int) -> Any:
        """What an answer is held against, None where there is no such answer. Every error has the same schema, whether
        or not it is described."""
        named = "error" if status >= 400 else _UNDESCRIBED.get(key(method, path))
        known = named or (*key(method, path), status)
        if known not in self._validators:
            schema = _reference(named) if named else self._answer(method, path, status)
            self._validators[known] = None if schema is None else _compiled(schema, self.schemas)
        return self._validators[known]

    def _answer(self, method: str, path: str, status: int) -> Any:
        return _converted(self._operations.get(key(method, path), {}).get("answers", {}).get(str(status)))

    def _unknown_keys(self, method: str, path: str, body: dict[str, Any]) -> set[str]:
        """Keys that stand neither in the schema of such an object nor in an example of it."""
        if body.get("type") != "contact" or "role" not in body:
            return set()
        return set(body) - set(self.schemas["contact"]["properties"]).union(_OBSERVED, *self._examples(method, path))

    @cached_property
    def _stray(self) -> set[str]:
        """In 2.13 one example of a contact has a key that neither the schema nor the other examples have."""
        return {"formatted_phone"} - set(self.schemas["contact"]["properties"])

    def has(self, method: str, path: str) -> bool:
        return self._is_described(method, path) or key(method, path) in _UNDESCRIBED

    def _is_described(self, method: str, path: str) -> bool:
        return key(method, path) in self._operations

    def _examples(self, method: str, path: str) -> list[Any]:
        return self._all_examples[key(method, path)]

    @cached_property
    def _all_examples(self) -> dict[tuple[str, str], list[Any]]:
        return {name: list(map(_object, operation["examples"])) for name, operation in self._operations.items()}


def _object(keys: list[Any] | None) -> dict[str, Any] | None:
    """An object with these keys, as `scripts/facts.py` writes them down."""
    return None if keys is None else dict(map(_member, keys))


def _member(member: Any) -> tuple[str, Any]:
    name, *keys = member if isinstance(member, list) else [member]
    below = _object(keys) if isinstance(member, list) else None
    if name.endswith("[]"):
        return name.removesuffix("[]"), [] if below is None else [below]
    return name, below


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _compiled(schema: Any, schemas: dict[str, Any]) -> Any:
    """A validator, with no more of the schemas than it refers to. Versions share those that are equal."""
    needed: set[str] = set()
    more = referred(schema)
    while more:
        needed |= more
        more = referred([schemas[name] for name in more]) - needed
    return _compile(
        json.dumps({"allOf": [schema], "components": {"schemas": {name: schemas[name] for name in sorted(needed)}}})
    )


@cache
def _compile(document: str) -> Any:
    return jsonschema_rs.Draft202012Validator(json.loads(document), validate_formats=False)


def description(version: str) -> Description:
    return _of(_SAME_AS.get(version, version))


_of = cache(Description)


def served(method: str, path: str) -> str | None:
    """The pattern of the route of Intercom's surface that answers, None where none does."""
    try:
        found = _ROUTER.match(method, [part for part in path.split("/") if part])
    except NotAllowed:
        return None
    return found[0].path if found else None


def check(response: httpx2.Response) -> None:
    """Raises DoesNotConform where the answer of a served route is none that the description of the version it says it
    is in allows. A client that names no version is served routes, and notes on companies, that its version does not
    have: these are let pass."""
    request, status, body = response.request, response.status_code, response.json()
    path = served(request.method, request.url.path)
    if path is None:
        return
    against = description(response.headers["Intercom-Version"])
    if "Intercom-Version" not in request.headers:
        is_company_note = path == "/notes/{note_id}" and "company" in body
        if is_company_note or not against.has(request.method, path):
            return
    complaints = against.complaints(request.method, path, status, body)
    if complaints:
        raise DoesNotConform(f"{request.method} {path} {against.version} {status}: " + "; ".join(complaints))


def watch(response: httpx2.Response) -> None:
    """An event hook for clients: whatever a test is about, the answers that it gets conform."""
    response.read()
    if response.request.method != "HEAD" and response.headers.get("content-type", "").startswith("application/json"):
        check(response)


async def watch_async(response: httpx2.Response) -> None:
    await response.aread()
    watch(response)


_ANNOTATIONS = frozenset({"nullable", "example", "examples", "discriminator", "xml"})


def _converted(schema: Any) -> Any:
    """OpenAPI 3.0's dialect as JSON Schema: `nullable` is another type, beside a reference too."""
    if isinstance(schema, list):
        return [_converted(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    # A property may be called `example`: only what describes a schema is dropped.
    plain = {key: _properties(value) if key == "properties" else _converted(value) for key, value in schema.items()}
    if "type" in schema or "$ref" in schema or "allOf" in schema or "oneOf" in schema or "anyOf" in schema:
        plain = {key: value for key, value in plain.items() if key not in _ANNOTATIONS}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


def _properties(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: _converted(schema) for name, schema in properties.items()}


_EVENT_LIST = {
    "required": ["type", "events", "pages", "email", "intercom_user_id", "user_id"],
    "properties": {
        "type": {"const": "event.list"},
        "events": {
            "type": "array",
            "items": {
                "required": ["id", "event_name", "created_at", "user_id", "email", "intercom_user_id", "metadata"],
                "properties": {"type": {"const": "event"}, "created_at": {"type": "integer"}},
            },
        },
        "pages": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}


def _amend(schemas: dict[str, Any]) -> None:
    """Places where the descriptions contradict their own examples or what Intercom really answers.

    - 2.11 requires keys of an admin that its own examples do not have. We send them.
    - 2.11 requires the description of a data attribute, which its own example has not. We send an empty one.
    - 2.11 requires of a tag how it was applied, which in the list of all tags it was not. We send null.
    - A contact may be without an email: leads are, and an example creates one from an external_id.
    - `pages.next` is `{page, starting_after}`; 2.11 requires a `per_page` that was never seen.
    - 2.11 requires keys of a company, and of lists around it, that its examples do not have; and custom attributes are
      no strings alone.
    - Data events are listed, as the text of the operation says, and summed up where that is asked for: the schema knows
      the sums alone. A contact may be without an email and without a user_id.
    - `pages` of a scroll is null, and `scroll_param` at its end. `pages.next` of a list of companies is a URL but in Preview: clients follow it.
    - `avatar` of a contact is a URL: clients read a string.
    - One company that is looked for by `company_id` or `name` is a company, with the list beside it.
    - Custom attributes of a visitor are no strings alone, as the request of an update shows.
    - The types of tickets are a `list`, as examples show; the schema of 2.11 has another type.
    """
    missing = {"job_title", "away_mode_enabled", "away_mode_reassign", "has_inbox_seat", "team_ids"}
    for kind in ("admin", "admin_with_app"):
        admin = schemas[kind].get("anyOf", [schemas[kind]])[0]
        admin["required"] = [name for name in admin.get("required", []) if name not in missing]
    for name in ("email", "email_domain"):
        contact = schemas["contact"]["properties"]
        contact[name] = {"anyOf": [contact[name], {"type": "null"}]}
    schemas["contact"]["properties"]["avatar"] = {"type": ["string", "null"]}
    schemas["starting_after_paging"].pop("required", None)
    sums = schemas["data_event_summary"]["properties"]
    for name in ("email", "user_id"):
        sums[name] = {"anyOf": [sums[name], {"type": "null"}]}
    schemas["data_event_summary"] = {"anyOf": [schemas["data_event_summary"], _EVENT_LIST]}
    schemas["data_attribute"].get("required", ["description"]).remove("description")
    schemas["tag"]["required"] = [
        name for name in schemas["tag"].get("required", []) if not name.startswith("applied_")
    ]
    _amend_companies(schemas)
    if "visitor" in schemas:
        visitor = schemas["visitor"].get("anyOf", [schemas["visitor"]])[0]["properties"]
        del visitor["custom_attributes"]["additionalProperties"]
    if "ticket_type_list" in schemas:
        schemas["ticket_type_list"]["properties"]["type"] = {"type": "string"}


def _amend_companies(schemas: dict[str, Any]) -> None:
    company = schemas["company"]
    unknown = {"last_request_at", "remote_created_at", "size", "website", "industry"}
    company["required"] = [name for name in company.get("required", []) if name not in unknown]
    del company["properties"]["custom_attributes"]["additionalProperties"]
    pages = deepcopy(schemas["cursor_pages"].get("anyOf", [schemas["cursor_pages"]])[0])
    pages["properties"]["next"] = {"anyOf": [pages["properties"]["next"], {"type": "string"}]}
    schemas["company_list"]["properties"]["pages"] = pages
    schemas["company_list"]["properties"]["type"] = {"enum": ["list", "company"]}
    for name, absent in (("contact_attached_companies", "companies"), ("company_attached_segments", "total_count")):
        schemas[name]["required"] = [key for key in schemas[name].get("required", []) if key != absent]
    scroll = schemas["company_scroll"].get("anyOf", [schemas["company_scroll"]])[0]["properties"]
    scroll["pages"] = {"type": "null"}
    scroll["scroll_param"] = {"type": ["string", "null"]}


def _missing(example: Any, answer: Any) -> set[str]:
    """The keys, at any depth, that an example has and an answer has not. Each item of a list is held against the first."""
    if isinstance(example, list) and isinstance(answer, list):
        return set().union(*(_missing(example[0], item) for item in answer)) if example else set()
    if not isinstance(example, dict) or not isinstance(answer, dict):
        return set()
    deeper = (_missing(value, answer.get(key)) for key, value in example.items() if key != "custom_attributes")
    return (set(example) - set(answer)).union(*deeper)


def _where(error: Any) -> str:
    return ".".join(map(str, error.instance_path)) or "the answer"
