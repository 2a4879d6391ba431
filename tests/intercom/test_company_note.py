"""Notes on companies on Intercom's wire."""

from __future__ import annotations

from typing import Any

from tests.cast import ALICE
from tests.conftest import Acme
from tests.intercom.test_company import COMPANY_NOT_FOUND, NOBODY, put
from tests.intercom.told import RESOURCE_NOT_FOUND, refused, told

NEWEST = {"Intercom-Version": "2.16"}


async def note(acme: Acme, company: str, body: str = "Hello", **more: object) -> dict[str, Any]:
    answer = await acme.post(f"/companies/{company}/notes", {"body": body, **more}, headers=NEWEST)
    assert 200 == answer.status_code, answer.text
    return answer.json()


async def test_a_note_on_a_company_comes_back_whole_and_is_the_same_by_its_id(acme: Acme):
    company = (await put(acme))["id"]

    made = await note(acme, company, "Hello")

    assert ["type", "id", "created_at", "company", "author", "body"] == list(made)
    assert ("note", acme.clock() // 1000, "<p>Hello</p>") == (made["type"], made["created_at"], made["body"])
    assert {"type": "company", "id": company} == made["company"]
    assert "1" == made["author"]["id"]
    assert made == (await acme.get(f"/notes/{made['id']}", headers=NEWEST)).json()
    assert [made] == (await acme.get(f"/companies/{company}/notes", headers={"Intercom-Version": "2.15"})).json()[
        "data"
    ]


async def test_notes_on_contacts_and_companies_have_ids_of_their_own(acme: Acme):
    alice, company = await acme.contact(**ALICE), (await put(acme))["id"]

    made = [(await acme.post(f"/contacts/{alice}/notes", {"body": "one"})).json(), await note(acme, company)]

    assert 2 == len({one["id"] for one in made})
    for one in made:
        again = (await acme.get(f"/notes/{one['id']}", headers=NEWEST)).json()
        assert (one["body"], one.get("contact"), one.get("company")) == (
            again["body"],
            again.get("contact"),
            again.get("company"),
        )


async def test_versions_before_2_15_know_no_note_on_a_company(acme: Acme):
    made = await note(acme, (await put(acme))["id"])

    assert RESOURCE_NOT_FOUND == told(await acme.get(f"/notes/{made['id']}", headers={"Intercom-Version": "2.14"}))


async def test_a_client_that_names_no_version_finds_the_note_on_a_company_that_it_wrote(acme: Acme):
    company = (await put(acme))["id"]

    made = (await acme.post(f"/companies/{company}/notes", {"body": "Hello"})).json()

    assert made == (await acme.get(f"/notes/{made['id']}")).json()


async def test_a_company_shows_how_many_notes_there_are_and_the_newest_ten(acme: Acme):
    company = (await put(acme))["id"]
    made = [(await note(acme, company, str(number)))["id"] for number in range(12)]

    shown = (await acme.get(f"/companies/{company}", headers=NEWEST)).json()["notes"]

    assert (12, True, f"/companies/{company}/notes") == (shown["total_count"], shown["has_more"], shown["url"])
    itself = {"type": "company", "id": company}
    assert [{"type": "note", "id": note_id, "company": itself} for note_id in made[:1:-1]] == shown["data"]


async def test_notes_on_a_company_come_in_pages_newest_first(acme: Acme):
    company = (await put(acme))["id"]
    for number in range(3):
        acme.clock.pass_(1_000)
        await note(acme, company, str(number))

    first = (await acme.get(f"/companies/{company}/notes?per_page=2", headers=NEWEST)).json()
    following = first["pages"]["next"]["starting_after"]
    path = f"/companies/{company}/notes?per_page=2&starting_after={following}"
    last = (await acme.get(path, headers=NEWEST)).json()

    assert (3, ["<p>2</p>", "<p>1</p>"]) == (first["total_count"], [one["body"] for one in first["data"]])
    assert (["<p>0</p>"], None) == ([one["body"] for one in last["data"]], last["pages"]["next"])


async def test_the_notes_of_a_deleted_company_are_gone_with_it(acme: Acme):
    company = (await put(acme))["id"]
    made = await note(acme, company)

    await acme.client.delete(f"/companies/{company}")

    assert RESOURCE_NOT_FOUND == told(await acme.get(f"/notes/{made['id']}", headers=NEWEST))
    assert COMPANY_NOT_FOUND == told(await acme.get(f"/companies/{company}/notes", headers=NEWEST))


async def test_a_note_on_nobody_by_nobody_or_about_nothing_is_refused(acme: Acme):
    path = f"/companies/{(await put(acme))['id']}/notes"

    nobody = await acme.post(f"/companies/{NOBODY}/notes", {"body": "Hello"}, headers=NEWEST)
    assert COMPANY_NOT_FOUND == told(nobody)
    by_nobody = await acme.post(path, {"body": "Hello", "admin_id": "4711"}, headers=NEWEST)
    assert RESOURCE_NOT_FOUND == told(by_nobody)
    assert (400, "parameter_not_found", "body") == refused(await acme.post(path, {}, headers=NEWEST))
    assert 0 == (await acme.get(path, headers=NEWEST)).json()["total_count"]
