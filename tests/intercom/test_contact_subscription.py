"""A contact's subscriptions on Intercom's wire."""

from tests.conftest import Acme


async def test_an_opt_in_type_that_is_attached_is_listed(acme: Acme):
    contact = await acme.contact()

    attached = await acme.post(
        f"/contacts/{contact}/subscriptions", {"id": acme.types["opt_in"], "consent_type": "opt_in"}
    )

    assert 200 == attached.status_code
    assert [attached.json()] == (await acme.get(f"/contacts/{contact}/subscriptions")).json()["data"]


def test_a_real_server_lists_its_demo_types(server):
    with server.client as client:
        assert 4 == len(client.get("/subscription_types").json()["data"])
