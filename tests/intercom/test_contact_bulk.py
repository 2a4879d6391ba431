"""Bulk jobs for contacts: what becomes of their items."""

from __future__ import annotations

import asyncio

import pytest
from tests.cast import NOON
from tests.conformance.conftest import store  # noqa: F401
from tests.conftest import Acme
from tests.intercom.bulk import carry_out

from sayso.domain.bulk import OPEN_FOR


async def search(acme: Acme, email: str) -> list[dict]:
    query = {"field": "email", "operator": "=", "value": email}
    return (await acme.post("/contacts/search", {"query": query})).json()["data"]


async def test_a_job_is_answered_before_it_has_begun_and_tells_how_it_ended(acme: Acme):
    answer = await acme.post("/contacts/bulk", {"contacts": [{"email": "a@example.com"}, {"email": "b@example.com"}]})

    job, task = answer.json(), answer.json()["tasks"][0]
    assert (202, "contacts.bulk.job", "pending", None) == (
        answer.status_code,
        job["type"],
        job["state"],
        job["completed_at"],
    )
    assert (2, "pending", None, None) == (
        task["item_count"],
        task["state"],
        task["started_at"],
        task["completed_at"],
    )
    assert f"http://sayso.test/contacts/bulk/{job['id']}" == job["url"]
    assert [] == await search(acme, "a@example.com")

    acme.clock.pass_(5_000)
    await asyncio.gather(*acme.region.bulk.background.tasks)

    done, second = (await acme.get(job["url"])).json(), NOON // 1000
    ended = {"state": "completed", "completed_at": second + 5}
    assert job | ended | {"updated_at": second + 5, "tasks": [task | ended | {"started_at": second + 5}]} == done
    assert 1 == len(await search(acme, "a@example.com"))


async def test_a_bulk_creation_sets_what_a_single_one_sets(acme: Acme):
    await acme.attributes(plan="string")
    tag = (await acme.post("/tags", {"name": "VIP"})).json()["id"]
    admin = (await acme.get("/me")).json()["id"]
    fields = {
        "external_id": 25,
        "email": " Ada@example.com ",
        "name": "Ada",
        "phone": "+353871234567",
        "avatar": "https://example.com/a.png",
        "signed_up_at": 1571672154,
        "last_seen_at": 1571672154.5,
        "owner_id": admin,
        "unsubscribed_from_emails": True,
        "language_override": "fr",
        "custom_attributes": {"plan": "pro"},
    }
    more = {"companies": [{"company_id": "6", "name": "Blue Sun"}], "tags": {"add": [{"id": tag}, {"id": "4711"}]}}

    job = await carry_out(acme, "contacts", "create", [fields | more])

    assert "completed" == job["state"]
    (found,) = await search(acme, "ada@example.com")
    single = (await acme.post("/contacts", fields | {"email": "bob@example.com", "external_id": "bob"})).json()
    own = ("id", "external_id", "email", "tags", "companies", "notes", "opted_out_subscription_types")
    own += ("opted_in_subscription_types",)
    assert {k: v for k, v in single.items() if k not in own} == {k: v for k, v in found.items() if k not in own}
    assert ("25", "Ada@example.com") == (found["external_id"], found["email"])
    assert [tag] == [one["id"] for one in found["tags"]["data"]]
    companies = (await acme.get(f"/contacts/{found['id']}/companies")).json()["data"]
    assert [("6", "Blue Sun")] == [(one["company_id"], one["name"]) for one in companies]
    chains = [await acme.region.store.ledger.chain(acme.workspace.id, one["id"]) for one in (single, found)]
    assert [["channel.unsubscribed_all"]] * 2 == [[stored.entry.event.value for stored in chain] for chain in chains]


@pytest.mark.parametrize("archived", [False, True])
async def test_a_bulk_creation_changes_no_contact_that_exists_and_goes_on_with_the_others(acme: Acme, archived: bool):
    alice = await acme.contact(email="alice@example.com", name="Alice")
    if archived:
        await acme.post(f"/contacts/{alice}/archive")
    items = [{"email": "ALICE@example.com", "name": "Mallory"}, {"email": "new@example.com"}, {"email": 5}]

    job = await carry_out(acme, "contacts", "create", items)

    assert ("completed_with_errors", "completed_with_errors") == (job["state"], job["tasks"][0]["state"])
    if archived:
        await acme.post(f"/contacts/{alice}/unarchive")
    assert "Alice" == (await acme.get(f"/contacts/{alice}")).json()["name"]
    assert 1 == len(await search(acme, "new@example.com"))


async def test_of_two_items_with_the_same_address_the_first_is_created(acme: Acme):
    job = await carry_out(
        acme, "contacts", "create", [{"email": "a@example.com", "name": name} for name in ("First", "Second")]
    )

    assert "completed_with_errors" == job["state"]
    assert ["First"] == [one["name"] for one in await search(acme, "a@example.com")]


async def test_a_bulk_update_changes_what_it_lists_and_passes_over_other_fields(acme: Acme):
    tags = [(await acme.post("/tags", {"name": name})).json()["id"] for name in ("old", "new")]
    alice = await acme.contact(email="alice@example.com", role="lead")
    await acme.post(f"/contacts/{alice}/tags", {"id": tags[0]})
    await carry_out(acme, "contacts", "update", [{"id": alice, "companies": [{"company_id": "6", "name": "Six"}]}])

    job = await carry_out(
        acme,
        "contacts",
        "update",
        [
            {
                "id": alice,
                "name": "Alice",
                "role": "user",
                "signed_up_at": 1571672154,
                "email_verified": True,
                "companies": [
                    {"company_id": "6", "remove": True},
                    {"company_id": "7"},
                    {"company_id": "8", "remove": True},
                ],
                "tags": {"add": [{"id": int(tags[1])}, {"id": "x"}], "remove": [{"id": tags[0]}, {"id": "4711"}]},
            }
        ],
    )

    assert "completed" == job["state"]
    told = (await acme.get(f"/contacts/{alice}")).json()
    assert ("Alice", "lead", None) == (told["name"], told["role"], told["signed_up_at"])
    assert [tags[1]] == [one["id"] for one in told["tags"]["data"]]
    companies = (await acme.get(f"/contacts/{alice}/companies")).json()["data"]
    assert ["7"] == [one["company_id"] for one in companies]
    assert 404 == (await acme.get("/companies?company_id=8")).status_code


async def test_a_bulk_update_of_consent_is_a_choice_in_the_ledger_by_the_token_that_asked(acme: Acme):
    alice = await acme.contact()

    answer = await acme.put("/contacts/bulk", {"contacts": [{"id": alice, "unsubscribed_from_emails": True}]})
    await asyncio.gather(*acme.region.bulk.background.tasks)

    assert (await acme.get(f"/contacts/{alice}")).json()["unsubscribed_from_emails"]
    (stored,) = await acme.region.store.ledger.chain(acme.workspace.id, alice)
    token = (await acme.region.access.all(acme.workspace.id))[0]
    assert token.id == stored.entry.actor_ref
    assert answer.headers["x-request-id"] == stored.entry.request_id


async def test_a_bulk_deletion_deletes_and_counts_whom_nobody_knows_as_an_error(acme: Acme):
    people = [await acme.contact(email=f"{number}@example.com") for number in range(3)]
    await acme.post(f"/contacts/{people[1]}/archive")

    job = await carry_out(acme, "contacts", "delete", [{"id": one} for one in people[:2]])
    again = await carry_out(acme, "contacts", "delete", [{"id": people[0]}, {"id": people[2]}])

    assert ("completed", "completed_with_errors") == (job["state"], again["state"])
    assert [404, 404, 404] == [(await acme.get(f"/contacts/{one}")).status_code for one in people]


@pytest.mark.parametrize("action", ["update", "delete"])
async def test_a_job_finds_no_contact_of_another_workspace(acme: Acme, action: str):
    theirs = (await acme.stranger.post("/contacts", json={"email": "grace@example.com", "name": "Grace"})).json()

    job = await carry_out(acme, "contacts", action, [{"id": theirs["id"], "name": "Mallory"}])

    assert "completed_with_errors" == job["state"]
    assert theirs == (await acme.stranger.get(f"/contacts/{theirs['id']}")).json()


async def test_a_job_is_carried_out_in_order(acme: Acme):
    alice = await acme.contact()

    names = [{"id": alice, "name": f"{number}"} for number in range(25)]
    requests = [{"contacts": names[start : start + 5]} for start in range(0, 25, 5)]
    for body in requests:
        await acme.put("/contacts/bulk", body)
    await asyncio.gather(*acme.region.bulk.background.tasks)

    assert "24" == (await acme.get(f"/contacts/{alice}")).json()["name"]


async def test_a_request_is_answered_while_a_job_is_carried_out(acme: Acme):
    job = (await acme.post("/contacts/bulk", {"contacts": [{"role": "lead"}] * 100})).json()

    states = []
    for _ in range(40):
        await asyncio.sleep(0)
        states.append((await acme.get(job["url"])).json()["state"])
    await asyncio.gather(*acme.region.bulk.background.tasks)

    assert "running" in states
    assert 100 == (await acme.get("/contacts")).json()["total_count"]


async def test_a_job_takes_more_tasks_for_a_quarter_of_an_hour(acme: Acme):
    alice = await acme.contact()
    job = (await carry_out(acme, "contacts", "create", [{"role": "lead"}]))["id"]
    acme.clock.pass_(OPEN_FOR - 1)

    longer = await carry_out(acme, "contacts", "update", [{"id": alice, "name": "Alice"}] * 2, job)

    assert (job, "completed", [1, 2]) == (
        longer["id"],
        longer["state"],
        [task["item_count"] for task in longer["tasks"]],
    )
    assert 2 == len({task["id"] for task in longer["tasks"]})
    acme.clock.pass_(1)
    refused = await acme.put("/contacts/bulk", {"contacts": [{"id": alice}], "job": {"id": job}})
    assert (403, "forbidden", f"job {job} is closed for new task updates") == (
        refused.status_code,
        refused.json()["errors"][0]["code"],
        refused.json()["errors"][0]["message"],
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "message"),
    [
        ("POST", "/contacts/bulk", {}, "field_not_found", "contacts field must be supplied"),
        ("PUT", "/contacts/bulk", {"contacts": {}}, "type_mismatch", "contacts must be an array"),
        ("POST", "/contacts/bulk", {"contacts": [1]}, "type_mismatch", "each contact must be an object"),
        ("PUT", "/contacts/bulk", {"contacts": [{}]}, "field_not_found", "contacts must be identified by id"),
        ("POST", "/contacts/bulk/delete", {"contacts": [{}]}, "field_not_found", "contacts must be identified by id"),
        (
            "POST",
            "/contacts/bulk",
            {"contacts": [{}] * 101},
            "parameter_invalid",
            "maximum number of contacts per request is 100",
        ),
        ("POST", "/companies/bulk", {}, "field_not_found", "companies field must be supplied"),
        ("POST", "/companies/bulk", {"companies": [1]}, "type_mismatch", "each company must be an object"),
        (
            "POST",
            "/companies/bulk/delete",
            {"companies": [{"id": "a"}] * 101},
            "parameter_invalid",
            "maximum number of companies per request is 100",
        ),
    ],
)
async def test_a_bulk_request_without_a_list_of_items_is_refused_as_described(
    acme: Acme, method: str, path: str, body: dict, code: str, message: str
):
    answer = await acme.client.request(method, path, json=body)

    (error,) = answer.json()["errors"]
    assert (422, code, message) == (answer.status_code, error["code"], error["message"])
