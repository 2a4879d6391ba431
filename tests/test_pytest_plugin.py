"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import pytest
from tests.machine import DEADLINE

pytest_plugins = ["pytester"]

USED = """
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, RemoteDisconnected
from json import loads
from urllib.parse import urlsplit

import pytest
from sayso.testing import Refused, Sayso

ADDRESSES = set()


def ask(sayso: Sayso, path: str) -> tuple[int, dict]:
    connection = HTTPConnection(urlsplit(sayso.url).netloc)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {sayso.token}"})
        answer = connection.getresponse()
        return answer.status, loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("time", range(3))
def test_each_test_begins_with_the_same_server_empty(sayso, time):
    ADDRESSES.add(sayso.url)
    assert len(ADDRESSES) == 1
    assert ask(sayso, "/contacts")[1]["total_count"] == 0
    assert sayso.faults() == 0
    assert abs(sayso.clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    made = sayso.subscription_type()
    assert (made.id, sayso.contact(attached=[made]).email) == ("1", "alice@example.com")
    sayso.clock.set(0)
    sayso.fail("500", times=5)


def test_types_and_contacts_are_made_as_asked(sayso):
    newsletter = sayso.subscription_type("News", consent_type="opt_in", description="Weekly", locale="de")
    offers = sayso.subscription_type("Offers", consent_type="opt_out", content_types=["sms_message"])
    draft = sayso.subscription_type(state="draft")
    archived = sayso.subscription_type(state="archived")
    assert [type_.state for type_ in (newsletter, offers, draft, archived)] == ["live", "live", "draft", "archived"]
    assert newsletter.body["default_translation"] == {"name": "News", "description": "Weekly", "locale": "de"}
    assert offers.body["content_types"] == ["sms_message"]

    bob = sayso.contact("bob@example.com", external_id="bob", attached=[newsletter, offers.id], name="Bob")
    assert (bob.role, bob.external_id, bob.body["name"]) == ("user", "bob", "Bob")
    assert sayso.attached(bob) == [newsletter.id, offers.id]
    sayso.detach(bob, newsletter)
    assert sayso.attached(bob.id) == [offers.id]
    assert sayso.contact(role="lead").role == "lead"
    assert ask(sayso, f"/contacts/{bob.id}")[1]["email"] == "bob@example.com"


def test_what_is_refused_says_why(sayso):
    sayso.contact("alice@example.com")
    with pytest.raises(Refused) as refused:
        sayso.contact("alice@example.com")
    assert (refused.value.status, refused.value.body["errors"][0]["code"]) == (409, "conflict")
    with pytest.raises(Refused):
        sayso.attach("0" * 24, "1")
    for wrong in ({"route": "/contactz"}, {"times": 0}, {"seconds": 1}):
        with pytest.raises(ValueError):
            sayso.fail("cut", **wrong)
    for wrong in (-1, datetime(2026, 1, 1)):
        with pytest.raises(ValueError):
            sayso.clock.set(wrong)
    assert (sayso.faults(), ask(sayso, "/me")[0]) == (0, 200)


def test_faults_are_met_by_clients_and_not_by_helpers(sayso):
    alice = sayso.contact()
    route = "/contacts/{contact_id}"
    for kind in ("429", "500", "503"):
        sayso.fail(kind, route=route)
    sayso.fail("cut", route=route, method="get")
    sayso.fail("slow", route=route, seconds=600)
    sayso.contact("bob@example.com")
    assert sayso.faults() == 5
    assert [ask(sayso, f"/contacts/{alice.id}")[0] for _ in range(3)] == [429, 500, 503]
    with pytest.raises(RemoteDisconnected):
        ask(sayso, f"/contacts/{alice.id}")
    held = HTTPConnection(urlsplit(sayso.url).netloc)
    held.request("GET", f"/contacts/{alice.id}", headers={"Authorization": f"Bearer {sayso.token}"})
    while sayso.faults():
        pass
    held.sock.settimeout(0.1)
    with pytest.raises(TimeoutError):
        held.getresponse()
    held.close()
    sayso.fail("cut", times=3)
    sayso.forgive()
    assert ask(sayso, f"/contacts/{alice.id}")[0] == 200


def test_the_clock_is_set_advanced_and_released(sayso):
    noon = datetime(2020, 2, 29, 12, tzinfo=UTC)
    sayso.clock.set(noon)
    sayso.clock.advance(timedelta(hours=1))
    sayso.clock.advance(1.5)
    assert sayso.clock.now() == noon + timedelta(hours=1, seconds=1.5)
    assert sayso.contact().body["created_at"] == int(noon.timestamp()) + 3601
    sayso.clock.release()
    assert sayso.clock.now() > noon + timedelta(days=1000)
"""

IN_VERSION = """
from http.client import HTTPConnection
from urllib.parse import urlsplit


def test_a_client_that_names_no_version_is_answered_in_that_of_the_settings(sayso):
    connection = HTTPConnection(urlsplit(sayso.url).netloc)
    connection.request("GET", "/me", headers={"Authorization": f"Bearer {sayso.token}"})
    assert connection.getresponse().getheader("Intercom-Version") == "2.16"
    connection.close()
"""

UNUSED = """
import sys
import threading


def test_nothing_is_loaded_for_those_who_do_not_use_it():
    loaded = {name for name in sys.modules if name.partition(".")[0] == "sayso"}
    assert loaded == {"sayso", "sayso.pytest_plugin"}
    assert not {"uvicorn", "apsw", "msgspec", "asyncio"} & set(sys.modules)
    assert threading.active_count() == 1
"""

ENDED = """
import gc
import threading
from socket import create_connection
from urllib.parse import urlsplit

import pytest


@pytest.fixture(scope="session", autouse=True)
def before_and_after():
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    yield
    assert (gc.get_threshold(), gc.get_freeze_count()) == (thresholds, frozen)
    assert [thread.name for thread in threading.enumerate() if thread.name == "sayso"] == []


def test_a_server_that_holds_an_answer_back_ends_all_the_same(sayso):
    sayso.fail("slow", seconds=600)
    address = urlsplit(sayso.url)
    with create_connection((address.hostname, address.port)) as client:
        client.sendall(b"GET /me HTTP/1.1\\r\\nHost: sayso.test\\r\\n\\r\\n")
        while sayso.faults():
            pass
"""


#: Warnings are errors: a test suite may be that strict. And no plugin but ours, which its entry point brings.
STRICT = ("-W", "error", *(f"-pno:{name}" for name in ("hypothesispytest", "schemathesis", "asyncio", "anyio")))


@pytest.mark.parametrize(
    ("text", "passed"), [(USED, 7), (ENDED, 1), (UNUSED, 1)], ids=["used", "held back at the end", "not used"]
)
def test_the_plugin_gives_a_server_to_whoever_asks_and_nothing_to_others(
    pytester: pytest.Pytester, text: str, passed: int
):
    pytester.makepyfile(text)

    pytester.runpytest_subprocess(*STRICT, timeout=DEADLINE).assert_outcomes(passed=passed)


def test_a_project_can_set_the_version_of_the_api(pytester: pytest.Pytester):
    pytester.makepyfile(IN_VERSION)
    pytester.makeini("[pytest]\nsayso_api_version = 2.16")

    pytester.runpytest_subprocess(*STRICT, timeout=DEADLINE).assert_outcomes(passed=1)
