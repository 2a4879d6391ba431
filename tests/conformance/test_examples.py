"""Every example request of the description of 2.11, for what is served: it gets the documented status and shape.

The facts have its keys. The values are ours.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from scripts.facts import keys
from tests.conformance import descriptions
from tests.conformance.operations import CASES, NO_NUMBER, NOBODY, Cast, Operation, cast_for, filled
from tests.conftest import Acme

from sayso.intercom.routes import ROUTES
from sayso.intercom.unserved import key

CHOICE = {"id": "{opt_in}", "consent_type": "opt_in"}
NOTE = {"contact_id": "{contact}", "admin_id": "{admin}", "body": "Hello"}
RING = {"name": "ring", "model": "contact", "data_type": "string"}
OPTIONS = [{"value": "one"}, {"value": "two"}]
CHANGE = {"description": "A ring", "options": OPTIONS, "archived": False}

#: What is sent, by operation and example. Words in braces are filled in from the cast.
BODIES: dict[tuple[Operation, str], Any] = {
    (("POST", "/companies"), "successful"): {"company_id": "shire", "name": "Shire", "remote_created_at": 1_700_000_000},
    (("POST", "/companies"), "bad_request"): {"test": "invalid"},
    (("POST", "/contacts/{}/companies"), "successful"): {"id": "{company}"},
    (("POST", "/contacts/{}/companies"), "bad_request"): None,
    (("POST", "/contacts/{}/companies"), "company_not_found"): {"id": NO_NUMBER},
    (("POST", "/contacts/{}/notes"), "successful_response"): NOTE,
    (("POST", "/contacts/{}/notes"), "admin_not_found"): NOTE | {"admin_id": int(NO_NUMBER)},
    (("POST", "/contacts/{}/notes"), "contact_not_found"): NOTE | {"contact_id": int(NO_NUMBER)},
    (("POST", "/contacts/{}/subscriptions"), "successful"): CHOICE,
    (("POST", "/contacts/{}/subscriptions"), "contact_not_found"): CHOICE,
    (("POST", "/contacts/{}/subscriptions"), "resource_not_found"): CHOICE | {"id": "invalid_id"},
    (("POST", "/contacts/{}/tags"), "successful"): {"id": "{tag}"},
    (("POST", "/contacts/{}/tags"), "contact_not_found"): {"id": "{tag}"},
    (("POST", "/contacts/{}/tags"), "tag_not_found"): {"id": NO_NUMBER},
    (("PUT", "/contacts/{}"), "successful"): {"email": "carol@example.com", "name": "Carol"},
    (("POST", "/contacts/merge"), "successful"): {"from": "{lead}", "into": "{contact}"},
    (("POST", "/contacts/search"), "successful"): {
        "query": {"operator": "AND", "value": [{"field": "created_at", "operator": ">", "value": "1700000000"}]},
        "pagination": {"per_page": 5},
    },
    (("POST", "/contacts"), "successful"): {"email": "carol@example.com"},
    (("POST", "/data_attributes"), "successful"): {"name": "shirt", "model": "company", "data_type": "string"},
    (("POST", "/data_attributes"), "same_name_already_exists"): RING | {"data_type": "integer"},
    (("POST", "/data_attributes"), "invalid_name"): RING | {"name": "r!ng"},
    (("POST", "/data_attributes"), "attribute_already_exists"): RING,
    (("POST", "/data_attributes"), "invalid_data_type"): RING | {"name": "another ring", "data_type": "mithril"},
    (("POST", "/data_attributes"), "too_few_options_for_list"): CHANGE | {"options": OPTIONS[:1]},
    (("PUT", "/data_attributes/{}"), "successful"): CHANGE,
    (("PUT", "/data_attributes/{}"), "too_few_options_in_list"): CHANGE | {"options": OPTIONS[0]},
    (("PUT", "/data_attributes/{}"), "attribute_not_found"): CHANGE,
    (("POST", "/tags"), "action_successful"): {"name": "test"},
    (("POST", "/tags"), "invalid_parameters"): {"test": "invalid"},
    (("POST", "/tags"), "company_not_found"): {"name": "test", "companies": [{"company_id": NO_NUMBER}]},
    (("POST", "/tags"), "user_not_found"): {"name": "test", "users": [{"id": NO_NUMBER}]},
}  # fmt: skip

#: What must be there first: a path and what is posted to it.
BEFORE: dict[tuple[Operation, str], tuple[str, Any]] = {
    (("POST", "/data_attributes"), name): ("/data_attributes", RING)
    for name in ("same_name_already_exists", "attribute_already_exists")
}

#: Examples that cannot be followed, each with its reason.
NOT_HERE = {
    (("PUT", "/data_attributes/{}"), "has_dependant_object"): "nothing of Sayso's is built on an attribute",
}

#: What a parameter of a path stands for in the cast, and the example in which it names nothing.
NAMED = {
    "contact_id": ("contact", "contact_not_found", NOBODY),
    "data_attribute_id": ("attribute", "attribute_not_found", NO_NUMBER),
}

_SERVED = {key(route.method, route.path) for route in ROUTES}

REQUESTS = [
    request
    for request in descriptions.description("2.11").requests()
    if key(*request[:2]) in _SERVED and (key(*request[:2]), request[2]) not in NOT_HERE
]


def test_every_example_has_a_body_with_its_keys():
    documented = {(key(method, path), name): body for method, path, name, body, _ in REQUESTS}

    assert documented == {example: keys(body) for example, body in BODIES.items()}


@pytest.mark.parametrize("operation", sorted({key(*request[:2]) for request in REQUESTS}), ids=" ".join)
async def test_every_example_request_is_answered_as_documented(
    acme: Acme, operation: Operation, subtests: pytest.Subtests
):
    """Acme's client holds each answer against the description's shape."""
    (own,) = [each for each in CASES if key(*each) == operation]
    for number, (method, path, name, _, status) in enumerate(REQUESTS):
        if key(method, path) != operation:
            continue
        cast = await cast_for(own, acme.client, number)
        before = BEFORE.get((operation, name))
        if before:
            await acme.post(*before)
        with subtests.test(f"{method} {path} {name}"):
            sent = filled(BODIES[operation, name], cast)
            answer = await acme.client.request(method, _at(path, name, cast), json=sent)

            assert status == answer.status_code, answer.text


def _at(path: str, name: str, cast: Cast) -> str:
    def value(found: re.Match[str]) -> str:
        word, missing, absent = NAMED[found[1]]
        return absent if name == missing else cast[word]

    return re.sub(r"\{(\w+)\}", value, path)
