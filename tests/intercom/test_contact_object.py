"""The contact object: every key, in the documented order; sub-lists with ten items at most."""

from tests.cast import ALICE, draft
from tests.conftest import Acme

from sayso.domain.act import Author
from sayso.domain.contact_company import attach
from sayso.domain.contact_tag import tag
from sayso.intercom.versions import Version

#: Version 2.11, with what real answers have beside it.
KEYS = [
    "type",
    "id",
    "workspace_id",
    "external_id",
    "role",
    "email",
    "email_domain",
    "phone",
    "formatted_phone",
    "name",
    "avatar",
    "owner_id",
    "social_profiles",
    "has_hard_bounced",
    "marked_email_as_spam",
    "unsubscribed_from_emails",
    "unsubscribed_from_sms",
    "sms_consent",
    "created_at",
    "updated_at",
    "signed_up_at",
    "last_seen_at",
    "last_replied_at",
    "last_contacted_at",
    "last_email_opened_at",
    "last_email_clicked_at",
    "language_override",
    "browser",
    "browser_version",
    "browser_language",
    "os",
    "location",
    "android_app_name",
    "android_app_version",
    "android_device",
    "android_os_version",
    "android_sdk_version",
    "android_last_seen_at",
    "ios_app_name",
    "ios_app_version",
    "ios_device",
    "ios_os_version",
    "ios_sdk_version",
    "ios_last_seen_at",
    "custom_attributes",
    "tags",
    "notes",
    "companies",
    "opted_out_subscription_types",
    "opted_in_subscription_types",
    "utm_campaign",
    "utm_content",
    "utm_medium",
    "utm_source",
    "utm_term",
    "referrer",
]


async def test_every_key_is_there_in_the_documented_order_null_or_not(acme: Acme):
    created = await acme.post("/contacts", ALICE)
    contact = created.json()["id"]

    for answer in (
        created,
        await acme.get(f"/contacts/{contact}"),
        await acme.put(f"/contacts/{contact}", {"name": "Alice A."}),
    ):
        assert KEYS == list(answer.json())
    assert KEYS == list((await acme.get("/contacts")).json()["data"][0])


async def test_from_2_12_on_push_messaging_comes_last_and_the_formatted_phone_is_gone_until_preview(acme: Acme):
    contact = await acme.contact(**ALICE)

    async def keys(version: str) -> list[str]:
        return list((await acme.get(f"/contacts/{contact}", headers={"Intercom-Version": version})).json())

    without = [key for key in KEYS if key != "formatted_phone"]
    assert KEYS == await keys("2.11")
    assert [*without, "enabled_push_messaging"] == await keys("2.12")
    assert [*without, "enabled_push_messaging"] == await keys("2.16")
    assert [*KEYS, "enabled_push_messaging"] == await keys("Preview")


async def test_what_strict_clients_need_is_never_null(acme: Acme):
    contact = (await acme.post("/contacts", ALICE)).json()

    assert {"type": "list", "data": []} == contact["social_profiles"]
    location = ["type", "country", "region", "city", "country_code", "continent_code"]
    assert location == list(contact["location"])
    assert {} == contact["custom_attributes"]
    assert contact["avatar"] is None
    for flag in ("has_hard_bounced", "marked_email_as_spam", "unsubscribed_from_emails", "sms_consent"):
        assert contact[flag] is False
    for sub_list in ("tags", "notes", "companies"):
        expected = {
            "type": "list",
            "data": [],
            "url": f"/contacts/{contact['id']}/{sub_list}",
            "total_count": 0,
            "has_more": False,
        }
        assert expected == contact[sub_list]
    assert acme.workspace.id == contact["workspace_id"]
    assert "example.com" == contact["email_domain"]


async def test_an_avatar_is_written_as_a_url_or_an_object_and_answered_as_a_url(acme: Acme):
    url = "https://example.com/a.png"
    alice = await acme.contact(**ALICE, avatar=url)

    for version in Version:
        headers = {"Intercom-Version": "Preview" if version is Version.PREVIEW else f"2.{version - 200}"}
        assert url == (await acme.get(f"/contacts/{alice}", headers=headers)).json()["avatar"]
    for given, shown in (({"type": "avatar", "image_url": url + "2"}, url + "2"), ({"image_url": None}, None)):
        assert shown == (await acme.put(f"/contacts/{alice}", {"avatar": given})).json()["avatar"]


async def test_attached_types_are_embedded_in_the_two_sub_lists(acme: Acme):
    alice = await acme.contact(**ALICE)
    for word in ("sms", "opt_out", "opt_in"):
        await acme.post(f"/contacts/{alice}/subscriptions", {"id": acme.types[word]})

    contact = (await acme.get(f"/contacts/{alice}")).json()

    def embedded(*words: str) -> dict:
        data = [
            {"id": acme.types[word], "type": "subscription", "url": f"/subscription_types/{acme.types[word]}"}
            for word in words
        ]
        return {
            "type": "list",
            "data": data,
            "url": f"/contacts/{alice}/subscriptions",
            "total_count": len(data),
            "has_more": False,
        }

    assert embedded("sms", "opt_in") == contact["opted_in_subscription_types"]
    assert embedded("opt_out") == contact["opted_out_subscription_types"]


async def test_ten_items_are_embedded_and_has_more_tells_of_the_rest(acme: Acme):
    alice = await acme.contact(**ALICE)
    types = [(await acme.region.types.create(acme.workspace.id, draft(name=f"Type {n}"))).id for n in range(11)]

    for number, type_id in enumerate(types, 1):
        await acme.post(f"/contacts/{alice}/subscriptions", {"id": type_id})
        if number >= 10:
            joined = (await acme.get(f"/contacts/{alice}")).json()["opted_in_subscription_types"]
            assert (number, number > 10) == (joined["total_count"], joined["has_more"])
            assert types[:10] == [item["id"] for item in joined["data"]]
    assert 11 == len((await acme.get(f"/contacts/{alice}/subscriptions")).json()["data"])


async def test_before_2_10_a_deletion_is_told_by_object(acme: Acme):
    for version, told in (
        ("2.9", ["id", "object", "deleted"]),
        ("2.10", ["id", "external_id", "type", "deleted"]),
    ):
        contact = await acme.contact(role="lead")
        answer = await acme.delete(f"/contacts/{contact}", headers={"Intercom-Version": version})
        assert told == list(answer.json())


async def test_times_are_whole_seconds(acme: Acme):
    acme.clock.pass_(999)

    contact = (await acme.post("/contacts", ALICE)).json()

    assert contact["created_at"] == contact["updated_at"] == acme.clock() // 1000


async def test_tags_companies_and_notes_are_embedded_up_to_ten(acme: Acme):
    alice = await acme.contact(**ALICE)
    region, workspace_id = acme.region, acme.workspace.id
    author = Author("api_key", "tok1", "api", "req1")
    companies = [f"{number:024x}" for number in range(11)]
    for company in companies:
        await region.contacts.change(author, workspace_id, alice, lambda who, act, it=company: attach(who, it, act))
    await region.contacts.change(author, workspace_id, alice, lambda who, act: tag(who, "7", "1", act))

    shown = (await acme.get(f"/contacts/{alice}")).json()

    assert [{"id": "7", "type": "tag", "url": "/tags/7"}] == shown["tags"]["data"]
    assert companies[:10] == [company["id"] for company in shown["companies"]["data"]]
    lists = {name: (shown[name]["total_count"], shown[name]["has_more"]) for name in ("tags", "companies", "notes")}
    assert {"tags": (1, False), "companies": (11, True), "notes": (0, False)} == lists
    assert [f"/contacts/{alice}/{name}" for name in lists] == [shown[name]["url"] for name in lists]


async def test_whether_an_email_is_verified_is_said_together_with_it_since_2_16(acme: Acme):
    newest = {"Intercom-Version": "2.16"}
    alice = (await acme.post("/contacts", {**ALICE, "email_verified": True}, headers=newest)).json()["id"]
    region, workspace_id = acme.region, acme.workspace.id

    async def verified() -> bool | None:
        return (await region.contacts.find(workspace_id, alice)).profile.email_verified

    assert await verified() is True
    for body in ({"email_verified": True}, {"email_verified": False, "email": None}, {"email_verified": "yes"}):
        refused = await acme.put(f"/contacts/{alice}", body, headers=newest)
        assert (400, "email_verified") == (refused.status_code, refused.json()["errors"][0]["field"])
    assert 200 == (await acme.put(f"/contacts/{alice}", {"email_verified": False}, headers={})).status_code
    assert await verified() is True
    await acme.put(f"/contacts/{alice}", {"email": "new@example.com"}, headers=newest)
    assert await verified() is None
