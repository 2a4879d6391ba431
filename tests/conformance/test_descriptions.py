"""Every served operation, in every version, answers as Intercom's description of that version says."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conformance import descriptions
from tests.conformance.operations import CASES, MOVING, Operation, cast_for, filled
from tests.conftest import Acme
from tests.intercom.told import without_request_id

from sayso.intercom.routes import ROUTES
from sayso.intercom.versions import named

OPERATIONS = [(route.method, route.path) for route in ROUTES]

SINCE = {(route.method, route.path): route.since for route in ROUTES}


def test_every_served_operation_has_its_cases():
    assert set(OPERATIONS) == set(CASES)


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
async def test_an_operation_answers_in_every_version_as_described(
    acme: Acme, operation: Operation, subtests: pytest.Subtests
):
    """Acme's client holds every answer against the description of its version."""
    for number, version in enumerate(descriptions.VERSIONS):
        cast = await cast_for(operation, acme.client, number)
        too_new = named(version.encode()) < SINCE[operation]
        for case in CASES[operation]:
            with subtests.test(f"{version}: {case}"):
                path, body = filled(case.path, cast), filled(case.body, cast)
                headers = {"Intercom-Version": version}
                answer = await acme.client.request(operation[0], path, json=body, headers=headers)

                assert (400 if too_new else case.expected(version)) == answer.status_code, answer.text


@pytest.mark.parametrize(("version", "same_as"), [("Unstable", "Preview"), ("2.3", "2.7"), (None, "2.11")])
async def test_a_version_by_another_name_answers_the_same(acme: Acme, version: str | None, same_as: str):
    headers = {} if version is None else {"Intercom-Version": version}
    for number, operation in enumerate(
        operation for operation in OPERATIONS if operation[0] == "GET" and operation not in MOVING
    ):
        cast = await cast_for(operation, acme.client, number)
        path = filled(CASES[operation][0].path, cast)

        expected = await acme.get(path, headers={"Intercom-Version": same_as})
        if version is None and named(same_as.encode()) < SINCE[operation]:
            # Who names no version is served what is newer, too.
            assert (400, 200) == (expected.status_code, (await acme.get(path)).status_code)
            continue

        assert without_request_id(expected) == without_request_id(await acme.get(path, headers=headers))


@pytest.mark.parametrize("version", descriptions.VERSIONS)
async def test_a_wrong_token_is_told_as_described(acme: Acme, version: str):
    async with acme.client_with("wrong-token", **{"Intercom-Version": version}) as stranger:
        for operation in OPERATIONS:
            answer = await stranger.request(*operation)

            assert 401 == answer.status_code
            assert [{"code": "unauthorized", "message": "Access Token Invalid"}] == answer.json()["errors"]
            assert not _complaints(version, operation, answer)


@pytest.mark.parametrize("version", descriptions.VERSIONS)
async def test_the_keys_of_a_contact_stand_in_the_order_of_the_example(acme: Acme, version: str):
    contact = (await cast_for(("GET", "/contacts/{id}"), acme.client, 0))["contact"]
    example = descriptions.description(version).example("GET", "/contacts/{id}")

    answer = await acme.get(f"/contacts/{contact}", headers={"Intercom-Version": version})

    assert list(example) == [key for key in answer.json() if key in example]
    for key in ("tags", "opted_in_subscription_types", "location", "social_profiles"):
        assert list(example[key]) == list(answer.json()[key])


@pytest.mark.parametrize("version", descriptions.VERSIONS)
async def test_the_keys_of_a_subscription_type_stand_in_the_order_of_the_example(acme: Acme, version: str):
    example = descriptions.description(version).example("GET", "/subscription_types")

    answer = (await acme.get("/subscription_types", headers={"Intercom-Version": version})).json()

    assert list(example) == list(answer)
    assert list(example["data"][0]) == list(answer["data"][0])
    assert list(example["data"][0]["translations"][0]) == list(answer["data"][0]["translations"][0])


@pytest.mark.parametrize("version", descriptions.VERSIONS)
async def test_the_keys_of_me_begin_with_those_of_the_example(acme: Acme, version: str):
    example = descriptions.description(version).example("GET", "/me")

    answer = (await acme.get("/me", headers={"Intercom-Version": version})).json()

    assert list(example) == list(answer)[: len(example)]
    assert list(example["app"]) == list(answer["app"])


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("/contacts/{id}", {"id": 7}, 'id: 7 is not of type "string"'),
        ("/contacts/{id}", {"role": "user", "made_up": 7}, "made_up: nothing like it is described"),
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


async def test_every_client_of_acme_holds_its_answers_against_the_descriptions(acme: Acme, monkeypatch):
    monkeypatch.setattr(descriptions.Description, "complaints", lambda *answer: ["nothing is good enough"])

    with pytest.raises(descriptions.DoesNotConform, match=r"GET /me 2\.14 200: nothing is good enough"):
        await acme.get("/me", headers={"Intercom-Version": "2.14"})


def _complaints(version: str, operation: Operation, answer: Any) -> list[str]:
    return descriptions.description(version).complaints(*operation, answer.status_code, answer.json())
