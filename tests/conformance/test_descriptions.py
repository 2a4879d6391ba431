"""Every served operation, in every version, answers as Intercom's description of that version says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from tests.cast import ALICE
from tests.conformance import descriptions
from tests.conftest import Acme

from sayso.intercom.routes import ROUTES
from sayso.intercom.versions import named

described = pytest.mark.skipif(not descriptions.PRESENT, reason=descriptions.ABSENT)

Operation = tuple[str, str]


@dataclass(frozen=True)
class Case:
    """What is sent, and the status that must come back. Words in braces are filled in from the cast."""

    status: int
    path: str
    body: dict[str, Any] | None = None


#: No id that anybody has.
NOBODY = "0" * 24

CASES: dict[Operation, list[Case]] = {
    ("GET", "/me"): [Case(200, "/me")],
    ("GET", "/subscription_types"): [Case(200, "/subscription_types")],
    ("GET", "/subscription_types/{id}"): [
        Case(200, "/subscription_types/{sms}"),
        Case(200, "/subscription_types/{archived}"),
        Case(404, "/subscription_types/999"),
    ],
    ("GET", "/contacts"): [
        Case(200, "/contacts"),
        Case(200, "/contacts?per_page=1"),
        Case(400, "/contacts?per_page=none"),
    ],
    ("POST", "/contacts"): [
        Case(200, "/contacts", {"email": "new@example.com"}),
        Case(200, "/contacts", {"external_id": "new"}),
        Case(200, "/contacts", {"role": "lead"}),
        Case(400, "/contacts", {"email": 7}),
        Case(409, "/contacts", ALICE),
    ],
    ("GET", "/contacts/find_by_external_id/{external_id}"): [
        Case(200, "/contacts/find_by_external_id/alice"),
        Case(404, "/contacts/find_by_external_id/nobody"),
    ],
    ("GET", "/contacts/{id}"): [Case(200, "/contacts/{contact}"), Case(404, f"/contacts/{NOBODY}")],
    ("PUT", "/contacts/{id}"): [
        Case(200, "/contacts/{contact}", {"name": "Alice again", "unsubscribed_from_emails": True}),
        Case(400, "/contacts/{contact}", {"name": 7}),
        Case(404, f"/contacts/{NOBODY}", {}),
    ],
    ("DELETE", "/contacts/{id}"): [Case(404, f"/contacts/{NOBODY}"), Case(200, "/contacts/{contact}")],
    ("GET", "/contacts/{contact_id}/subscriptions"): [
        Case(200, "/contacts/{contact}/subscriptions"),
        Case(404, f"/contacts/{NOBODY}/subscriptions"),
    ],
    ("POST", "/contacts/{contact_id}/subscriptions"): [
        Case(200, "/contacts/{contact}/subscriptions", {"id": "{sms}", "consent_type": "opt_in"}),
        Case(400, "/contacts/{contact}/subscriptions", {"consent_type": "opt_in"}),
        Case(404, "/contacts/{contact}/subscriptions", {"id": "invalid_id", "consent_type": "opt_in"}),
        Case(404, f"/contacts/{NOBODY}/subscriptions", {"id": "{sms}"}),
    ],
    ("DELETE", "/contacts/{contact_id}/subscriptions/{subscription_id}"): [
        Case(404, f"/contacts/{NOBODY}/subscriptions/{{opt_in}}"),
        Case(404, "/contacts/{contact}/subscriptions/invalid_id"),
        Case(200, "/contacts/{contact}/subscriptions/{opt_in}"),
    ],
}

OPERATIONS = [(route.method, route.path) for route in ROUTES]
SINCE = {(route.method, route.path): route.since for route in ROUTES}


def test_every_served_operation_has_its_cases():
    assert set(OPERATIONS) == set(CASES)


@described
@pytest.mark.parametrize("version", [*descriptions.VERSIONS, "Unstable", "2.3", None])
@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
async def test_an_operation_answers_as_its_description_says(acme: Acme, operation: Operation, version: str | None):
    cast = await _cast(acme)
    headers = {} if version is None else {"Intercom-Version": version}
    too_new = named((version or descriptions.DEFAULT).encode()) < SINCE[operation]

    for case in CASES[operation]:
        body = case.body and {key: _filled(value, cast) for key, value in case.body.items()}
        answer = await acme.client.request(operation[0], _filled(case.path, cast), json=body, headers=headers)

        assert (400 if too_new else case.status) == answer.status_code, answer.text
        assert not _complaints(version, operation, answer)


@described
@pytest.mark.parametrize("version", descriptions.VERSIONS)
async def test_a_wrong_token_is_told_as_described(acme: Acme, version: str):
    async with acme.client_with("wrong-token", **{"Intercom-Version": version}) as stranger:
        for operation in OPERATIONS:
            answer = await stranger.request(*operation)

            assert 401 == answer.status_code
            assert [{"code": "unauthorized", "message": "Access Token Invalid"}] == answer.json()["errors"]
            assert not _complaints(version, operation, answer)


@described
@pytest.mark.parametrize("version", descriptions.VERSIONS)
async def test_the_keys_of_a_contact_stand_in_the_order_of_the_example(acme: Acme, version: str):
    contact = (await _cast(acme))["contact"]
    example = descriptions.description(version).example("GET", "/contacts/{id}")

    answer = await acme.get(f"/contacts/{contact}", headers={"Intercom-Version": version})

    assert list(example) == [key for key in answer.json() if key in example]
    for key in ("tags", "opted_in_subscription_types", "location", "social_profiles"):
        assert list(example[key]) == list(answer.json()[key])


@described
@pytest.mark.parametrize("version", descriptions.VERSIONS)
async def test_the_keys_of_a_subscription_type_stand_in_the_order_of_the_example(acme: Acme, version: str):
    example = descriptions.description(version).example("GET", "/subscription_types")

    answer = (await acme.get("/subscription_types", headers={"Intercom-Version": version})).json()

    assert list(example) == list(answer)
    assert list(example["data"][0]) == list(answer["data"][0])
    assert list(example["data"][0]["translations"][0]) == list(answer["data"][0]["translations"][0])


@described
@pytest.mark.parametrize("version", descriptions.VERSIONS)
async def test_the_keys_of_me_stand_in_the_order_of_the_example(acme: Acme, version: str):
    example = descriptions.description(version).example("GET", "/me")

    answer = (await acme.get("/me", headers={"Intercom-Version": version})).json()

    assert list(example) == list(answer)
    assert list(example["app"]) == list(answer["app"])


@described
@pytest.mark.parametrize("version", descriptions.VERSIONS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_the_examples_of_a_description_satisfy_it(operation: Operation, version: str):
    """What we amend in a description must not turn it against itself."""
    against = descriptions.description(version)

    for example in against.examples(*operation):
        assert not against.complaints(*operation, 200, example)


@described
@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("/contacts/{id}", {"id": 7}, 'id: 7 is not of type "string"'),
        ("/contacts/{id}", {"made_up": 7}, "made_up: nothing like it is described"),
        ("/contacts/{id}", {}, "opted_in_subscription_types: the example has it"),
        (
            "/subscription_types/{id}",
            {"state": "asleep"},
            'state: "asleep" is not one of "live", "draft" or "archived"',
        ),
    ],
)
def test_an_answer_that_does_not_conform_is_found_out(path: str, body: dict[str, Any], complaint: str):
    against = descriptions.description("2.11")

    assert complaint in against.complaints("GET", path, 200, {"type": "contact", **body})


@described
async def test_every_client_of_acme_holds_its_answers_against_the_descriptions(acme: Acme, monkeypatch):
    monkeypatch.setattr(descriptions.Description, "complaints", lambda *answer: ["nothing is good enough"])

    with pytest.raises(descriptions.DoesNotConform, match=r"GET /me 2\.14 200: nothing is good enough"):
        await acme.get("/me", headers={"Intercom-Version": "2.14"})


async def _cast(acme: Acme) -> dict[str, str]:
    """Alice, of whom everything is known, with three choices; and Bob, so that there is a second page."""
    owner = (await acme.get("/me")).json()["id"]
    more = {"owner_id": owner, "avatar": "https://example.com/alice.png", "phone": "+15555550100"}
    alice = await acme.contact(**ALICE, **more, custom_attributes={"paid": True}, signed_up_at=1_700_000_000)
    await acme.contact(email="bob@example.com")
    for word in ("opt_out", "opt_in"):
        await acme.post(f"/contacts/{alice}/subscriptions", {"id": acme.types[word]})
    return {"contact": alice, **acme.types}


def _filled(value: Any, cast: dict[str, str]) -> Any:
    return value.format(**cast) if isinstance(value, str) else value


def _complaints(version: str | None, operation: Operation, answer: Any) -> list[str]:
    name = "Preview" if version == "Unstable" else "2.7" if version == "2.3" else version or descriptions.DEFAULT
    return descriptions.description(name).complaints(*operation, answer.status_code, answer.json())
