"""Admins on Intercom's wire."""

from __future__ import annotations

import pytest
from tests.conftest import Acme
from tests.intercom.told import told

from sayso.domain.errors import Conflict, Invalid

VERSIONS = ["2.7", "2.11", "2.14", "2.16", "Preview"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_admins_are_listed_in_order_of_creation_and_each_is_found(acme: Acme, version: str):
    ada = await acme.region.admins.create(acme.workspace.id, "ada@example.com", "Ada")
    headers = {"Intercom-Version": version}

    listed = (await acme.get("/admins", headers=headers)).json()

    assert ["type", "admins"] == list(listed)
    assert [("1", "Admin"), (ada.id, "Ada")] == [(one["id"], one["name"]) for one in listed["admins"]]
    for one in listed["admins"]:
        assert one == (await acme.get(f"/admins/{one['id']}", headers=headers)).json()
    assert (version in VERSIONS[2:]) is ("away_status_reason_id" in listed["admins"][0])


@pytest.mark.parametrize("admin_id", ["999", "x", "%00", "01", "-1"])
async def test_an_admin_that_there_is_not_is_told_as_admin_not_found(acme: Acme, admin_id: str):
    assert (404, "admin_not_found", "Admin not found", None) == told(await acme.get(f"/admins/{admin_id}"))


async def test_a_new_admin_can_own_a_contact_at_once(acme: Acme):
    ada = await acme.region.admins.create(acme.workspace.id, "ada@example.com", "Ada")

    made = await acme.post("/contacts", {"email": "alice@example.com", "owner_id": ada.id})

    assert (200, int(ada.id)) == (made.status_code, made.json()["owner_id"])


@pytest.mark.parametrize(
    ("email", "name", "error"),
    [("ADMIN@example.com", "Ada", Conflict), ("nobody", "Ada", Invalid), ("ada@example.com", " ", Invalid)],
)
async def test_an_admin_has_an_address_of_its_own_and_a_name(acme: Acme, email: str, name: str, error: type[Exception]):
    with pytest.raises(error):
        await acme.region.admins.create(acme.workspace.id, email, name)

    assert ["1"] == [admin.id for admin in await acme.region.admins.all(acme.workspace.id)]
