"""Subscription types on Sayso's own surface."""

from __future__ import annotations

import pytest
from tests.conftest import Acme

from sayso.domain.access import Scope

PATH = "/sayso/subscription_types"
ENGLISH = {"name": "News", "description": "Twice a month", "locale": "en"}
GERMAN = {"name": "Rundbrief", "description": "Zweimal im Monat", "locale": "de"}
NEWS = {
    "consent_type": "opt_in",
    "content_types": ["email"],
    "state": "draft",
    "default_translation": ENGLISH,
    "translations": [GERMAN],
}


async def made(acme: Acme, **fields) -> str:
    answer = await acme.post(PATH, NEWS | fields)
    assert 201 == answer.status_code, answer.text
    return answer.json()["id"]


async def test_a_created_type_is_answered_with_its_id_its_path_and_the_default_translation_among_all(acme: Acme):
    answer = await acme.post(PATH, NEWS)

    assert 201 == answer.status_code
    assert {
        "type": "subscription",
        "id": "6",
        "state": "draft",
        "consent_type": "opt_in",
        "default_translation": ENGLISH,
        "translations": [ENGLISH, GERMAN],
        "content_types": ["email"],
    } == answer.json()
    assert f"{PATH}/6" == answer.headers["Location"]
    assert answer.json() == (await acme.get(answer.headers["Location"])).json()


async def test_a_type_is_a_draft_by_email_unless_something_else_is_said(acme: Acme):
    answer = await acme.post(PATH, {"consent_type": "opt_out", "default_translation": ENGLISH})

    assert ("draft", ["email"]) == (answer.json()["state"], answer.json()["content_types"])


async def test_both_surfaces_answer_with_the_same_object(acme: Acme):
    type_id = await made(acme, state="live")

    ours, theirs = await acme.get(f"{PATH}/{type_id}"), await acme.get(f"/subscription_types/{type_id}")

    assert theirs.content == ours.content


async def test_a_type_goes_from_draft_to_live_to_archived_and_back_to_live(acme: Acme):
    type_id = await made(acme)

    for state in ("live", "archived", "live"):
        changed = await acme.put(f"{PATH}/{type_id}", {"state": state})

        assert (200, state) == (changed.status_code, changed.json()["state"])
        assert state == (await acme.get(f"/subscription_types/{type_id}")).json()["state"]


@pytest.mark.parametrize("state", ["opt_in", "archived"])
async def test_a_published_type_never_returns_to_draft(acme: Acme, state: str):
    refused = await acme.put(f"{PATH}/{acme.types[state]}", {"state": "draft"})

    assert (409, "type_fixed") == (refused.status_code, refused.json()["code"])
    assert "draft" != (await acme.get(f"{PATH}/{acme.types[state]}")).json()["state"]


@pytest.mark.parametrize("change", [{"consent_type": "opt_out"}, {"content_types": ["sms_message"]}])
async def test_what_people_agreed_to_is_fixed_once_a_type_was_live(acme: Acme, change: dict):
    before = (await acme.get(f"{PATH}/{acme.types['opt_in']}")).json()

    refused = await acme.put(f"{PATH}/{acme.types['opt_in']}", change)

    assert (409, "application/problem+json") == (refused.status_code, refused.headers["Content-Type"])
    assert before == (await acme.get(f"{PATH}/{acme.types['opt_in']}")).json()


@pytest.mark.parametrize("change", [{"consent_type": "opt_out"}, {"content_types": ["sms_message", "email"]}])
async def test_a_draft_may_still_change_in_everything(acme: Acme, change: dict):
    changed = await acme.put(f"{PATH}/{acme.types['draft']}", change)

    assert 200 == changed.status_code
    assert changed.json() == changed.json() | change


async def test_what_was_read_can_be_sent_back_and_changes_nothing(acme: Acme):
    read = (await acme.get(f"{PATH}/{acme.types['opt_in']}")).json()
    revision = (await acme.region.types.current(acme.workspace.id, acme.types["opt_in"])).revision

    sent = await acme.put(f"{PATH}/{acme.types['opt_in']}", read)

    assert read == sent.json()
    assert revision == (await acme.region.types.current(acme.workspace.id, acme.types["opt_in"])).revision


async def test_a_new_wording_keeps_the_old_one_as_a_notice(acme: Acme):
    type_id = await made(acme, state="live", translations=[])

    await acme.put(f"{PATH}/{type_id}", {"default_translation": ENGLISH | {"name": "The news"}})

    notices = await acme.region.store.subscription_type.notices(acme.workspace.id)
    assert [(1, "News"), (2, "The news")] == [
        (notice.version, notice.translation.name) for notice in notices if notice.type_id == type_id
    ]


async def test_an_earlier_choice_still_points_at_the_wording_it_was_made_on(acme: Acme):
    type_id, contact = await made(acme, state="live"), await acme.contact()
    await acme.post(f"/contacts/{contact}/subscriptions", {"id": type_id, "consent_type": "opt_in"})

    await acme.put(f"{PATH}/{type_id}", {"default_translation": ENGLISH | {"name": "The news"}})

    entries = await acme.region.store.ledger.chain(acme.workspace.id, contact)
    assert [1] == [stored.entry.notice.version for stored in entries]


async def test_the_default_wording_can_be_given_among_the_translations(acme: Acme):
    type_id = await made(acme)
    renamed = ENGLISH | {"name": "The news"}

    changed = (await acme.put(f"{PATH}/{type_id}", {"translations": [renamed, GERMAN]})).json()

    assert (renamed, [renamed, GERMAN]) == (changed["default_translation"], changed["translations"])


async def test_a_translation_is_added_and_replaced_by_its_locale(acme: Acme):
    type_id = await made(acme)
    path = f"{PATH}/{type_id}/translations"

    await acme.put(f"{path}/fr", {"name": "Lettre", "description": "Deux fois par mois"})
    await acme.put(f"{path}/de", {"name": "Post", "description": "Ab und zu"})
    changed = await acme.put(f"{path}/en", {"name": "The news", "description": "Now and then"})

    assert ["The news", "Lettre", "Post"] == [wording["name"] for wording in changed.json()["translations"]]
    assert "The news" == changed.json()["default_translation"]["name"]


@pytest.mark.parametrize("locale", ["English", "e", "de_AT", "en-", "%20", "x" * 36, "%00"])
async def test_a_locale_that_is_no_language_tag_is_refused(acme: Acme, locale: str):
    refused = await acme.put(
        f"{PATH}/{acme.types['opt_in']}/translations/{locale}", {"name": "News", "description": "News"}
    )

    assert (400, "locale") == (refused.status_code, refused.json()["errors"][0]["field"])


WRONG = [
    ({}, "missing", "consent_type"),
    ({"consent_type": "opt_in"}, "missing", "default_translation"),
    (NEWS | {"default_translation": {"name": "News", "locale": "en"}}, "missing", "default_translation.description"),
    (NEWS | {"consent_type": "maybe"}, "invalid", "consent_type"),
    (NEWS | {"consent_type": None}, "invalid", "consent_type"),
    (NEWS | {"state": "archived"}, "invalid", "state"),
    (NEWS | {"state": 1}, "invalid", "state"),
    (NEWS | {"content_types": []}, "invalid", "content_types"),
    (NEWS | {"content_types": ["email", "email"]}, "invalid", "content_types"),
    (NEWS | {"content_types": ["push"]}, "invalid", "content_types[0]"),
    (NEWS | {"default_translation": ENGLISH | {"locale": "english"}}, "invalid", "locale"),
    (NEWS | {"default_translation": ENGLISH | {"name": " "}}, "invalid", "name"),
    (NEWS | {"default_translation": ENGLISH | {"name": "n" * 256}}, "invalid", "name"),
    (NEWS | {"default_translation": ENGLISH | {"name": "a\0b"}}, "invalid", "name"),
    (NEWS | {"default_translation": ENGLISH | {"description": "d" * 2001}}, "invalid", "description"),
    (NEWS | {"translations": [GERMAN, GERMAN]}, "invalid", "translations"),
    (NEWS | {"translations": [GERMAN | {"name": 1}]}, "invalid", "translations[0].name"),
    (NEWS | {"translations": "German"}, "invalid", "translations"),
]


@pytest.mark.parametrize(("body", "code", "field"), WRONG)
async def test_a_wrong_type_is_refused_by_field_and_nothing_is_made(acme: Acme, body: dict, code: str, field: str):
    refused = await acme.post(PATH, body)

    problem = refused.json()
    assert (400, code, [field]) == (
        refused.status_code,
        problem["code"],
        [error["field"] for error in problem["errors"]],
    )
    assert len(acme.types) == len((await acme.get(PATH)).json()["data"])


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff", b'"text"', b"[" * 100_000])
async def test_a_body_that_is_no_object_is_malformed(acme: Acme, body: bytes):
    refused = await acme.client.post(PATH, content=body)

    assert (400, "malformed") == (refused.status_code, refused.json()["code"])


async def test_a_body_over_the_limit_is_413(acme: Acme):
    refused = await acme.client.post(PATH, content=b" " * (1024 * 1024 + 1))

    assert (413, "too_large") == (refused.status_code, refused.json()["code"])


async def test_unknown_fields_are_ignored(acme: Acme):
    assert 201 == (await acme.post(PATH, NEWS | {"colour": "blue"})).status_code


async def test_pages_hold_every_type_once_in_order_of_creation(acme: Acme):
    for _ in range(7):
        await made(acme)
    found, cursor = [], ""
    while cursor is not None:
        page = (await acme.get(PATH, params={"limit": 5, "cursor": cursor})).json()
        assert ["type", "data", "next"] == list(page)
        found.append([type_["id"] for type_ in page["data"]])
        cursor = page["next"]

    assert [["1", "2", "3", "4", "5"], ["6", "7", "8", "9", "10"], ["11", "12"]] == found


async def test_a_page_that_is_exactly_full_is_the_last(acme: Acme):
    page = (await acme.get(PATH, params={"limit": len(acme.types)})).json()

    assert (len(acme.types), None) == (len(page["data"]), page["next"])


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("limit", "0"),
        ("limit", "151"),
        ("limit", "x"),
        ("limit", "0000000019999"),
        ("limit", "-1"),
        ("cursor", "?"),
        ("cursor", "YQ"),
        ("cursor", "é"),
    ],
)
async def test_a_wrong_page_is_refused_by_field(acme: Acme, name: str, word: str):
    refused = await acme.get(PATH, params={name: word})

    assert (400, name) == (refused.status_code, refused.json()["errors"][0]["field"])


async def test_another_workspace_sees_and_changes_nothing_of_ours(acme: Acme):
    type_id = acme.types["opt_in"]
    answers = [
        await acme.stranger.get(f"{PATH}/{type_id}"),
        await acme.stranger.put(f"{PATH}/{type_id}", json={"state": "archived"}),
        await acme.stranger.put(f"{PATH}/{type_id}/translations/fr", json={"name": "a", "description": "b"}),
    ]
    absent = await acme.stranger.get(f"{PATH}/77")

    assert [404] * 3 == [answer.status_code for answer in answers]
    assert {absent.json()["detail"]} == {answer.json()["detail"] for answer in answers}
    assert [] == (await acme.stranger.get(PATH)).json()["data"]
    assert "live" == (await acme.get(f"{PATH}/{type_id}")).json()["state"]


CHANGES = [("POST", PATH), ("PUT", f"{PATH}/1"), ("PUT", f"{PATH}/1/translations/de")]
READS = [("GET", PATH), ("GET", f"{PATH}/1")]


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_changing_types_needs_the_admin_scope(acme: Acme, method: str, path: str):
    client = await with_scopes(acme, Scope.READ, Scope.WRITE)

    refused = await client.request(method, path, json=NEWS)

    assert (403, "forbidden") == (refused.status_code, refused.json()["code"])
    assert "(admin)" in refused.json()["detail"]


@pytest.mark.parametrize(("method", "path"), READS)
async def test_reading_types_needs_the_read_scope(acme: Acme, method: str, path: str):
    client = await with_scopes(acme, Scope.ADMIN)

    refused = await client.request(method, path)

    assert (403, "forbidden") == (refused.status_code, refused.json()["code"])


@pytest.mark.parametrize(("method", "path"), CHANGES + READS)
async def test_every_path_needs_a_token(acme: Acme, method: str, path: str):
    refused = await acme.client_with("nobody's").request(method, path, json=NEWS)

    assert (401, "unauthorized") == (refused.status_code, refused.json()["code"])
    assert "Bearer" == refused.headers["WWW-Authenticate"]


async def with_scopes(acme: Acme, *scopes: Scope):
    _, secret = await acme.region.access.create(acme.workspace.id, "some", scopes, "us")
    return acme.client_with(secret)
