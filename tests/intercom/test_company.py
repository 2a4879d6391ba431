"""Companies on Intercom's surface, in every version where versions matter."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from tests.conftest import Acme
from tests.intercom.told import USER_NOT_FOUND, refused, told

from sayso.domain.scroll import EMPTY_BEGINNINGS

#: The oldest and the newest, and 2.11 where no version is named; conformance asks every operation in all of them.
VERSIONS = ["2.7", "Preview"]
NOBODY = "0" * 24
COMPANY_NOT_FOUND = (404, "company_not_found", "Company Not Found", None)
NO_SCROLL = (404, "not_found", "scroll parameter not found", None)


def _in(version: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Intercom-Version": version}}


async def put(acme: Acme, company_id: str | None = "6", **fields: Any) -> dict[str, Any]:
    named = {} if company_id is None else {"company_id": company_id}
    answer = await acme.post("/companies", {**named, **fields})
    assert 200 == answer.status_code, answer.text
    return answer.json()


def ids(answer: httpx2.Response) -> list[str]:
    assert 200 == answer.status_code, answer.text
    return [one["id"] for one in answer.json()["data"]]


# Create and update


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_company_is_answered_as_it_was_given(acme: Acme, version: str):
    fields = {
        "company_id": 6,
        "name": "Blue Sun",
        "plan": "Pro",
        "size": "100",
        "website": "not validated",
        "industry": "Software",
        "monthly_spend": 155.98,
        "remote_created_at": 1_394_531_169,
        "custom_attributes": {"paid": True, "spend": 155.5, "mates": 9},
    }
    answer = await acme.post("/companies", fields, **_in(version))

    body = answer.json()
    assert 200 == answer.status_code, answer.text
    plan = body["plan"]
    assert ("plan", "Pro") == (plan["type"], plan["name"])
    assert plan["id"].isdecimal()
    expected = {
        "type": "company",
        "company_id": "6",
        "id": body["id"],
        "app_id": acme.workspace.id,
        "name": "Blue Sun",
        "remote_created_at": 1_394_531_169,
        "created_at": acme.clock() // 1000,
        "updated_at": acme.clock() // 1000,
        "monthly_spend": 155,
        "session_count": 0,
        "user_count": 0,
        "size": 100,
        "website": "not validated",
        "industry": "Software",
        "tags": {"type": "tag.list", "tags": []},
        "segments": {"type": "segment.list", "segments": []},
        "notes": {
            "type": "note.list",
            "data": [],
            "url": f"/companies/{body['id']}/notes",
            "total_count": 0,
            "has_more": False,
        },
        "plan": plan,
        "custom_attributes": {"paid": True, "spend": 155.5, "mates": 9},
    }
    if version in ("2.7", "2.11"):
        del expected["notes"]
    assert list(expected.items()) == list(body.items())
    assert body == (await acme.get(f"/companies/{body['id']}", **_in(version))).json()


async def test_what_is_not_known_of_a_company_is_absent(acme: Acme):
    made = await put(acme)

    assert {} == made["plan"]
    assert "" == made["name"]
    assert set() == {"remote_created_at", "size", "website", "industry", "last_request_at"} & set(made)


async def test_the_same_company_id_is_the_same_company_and_what_is_not_said_stays(acme: Acme):
    made = await put(acme, name="Blue Sun", plan="Pro", size=7, custom_attributes={"a": 1, "b": 2})
    acme.clock.pass_(5_000)

    again = await put(acme, name="Red Sun", size=None, custom_attributes={"b": 3, "c": None})

    assert made["id"] == again["id"]
    assert ("Red Sun", made["plan"], {"a": 1, "b": 3, "c": None}) == (
        again["name"],
        again["plan"],
        again["custom_attributes"],
    )
    assert "size" not in again
    assert (made["created_at"], made["updated_at"] + 5) == (again["created_at"], again["updated_at"])
    assert 1 == (await acme.get("/companies")).json()["total_count"]


async def test_a_company_without_an_id_of_the_customer_s_gets_one_and_is_found_by_either(acme: Acme):
    made = [await put(acme, None, name="Twins") for _ in range(2)]

    assert made[0]["id"] != made[1]["id"]
    assert made[0]["company_id"] != made[1]["company_id"]
    renamed = await put(acme, None, id=made[1]["id"], name="One")
    assert (made[1]["company_id"], "One") == (renamed["company_id"], renamed["name"])


async def test_the_last_request_is_the_time_at_which_it_was_told(acme: Acme):
    await put(acme, update_last_request_at=False)
    acme.clock.pass_(3_000)

    made = await put(acme, update_last_request_at=True)

    assert acme.clock() // 1000 == made["last_request_at"]
    acme.clock.pass_(3_000)
    assert made["last_request_at"] == (await put(acme, name="later"))["last_request_at"]


async def test_an_update_changes_what_it_names_and_never_the_company_id(acme: Acme):
    made = await put(acme, name="Blue Sun", plan="Pro")
    path = f"/companies/{made['id']}"

    assert made == (await acme.put(path)).json()
    answer = await acme.put(path, {**made, "name": "Red Sun"})

    assert "Red Sun" == answer.json()["name"]
    assert (400, "parameter_invalid", "company_id") == refused(await acme.put(path, {"company_id": "7"}))
    assert COMPANY_NOT_FOUND == told(await acme.put(f"/companies/{NOBODY}", {"name": "x"}))
    assert answer.json() == (await acme.get(path)).json()


WRONG: list[tuple[Any, tuple[int, str, str | None]]] = [
    ({"test": "invalid"}, (400, "bad_request", None)),
    ({"company_id": "6", "nme": "x"}, (400, "bad_request", None)),
    ([], (400, "bad_request", None)),
    ({}, (400, "parameter_not_found", "company_id")),
    ({"company_id": None}, (400, "parameter_not_found", "company_id")),
    ({"company_id": ""}, (400, "parameter_invalid", "company_id")),
    ({"company_id": "x" * 256}, (400, "parameter_invalid", "company_id")),
    ({"company_id": "a\0b"}, (400, "parameter_invalid", "company_id")),
    ({"company_id": ["6"]}, (400, "parameter_invalid", "company_id")),
    ({"company_id": "6", "name": "x" * 256}, (400, "parameter_invalid", "name")),
    ({"company_id": "6", "plan": "\0"}, (400, "parameter_invalid", "plan")),
    ({"company_id": "6", "size": -1}, (400, "parameter_invalid", "size")),
    ({"company_id": "6", "size": "many"}, (400, "parameter_invalid", "size")),
    ({"company_id": "6", "size": 2**31}, (400, "parameter_invalid", "size")),
    ({"company_id": "6", "monthly_spend": 2**31}, (400, "parameter_invalid", "monthly_spend")),
    ({"company_id": "6", "monthly_spend": 1e300}, (400, "parameter_invalid", "monthly_spend")),
    ({"company_id": "6", "remote_created_at": 253_402_300_800}, (400, "parameter_invalid", "remote_created_at")),
    ({"company_id": "6", "remote_created_at": "today"}, (400, "parameter_invalid", "remote_created_at")),
    ({"company_id": "6", "custom_attributes": {"a": []}}, (400, "parameter_invalid", "custom_attributes")),
    ({"company_id": "6", "custom_attributes": {"a\0": 1}}, (400, "parameter_invalid", "custom_attributes")),
    ({"company_id": "6", "custom_attributes": {"a": 2**60}}, (400, "parameter_invalid", "custom_attributes")),
]


async def test_what_breaks_a_rule_is_refused_and_changes_nothing(acme: Acme, subtests: pytest.Subtests):
    made = await put(acme, name="Blue Sun")
    for body, expected in WRONG:
        with subtests.test(str(body)[:60]):
            assert expected == refused(await acme.post("/companies", body))
    assert "bad 'test' parameter" == told(await acme.post("/companies", {"test": "invalid"}))[2]
    lone = b'{"company_id": "6", "name": "\\ud800"}'
    assert 400 == (await acme.client.post("/companies", content=lone)).status_code
    assert [made] == (await acme.get("/companies")).json()["data"]


# Find and list


@pytest.mark.parametrize("version", VERSIONS)
async def test_companies_are_found_by_id_name_and_tag_and_an_unknown_one_is_told(acme: Acme, version: str):
    one, two = await put(acme, "a b&c", name="Blue Sun"), await put(acme, "two", name="Blue Sun")

    async def found(**query: str) -> httpx2.Response:
        return await acme.get("/companies", params=query, **_in(version))

    assert [one["id"]] == ids(await found(company_id="a b&c"))
    assert [two["id"], one["id"]] == ids(await found(name="Blue Sun"))
    # Clients written by hand look for a company where the description has a list of one.
    itself = (await found(company_id="two")).json()
    described = {"type": "company", "data": itself["data"], "pages": itself["pages"], "total_count": 1}
    assert {key: value for key, value in itself["data"][0].items() if key != "notes"} | described == itself
    for unknown in ({"company_id": "b"}, {"name": "blue sun"}, {"company_id": one["id"]}, {"name": "\0"}):
        assert COMPANY_NOT_FOUND == told(await found(**unknown))
    assert (400, "parameter_invalid", "company_id") == refused(await found(company_id="\0"))
    for nothing in ({"tag_id": "4711"}, {"tag_id": "%"}, {"tag_id": ""}, {"segment_id": "98765"}):
        assert [] == ids(await found(**nothing))
    for nowhere in (NOBODY, "a b&c", "x", one["id"].upper()):
        assert COMPANY_NOT_FOUND == told(await acme.get(f"/companies/{nowhere}", **_in(version)))


@pytest.mark.parametrize("version", VERSIONS)
async def test_pages_follow_each_other_by_number_url_and_cursor(acme: Acme, version: str):
    made = []
    for number in range(5):
        made.append((await put(acme, str(number), update_last_request_at=True))["id"])
        acme.clock.pass_(1_000)
    made.insert(0, (await put(acme, "never"))["id"])

    async def walk(following: Any, path: str, pages: list[list[str]]) -> None:
        asked = following if isinstance(following, str) else path
        query = {"starting_after": following["starting_after"], "per_page": 2} if isinstance(following, dict) else None
        answer = await acme.client.request("POST" if "list" in path else "GET", asked, params=query, **_in(version))
        body = answer.json()
        pages.append(ids(answer))
        assert (6, 2, 3, len(pages)) == (
            body["total_count"],
            body["pages"]["per_page"],
            body["pages"]["total_pages"],
            body["pages"]["page"],
        )
        if body["pages"]["next"]:
            assert isinstance(body["pages"]["next"], dict if version in ("Preview", "Unstable") else str)
            await walk(body["pages"]["next"], path, pages)

    for path, expected in (
        ("/companies?per_page=2", made[::-1]),
        ("/companies/list?per_page=2&order=desc", made[::-1]),
    ):
        pages: list[list[str]] = []
        await walk(None, path, pages)
        assert expected == [one for page in pages for one in page]
    assert made == ids(await acme.post("/companies/list?order=asc"))
    assert [] == ids(await acme.post("/companies/list?page=7"))


async def test_what_is_no_page_is_refused(acme: Acme):
    for query, field in (
        ("page=0", "page"),
        ("page=x", "page"),
        ("per_page=151", "per_page"),
        ("page=101&per_page=100", "page"),
        ("page=%00", "page"),
    ):
        for answer in (await acme.get(f"/companies?{query}"), await acme.post(f"/companies/list?{query}")):
            assert (400, "parameter_invalid", field) == refused(answer)
    assert (400, "client_error", "starting_after") == refused(await acme.get("/companies?starting_after=x"))
    assert (400, "parameter_invalid", "order") == refused(await acme.post("/companies/list?order=up"))


# Scroll


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_scroll_gives_every_company_once_and_ends_with_an_empty_page(
    acme: Acme, version: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sayso.domain.scroll.PAGE", 3)
    made = [(await put(acme, str(number)))["id"] for number in range(4)]

    first = await acme.get("/companies/scroll", **_in(version))
    word = first.json()["scroll_param"]
    rest = [await acme.get("/companies/scroll", params={"scroll_param": word}, **_in(version)) for _ in range(2)]

    assert [made[:3], made[3:], []] == [ids(first), *map(ids, rest)]
    assert [word, None] == [page.json()["scroll_param"] for page in rest]
    assert {(None, None)} == {(page.json()["pages"], page.json()["total_count"]) for page in (first, *rest)}
    assert NO_SCROLL == told(await acme.get("/companies/scroll", params={"scroll_param": word}))
    assert 200 == (await acme.get("/companies/scroll")).status_code


async def test_a_workspace_has_one_scroll_at_a_time_until_it_was_not_used_for_a_minute(acme: Acme):
    await put(acme)
    word = (await acme.get("/companies/scroll")).json()["scroll_param"]
    acme.clock.pass_(59_999)

    exists = (400, "scroll_exists", "scroll already exists for this workspace", None)
    assert exists == told(await acme.get("/companies/scroll"))
    nothing = await acme.stranger.get("/companies/scroll")
    assert ([], None) == (ids(nothing), nothing.json()["scroll_param"])
    foreign = await acme.stranger.get("/companies/scroll", params={"scroll_param": word})
    assert NO_SCROLL == told(foreign)
    acme.clock.pass_(1)
    assert NO_SCROLL == told(await acme.get("/companies/scroll", params={"scroll_param": word}))
    other = (await acme.get("/companies/scroll")).json()["scroll_param"]
    assert word != other
    assert NO_SCROLL == told(await acme.get("/companies/scroll", params={"scroll_param": word}))
    for wrong in ("", "\0", "x" * 5_000):
        assert NO_SCROLL == told(await acme.get("/companies/scroll", params={"scroll_param": wrong}))


async def test_of_scrolls_over_no_companies_within_a_minute_each_twenty_first_is_refused(acme: Acme):
    for _ in range(2):
        for _ in range(EMPTY_BEGINNINGS):
            nothing = await acme.get("/companies/scroll")
            assert ([], None) == (ids(nothing), nothing.json()["scroll_param"])
        assert NO_SCROLL == told(await acme.get("/companies/scroll"))


async def test_scrolls_over_no_companies_are_counted_for_a_minute_in_each_workspace(acme: Acme):
    for _ in range(EMPTY_BEGINNINGS):
        await acme.get("/companies/scroll")
    acme.clock.pass_(60_000)

    assert 200 == (await acme.get("/companies/scroll")).status_code
    for _ in range(EMPTY_BEGINNINGS - 1):
        await acme.get("/companies/scroll")
    assert 200 == (await acme.stranger.get("/companies/scroll")).status_code
    acme.clock.pass_(59_999)
    assert NO_SCROLL == told(await acme.get("/companies/scroll"))


async def test_the_first_company_ends_scrolls_over_no_companies(acme: Acme):
    for _ in range(EMPTY_BEGINNINGS):
        await acme.get("/companies/scroll")
    made = (await put(acme))["id"]

    first = await acme.get("/companies/scroll")
    last = await acme.get("/companies/scroll", params={"scroll_param": first.json()["scroll_param"]})

    assert ([made], []) == (ids(first), ids(last))


# Contacts


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_contact_belongs_to_companies_in_the_order_in_which_it_came(acme: Acme, version: str):
    alice = await acme.contact()
    path = f"/contacts/{alice}/companies"
    two, one = await put(acme, "two"), await put(acme, "one")

    for company in (one, two, one):
        acme.clock.pass_(1_000)
        answer = await acme.post(path, {"id": company["id"]}, **_in(version))
        assert (200, "company", 1) == (answer.status_code, answer.json()["type"], answer.json()["user_count"])
    body = (await acme.get(path, **_in(version))).json()
    assert [one["id"], two["id"]] == [company["id"] for company in body["data"]]
    assert body["data"] == body["companies"]
    assert {"type": "pages", "next": None, "page": 1, "per_page": 50, "total_pages": 1} == body["pages"]

    contact = (await acme.get(f"/contacts/{alice}", **_in(version))).json()
    assert [
        {"id": company["id"], "type": "company", "url": f"/companies/{company['id']}"} for company in (one, two)
    ] == (contact["companies"]["data"])
    assert contact["updated_at"] == acme.clock() // 1000 - 1

    gone = await acme.delete(f"{path}/{one['id']}", **_in(version))
    assert (200, one["id"], 0) == (gone.status_code, gone.json()["id"], gone.json()["user_count"])
    assert COMPANY_NOT_FOUND == told(await acme.delete(f"{path}/{one['id']}", **_in(version)))
    assert [two["id"]] == ids(await acme.get(path, **_in(version)))


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_url_of_a_page_has_the_scheme_that_the_client_came_by(acme: Acme, scheme: str):
    await put(acme, "one")
    await put(acme, "two")
    other = "http" if scheme == "https" else "https"

    first = await acme.get(f"{scheme}://sayso.test/companies?per_page=1", headers={"X-Forwarded-Proto": other})

    assert f"{scheme}://sayso.test/companies?per_page=1&page=2" == first.json()["pages"]["next"]


async def test_pages_of_a_contact_s_companies_are_urls(acme: Acme):
    alice = await acme.contact()
    made = [(await put(acme, str(number)))["id"] for number in range(3)]
    for company in made:
        await acme.post(f"/contacts/{alice}/companies", {"id": company})

    first = (await acme.get(f"/contacts/{alice}/companies?per_page=2")).json()
    second = await acme.get(first["pages"]["next"])

    assert f"http://sayso.test/contacts/{alice}/companies?per_page=2&page=2" == first["pages"]["next"]
    assert made == [company["id"] for company in first["data"]] + ids(second)
    assert (None, 3, 2) == (
        second.json()["pages"]["next"],
        second.json()["total_count"],
        second.json()["pages"]["page"],
    )


async def test_what_cannot_be_attached_or_detached_is_told(acme: Acme):
    alice, company = await acme.contact(), (await put(acme))["id"]
    path = f"/contacts/{alice}/companies"

    for empty in (None, {}, {"id": None}, {"id": ""}):
        assert (400, "parameter_not_found", "company not specified", "id") == told(await acme.post(path, empty))
    assert (400, "parameter_not_found", "company not specified", "id") == told(await acme.client.post(path))
    for unknown in ("123", 123, NOBODY, "6", "\0"):
        assert COMPANY_NOT_FOUND == told(await acme.post(path, {"id": unknown}))
    assert (400, "parameter_invalid", "id") == refused(await acme.post(path, {"id": [company]}))
    assert USER_NOT_FOUND == told(await acme.post(f"/contacts/{NOBODY}/companies", {"id": company}))
    assert USER_NOT_FOUND == told(await acme.get(f"/contacts/{NOBODY}/companies"))
    assert USER_NOT_FOUND == told(await acme.delete(f"/contacts/{NOBODY}/companies/{company}"))
    assert COMPANY_NOT_FOUND == told(await acme.delete(f"{path}/{NOBODY}"))
    assert [] == ids(await acme.get(path))


async def test_a_contact_belongs_to_a_thousand_companies_at_most(acme: Acme, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sayso.domain.contact_company.COMPANY_LIMIT", 2)
    alice = await acme.contact()
    made = [(await put(acme, str(number)))["id"] for number in range(3)]
    answers = [await acme.post(f"/contacts/{alice}/companies", {"id": company}) for company in (*made, made[0])]

    assert [200, 200, 400, 200] == [answer.status_code for answer in answers]
    assert "contact_company_limit_exceeded" == told(answers[2])[1]
    assert made[:2] == ids(await acme.get(f"/contacts/{alice}/companies"))


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_contacts_of_a_company_are_those_that_live(acme: Acme, version: str):
    company = (await put(acme))["id"]
    members = [await acme.contact(external_id=str(number)) for number in range(4)]
    for contact in members:
        await acme.post(f"/contacts/{contact}/companies", {"id": company})
    await acme.contact(external_id="nobody's")
    await acme.delete(f"/contacts/{members[3]}")
    path = f"/companies/{company}/contacts"

    whole = await acme.get(path, **_in(version))
    assert members[:3] == ids(whole)
    assert {"type": "pages", "page": 1, "per_page": 50, "total_pages": 1} == whole.json()["pages"]
    first = await acme.get(f"{path}?per_page=2", **_in(version))
    word = first.json()["pages"]["next"]["starting_after"]
    for rest in (f"{path}?per_page=2&starting_after={word}", f"{path}?per_page=2&page=2"):
        second = await acme.get(rest, **_in(version))
        assert members[:3] == ids(first) + ids(second)
        assert (3, 2) == (second.json()["total_count"], second.json()["pages"]["page"])
    assert 3 == (await acme.get(f"/companies/{company}")).json()["user_count"]
    assert [] == ids(await acme.get(f"/companies/{company}/segments", **_in(version)))
    for sub in ("contacts", "segments"):
        assert COMPANY_NOT_FOUND == told(await acme.get(f"/companies/{NOBODY}/{sub}", **_in(version)))


# Delete


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_deleted_company_is_nowhere_and_its_company_id_is_free(acme: Acme, version: str):
    made, alice = await put(acme, name="Blue Sun"), await acme.contact()
    await acme.post(f"/contacts/{alice}/companies", {"id": made["id"]})
    path = f"/companies/{made['id']}"

    answer = await acme.delete(path, **_in(version))

    assert [("id", made["id"]), ("object", "company"), ("deleted", True)] == list(answer.json().items())
    for method, more in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/contacts"), ("GET", "/segments")):
        assert COMPANY_NOT_FOUND == told(await acme.client.request(method, path + more, json={}))
    assert [] == ids(await acme.get("/companies"))
    assert [] == ids(await acme.get(f"/contacts/{alice}/companies"))
    assert [] == (await acme.get(f"/contacts/{alice}")).json()["companies"]["data"]
    assert COMPANY_NOT_FOUND == told(await acme.post(f"/contacts/{alice}/companies", {"id": made["id"]}))
    assert made["id"] != (await put(acme))["id"]
