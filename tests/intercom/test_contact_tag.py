"""A contact's tags on Intercom's wire."""

from __future__ import annotations

import asyncio

import pytest
from tests.cast import NOON
from tests.conftest import Acme
from tests.intercom.test_tag import NOBODY, make
from tests.intercom.told import RESOURCE_NOT_FOUND, USER_NOT_FOUND, refused, told

VERSIONS = ["2.7", "2.11", "2.16", "Preview"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_tag_is_put_on_listed_and_taken_off(acme: Acme, version: str):
    alice, vip = await acme.contact(), await make(acme, "VIP")
    in_version = {"headers": {"Intercom-Version": version}}
    acme.clock.pass_(5_000)

    put = await acme.post(f"/contacts/{alice}/tags", {"id": int(vip)}, **in_version)

    at = NOON // 1000 + 5
    by = {"type": "admin", "id": "1"}
    wanted = {"type": "tag", "id": vip, "name": "VIP", "applied_at": at, "applied_by": by}
    assert (200, wanted) == (put.status_code, put.json())
    assert {"type": "list", "data": [wanted]} == (await acme.get(f"/contacts/{alice}/tags", **in_version)).json()
    contact = (await acme.get(f"/contacts/{alice}", **in_version)).json()
    assert [{"id": vip, "type": "tag", "url": f"/tags/{vip}"}] == contact["tags"]["data"]
    assert at == contact["updated_at"]
    assert wanted == (await acme.delete(f"/contacts/{alice}/tags/{vip}", **in_version)).json()
    assert [] == (await acme.get(f"/contacts/{alice}/tags", **in_version)).json()["data"]
    assert RESOURCE_NOT_FOUND == told(await acme.delete(f"/contacts/{alice}/tags/{vip}", **in_version))


async def test_a_tag_put_on_again_stays_as_it_came(acme: Acme):
    alice, vip = await acme.contact(), await make(acme, "VIP")
    first = await acme.post(f"/contacts/{alice}/tags", {"id": vip})
    before = await acme.region.contacts.find(acme.workspace.id, alice)
    acme.clock.pass_(5_000)

    assert first.json() == (await acme.post(f"/contacts/{alice}/tags", {"id": vip})).json()
    assert before == await acme.region.contacts.find(acme.workspace.id, alice)


async def test_tags_put_on_at_once_are_all_there_in_the_order_in_which_they_came(acme: Acme):
    alice = await acme.contact()
    tags = [await make(acme, f"tag {number}") for number in range(12)]

    await asyncio.gather(*(acme.post(f"/contacts/{alice}/tags", {"id": tag}) for tag in tags))

    embedded = (await acme.get(f"/contacts/{alice}")).json()["tags"]
    assert (10, 12, True) == (len(embedded["data"]), embedded["total_count"], embedded["has_more"])
    listed = [one["id"] for one in (await acme.get(f"/contacts/{alice}/tags")).json()["data"]]
    assert set(tags) == set(listed)
    assert listed[:10] == [one["id"] for one in embedded["data"]]


async def test_what_is_not_there_is_told(acme: Acme):
    alice, vip = await acme.contact(), await make(acme, "VIP")
    tags = f"/contacts/{alice}/tags"

    for tag_id in ("999", "invalid_id", "\0", 0.5, -1, "0" + vip):
        if tag_id == 0.5:
            assert 400 == (await acme.post(tags, {"id": tag_id})).status_code
        else:
            assert RESOURCE_NOT_FOUND == told(await acme.post(tags, {"id": tag_id}))
    assert (400, "parameter_not_found", "id") == refused(await acme.post(tags, {}))
    nobody = f"/contacts/{NOBODY}/tags"
    for answer in (await acme.get(nobody), await acme.post(nobody, {"id": vip}), await acme.delete(f"{nobody}/{vip}")):
        assert USER_NOT_FOUND == told(answer)
    assert [] == (await acme.get(tags)).json()["data"]
