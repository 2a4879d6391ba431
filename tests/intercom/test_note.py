"""Notes on Intercom's wire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.cast import ALICE
from tests.conftest import Acme
from tests.intercom.told import RESOURCE_NOT_FOUND, USER_NOT_FOUND, refused, told

NOBODY = "65a000000000000000000000"


async def note(acme: Acme, contact: str, body: str = "Hello", **more: object) -> dict:
    answer = await acme.post(f"/contacts/{contact}/notes", {"body": body, **more})
    assert 200 == answer.status_code, answer.text
    return answer.json()


async def test_a_note_comes_back_whole_and_is_the_same_by_its_id(acme: Acme):
    alice = await acme.contact(**ALICE)
    grace = await acme.region.admins.create(acme.workspace.id, "grace@example.com", "Grace")

    made = await note(acme, alice, "Hello", admin_id=int(grace.id))

    assert ["type", "id", "created_at", "contact", "author", "body"] == list(made)
    assert ("note", "1", acme.clock() // 1000) == (made["type"], made["id"], made["created_at"])
    assert {"type": "contact", "id": alice} == made["contact"]
    told_of = {key: made["author"][key] for key in ("type", "id", "name", "email")}
    assert {"type": "admin", "id": "2", "name": "Grace", "email": "grace@example.com"} == told_of
    assert "<p>Hello</p>" == made["body"]
    assert made == (await acme.get("/notes/1")).json()
    assert [made] == (await acme.get(f"/contacts/{alice}/notes")).json()["data"]


async def test_without_an_admin_the_first_one_is_the_author(acme: Acme):
    alice = await acme.contact(**ALICE)

    for admin_id in (None, "1", 1):
        assert "1" == (await note(acme, alice, admin_id=admin_id))["author"]["id"]
    assert "1" == (await note(acme, alice))["author"]["id"]


async def test_a_note_is_safe_to_show(acme: Acme):
    alice = await acme.contact(**ALICE)

    made = await note(acme, alice, '<p>One <b>two</b></p><script>x</script><a href="javascript:x">y</a>')

    assert "<p>One <b>two</b></p><p>x<a>y</a></p>" == made["body"]


async def test_a_contact_shows_how_many_notes_there_are_and_the_newest_ten(acme: Acme):
    alice = await acme.contact(**ALICE)
    made = [(await note(acme, alice, str(number)))["id"] for number in range(12)]

    shown = (await acme.get(f"/contacts/{alice}")).json()["notes"]

    assert (12, True, f"/contacts/{alice}/notes") == (shown["total_count"], shown["has_more"], shown["url"])
    assert [{"id": id_, "type": "note", "url": f"/notes/{id_}"} for id_ in made[:1:-1]] == shown["data"]


async def test_notes_come_in_pages_newest_first(acme: Acme):
    alice = await acme.contact(**ALICE)
    for number in range(5):
        acme.clock.pass_(1_000)
        await note(acme, alice, str(number))
    path = f"/contacts/{alice}/notes"

    first = (await acme.get(path, params={"per_page": 2})).json()
    following = {"page": 2, "per_page": 2, "starting_after": "2"}
    assert {"type": "pages", "next": following, "page": 1, "per_page": 2, "total_pages": 3} == first["pages"]
    assert 5 == first["total_count"]
    assert ["<p>4</p>", "<p>3</p>"] == [one["body"] for one in first["data"]]
    second = (await acme.get(path, params={"per_page": 2, "starting_after": following["starting_after"]})).json()
    assert second == (await acme.get(path, params={"per_page": 2, "page": 2})).json()
    last = (await acme.get(path, params={"per_page": 2, "page": 3})).json()
    assert (["<p>0</p>"], None) == ([one["body"] for one in last["data"]], last["pages"]["next"])
    assert [] == (await acme.get(path, params={"page": 4})).json()["data"]
    assert 50 == (await acme.get(path)).json()["pages"]["per_page"]


async def test_a_note_changes_its_contact(acme: Acme):
    alice = await acme.contact(**ALICE)
    acme.clock.pass_(5_000)

    await note(acme, alice)

    assert acme.clock() // 1000 == (await acme.get(f"/contacts/{alice}")).json()["updated_at"]


async def test_what_is_not_there_is_not_found(acme: Acme):
    alice = await acme.contact(**ALICE)
    await note(acme, alice)

    assert USER_NOT_FOUND == told(await acme.post(f"/contacts/{NOBODY}/notes", {"body": "Hello"}))
    assert USER_NOT_FOUND == told(await acme.get(f"/contacts/{NOBODY}/notes"))
    for admin_id in ("2", "01", "", "x" * 10_000, "é", 0, -1, 2**60):
        answer = await acme.post(f"/contacts/{alice}/notes", {"body": "Hello", "admin_id": admin_id})
        assert RESOURCE_NOT_FOUND == told(answer), admin_id
    for note_id in ("2", "01", "0", "-1", "1.0", "x", "%00", "1%00", "9" * 18, "9" * 30, "9" * 5_000, "%D9%A1", "1e0"):
        assert RESOURCE_NOT_FOUND == told(await acme.get(f"/notes/{note_id}")), note_id
    assert 1 == (await acme.get(f"/contacts/{alice}/notes")).json()["total_count"]


async def test_a_deleted_contact_s_notes_are_gone(acme: Acme):
    alice = await acme.contact(**ALICE)
    made = await note(acme, alice)

    await acme.delete(f"/contacts/{alice}")

    assert RESOURCE_NOT_FOUND == told(await acme.get(f"/notes/{made['id']}"))
    assert USER_NOT_FOUND == told(await acme.get(f"/contacts/{alice}/notes"))


REFUSED = [
    ({}, "parameter_not_found"),
    ({"body": None}, "parameter_not_found"),
    ({"body": ""}, "parameter_not_found"),
    ({"body": "<p> </p><script></script>"}, "parameter_not_found"),
    ({"body": 7}, "parameter_invalid"),
    ({"body": ["x"]}, "parameter_invalid"),
    ({"body": "x\0"}, "parameter_invalid"),
    ({"body": "x" * 40_000}, "parameter_invalid"),
    ({"body": "<" * 20_000}, "parameter_invalid"),
]


async def test_a_note_without_a_readable_body_is_refused(acme: Acme):
    alice = await acme.contact(**ALICE)
    before = await acme.region.store.contact.find(acme.workspace.id, alice)

    for body, code in REFUSED:
        assert (400, code, "body") == refused(await acme.post(f"/contacts/{alice}/notes", body)), body
    assert before == await acme.region.store.contact.find(acme.workspace.id, alice)


async def test_a_page_that_is_none_is_refused_by_name(acme: Acme):
    path = f"/contacts/{await acme.contact(**ALICE)}/notes"

    for query in ("per_page=0", "per_page=151", "page=0", "page=x", "per_page=9999999999", "page=-1"):
        assert (400, "parameter_invalid", query.partition("=")[0]) == refused(await acme.get(f"{path}?{query}"))


async def test_a_cursor_that_no_page_gave_is_refused(acme: Acme):
    alice = await acme.contact(**ALICE)

    answer = await acme.get(f"/contacts/{alice}/notes?starting_after=WzFd")

    assert (400, "client_error", "starting_after") == refused(answer)


async def test_a_note_is_the_same_in_every_version_but_for_its_author(acme: Acme):
    alice = await acme.contact(**ALICE)
    made = await note(acme, alice)

    for version in ("2.7", "2.11", "2.16", "Preview"):
        told_of = (await acme.get(f"/notes/{made['id']}", headers={"Intercom-Version": version})).json()
        author = told_of.pop("author")
        assert {key: value for key, value in made.items() if key != "author"} == told_of
        assert (version in ("2.16", "Preview")) is ("away_status_reason_id" in author)


async def test_a_page_of_notes_looks_for_their_authors_once(acme: Acme):
    alice = await acme.contact(**ALICE)
    for number in range(5):
        await acme.post(f"/contacts/{alice}/notes", {"body": f"Note {number}"})
    held = await acme.region.snapshots.of(acme.workspace.id)
    held.admins = Looks(held.admins)

    notes = (await acme.get(f"/contacts/{alice}/notes")).json()["data"]

    assert [held.admins[0].id] * 5 == [note["author"]["id"] for note in notes]
    assert 1 == held.admins.number


class Looks(list):
    """Counts how often somebody goes through it."""

    number = 0

    def __iter__(self) -> Iterator[Any]:
        self.number += 1
        return super().__iter__()
