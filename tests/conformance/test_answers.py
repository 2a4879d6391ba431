"""What answers must be for real clients to read them: section 9.2 of the reference, on a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from tests.running import Running

NOBODY = "0" * 24


@pytest.fixture
def client(server: Running) -> Iterator[httpx2.Client]:
    with server.client as opened:
        yield opened


@pytest.fixture
def contact(client: httpx2.Client) -> str:
    """A contact with both a choice for and a choice against."""
    client.post("/data_attributes", json={"name": "at", "model": "contact", "data_type": "string"})
    made = client.post("/contacts", json={"email": f"{uuid4()}@example.com", "custom_attributes": {"at": "x"}})
    for type_id in ("2", "1"):
        client.post(f"/contacts/{made.json()['id']}/subscriptions", json={"id": type_id})
    return made.json()["id"]


@pytest.fixture
def answers(client: httpx2.Client, contact: str) -> list[httpx2.Response]:
    """A good answer of every kind, and errors of most kinds."""
    email = f"{uuid4()}@example.com"
    sent = [
        ("GET", "/me", None),
        ("GET", "/subscription_types", None),
        ("GET", "/subscription_types/1", None),
        ("GET", "/contacts?per_page=2", None),
        ("GET", f"/contacts/{contact}", None),
        ("POST", "/contacts", {"email": email}),
        ("PUT", f"/contacts/{contact}", {"name": "Alice"}),
        ("GET", f"/contacts/{contact}/subscriptions", None),
        ("POST", f"/contacts/{contact}/subscriptions", {"id": "4"}),
        ("DELETE", f"/contacts/{contact}/subscriptions/4", None),
        ("DELETE", f"/contacts/{contact}", None),
        ("POST", "/contacts", {"email": email}),
        ("POST", "/contacts", {"email": 7}),
        ("POST", "/contacts", []),
        ("GET", f"/contacts/{NOBODY}", None),
        ("GET", f"/contacts/{NOBODY}/subscriptions", None),
        ("POST", f"/contacts/{contact}/subscriptions", {}),
        ("GET", "/subscription_types/999", None),
        ("GET", "/nowhere", None),
        ("PATCH", "/contacts", None),
        ("GET", "/contacts/find_by_external_id/alice", None),
    ]
    given = [client.request(method, path, json=body) for method, path, body in sent]
    large = client.post("/contacts", content=b"x" * (1024 * 1024 + 1))
    refused = client.get("/me", headers={"Authorization": "Bearer wrong-token"})
    unknown = client.get("/me", headers={"Intercom-Version": "9.9"})
    return [*given, large, refused, unknown]


def _objects(tree: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in an answer and where it stands, without what users put into their own attributes."""
    if isinstance(tree, list):
        for item in tree:
            yield from _objects(item, at)
    elif isinstance(tree, dict):
        yield at, tree
        for key, value in tree.items():
            if key != "custom_attributes":
                yield from _objects(value, f"{at}.{key}")


def _failed(answers: list[httpx2.Response]) -> list[httpx2.Response]:
    return [answer for answer in answers if answer.status_code >= 400]


def test_the_answers_are_of_every_kind(answers: list[httpx2.Response]):
    assert {200, 400, 401, 404, 409, 413} == {answer.status_code for answer in answers}


# 11 and 12


def test_every_answer_has_a_json_object_for_a_body(answers: list[httpx2.Response]):
    for answer in answers:
        assert "application/json; charset=utf-8" == answer.headers["Content-Type"]
        assert str(len(answer.content)) == answer.headers["Content-Length"]
        assert isinstance(answer.json(), dict)


# 13 and 14


def test_every_error_is_a_list_of_one_with_code_and_message(answers: list[httpx2.Response]):
    for answer in _failed(answers):
        told = answer.json()
        assert ["type", "request_id", "errors"] == list(told)
        assert ("error.list", answer.headers["X-Request-Id"]) == (told["type"], told["request_id"])
        (error,) = told["errors"]
        assert error["code"]
        assert error["message"]
        assert set(error) <= {"code", "message", "field"}


def test_unknown_contacts_and_types_are_told_apart(client: httpx2.Client, contact: str):
    def told(answer: httpx2.Response) -> tuple[int, str, str]:
        (error,) = answer.json()["errors"]
        return answer.status_code, error["code"], error["message"]

    no_contact, no_type = (404, "not_found", "User Not Found"), (404, "not_found", "Resource Not Found")
    assert no_contact == told(client.get(f"/contacts/{NOBODY}/subscriptions"))
    assert no_contact == told(client.post(f"/contacts/{NOBODY}/subscriptions", json={"id": "invalid_id"}))
    assert no_contact == told(client.delete(f"/contacts/{NOBODY}/subscriptions/invalid_id"))
    assert no_type == told(client.post(f"/contacts/{contact}/subscriptions", json={"id": "invalid_id"}))
    assert no_type == told(client.delete(f"/contacts/{contact}/subscriptions/invalid_id"))
    wrong = client.get("/subscription_types", headers={"Authorization": "Bearer wrong-token"})
    assert (401, "unauthorized", "Access Token Invalid") == told(wrong)


# 15


def test_every_answer_bears_its_rate_limit_in_whole_numbers(answers: list[httpx2.Response]):
    for answer in answers:
        for name in ("Limit", "Remaining", "Reset"):
            assert re.fullmatch(r"\d+", answer.headers[f"X-RateLimit-{name}"])
        assert "Retry-After" not in answer.headers


# 16


@pytest.mark.parametrize("accepted", ["gzip, deflate", "gzip, deflate, br, zstd", "deflate", "*", "identity"])
def test_answers_are_never_deflated(client: httpx2.Client, accepted: str):
    answer = client.get("/contacts", headers={"Accept-Encoding": accepted})

    assert answer.headers.get("Content-Encoding", "identity") in ("identity", "gzip")


# 17

#: What Intercom itself gives without a `type`.
_WITHOUT_TYPE = re.compile(r".*\.(default_translation|translations|next|errors|custom_attributes)")


def test_every_object_has_a_type(answers: list[httpx2.Response]):
    for answer in answers:
        for at, one in _objects(answer.json()):
            assert "type" in one or _WITHOUT_TYPE.fullmatch(at), (answer.request.url.path, at)


# 18


def test_a_list_has_its_data_even_where_there_is_none(client: httpx2.Client):
    made = client.post("/contacts", json={"role": "lead"}).json()

    assert {"type": "list", "data": []} == client.get(f"/contacts/{made['id']}/subscriptions").json()
    for key in ("tags", "notes", "companies", "opted_in_subscription_types", "opted_out_subscription_types"):
        assert ("list", []) == (made[key]["type"], made[key]["data"])


def test_every_list_has_data(answers: list[httpx2.Response]):
    lists = [one for answer in answers for _, one in _objects(answer.json()) if one.get("type") == "list"]

    assert lists
    assert all(isinstance(one["data"], list) for one in lists)


# 10 and 19


def test_every_id_is_a_string_that_is_safe_in_a_path(answers: list[httpx2.Response]):
    for answer in answers:
        for at, one in _objects(answer.json()):
            if "id" in one:
                assert isinstance(one["id"], str), at
                kind = r"[0-9a-f]{24}" if one.get("type") == "contact" else r"\d+"
                assert re.fullmatch(kind, one["id"]), at


def test_list_attach_and_detach_tell_the_same_of_a_type(client: httpx2.Client, contact: str):
    known = client.get("/subscription_types").json()["data"][3]
    path = f"/contacts/{contact}/subscriptions"

    assert known == client.post(path, json={"id": int(known["id"])}).json()
    assert known == client.get(path).json()["data"][-1]
    assert known == client.delete(f"{path}/{known['id']}").json()


# 20

_FLAGS = (
    "has_hard_bounced",
    "marked_email_as_spam",
    "unsubscribed_from_emails",
    "unsubscribed_from_sms",
    "sms_consent",
)
_WHOLE = ("total_count", "per_page", "page", "total_pages")


def test_every_time_is_in_whole_seconds_of_32_bits(answers: list[httpx2.Response]):
    times = [
        value
        for answer in answers
        for _, one in _objects(answer.json())
        for key, value in one.items()
        if key.endswith("_at") and value is not None
    ]

    assert times
    assert all(type(time) is int and 1_000_000_000 < time < 2**31 for time in times)


def test_counts_are_whole_numbers_and_flags_are_never_null(answers: list[httpx2.Response]):
    found = [(key, type(one[key])) for answer in answers for _, one in _objects(answer.json()) for key in one]

    assert {(key, int) for key in _WHOLE} == {(key, kind) for key, kind in found if key in _WHOLE}
    assert {(key, bool) for key in _FLAGS} == {(key, kind) for key, kind in found if key in _FLAGS}


# 21 to 23


def test_a_contact_without_a_picture_has_null_for_an_avatar(client: httpx2.Client, contact: str):
    assert None is client.get(f"/contacts/{contact}").json()["avatar"]
    emptied = client.put(f"/contacts/{contact}", json={"avatar": "https://example.com/alice.png"}).json()
    assert "https://example.com/alice.png" == emptied["avatar"]
    assert None is client.put(f"/contacts/{contact}", json={"avatar": None}).json()["avatar"]


def test_the_lists_of_a_contact_say_where_there_is_more(client: httpx2.Client, contact: str):
    told = client.get(f"/contacts/{contact}").json()

    for key in ("tags", "notes", "companies"):
        assert ("list", f"/contacts/{contact}/{key}") == (told[key]["type"], told[key]["url"])
    for key, type_id in (("opted_in_subscription_types", "2"), ("opted_out_subscription_types", "1")):
        reference = {"id": type_id, "type": "subscription", "url": f"/subscription_types/{type_id}"}
        assert {
            "type": "list",
            "data": [reference],
            "url": f"/contacts/{contact}/subscriptions",
            "total_count": 1,
            "has_more": False,
        } == told[key]
        assert type_id == client.get(reference["url"]).json()["id"]


def test_profiles_location_and_attributes_of_a_contact_are_objects(client: httpx2.Client):
    told = client.post("/contacts", json={"role": "lead", "custom_attributes": None}).json()

    assert {"type": "list", "data": []} == told["social_profiles"]
    assert "location" == told["location"]["type"]
    assert {} == told["custom_attributes"]


def test_a_custom_attribute_is_never_an_array(client: httpx2.Client):
    refused = client.post("/contacts", json={"role": "lead", "custom_attributes": {"colours": ["red"]}})

    assert (400, "custom_attributes") == (refused.status_code, refused.json()["errors"][0]["field"])


# 24


def test_a_subscription_type_is_whole_wherever_it_stands(client: httpx2.Client, contact: str):
    keys = ["type", "id", "state", "consent_type", "default_translation", "translations", "content_types"]
    listed = client.get("/subscription_types").json()["data"]

    for one in [*listed, *client.get(f"/contacts/{contact}/subscriptions").json()["data"]]:
        assert keys == list(one)
        assert one["state"] in ("live", "draft", "archived")
        assert one["consent_type"] in ("opt_out", "opt_in")
        assert set(one["content_types"]) <= {"email", "sms_message"}
        assert one["default_translation"] in one["translations"]
        for translation in one["translations"]:
            assert ["name", "description", "locale"] == list(translation)


# 25


def test_pages_of_contacts_lead_on_by_an_object_and_come_to_an_end(client: httpx2.Client):
    for _ in range(5):
        client.post("/contacts", json={"role": "lead"})
    seen: list[str] = []
    query: dict[str, str] = {"per_page": "2"}

    for number in range(1, 10_000):
        told = client.get("/contacts", params=query).json()
        assert ("pages", number, 2) == tuple(told["pages"][key] for key in ("type", "page", "per_page"))
        seen += [one["id"] for one in told["data"]]
        if "next" not in told["pages"]:
            break
        assert {"page", "starting_after"} == set(told["pages"]["next"])
        assert number + 1 == told["pages"]["next"]["page"]
        query["starting_after"] = told["pages"]["next"]["starting_after"]

    assert told["pages"]["total_pages"] == number
    assert told["total_count"] == len(seen) == len(set(seen))


# 27


def test_an_admin_has_a_name_an_id_and_an_email(client: httpx2.Client):
    told = client.get("/me").json()

    assert all(isinstance(told[key], str) and told[key] for key in ("id", "name", "email"))


# 28


def test_a_deletion_tells_what_was_deleted(client: httpx2.Client):
    external_id = str(uuid4())
    made = client.post("/contacts", json={"external_id": external_id}).json()

    deleted = client.delete(f"/contacts/{made['id']}").json()

    assert {"type": "contact", "id": made["id"], "external_id": external_id, "deleted": True} == deleted
