"""Intercom's published OpenAPI descriptions as an oracle: every answer of a served route is held against them.

They lie beside the repository, in `../shared`, and nowhere else; without them nothing is validated, and the tests of
this folder say so. A description is read when it is first needed.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import pytest
import yaml
from tests.machine import DEMANDED

from sayso.http.router import NotAllowed, Router
from sayso.intercom.routes import ROUTES, Route

FOLDER = Path(__file__).parents[2] / "../shared/reference/intercom-openapi"
PRESENT = FOLDER.is_dir()

#: The descriptions of the lists that are always empty, beside the others.
_LISTS = FOLDER.with_name("intercom-openapi-lists")

#: Skips a test where the descriptions are not, but not where nothing may be missing.
needed = pytest.mark.skipif(
    not (PRESENT or DEMANDED), reason="answers are not validated: ../shared/reference/intercom-openapi is not here"
)

#: The versions that are described, as the header names them.
VERSIONS = (*(f"2.{minor}" for minor in range(7, 17)), "Preview")

_OLDER = ("1.0", "1.1", "1.2", "1.3", "1.4", *(f"2.{minor}" for minor in range(7)))
_SAME_AS = {**dict.fromkeys(_OLDER, "2.7"), "Unstable": "Preview"}

#: What we serve and no version describes; the Ruby SDK asks for it.
_UNDESCRIBED = {("GET", "/subscription_types/{}"): "subscription_type"}

#: What real answers bear and no schema or example names: section 2.1 of the reference.
_OBSERVED = frozenset({"sms_consent", "unsubscribed_from_sms", "email_domain"})

#: What an example has, and other examples of such an object have not: it is there where it is known.
_WHERE_KNOWN = frozenset({"last_request_at", "next_cursor", "remote_created_at"})

#: What examples show of a list that goes on: where it ends, and for sums, there is none.
_OF_MORE = {"/events": {"pages", "next"}}

_ROUTER: Router[Route] = Router(ROUTES)
_PARAMETER = re.compile(r"\{\w+\}")


class DoesNotConform(AssertionError):
    """An answer that the description of its version does not allow."""


@dataclass(frozen=True)
class Description:
    """One version's description."""

    version: str

    @cached_property
    def document(self) -> dict[str, Any]:
        return self._read(FOLDER)

    @cached_property
    def _lists(self) -> dict[str, Any]:
        return self._read(_LISTS)

    def _read(self, folder: Path) -> dict[str, Any]:
        path = folder / f"intercom-{self.version.lower()}.yaml"
        return yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    @cached_property
    def schemas(self) -> dict[str, Any]:
        """The schemas as JSON Schema, with what the descriptions get wrong put right."""
        lists, document = self._lists, self.document
        schemas = _converted({**lists["components"]["schemas"], **document["components"]["schemas"]})
        _amend(schemas)
        for name in _referred([lists, document]) - set(schemas):
            schemas[name] = {}
        return schemas

    @cached_property
    def _operations(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {
            (method.upper(), _PARAMETER.sub("{}", path)): operation
            for path, operations in {**self._lists["paths"], **self.document["paths"]}.items()
            for method, operation in operations.items()
        }

    def example(self, method: str, path: str) -> Any:
        """The first example of a 200."""
        return self._examples(method, path)[0]

    def examples(self, method: str, path: str) -> list[Any]:
        return self._examples(method, path) if self._is_described(method, path) else []

    def complaints(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """What the description says against an answer; a route's `path` has its parameters in braces."""
        schema = self._schema(method, _PARAMETER.sub("{}", path), status)
        if schema is None:
            return [f"{status} is no answer of it"]
        found = [f"{_where(error)}: {error.message}" for error in self._validator(schema).iter_errors(body)]
        if status == 200 and self._is_described(method, path):
            elsewhere = self._stray | _WHERE_KNOWN | _OF_MORE.get(path, set())
            missing = _missing(self._examples(method, path)[:1], [body]) - elsewhere
            found += [f"{key}: the example has it" for key in missing]
            found += [f"{key}: nothing like it is described" for key in self._unknown_keys(method, path, body)]
        return found

    def _schema(self, method: str, path: str, status: int) -> str | None:
        """Where the schema of an answer stands. Every error has the same one, whether or not it is described."""
        if status >= 400:
            return "#/components/schemas/error"
        if (method, path) in _UNDESCRIBED:
            return f"#/components/schemas/{_UNDESCRIBED[method, path]}"
        if str(status) not in self._operations.get((method, path), {}).get("responses", {}):
            return None
        return f"#/answers/{method} {path.replace('/', '~1')} {status}"

    @cached_property
    def _answers(self) -> dict[str, Any]:
        return {
            f"{method} {path} {status}": _converted(schema)
            for (method, path), operation in self._operations.items()
            for status, answer in operation["responses"].items()
            for schema in [answer.get("content", {}).get("application/json", {}).get("schema", {})]
        }

    @cached_property
    def _validators(self) -> dict[str, Any]:
        return {}

    def _validator(self, pointer: str) -> Any:
        if pointer not in self._validators:
            pointer_in_uri = pointer.replace("{", "%7B").replace("}", "%7D").replace(" ", "%20")
            document = {"$ref": pointer_in_uri, "components": {"schemas": self.schemas}, "answers": self._answers}
            self._validators[pointer] = jsonschema_rs.Draft202012Validator(document, validate_formats=False)
        return self._validators[pointer]

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
        return self._is_described(method, path) or (method, _PARAMETER.sub("{}", path)) in _UNDESCRIBED

    def _is_described(self, method: str, path: str) -> bool:
        return (method, _PARAMETER.sub("{}", path)) in self._operations

    def _examples(self, method: str, path: str) -> list[Any]:
        """The examples of a 200."""
        answer = self._operations[method, _PARAMETER.sub("{}", path)]["responses"].get("200", {})
        content = answer.get("content", {}).get("application/json", {})
        return [example["value"] for example in content.get("examples", {}).values()]


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
    is in allows. A client that names no version is served routes that its version does not have: these are let pass."""
    request, status, body = response.request, response.status_code, response.json()
    path = served(request.method, request.url.path)
    if not PRESENT or path is None:
        return
    against = description(response.headers["Intercom-Version"])
    if "Intercom-Version" not in request.headers and not against.has(request.method, path):
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


def _referred(document: Any) -> set[str]:
    """The names of the schemas that something refers to."""
    if isinstance(document, list):
        return set().union(*map(_referred, document))
    if not isinstance(document, dict):
        return set()
    reference = document.get("$ref")
    named = {reference.rpartition("/")[2]} if isinstance(reference, str) else set()
    return named.union(*map(_referred, document.values()))


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
