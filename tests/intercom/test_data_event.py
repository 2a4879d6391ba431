"""Data events on Intercom's wire."""

from __future__ import annotations

from typing import Any

import httpx2
from tests.cast import ALICE
from tests.conftest import Acme
from tests.intercom.told import USER_NOT_FOUND, refused, told

NOBODY = "65a000000000000000000000"
AT = 1_793_600_000
ORDERED = {"event_name": "ordered", "created_at": AT}


async def submit(acme: Acme, **event: Any) -> httpx2.Response:
    return await acme.post("/events", {**ORDERED, **event})


async def summarize(acme: Acme, contact: str, **summary: Any) -> httpx2.Response:
    return await acme.post("/events/summaries", {"id": contact, "event_summaries": summary})


async def listed(acme: Acme, contact: str, **query: Any) -> dict:
    answer = await acme.get("/events", params={"type": "user", "intercom_user_id": contact, **query})
    assert 200 == answer.status_code, answer.text
    return answer.json()


async def test_an_event_is_accepted_and_listed_as_it_was_told(acme: Acme):
    alice = await acme.contact(**ALICE)
    metadata = {"price": {"amount": 34_999, "currency": "eur"}, "load": 3.67, "type": "contact", "deleted": True}

    answer = await submit(acme, user_id="alice", metadata=metadata)

    assert (202, {}) == (answer.status_code, answer.json())
    body = await listed(acme, alice)
    assert ["type", "email", "intercom_user_id", "user_id", "events", "pages"] == list(body)
    (event,) = body["events"]
    assert 36 == len(event["id"])
    assert {
        "type": "event",
        "id": event["id"],
        "event_name": "ordered",
        "created_at": AT,
        "user_id": "alice",
        "email": "alice@example.com",
        "intercom_user_id": alice,
        "metadata": metadata,
    } == event
    for version in ("2.7", "2.11", "2.16", "Preview"):
        again = await acme.get(
            "/events", params={"type": "user", "user_id": "alice"}, headers={"Intercom-Version": version}
        )
        assert body == again.json()


async def test_a_contact_is_named_by_id_user_id_or_email_and_a_lead_by_its_id_alone(acme: Acme):
    alice, lead = await acme.contact(**ALICE), await acme.contact(role="lead", email="lead@example.com")
    external_id = (await acme.get(f"/contacts/{lead}")).json()["external_id"]

    for number, named in enumerate(({"id": alice}, {"user_id": "alice"}, {"email": "Alice@Example.com"})):
        assert 202 == (await submit(acme, created_at=AT + number, **named)).status_code
    assert 202 == (await submit(acme, id=lead, user_id="ignored", email=None)).status_code
    for named in ({"user_id": external_id}, {"email": "lead@example.com"}):
        assert USER_NOT_FOUND == told(await submit(acme, **named))

    for query in ({"user_id": "alice"}, {"email": "ALICE@example.com"}, {"intercom_user_id": alice}):
        assert 3 == len((await acme.get("/events", params={"type": "user", **query})).json()["events"])
    assert 1 == len((await listed(acme, lead))["events"])


async def test_the_same_event_told_again_is_accepted_and_ignored(acme: Acme):
    alice = await acme.contact(**ALICE)
    await submit(acme, id=alice, metadata={"first": True})
    before = await acme.region.store.contact.find(acme.workspace.id, alice)

    assert 202 == (await submit(acme, email="alice@example.com", metadata={"first": False})).status_code

    assert [{"first": True}] == [event["metadata"] for event in (await listed(acme, alice))["events"]]
    assert 1 == (await listed(acme, alice, summary="true"))["events"][0]["count"]
    assert before == await acme.region.store.contact.find(acme.workspace.id, alice)
    await submit(acme, id=alice, event_name="Ordered")
    assert 2 == len((await listed(acme, alice))["events"])


async def test_events_are_summed_up_by_their_names(acme: Acme):
    alice = await acme.contact(**ALICE)
    for name, at in (("visited", AT), ("ordered", AT - 10), ("visited", AT - 86_400)):
        await submit(acme, id=alice, event_name=name, created_at=at)

    body = await listed(acme, alice, summary="true")

    assert {
        "type": "event.summary",
        "email": "alice@example.com",
        "intercom_user_id": alice,
        "user_id": "alice",
        "events": [
            {
                "name": "visited",
                "first": "2026-11-01T06:13:20.000+00:00",
                "last": "2026-11-02T06:13:20.000+00:00",
                "count": 2,
            },
            {
                "name": "ordered",
                "first": "2026-11-02T06:13:10.000+00:00",
                "last": "2026-11-02T06:13:10.000+00:00",
                "count": 1,
            },
        ],
    } == body


async def test_a_summary_takes_the_place_of_what_was_counted_and_events_add_to_it(acme: Acme):
    alice = await acme.contact(**ALICE)
    await submit(acme, id=alice)
    told_of = {"event_name": "ordered", "count": 41, "first": 1_500_000_000, "last": AT - 5}

    for _ in range(2):
        answer = await acme.post("/events/summaries", {"user_id": "alice", "event_summaries": told_of})
        assert (200, {}) == (answer.status_code, answer.json())
    await submit(acme, id=alice, created_at=AT + 1)

    (counted,) = (await listed(acme, alice, summary="true"))["events"]
    assert (42, "2017-07-14T02:40:00.000+00:00") == (counted["count"], counted["first"])
    assert "2026-11-02T06:13:21.000+00:00" == counted["last"]
    assert 2 == len((await listed(acme, alice))["events"])


async def test_a_contact_has_events_of_so_many_names_and_no_more(acme: Acme, monkeypatch):
    monkeypatch.setattr("sayso.domain.data_event.NAMES_LIMIT", 2)
    alice = await acme.contact(**ALICE)
    for name in ("ordered", "visited"):
        assert 202 == (await submit(acme, id=alice, event_name=name)).status_code
    before = await listed(acme, alice), await listed(acme, alice, summary="true")

    for answer in (
        await submit(acme, id=alice, event_name="returned"),
        await summarize(acme, alice, event_name="returned", count=1, first=AT, last=AT),
    ):
        assert (400, "parameter_invalid", "event_name") == refused(answer)
        assert "at most 2 names" in answer.text
    assert before == (await listed(acme, alice), await listed(acme, alice, summary="true"))

    assert 202 == (await submit(acme, id=alice, event_name="visited", created_at=AT + 1)).status_code
    assert 200 == (await summarize(acme, alice, event_name="ordered", count=7, first=AT, last=AT)).status_code
    body = await listed(acme, alice, summary="true")
    assert [("ordered", 7), ("visited", 2)] == [(one["name"], one["count"]) for one in body["events"]]


async def test_the_first_summaries_are_told_of_a_contact_that_has_too_many_names_after_a_merge(acme: Acme, monkeypatch):
    monkeypatch.setattr("sayso.domain.data_event.NAMES_LIMIT", 2)
    alice, lead = await acme.contact(**ALICE), await acme.contact(role="lead")
    for contact, names in ((alice, ("a", "c")), (lead, ("b", "d"))):
        for name in names:
            await submit(acme, id=contact, event_name=name, created_at=AT + ord(name))

    assert 200 == (await acme.post("/contacts/merge", {"from": lead, "into": alice})).status_code

    body = await listed(acme, alice, summary="true")
    assert ["a", "b"] == [one["name"] for one in body["events"]]
    assert 202 == (await submit(acme, id=alice, event_name="d")).status_code
    assert (400, "parameter_invalid", "event_name") == refused(await submit(acme, id=alice, event_name="e"))


async def test_a_walk_by_the_links_sees_every_event_once_newest_first(acme: Acme):
    alice = await acme.contact(**ALICE)
    for number in range(7):
        await submit(acme, id=alice, event_name=f"event {number}", created_at=AT + number // 3)
    body, seen = await listed(acme, alice, per_page=2), []
    newest = body["pages"]["since"]

    while True:
        seen += [(event["created_at"], event["event_name"]) for event in body["events"]]
        if "next" not in body["pages"]:
            break
        assert body["pages"]["next"].startswith("http://sayso.test/events?")
        body = (await acme.get(body["pages"]["next"])).json()

    assert 7 == len(set(seen)) == len(seen)
    assert sorted((at for at, _ in seen), reverse=True) == [at for at, _ in seen]
    nothing = (await acme.get(newest)).json()
    assert ([], {}) == (nothing["events"], nothing["pages"])
    await submit(acme, id=alice, event_name="new", created_at=AT + 9)
    assert ["new"] == [event["event_name"] for event in (await acme.get(newest)).json()["events"]]


async def test_before_and_since_may_be_seconds(acme: Acme):
    alice = await acme.contact(**ALICE)
    for number in range(4):
        await submit(acme, id=alice, created_at=AT + number)

    async def times(**query: Any) -> list[int]:
        return [event["created_at"] - AT for event in (await listed(acme, alice, **query))["events"]]

    assert [1, 0] == await times(before=AT + 2)
    assert [3] == await times(since=AT + 2)
    assert [2] == await times(since=AT + 1, before=AT + 3)


async def test_events_are_listed_for_ninety_days_and_count_for_ever(acme: Acme):
    alice = await acme.contact(**ALICE)
    oldest = acme.clock() // 1000 - 90 * 86_400
    for at in (oldest, oldest - 1, 0):
        await submit(acme, id=alice, created_at=at)

    assert [oldest] == [event["created_at"] for event in (await listed(acme, alice))["events"]]
    assert [oldest] == [event["created_at"] for event in (await listed(acme, alice, since=1))["events"]]
    assert 3 == (await listed(acme, alice, summary="true"))["events"][0]["count"]


MISSING, INVALID = "parameter_not_found", "parameter_invalid"


NO_EVENTS = [
    ({"event_name": None}, MISSING, "event_name"),
    ({"event_name": " "}, MISSING, "event_name"),
    ({"event_name": 7}, INVALID, "event_name"),
    ({"event_name": "x" * 256}, INVALID, "event_name"),
    ({"event_name": "x\0"}, INVALID, "event_name"),
    ({"created_at": None}, MISSING, "created_at"),
    ({"created_at": "soon"}, INVALID, "created_at"),
    ({"created_at": -1}, INVALID, "created_at"),
    ({"created_at": AT * 1_000}, INVALID, "created_at"),
    ({"created_at": 2**80}, INVALID, "created_at"),
    ({"id": None}, MISSING, "user_id"),
    ({"id": "", "user_id": "", "email": ""}, MISSING, "user_id"),
    ({"id": True}, INVALID, "id"),
    ({"metadata": []}, INVALID, "metadata"),
    ({"metadata": "x"}, INVALID, "metadata"),
    ({"metadata": {"a": {"b": {"c": {}}}}}, INVALID, "metadata"),
    ({"metadata": {"a": [1]}}, INVALID, "metadata"),
    ({"metadata": {"a": "\0"}}, INVALID, "metadata"),
    ({"metadata": {"a": 2**70}}, INVALID, "metadata"),
]


async def test_what_is_no_event_is_refused_by_name_and_changes_nothing(acme: Acme):
    alice = await acme.contact(**ALICE)
    before = await acme.region.store.contact.find(acme.workspace.id, alice)

    for wrong, code, field in NO_EVENTS:
        assert (400, code, field) == refused(await submit(acme, **{"id": alice, **wrong})), wrong
    assert before == await acme.region.store.contact.find(acme.workspace.id, alice)


NO_SUMMARIES = [
    ({"event_name": None}, MISSING, "event_name"),
    ({"count": None}, MISSING, "count"),
    ({"count": -1}, INVALID, "count"),
    ({"count": 2**31}, INVALID, "count"),
    ({"count": "1"}, INVALID, "event_summaries"),
    ({"first": None}, MISSING, "first"),
    ({"first": AT + 1}, INVALID, "last"),
    ({"last": 2**40}, INVALID, "last"),
]


async def test_what_is_no_summary_is_refused_by_name(acme: Acme):
    await acme.contact(**ALICE)

    for wrong, code, field in NO_SUMMARIES:
        told_of = {"event_name": "ordered", "count": 1, "first": AT, "last": AT, **wrong}
        answer = await acme.post("/events/summaries", {"user_id": "alice", "event_summaries": told_of})
        assert (400, code, field) == refused(answer), wrong


async def test_nobody_is_not_found(acme: Acme):
    alice = await acme.contact(**ALICE)
    summary = {"event_name": "ordered", "count": 1, "first": AT, "last": AT}

    for named in ({"id": NOBODY}, {"id": "x"}, {"user_id": "nobody"}, {"user_id": 7}, {"email": "nobody@example.com"}):
        assert USER_NOT_FOUND == told(await submit(acme, **named)), named
        assert USER_NOT_FOUND == told(await acme.post("/events/summaries", {**named, "event_summaries": summary}))
    for named in ({"id": "\0"}, {"user_id": "a\0"}, {"email": "a\0@example.com"}, {"user_id": "x" * 100_000}):
        assert USER_NOT_FOUND == told(await submit(acme, **named)), named
    for query in ("user_id=a%00", "email=%00", "intercom_user_id=%00", "user_id=%FF", "email=nobody@example.com"):
        assert USER_NOT_FOUND == told(await acme.get(f"/events?type=user&{query}")), query
    await acme.delete(f"/contacts/{alice}")
    assert USER_NOT_FOUND == told(await submit(acme, id=alice))


NO_LISTS = [
    ("user_id=alice", MISSING, "type"),
    ("type=company&user_id=alice", INVALID, "type"),
    ("type=user", MISSING, "user_id"),
    ("type=user&user_id=", MISSING, "user_id"),
    ("type=user&user_id=alice&per_page=0", INVALID, "per_page"),
    ("type=user&user_id=alice&per_page=151", INVALID, "per_page"),
    ("type=user&user_id=alice&before=1577836800000", INVALID, "before"),
    ("type=user&user_id=alice&before=x", "client_error", "before"),
    ("type=user&user_id=alice&since=WzEsInoiLDEsMF0", "client_error", "since"),
    ("type=user&user_id=alice&since=" + "9" * 5_000, "client_error", "since"),
    ("type=user&user_id=alice&since=%00", "client_error", "since"),
]


async def test_what_cannot_be_listed_is_refused_by_name(acme: Acme):
    await acme.contact(**ALICE)

    for query, code, field in NO_LISTS:
        assert (400, code, field) == refused(await acme.get(f"/events?{query}")), query
