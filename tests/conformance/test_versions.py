"""What differs from version to version, one difference at a time."""

from __future__ import annotations

import pytest
from tests.conftest import Acme


def _in(version: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Intercom-Version": version}}


_UP_TO_2_9 = ["2.7", "2.8", "2.9"]
_UP_TO_2_10 = [*_UP_TO_2_9, "2.10"]
_FROM_2_12_TO_2_15 = ["2.12", "2.13", "2.14", "2.15"]
_FROM_2_16 = ["2.16", "Preview", "Unstable"]


@pytest.mark.parametrize("version", [*_UP_TO_2_10, "2.11", *_FROM_2_12_TO_2_15])
async def test_owner_id_is_an_integer_up_to_2_15(acme: Acme, version: str):
    owner = (await acme.get("/me")).json()["id"]
    contact = await acme.contact(email="alice@example.com", owner_id=owner)

    assert int(owner) == (await acme.get(f"/contacts/{contact}", **_in(version))).json()["owner_id"]
    assert [int(owner)] == [one["owner_id"] for one in (await acme.get("/contacts", **_in(version))).json()["data"]]


@pytest.mark.parametrize("version", _FROM_2_16)
async def test_owner_id_is_a_string_from_2_16_on(acme: Acme, version: str):
    owner = (await acme.get("/me")).json()["id"]
    contact = await acme.contact(email="alice@example.com", owner_id=int(owner))

    assert owner == (await acme.get(f"/contacts/{contact}", **_in(version))).json()["owner_id"]


@pytest.mark.parametrize("version", _UP_TO_2_9)
async def test_a_deletion_is_told_by_object_up_to_2_9(acme: Acme, version: str):
    contact = await acme.contact(external_id="alice")

    answer = await acme.delete(f"/contacts/{contact}", **_in(version))

    assert [("id", contact), ("object", "contact"), ("deleted", True)] == list(answer.json().items())


@pytest.mark.parametrize("version", ["2.10", "2.11", *_FROM_2_12_TO_2_15, *_FROM_2_16])
async def test_a_deletion_is_told_by_type_and_external_id_from_2_10_on(acme: Acme, version: str):
    contact = await acme.contact(external_id="alice")

    answer = await acme.delete(f"/contacts/{contact}", **_in(version))

    assert {"type": "contact", "id": contact, "external_id": "alice", "deleted": True} == answer.json()


@pytest.mark.parametrize("version", ["2.11", "Preview", "Unstable"])
async def test_formatted_phone_stands_after_phone_in_2_11_and_in_preview(acme: Acme, version: str):
    contact = await acme.contact(email="alice@example.com", phone="+15555550100")

    keys = list((await acme.get(f"/contacts/{contact}", **_in(version))).json())

    assert keys.index("phone") + 1 == keys.index("formatted_phone")


@pytest.mark.parametrize("version", [*_UP_TO_2_10, *_FROM_2_12_TO_2_15, "2.16"])
async def test_formatted_phone_is_unknown_to_the_other_versions(acme: Acme, version: str):
    contact = await acme.contact(email="alice@example.com", phone="+15555550100")

    assert "formatted_phone" not in (await acme.get(f"/contacts/{contact}", **_in(version))).json()


@pytest.mark.parametrize("version", [*_UP_TO_2_10, "2.11"])
async def test_push_messaging_is_unknown_up_to_2_11(acme: Acme, version: str):
    contact = await acme.contact()

    assert "enabled_push_messaging" not in (await acme.get(f"/contacts/{contact}", **_in(version))).json()


@pytest.mark.parametrize("version", [*_FROM_2_12_TO_2_15, *_FROM_2_16])
async def test_push_messaging_comes_last_from_2_12_on(acme: Acme, version: str):
    contact = await acme.contact()

    assert "enabled_push_messaging" == list((await acme.get(f"/contacts/{contact}", **_in(version))).json())[-1]


@pytest.mark.parametrize("version", [*_UP_TO_2_10, "2.11", "2.12", "2.6", "1.0"])
async def test_finding_by_external_id_is_not_available_before_2_13(acme: Acme, version: str):
    await acme.contact(external_id="alice")

    answer = await acme.get("/contacts/find_by_external_id/alice", **_in(version))

    assert 400 == answer.status_code
    told = {
        "code": "intercom_version_invalid",
        "message": "Requested resource is not available in current API version.",
    }
    assert [told] == answer.json()["errors"]


@pytest.mark.parametrize("version", ["2.13", "2.14", "2.15", *_FROM_2_16])
async def test_finding_by_external_id_is_available_from_2_13_on(acme: Acme, version: str):
    contact = await acme.contact(external_id="alice")

    assert contact == (await acme.get("/contacts/find_by_external_id/alice", **_in(version))).json()["id"]


@pytest.mark.parametrize("version", ["1.0", "1.4", "2.0", "2.6", "2.7", "2.11", "2.16", "Preview", "Unstable"])
async def test_the_version_is_echoed_as_sent(acme: Acme, version: str):
    assert version == (await acme.get("/me", **_in(version))).headers["Intercom-Version"]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3", "1.4", *(f"2.{minor}" for minor in range(7))])
async def test_versions_before_2_7_are_answered_as_2_7(acme: Acme, version: str):
    owner = (await acme.get("/me")).json()["id"]
    contact = await acme.contact(email="alice@example.com", owner_id=owner)

    older = await acme.get(f"/contacts/{contact}", **_in(version))

    assert (await acme.get(f"/contacts/{contact}", **_in("2.7"))).content == older.content


async def test_without_a_header_the_version_is_2_11(acme: Acme):
    contact = await acme.contact()

    answer = await acme.get(f"/contacts/{contact}")

    assert (await acme.get(f"/contacts/{contact}", **_in("2.11"))).content == answer.content
    assert "2.11" == answer.headers["Intercom-Version"]


@pytest.mark.parametrize("version", ["2.99", "3.0", "preview", "2", "", "Newest", "2.17.1"])
async def test_a_version_that_intercom_never_had_is_refused(acme: Acme, version: str):
    answer = await acme.get("/me", **_in(version))

    assert 400 == answer.status_code
    told = {"code": "intercom_version_invalid", "message": "The requested version could not be found"}
    assert [told] == answer.json()["errors"]
    assert answer.headers["X-Request-Id"] == answer.json()["request_id"]
