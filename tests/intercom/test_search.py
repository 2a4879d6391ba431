"""Searches of contacts, as clients of every version send them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.cast import ALICE, BOB, NOON
from tests.conftest import Acme
from tests.intercom.told import refused, told, without_request_id

from sayso.intercom import search
from sayso.service.ports import LEADS_LIMIT

OLD, NEWEST, PREVIEW = ({"Intercom-Version": version} for version in ("2.11", "2.16", "Preview"))


async def ids(acme: Acme, query: Any, headers: dict[str, str] = OLD, **more: Any) -> list[str]:
    answer = await acme.post("/contacts/search", {"query": query, **more}, headers=headers)
    assert 200 == answer.status_code, answer.text
    return [contact["id"] for contact in answer.json()["data"]]


def where(field: str, value: Any, operator: str = "=") -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


async def test_contacts_are_found_by_what_names_them_whatever_the_case_of_an_email(acme: Acme):
    alice, bob = await acme.contact(**ALICE), await acme.contact(**BOB)
    lead = await acme.contact(role="lead", email="Alice@Example.com")
    lead_external_id = (await acme.get(f"/contacts/{lead}")).json()["external_id"]

    assert [alice, lead] == await ids(acme, where("email", "ALICE@example.com"))
    assert [alice] == await ids(acme, where("external_id", "alice"))
    assert [lead] == await ids(acme, where("external_id", lead_external_id))
    assert [alice, bob] == await ids(acme, where("id", [bob, alice, "0" * 24], "IN"))
    both = [where("email", "alice@example.com"), where("role", "user")]
    assert [alice] == await ids(acme, {"operator": "AND", "value": both})
    assert [alice, bob, lead] == await ids(
        acme, {"operator": "OR", "value": [where("email", "bob@example.com"), both[0]]}
    )
    assert [] == await ids(acme, where("email", "nobody@example.com"))


async def test_what_was_written_a_moment_ago_is_found_and_what_was_deleted_is_not(acme: Acme):
    alice, bob = await acme.contact(**ALICE), await acme.contact(**BOB)
    await acme.put(f"/contacts/{alice}", {"email": "new@example.com", "name": "Alice the second"})
    await acme.delete(f"/contacts/{bob}")

    for query in (where("email", "new@example.com"), where("name", "second", "~"), where("role", "user")):
        assert [alice] == await ids(acme, query)
    for query in (where("email", "alice@example.com"), where("external_id", "bob"), where("id", bob)):
        assert [] == await ids(acme, query)


async def test_another_workspace_s_contacts_are_never_found(acme: Acme):
    await acme.stranger.post("/contacts", json={**ALICE, "role": "user"})
    await acme.stranger.post("/contacts", json={"role": "lead", "email": "alice@example.com"})

    for query in (where("email", "alice@example.com"), where("name", "x", "!="), where("external_id", "alice")):
        assert [] == await ids(acme, query)


async def test_a_page_has_fifty_contacts_unless_told_and_the_last_one_has_no_next(acme: Acme):
    made = [await acme.contact(email=f"{number}@example.com", name="all") for number in range(51)]
    query = where("name", "all")

    first = (await acme.post("/contacts/search", {"query": query})).json()
    assert ["type", "data", "total_count", "pages"] == list(first)
    assert ("list", 51, made[:50]) == (first["type"], first["total_count"], [one["id"] for one in first["data"]])
    word = first["pages"].pop("next")["starting_after"]
    assert {"type": "pages", "page": 1, "per_page": 50, "total_pages": 2} == first["pages"]

    # Nothing of the others' place changes when one of them is written, found no more or new.
    await acme.put(f"/contacts/{made[0]}", {"name": "none"})
    await acme.contact(email="new@example.com", name="all")
    last = (await acme.post("/contacts/search", {"query": query, "pagination": {"starting_after": word}})).json()
    assert [made[50]] == [one["id"] for one in last["data"]][:1]
    assert (51, {"type": "pages", "page": 2, "per_page": 50, "total_pages": 2}) == (last["total_count"], last["pages"])

    assert [] == await ids(acme, where("name", "nobody"), pagination=None)
    assert (
        150
        == (await acme.post("/contacts/search", {"query": query, "pagination": {"per_page": "150"}})).json()["pages"][
            "per_page"
        ]
    )


async def test_a_time_is_matched_by_the_workspace_s_day_and_in_preview_to_the_second(acme: Acme):
    alice = await acme.contact(**ALICE)
    acme.clock.pass_(3_600_000)
    bob = await acme.contact(**BOB)
    noon = NOON // 1000

    assert [alice, bob] == await ids(acme, where("created_at", noon + 7))
    assert [] == await ids(acme, where("created_at", str(noon - 3600), ">"), NEWEST)
    assert [alice, bob] == await ids(acme, where("updated_at", noon - 86_400, ">"), NEWEST)
    assert [bob] == await ids(acme, where("updated_at", noon, ">"), PREVIEW)
    assert [alice] == await ids(acme, where("created_at", noon + 3600, "<"), PREVIEW)
    assert [alice] == await ids(acme, where("created_at", noon + 3600, "!="), PREVIEW)
    assert [alice, bob] == await ids(acme, where("signed_up_at", noon, "!="), PREVIEW)


async def test_an_order_is_asked_for_since_2_16_and_not_understood_before(acme: Acme):
    made = [await acme.contact(email=f"{name}@example.com", name=name) for name in ("b", "c", "a")]
    by_name = {"field": "name", "order": "ascending"}
    users = where("role", "user")

    assert [made[2], made[0], made[1]] == await ids(acme, users, NEWEST, sort=by_name)
    assert [made[1], made[0], made[2]] == await ids(acme, users, PREVIEW, sort={"field": "name"})
    assert made == await ids(acme, users, OLD, sort=by_name)
    assert made == await ids(acme, users, OLD, sort=7)
    answer = await acme.post(
        "/contacts/search", {"query": users, "sort": {"field": "name", "order": "desc"}}, headers=NEWEST
    )
    assert (400, "invalid_sort_order", "Invalid sort order 'desc'. Must be one of: ascending, descending") == told(
        answer
    )[:3]
    answer = await acme.post("/contacts/search", {"query": users, "sort": {"field": "tag_id"}}, headers=NEWEST)
    assert (400, "invalid_field") == refused(answer)[:2]


async def test_a_contact_is_told_in_the_version_asked_for(acme: Acme):
    await acme.contact(**ALICE, owner_id="1")
    for headers, owner in (({"Intercom-Version": "2.7"}, 1), (OLD, 1), (NEWEST, "1"), (PREVIEW, "1")):
        for query in (where("owner_id", "1"), where("owner_id", 1), where("email", "alice@example.com")):
            answer = await acme.post("/contacts/search", {"query": query}, headers=headers)
            assert [owner] == [one["owner_id"] for one in answer.json()["data"]], headers


REFUSED = [
    ({}, "parameter_not_found", "query"),
    ({"query": None}, "parameter_invalid", "query"),
    ({"query": []}, "parameter_invalid", "query"),
    ({"query": {}}, "parameter_not_found", "query"),
    ({"query": where("opted_in_subscription_types", "1")}, "invalid_field", "field"),
    ({"query": where("custom_attributes.unknown", "1")}, "invalid_field", "field"),
    ({"query": where("created_at", 5, ">=")}, "parameter_invalid", "operator"),
    ({"query": where("created_at", "foorbar")}, "parameter_invalid", "value"),
    ({"query": where("name", "\ud800")}, "bad_request", None),
    ({"query": where("name", "\0")}, "parameter_invalid", "value"),
    ({"query": {"operator": "AND", "value": [where("name", "x")] * 16}}, "parameter_invalid", "value"),
    ({"query": where("name", "x"), "pagination": {"per_page": 0}}, "parameter_invalid", "per_page"),
    ({"query": where("name", "x"), "pagination": {"per_page": 151}}, "parameter_invalid", "per_page"),
    ({"query": where("name", "x"), "pagination": {"per_page": "x"}}, "parameter_invalid", "per_page"),
    ({"query": where("name", "x"), "pagination": {"per_page": 1.5}}, "parameter_invalid", "pagination"),
    ({"query": where("name", "x"), "pagination": 5}, "parameter_invalid", "pagination"),
    ({"query": where("name", "x"), "pagination": {"starting_after": "x"}}, "client_error", "starting_after"),
]


async def test_what_is_no_search_is_refused_and_told_why(acme: Acme):
    for body, code, field in REFUSED:
        # Escaped, so that what is no text can be sent too.
        answer = await acme.client.post("/contacts/search", content=json.dumps(body))
        assert (400, code, field) == refused(answer), body


ADDRESSES = ("alice@example.com", "ALICE@example.com", " alice@example.com", "many@example.com", "straße@example.com")
OTHERS = ("strasse@example.com", "Ä@example.com", "ä@example.com", "alice", "Alice", "", "\0", "\ud800", "x" * 300)
NAMES = st.sampled_from([*ADDRESSES, *OTHERS])
QUERIES = st.fixed_dictionaries(
    {
        "field": st.sampled_from(["email", "email", "external_id", "external_id", "id", "Email", 7]),
        "operator": st.sampled_from(["=", "=", "=", "=", "!=", "IN", None]),
        "value": st.one_of(NAMES, NAMES, NAMES, st.sampled_from([None, 7, ["alice"], {}])),
    },
    optional={"more": st.none()},
)
PAGES = st.fixed_dictionaries(
    {},
    optional={
        "per_page": st.sampled_from([None, 0, 1, "1", 2, 50, 150, 151, "x", 1.5]),
        "starting_after": st.sampled_from([None, "", "x"]),
        "more": st.just("Ä"),
    },
)
FITTING = st.fixed_dictionaries(
    {
        "query": st.fixed_dictionaries(
            {"field": st.sampled_from(["email", "external_id"]), "operator": st.just("="), "value": NAMES}
        )
    },
    optional={"pagination": PAGES},
)
SEARCHES = st.fixed_dictionaries(
    {"query": QUERIES},
    optional={
        "pagination": st.one_of(st.none(), PAGES),
        "sort": st.sampled_from([None, 7, {"field": "name"}]),
        "more": st.just(1),
    },
)
NOTHING_FITS = msgspec.json.Decoder(type(None))
PEOPLED: set[str] = set()


async def people(acme: Acme) -> None:
    """Made once for each workspace: hypothesis calls a test many times."""
    if acme.workspace.id in PEOPLED:
        return
    PEOPLED.add(acme.workspace.id)
    await acme.contact(**ALICE)
    for email in ("Ä@example.com", "straße@example.com", "many@example.com"):
        await acme.contact(email=email)
    for email in ("Alice@Example.com", "STRASSE@example.com", *["Many@example.com"] * 3):
        await acme.contact(role="lead", email=email)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=st.one_of(FITTING, FITTING, SEARCHES), in_ascii=st.booleans(), headers=st.sampled_from([OLD, NEWEST, PREVIEW])
)
@example(asked={"query": {"field": "email", "operator": "=", "value": "\0"}}, in_ascii=True, headers=OLD)
async def test_the_short_way_to_who_has_an_identifier_answers_what_the_long_one_does(
    acme: Acme, asked: Any, in_ascii: bool, headers: dict[str, str]
):
    await people(acme)
    content = json.dumps(asked, ensure_ascii=in_ascii).encode(errors="surrogatepass")
    answers = []
    for decoder in (search._IDENTIFIED, NOTHING_FITS):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(search, "_IDENTIFIED", decoder)
            answers.append(await acme.client.post("/contacts/search", content=content, headers=headers))
    short, long = map(without_request_id, answers)

    assert short == long


async def test_none_of_many_leads_is_missed_where_an_archived_user_has_their_address_too(acme: Acme):
    user = await acme.contact(email="many@example.com")
    await acme.post(f"/contacts/{user}/archive")
    for _ in range(LEADS_LIMIT):
        await acme.contact(role="lead", email="many@example.com")

    found = await acme.post("/contacts/search", {"query": where("email", "many@example.com")})

    assert (LEADS_LIMIT, 50) == (found.json()["total_count"], len(found.json()["data"]))


async def test_more_leads_of_one_address_than_a_page_holds_are_walked_through(acme: Acme):
    made = [await acme.contact(role="lead", email="many@example.com") for _ in range(3)]
    asked: dict[str, Any] = {"query": where("email", "many@example.com"), "pagination": {"per_page": 2}}

    first = (await acme.post("/contacts/search", asked)).json()
    asked["pagination"]["starting_after"] = first["pages"]["next"]["starting_after"]
    last = (await acme.post("/contacts/search", asked)).json()

    assert made == [contact["id"] for contact in first["data"] + last["data"]]
    assert (3, 3) == (first["total_count"], last["total_count"])
    assert made == await ids(acme, asked["query"], pagination={"per_page": "3"})
