"""Every example request of the description of 2.11, for what is served: it gets the documented status and shape."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.conformance import descriptions
from tests.conformance.operations import CASES, NO_NUMBER, NOBODY, Cast, Operation, cast_for, filled
from tests.conftest import Acme

from sayso.intercom.routes import ROUTES
from sayso.intercom.unserved import key

#: The ids of an example are Intercom's own: what stands for them here, by operation and example.
OURS: dict[tuple[Operation, str], dict[str, Any]] = {
    (("POST", "/contacts/{}/companies"), "successful"): {"id": "{company}"},
    (("POST", "/contacts/{}/notes"), "successful_response"): {"contact_id": "{contact}", "admin_id": "{admin}"},
    (("POST", "/contacts/{}/notes"), "contact_not_found"): {"admin_id": "{admin}"},
    (("POST", "/contacts/{}/subscriptions"), "successful"): {"id": "{opt_in}"},
    (("POST", "/contacts/{}/tags"), "successful"): {"id": "{tag}"},
    (("POST", "/contacts/{}/tags"), "tag_not_found"): {"id": NO_NUMBER},
    (("POST", "/contacts/merge"), "successful"): {"from": "{lead}", "into": "{contact}"},
}

#: What must be there first: an operation and its body.
BEFORE: dict[tuple[Operation, str], tuple[str, Any]] = {
    (("POST", "/data_attributes"), name): ("/data_attributes", {"name": "The One Ring", "model": model, "data_type": "string"})
    for name, model in (("same_name_already_exists", "contact"), ("attribute_already_exists", "company"))
}  # fmt: skip

#: Examples that cannot be followed, each with its reason.
NOT_HERE = {
    (("PUT", "/data_attributes/{}"), "has_dependant_object"): "nothing of Sayso's is built on an attribute",
}

#: What a parameter of a path stands for in the cast, and the example in which it names nothing.
NAMED = {
    "contact_id": ("contact", "contact_not_found", NOBODY),
    "data_attribute_id": ("attribute", "attribute_not_found", NO_NUMBER),
}


def requests() -> list[tuple[str, str, str, Any, int]]:
    """Method, path, the example's name, its body, and the documented status."""
    if not descriptions.PRESENT:
        return []
    served = {key(route.method, route.path) for route in ROUTES}
    return [
        (method.upper(), path, name, example["value"], _documented(operation, example["summary"]))
        for path, operations in descriptions.description("2.11").document["paths"].items()
        for method, operation in operations.items()
        if key(method.upper(), path) in served
        for name, example in _content(operation.get("requestBody", {})).get("examples", {}).items()
        if (key(method.upper(), path), name) not in NOT_HERE
    ]


def _documented(operation: Any, summary: str) -> int:
    """The status whose answer is shown by an example of the same name."""
    (status,) = [
        int(status)
        for status, answer in operation["responses"].items()
        if summary.lower() in map(str.lower, _content(answer).get("examples", {}))
    ]
    return status


def _content(part: Any) -> Any:
    return part.get("content", {}).get("application/json", {})


@descriptions.needed
@pytest.mark.parametrize("operation", sorted({key(*request[:2]) for request in requests()}), ids=" ".join)
async def test_every_example_request_is_answered_as_documented(
    acme: Acme, operation: Operation, subtests: pytest.Subtests
):
    """Acme's client holds each answer against the description's shape."""
    (own,) = [each for each in CASES if key(*each) == operation]
    for number, (method, path, name, body, status) in enumerate(requests()):
        if key(method, path) != operation:
            continue
        cast = await cast_for(own, acme.client, number)
        before = BEFORE.get((operation, name))
        if before:
            await acme.post(*before)
        sent = {**body, **filled(OURS.get((operation, name), {}), cast)} if body else body
        with subtests.test(f"{method} {path} {name}"):
            answer = await acme.client.request(method, _at(path, name, cast), json=sent)

            assert status == answer.status_code, answer.text


def _at(path: str, name: str, cast: Cast) -> str:
    def value(found: re.Match[str]) -> str:
        word, missing, absent = NAMED[found[1]]
        return absent if name == missing else cast[word]

    return re.sub(r"\{(\w+)\}", value, path)


@descriptions.needed
def test_the_examples_are_there():
    assert len(requests()) >= 30
