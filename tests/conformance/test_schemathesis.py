"""schemathesis against everything that /openapi.json describes, on a real server.

SAYSO_SCHEMATHESIS=500 asks for that many examples of each operation instead, other ones each time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from time import time

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    ignored_auth,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from tests.machine import DEADLINE
from tests.running import Running

from sayso.api.routes import OPEN_ROUTES
from sayso.api.routes import ROUTES as API_ROUTES
from sayso.intercom.routes import ROUTES as INTERCOM_ROUTES

#: The others ask that a server refuse whatever the description does not foresee; real clients need it lenient.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]

ASKED = os.environ.get("SAYSO_SCHEMATHESIS", "")
SETTINGS = settings(
    max_examples=int(ASKED or 15),
    derandomize=not ASKED,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)

MODES = {"valid": GenerationMode.POSITIVE, "invalid": GenerationMode.NEGATIVE}

#: What takes nothing cannot be asked anything invalid.
RUNS = [(route.method, route.path, mode) for route in (*INTERCOM_ROUTES, *API_ROUTES) for mode in MODES]
RUNS += [(route.method, route.path, "valid") for route in OPEN_ROUTES]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of its own: what is generated is also written."""
    with Running(tmp_path_factory.mktemp("schemathesis"), "--demo") as running:
        yield running


@pytest.fixture(scope="module")
def schema(target: Running):
    return schemathesis.openapi.from_url(f"{target.url}/openapi.json")


@pytest.fixture(scope="module")
def known(target: Running) -> dict[str, list[str]]:
    """Values that exist, by the parameter they are for: what is generated alone would find nothing."""
    with target.client as client:
        types = [type_["id"] for type_ in client.get("/subscription_types").json()["data"]]
        contacts = [_contact(client, f"kept-{number}") for number in range(10)]
        tags, doomed_tags = ([_tag(client, f"{word} {n}", contacts) for n in range(50)] for word in ("kept", "doomed"))
        segments = [one["id"] for one in client.get("/segments").json()["segments"]]
        attributes = [_attribute(client, f"kept {number}") for number in range(5)]
        doomed, blocked = ([_contact(client, f"{word}-{n}") for n in range(50)] for word in ("doomed", "blocked"))
        for contact in contacts:
            for type_ in types:
                assert 200 == client.post(f"/contacts/{contact}/subscriptions", json={"id": type_}).status_code
        companies, doomed_companies = (
            [_company(client, f"{word}-{n}") for n in range(20)] for word in ("kept", "doomed")
        )
        for contact in contacts:
            for company in companies:
                assert 200 == client.post(f"/contacts/{contact}/companies", json={"id": company}).status_code
        notes = [client.post(f"/contacts/{contact}/notes", json={"body": "kept"}).json()["id"] for contact in contacts]
        jobs = {
            kind: [client.post(f"/{kind}/bulk", json={kind: [item]}).json()["id"]]
            for kind, item in (("contacts", {"role": "lead"}), ("companies", {"company_id": "kept-job"}))
        }
        made = [client.post("/contacts", json={"role": "lead"}).json() for _ in range(50)]
        leads = [lead["id"] for lead in made]
    return {
        "DELETE /contacts/{id}": doomed,
        "block": blocked,
        "/contacts/{id}": contacts,
        "/visitors/{id}": leads,
        "{contact_id}": contacts,
        "DELETE /companies/{id}": doomed_companies,
        "/companies/{id}": companies,
        "contacts/bulk/{id}": jobs["contacts"],
        "companies/bulk/{id}": jobs["companies"],
        "{admin_id}": ["1"],
        "DELETE /tags/{tag_id}": doomed_tags,
        "{tag_id}": tags,
        "{data_attribute_id}": attributes,
        "{segment_id}": segments,
        "{note_id}": notes,
        "from": leads,
        "visitors": [lead["external_id"] for lead in made],
        "{subscription_id}": types,
        "{external_id}": ["kept-0"],
        "{locale}": ["en", "de", "pt-BR"],
        "subscription_types/{id}": types,
    }


def _attribute(client: httpx2.Client, name: str) -> str:
    wanted = {"name": name, "model": "contact", "data_type": "string"}
    return str(client.post("/data_attributes", json=wanted).json()["id"])


def _tag(client: httpx2.Client, name: str, contacts: list[str]) -> str:
    return client.post("/tags", json={"name": name, "users": [{"id": id_} for id_ in contacts]}).json()["id"]


def _company(client: httpx2.Client, company_id: str) -> str:
    return client.post("/companies", json={"company_id": company_id}).json()["id"]


def _contact(client: httpx2.Client, external_id: str) -> str:
    return client.post("/contacts", json={"external_id": external_id}).json()["id"]


@pytest.mark.parametrize(("method", "path", "mode"), RUNS, ids=[" ".join(run) for run in RUNS])
def test_every_answer_is_one_that_is_described(schema, target: Running, known: dict, method: str, path: str, mode: str):
    operation = schema[path][method]

    @SETTINGS
    @given(case=operation.as_strategy(generation_mode=MODES[mode]), data=st.data())
    def run(case, data):
        _point_at_what_exists(case, known, data.draw)
        case.call_and_validate(
            base_url=target.url, headers={"Authorization": f"Bearer {target.token}"}, checks=CHECKS, timeout=DEADLINE
        )

    run()


def _point_at_what_exists(case, known: dict[str, list[str]], draw) -> None:
    """In most of the cases, an id that is there."""
    for name in case.path_parameters or {}:
        place = f"{case.method} {case.path}".partition(f"{{{name}}}")[0] + f"{{{name}}}"
        if draw(st.integers(0, 3)):
            case.path_parameters[name] = draw(st.sampled_from(next(known[end] for end in known if place.endswith(end))))
    if case.path.endswith("/subscriptions") and isinstance(case.body, dict) and draw(st.booleans()):
        case.body["id"] = draw(st.sampled_from(known["{subscription_id}"]))
    if case.path.endswith("/companies") and "contact_id" in case.path and isinstance(case.body, dict):
        case.body["id"] = draw(st.sampled_from([*known["/companies/{id}"], "nobody"]))
    if case.path.endswith("/block"):
        case.path_parameters["id"] = draw(st.sampled_from([*known["block"], "nobody"]))
    contact = st.sampled_from(known["{contact_id}"])
    if case.path.endswith("/merge_history") and draw(st.booleans()):
        case.headers = {**(case.headers or {}), "Intercom-Version": "2.16"}
    if case.path == "/events" and isinstance(case.query, dict) and case.method == "GET" and draw(st.booleans()):
        case.query |= {"type": "user", "intercom_user_id": draw(contact)}
    if (case.method, case.path) == ("GET", "/visitors") and isinstance(case.query, dict) and draw(st.booleans()):
        case.query["user_id"] = draw(st.sampled_from(known["visitors"]))
    if (case.method, case.path) in _BODIES and isinstance(case.body, dict) and draw(st.booleans()):
        _name_what_exists(case, known, draw)


def _name_what_exists(case, known: dict[str, list[str]], draw) -> None:
    """A body of `_BODIES` with ids that are there."""
    contact = st.sampled_from(known["{contact_id}"])
    case.body = _BODIES[case.method, case.path] | {
        name: draw(contact if name in {"id", "into"} else st.sampled_from(known["from"]))
        for name in _DRAWN.get(case.path, ())
    }
    if case.path.startswith("/visitors"):
        lead = {"id": draw(st.sampled_from(known["from"]))}
        case.body |= {"visitor": lead} if case.path.endswith("/convert") else lead


#: What hardly anything generated would be: it names what is there, twice or by a time.
_BODIES = {
    ("POST", "/contacts/merge"): {"skip_duplicate_validation": True},
    ("POST", "/contacts/{contact_id}/notes"): {"body": "Text"},
    ("POST", "/events"): {"event_name": "ordered", "created_at": int(time())},
    ("POST", "/events/summaries"): {"event_summaries": {"event_name": "ordered", "count": 1}},
    ("POST", "/contacts/merge/preview"): {"skip_duplicate_validation": True},
    ("POST", "/user_delete_requests"): {},
    ("PUT", "/visitors"): {"name": "Visitor"},
    ("POST", "/visitors/convert"): {"type": "lead", "user": {"email": "lead@example.com"}},
}
_DRAWN = {
    "/contacts/merge": ("from", "into"),
    "/contacts/merge/preview": ("from", "into"),
    "/events": ("id",),
    "/events/summaries": ("id",),
    "/user_delete_requests": ("intercom_user_id",),
}


def test_every_operation_was_also_fulfilled_and_none_failed(target: Running):
    with target.client as client:
        told = client.get("/metrics").text

    fulfilled = set(re.findall(r'sayso_requests_total{method="(\w+)",route="(.+?)",status="2\d\d"}', told))
    assert {(method, path) for method, path, _ in RUNS} <= fulfilled
    assert 'status="5' not in told
