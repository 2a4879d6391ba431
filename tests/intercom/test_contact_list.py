"""Pages of contacts."""

import pytest
from tests.conftest import Acme
from tests.intercom.told import refused, told


async def walk(acme: Acme, per_page: int) -> list[list[str]]:
    pages, query = [], {"per_page": per_page}
    while True:
        body = (await acme.get("/contacts", params=query)).json()
        pages.append([item["id"] for item in body["data"]])
        following = body["pages"].get("next")
        if following is None:
            return pages
        assert len(pages) + 1 == following["page"]
        query["starting_after"] = following["starting_after"]


async def test_contacts_come_in_the_order_of_created_at_and_id(acme: Acme):
    made = []
    for number in range(7):
        if number == 3:
            acme.clock.pass_(-5_000)
        made.append(await acme.contact(email=f"{number}@example.com"))

    expected = sorted(made[3:]) + sorted(made[:3])
    for per_page in (1, 3, 7, 150):
        pages = await walk(acme, per_page)
        assert expected == [contact for page in pages for contact in page]
        assert max(len(page) for page in pages) <= per_page


async def test_a_walk_meets_each_contact_once_whatever_is_written_meanwhile(acme: Acme):
    made = [await acme.contact(email=f"{number}@example.com") for number in range(4)]
    first = (await acme.get("/contacts", params={"per_page": 2})).json()
    acme.clock.pass_(1_000)
    await acme.put(f"/contacts/{made[0]}", {"name": "later"})
    await acme.delete(f"/contacts/{made[1]}")

    after = first["pages"]["next"]["starting_after"]
    second = (await acme.get("/contacts", params={"per_page": 2, "starting_after": after})).json()

    assert made == [item["id"] for item in first["data"] + second["data"]]


async def test_a_page_has_ten_contacts_unless_told_and_the_last_one_has_no_next(acme: Acme):
    for number in range(11):
        await acme.contact(email=f"{number}@example.com")

    body = (await acme.get("/contacts")).json()
    assert ["type", "data", "total_count", "pages"] == list(body)
    assert (10, 11) == (len(body["data"]), body["total_count"])
    pages = body["pages"]
    assert ("pages", 1, 10, 2) == (pages["type"], pages["page"], pages["per_page"], pages["total_pages"])
    last = (await acme.get("/contacts", params={"starting_after": pages["next"]["starting_after"]})).json()
    assert (1, 2, 11) == (len(last["data"]), last["pages"]["page"], last["total_count"])
    assert "next" not in last["pages"]


async def test_an_empty_workspace_has_an_empty_page(acme: Acme):
    body = (await acme.get("/contacts")).json()

    assert {
        "type": "list",
        "data": [],
        "total_count": 0,
        "pages": {"type": "pages", "page": 1, "per_page": 10, "total_pages": 0},
    } == body


PER_PAGE = ["0", "151", "-1", "1.5", "x", "", "%00", "0000000159999", "9" * 5000, "\u0661", "1e1", " 1"]


async def test_a_page_has_from_1_to_150_contacts(acme: Acme):
    for per_page in PER_PAGE:
        answer = await acme.get(f"/contacts?per_page={per_page}")
        assert (400, "parameter_invalid", "per_page") == refused(answer), per_page[:20]


@pytest.mark.parametrize(
    "word",
    [
        "x",
        "%00",
        "%FF",
        "W10",  # []
        "WzEsMiwzLDRd",  # [1, 2, 3, 4]
        "WzEsImFcdTAwMDAiLDEsMV0",  # [1, "a\\u0000", 1, 1]
        "WzEsIlx1ZDgwMCIsMSwxXQ",  # [1, "\\ud800", 1, 1]
        "WzFlOTk5LCJhIiwxLDFd",  # [1e999, "a", 1, 1]
        "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAsImEiLDEsMV0",  # past 64 bits
        "W3RydWUsImEiLDEsMV0",  # [true, "a", 1, 1]
        "WzEsInoiLDEsMF0",  # [1, "z", 1, 0]
        "W1tb" * 5000,
    ],
)
async def test_a_cursor_that_no_page_gave_is_refused(acme: Acme, word: str):
    answer = await acme.get(f"/contacts?starting_after={word}")

    status, code, message, _ = told(answer)
    assert (400, "client_error") == (status, code)
    assert (
        "Invalid starting_after param. Please try again using a starting_after value from a paginated response"
        == message
    )


async def test_very_many_query_fields_are_no_error(acme: Acme):
    assert 200 == (await acme.get("/contacts?" + "a=1&" * 2_000)).status_code
