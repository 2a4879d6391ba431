"""Tags on Intercom's wire: of the workspace, and many things tagged at once."""

from __future__ import annotations

import asyncio

import pytest
from tests.cast import AUTHOR
from tests.conftest import Acme
from tests.intercom.told import RESOURCE_NOT_FOUND, USER_NOT_FOUND, refused, told

from sayso.intercom.tag import MOST_AT_ONCE

NOBODY = "0" * 24


async def make(acme: Acme, name: str, **more: object) -> str:
    answer = await acme.post("/tags", {"name": name, **more})
    assert 200 == answer.status_code, answer.text
    return answer.json()["id"]


async def names(acme: Acme) -> list[str]:
    return [tag["name"] for tag in (await acme.get("/tags")).json()["data"]]


async def test_a_tag_is_found_or_made_by_its_name_whatever_its_case(acme: Acme):
    vip = await make(acme, "VIP")

    assert [vip, vip] == [await make(acme, name) for name in (" vip ", "VIP")]
    assert {"type": "tag", "id": vip, "name": "VIP"} == (await acme.get(f"/tags/{vip}")).json()
    nobody = {"applied_at": None, "applied_by": None}
    assert [{"type": "tag", "id": vip, "name": "VIP", **nobody}] == (await acme.get("/tags")).json()["data"]


async def test_a_tag_made_many_times_at_once_is_one(acme: Acme):
    made = await asyncio.gather(*(make(acme, f"tag {number % 4}") for number in range(16)))

    assert 4 == len(set(made)) == len(await names(acme))


async def test_a_tag_is_renamed_by_its_id(acme: Acme):
    vip, beta = await make(acme, "VIP"), await make(acme, "Beta")

    assert vip == await make(acme, "vip", id=int(vip))
    assert ["vip", "Beta"] == await names(acme)
    assert (409, "conflict", None) == refused(await acme.post("/tags", {"id": beta, "name": "Vip"}))
    assert RESOURCE_NOT_FOUND == told(await acme.post("/tags", {"id": "999", "name": "x"}))
    assert ["vip", "Beta"] == await names(acme)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"test": "invalid"}, "name"),
        ({"name": None}, "name"),
        ({"id": "1"}, "name"),
        ({"name": "x", "users": [{}]}, "users"),
        ({"name": "x", "companies": [{}]}, "companies"),
    ],
)
async def test_what_names_no_tag_or_nothing_to_tag_is_refused(acme: Acme, body: dict[str, object], field: str):
    refused = told(await acme.post("/tags", body))

    assert (400, "parameter_invalid", "invalid tag parameters", field) == refused
    assert [] == await names(acme)


@pytest.mark.parametrize("name", ["", "  ", "x" * 256, "nul\0"])
async def test_a_name_that_is_none_is_refused(acme: Acme, name: str):
    assert (400, "parameter_invalid", "name") == refused(await acme.post("/tags", {"name": name}))


async def test_a_deleted_tag_is_nobody_s_and_its_number_is_not_given_again(acme: Acme):
    alice = await acme.contact()
    vip, beta = await make(acme, "VIP", users=[{"id": alice}]), await make(acme, "Beta", users=[{"id": alice}])

    gone = await acme.delete(f"/tags/{beta}")

    assert (200, "tag", beta, True) == (gone.status_code, *gone.json().values())
    for answer in (await acme.get(f"/tags/{beta}"), await acme.delete(f"/tags/{beta}")):
        assert RESOURCE_NOT_FOUND == told(answer)
    tags = (await acme.get(f"/contacts/{alice}")).json()["tags"]
    assert ([vip], 1, False) == ([one["id"] for one in tags["data"]], tags["total_count"], tags["has_more"])
    assert [vip] == [one["id"] for one in (await acme.get(f"/contacts/{alice}/tags")).json()["data"]]
    assert RESOURCE_NOT_FOUND == told(await acme.delete(f"/contacts/{alice}/tags/{beta}"))
    again = await make(acme, "Beta", users=[{"id": alice}])
    assert again not in (vip, beta)
    contact = await acme.region.contacts.find(acme.workspace.id, alice)
    assert (vip, again) == contact.links.tags


async def test_users_are_tagged_and_untagged_at_once(acme: Acme):
    alice, bob = await acme.contact(external_id="alice"), await acme.contact(email="Bob@example.com")
    lead = await acme.contact(role="lead")
    users = [{"id": lead}, {"user_id": "alice"}, {"email": "bob@EXAMPLE.com"}]

    answer = (await acme.post("/tags", {"name": "VIP", "users": users}, headers={"Intercom-Version": "2.16"})).json()

    told_of = [{"id": one, "tagged": True} for one in (lead, alice, bob)]
    assert {"type": "tag", "id": "1", "name": "VIP", "users": told_of, "companies": []} == answer
    for one in (lead, alice, bob):
        assert ["1"] == [tag["id"] for tag in (await acme.get(f"/contacts/{one}/tags")).json()["data"]]
    untagged = {"name": "vip", "users": [{"id": alice, "untag": True}, {"id": bob}, {"id": lead, "untag": "true"}]}
    answer = await acme.post("/tags", untagged)
    assert {"type": "tag", "id": "1", "name": "VIP"} == answer.json()
    tagged = [len((await acme.get(f"/contacts/{one}/tags")).json()["data"]) for one in (lead, alice, bob)]
    assert [0, 0, 1] == tagged


async def test_companies_are_tagged_and_untagged_at_once(acme: Acme):
    companies, workspace = acme.region.companies, acme.workspace.id
    pear = (await companies.put(AUTHOR, workspace, "pear", lambda profile, _: profile)).id

    tag = await make(acme, "Partner", companies=[{"company_id": "pear"}])

    assert (tag,) == (await companies.find(workspace, pear)).tags
    assert [pear] == [one["id"] for one in (await acme.get("/companies", params={"tag_id": tag})).json()["data"]]
    untagged = {"id": tag, "companies": [{"id": pear, "untag": True}]}
    answer = await acme.post("/tags", untagged, headers={"Intercom-Version": "Preview"})
    assert [{"id": pear, "tagged": False}] == answer.json()["companies"]
    assert () == (await companies.find(workspace, pear)).tags


async def test_a_company_has_a_deleted_tag_no_more(acme: Acme):
    pear = (await acme.post("/companies", {"company_id": "pear"})).json()["id"]
    tag = await make(acme, "Partner", companies=[{"company_id": "pear"}])

    await acme.delete(f"/tags/{tag}")

    for tag_id in (tag, "9" * 5_000):
        assert [] == (await acme.get("/companies", params={"tag_id": tag_id})).json()["data"]
    assert [] == (await acme.get(f"/companies/{pear}")).json()["tags"]["tags"]


async def test_preview_leaves_out_what_there_is_not(acme: Acme):
    preview, alice = {"Intercom-Version": "Preview"}, await acme.contact()
    nobody = [{"id": NOBODY}, {"user_id": "nobody"}, {"email": "nobody@example.com"}]
    nowhere = [{"id": NOBODY}, {"company_id": "nowhere"}]

    none = await acme.post("/tags", {"name": "VIP", "users": nobody, "companies": nowhere}, headers=preview)
    some = await acme.post("/tags", {"name": "VIP", "users": [*nobody, {"id": alice}]}, headers=preview)

    assert {"type": "tag", "id": "1", "name": "VIP", "users": [], "companies": []} == none.json()
    assert [{"id": alice, "tagged": True}] == some.json()["users"]
    assert ["1"] == [tag["id"] for tag in (await acme.get(f"/contacts/{alice}/tags")).json()["data"]]
    missing_tag = await acme.post("/tags", {"id": "999", "users": nobody}, headers=preview)
    assert RESOURCE_NOT_FOUND == told(missing_tag)


async def test_everything_is_found_before_anything_is_tagged(acme: Acme):
    alice = await acme.contact()
    missing = (404, "company_not_found", "Company Not Found", None)
    wrong = [
        ({"users": [{"id": alice}, {"id": NOBODY}]}, USER_NOT_FOUND),
        ({"users": [{"id": alice}, {"user_id": "nobody"}]}, USER_NOT_FOUND),
        ({"users": [{"id": alice}, {"email": "nobody@example.com"}]}, USER_NOT_FOUND),
        ({"users": [{"id": alice}], "companies": [{"id": NOBODY}]}, missing),
        ({"users": [{"id": alice}], "companies": [{"company_id": "nowhere"}]}, missing),
    ]
    for more, error in wrong:
        assert error == told(await acme.post("/tags", {"name": "VIP", **more}))
    many = {"name": "VIP", "users": [{"id": alice}] * (MOST_AT_ONCE + 1)}
    assert (400, "parameter_invalid", None) == refused(await acme.post("/tags", many))

    assert [] == await names(acme)
    assert 0 == (await acme.get(f"/contacts/{alice}")).json()["tags"]["total_count"]
