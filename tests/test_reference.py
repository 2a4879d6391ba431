"""The server against a reference model, step by step, over HTTP's shapes, on the stores in memory and on SQLite.

REFERENCE_RUNS=2000 asks for that many runs of 50 steps, other ones each time; without it a few short ones, always the
same.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from tests.cast import NOON, Clock, draft
from tests.reference import DAY, OPT_IN, OPT_OUT, WEEK, Reference, Refused
from tests.service.test_model import CountedIds

from sayso.asgi import App
from sayso.domain.access import ALL_SCOPES
from sayso.http.request import Fields, Request
from sayso.http.tally import Tally
from sayso.http.windows import Windows
from sayso.server import surfaces
from sayso.service.ports import Store
from sayso.service.region import Region, Regions
from sayso.storage import store as stores
from sayso.storage.memory import MemoryStore

RUNS = os.environ.get("REFERENCE_RUNS", "")

#: How many runs share their servers.
SHARED = 50
MEMORY = Path("/dev/shm")
PER_PAGE = 3
TYPES = {"1": OPT_IN, "2": OPT_OUT}


class Server:
    """A server in process, on one store; each run has a workspace of its own."""

    def __init__(self, store: Store) -> None:
        self.clock = Clock()
        ids = CountedIds()
        self.region = Region.on("us", store, self.clock, ids)
        regions = Regions({"us": self.region}, {}, "us")
        self.app: App = surfaces(regions, Windows(0), Tally(), self.clock, ids)
        self.token = b""

    async def begin(self, number: int) -> None:
        workspace = await self.region.workspaces.create("Acme")
        self.token = b"token-of-run-%d-with-every-scope" % number
        await self.region.access.create(workspace.id, "all", ALL_SCOPES, "us", self.token.decode())
        for consent_type in (OPT_IN, OPT_OUT):
            await self.region.types.create(workspace.id, draft(consent_type))

    async def ask(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        headers = Fields({b"authorization": b"Bearer " + self.token, b"intercom-version": b"2.13"})
        raw = b"" if body is None else json.dumps(body).encode()
        answer = await self.app.respond(Request(method, path.encode(), headers, raw, "127.0.0.1"))
        return answer.status, answer.body


class Both:
    """The two servers, kept for a number of runs: each has a workspace of its own, and all of them grow."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.runs = 0
        self.open()

    def open(self) -> None:
        # Where there is a disk in memory: what a sync costs is not asked here.
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        path = Path(self.folder.name) / "sayso.db"
        stores.bring_up_to_date(path, NOON)
        self.servers = [Server(MemoryStore()), Server(stores.sqlite(path, checkpoints=True))]

    def begin(self) -> None:
        if self.runs and self.runs % SHARED == 0:
            self.shut()
            self.open()
        self.runs += 1
        for server in self.servers:
            server.clock.now = NOON
            self.loop.run_until_complete(server.begin(self.runs))

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        memory, sqlite = [self.loop.run_until_complete(server.ask(method, path, body)) for server in self.servers]
        assert memory == sqlite
        return memory[0], json.loads(memory[1])

    def pass_(self, ms: int) -> None:
        for server in self.servers:
            server.clock.pass_(ms)

    def shut(self) -> None:
        for server in self.servers:
            self.loop.run_until_complete(server.region.store.close())
        self.folder.cleanup()

    def close(self) -> None:
        self.shut()
        self.loop.close()


ROLES = ("user", "lead")
NUMBERS = st.sampled_from([0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 9])
USERS, LEADS = st.sampled_from([0, 2, 0, 2, 4, 1]), st.sampled_from([1, 3, 1, 3, 4, 0])
KINDS = st.sampled_from(["tags", "companies"])
NAMES = st.sampled_from(["alice", "bob", "carol"])
EMAILS = st.sampled_from(
    ["alice@example.com", "Alice@Example.com", "bob@example.com", "carol@example.org", "dave@example.com"]
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "user", "lead"]),
        "email": EMAILS | st.none(),
        "external_id": NAMES | st.none(),
        "name": NAMES | st.none(),
        "unsubscribed_from_emails": st.booleans(),
    },
)
TEXTS = st.sampled_from(["alice", "bob", "example", "@", "A", "", "alice@example.com"])
FILTERS = st.one_of(
    st.tuples(st.sampled_from(["email", "name", "external_id"]), st.sampled_from(["=", "!=", "~", "!~", "^", "$"]), TEXTS),
    st.tuples(st.sampled_from(["email", "name"]), st.sampled_from(["=", "!="]), st.none()),
    st.tuples(st.sampled_from(["email", "name"]), st.sampled_from(["IN", "NIN"]), st.lists(EMAILS | NAMES, min_size=1, max_size=3)),
    st.tuples(st.just("role"), st.sampled_from(["=", "!="]), st.sampled_from(ROLES)),
    st.tuples(st.just("unsubscribed_from_emails"), st.sampled_from(["=", "!="]), st.booleans()),
    st.tuples(st.just("tag"), st.sampled_from(["=", "!="]), NUMBERS),
    st.tuples(st.just("created_at"), st.sampled_from(["=", "<", ">"]), st.integers(-1, 20).map(lambda day: NOON + day * DAY)),
)  # fmt: skip
_GROUPS = st.tuples(st.sampled_from(["AND", "OR"]), st.lists(FILTERS, min_size=1, max_size=3))
QUERIES = FILTERS | st.tuples(st.sampled_from(["AND", "OR"]), st.lists(FILTERS | _GROUPS, min_size=1, max_size=3))


class Contacts(RuleBasedStateMachine):
    both: Both

    def __init__(self) -> None:
        super().__init__()
        self.ids: dict[str, list[str]] = {"people": [], "tags": [], "companies": [], "notes": []}

    @initialize(emails=st.lists(EMAILS, min_size=4, max_size=4, unique=True))
    def begin(self, emails: list[str]) -> None:
        """Users and leads are there from the start, and something hangs on each."""
        self.both.begin()
        self.model = Reference(NOON)
        for number in range(4):
            self.make_tag(f"tag {number}")
            self.make_company(f"company {number}", "Acme")
            self.create({"role": ROLES[number % 2], "email": emails[number], "external_id": f"from the start {number}"})
            for kind in ("tags", "companies"):
                self.link(kind, number, number)
                self.link(kind, number, 0)
            self.note(number, "from the start")
            self.attach(number, "1" if number < 2 else "2")

    @rule(fields=FIELDS)
    def create(self, fields: dict[str, Any]) -> None:
        self.agree(lambda: self.model.create(**fields), "POST", "/contacts", fields, self.person)

    @rule(who=NUMBERS, fields=FIELDS)
    def update(self, who: int, fields: dict[str, Any]) -> None:
        self.agree(lambda: self.model.update(who, **fields), "PUT", self.at(who), fields, self.person)

    @rule(who=NUMBERS)
    def find(self, who: int) -> None:
        self.agree(lambda: self.model.find(who), "GET", self.at(who), None, self.person)

    @rule(who=NUMBERS, state=st.sampled_from(["archived", "archived", "blocked", "deleted"]))
    def away(self, who: int, state: str) -> None:
        method, path = {"archived": ("POST", "/archive"), "blocked": ("POST", "/block"), "deleted": ("DELETE", "")}[
            state
        ]
        self.agree(lambda: self.model.away(who, state), method, self.at(who, path), None, self.number("people"))

    @rule(who=NUMBERS)
    def unarchive(self, who: int) -> None:
        self.agree(lambda: self.model.unarchive(who), "POST", self.at(who, "/unarchive"), None, self.number("people"))

    @rule(lead=LEADS, user=USERS)
    def merge(self, lead: int, user: int) -> None:
        body = {"from": self.id("people", lead), "into": self.id("people", user)}
        self.agree(lambda: self.model.merge(lead, user), "POST", "/contacts/merge", body, self.person)

    @rule()
    def list_all(self) -> None:
        assert self.model.search(("AND", [])) == self.walk("GET", "/contacts")

    @rule(query=QUERIES)
    def search(self, query: tuple[Any, ...]) -> None:
        assert self.model.search(query) == self.walk("POST", "/contacts/search", self.said(query))

    # Consent.

    @rule(who=NUMBERS, type_=st.sampled_from(["1", "2"]))
    def attach(self, who: int, type_: str) -> None:
        self.agree(
            lambda: self.model.attach(who, TYPES[type_]),
            "POST",
            self.at(who, "/subscriptions"),
            {"id": type_},
            self.type_,
        )

    @rule(who=NUMBERS, type_=st.sampled_from(["1", "2"]))
    def detach(self, who: int, type_: str) -> None:
        self.agree(
            lambda: self.model.detach(who, TYPES[type_]),
            "DELETE",
            self.at(who, f"/subscriptions/{type_}"),
            None,
            self.type_,
        )

    @rule(who=NUMBERS)
    def attached(self, who: int) -> None:
        self.agree(lambda: self.model.attached(who), "GET", self.at(who, "/subscriptions"), None, self.each(self.type_))

    # Notes.

    @rule(who=NUMBERS, text=NAMES)
    def note(self, who: int, text: str) -> None:
        self.agree(lambda: self.model.note(who, text), "POST", self.at(who, "/notes"), {"body": text}, self.note_)

    @rule(who=NUMBERS)
    def notes_of(self, who: int) -> None:
        shown = self.each(lambda told: self.note_(told)[:2])
        self.agree(lambda: self.model.notes_of(who), "GET", self.at(who, "/notes"), None, shown)

    @rule(note=NUMBERS)
    def find_note(self, note: int) -> None:
        self.agree(lambda: self.model.find_note(note), "GET", f"/notes/{self.id('notes', note)}", None, self.note_)

    # Tags and companies.

    @rule(name=NAMES)
    def make_tag(self, name: str) -> None:
        self.agree(lambda: self.model.make_tag(name), "POST", "/tags", {"name": name}, self.tag_)

    @rule(key=NAMES, name=NAMES)
    def make_company(self, key: str, name: str) -> None:
        body = {"company_id": key, "name": name}
        self.agree(lambda: self.model.make_company(key, name), "POST", "/companies", body, self.company_)

    @rule(kind=KINDS, number=NUMBERS)
    def forget(self, kind: str, number: int) -> None:
        path = f"/{kind}/{self.id(kind, number)}"
        shown = self.number(kind) if kind == "companies" else lambda told: number
        self.agree(lambda: self.model.forget(kind, number), "DELETE", path, None, shown)

    @rule(kind=KINDS, who=NUMBERS, number=NUMBERS)
    def link(self, kind: str, who: int, number: int) -> None:
        body, shown = {"id": self.id(kind, number)}, self.number(kind)
        self.agree(lambda: self.model.link(kind, who, number), "POST", self.at(who, f"/{kind}"), body, shown)

    @rule(kind=KINDS, who=NUMBERS, number=NUMBERS)
    def unlink(self, kind: str, who: int, number: int) -> None:
        path = self.at(who, f"/{kind}/{self.id(kind, number)}")
        self.agree(lambda: self.model.unlink(kind, who, number), "DELETE", path, None, self.number(kind))

    @rule(kind=KINDS, who=NUMBERS)
    def links(self, kind: str, who: int) -> None:
        each = self.each(self.number(kind))
        path = self.at(who, f"/{kind}")
        self.agree(lambda: sorted(self.model.links(kind, who)), "GET", path, None, lambda told: sorted(each(told)))

    @rule()
    def all_tags(self) -> None:
        self.agree(self.model.all_tags, "GET", "/tags", None, self.each(self.tag_))

    @rule(company=NUMBERS)
    def people_of(self, company: int) -> None:
        path, shown = f"/companies/{self.id('companies', company)}/contacts", self.each(self.number("people"))
        self.agree(lambda: self.model.people_of(company), "GET", path, None, shown)

    @rule(ms=st.sampled_from([1, 1000, DAY, WEEK - 1, WEEK]))
    def wait(self, ms: int) -> None:
        self.both.pass_(ms)
        self.model.now += ms

    # What was told, in the words of the model.

    def agree(
        self, expected: Callable[[], Any], method: str, path: str, body: Any, shown: Callable[[Any], Any]
    ) -> None:
        status, told = self.both.ask(method, path, body)
        wanted = outcome(expected)
        assert wanted == ((status, shown(told)) if status == 200 else self.refusal(status, told))

    def refusal(self, status: int, told: Any) -> Any:
        (error,) = told["errors"]
        holder = re.search(r"id=(\w+)", error["message"])
        more = holder and (self.ids["people"].index(holder[1]), error["message"].startswith("An archived"))
        return status, error["code"], more

    def walk(self, method: str, path: str, query: Any = None) -> list[int]:
        """A walk through all pages; each says how many there are."""
        found: list[int] = []
        pagination: dict[str, Any] = {"per_page": PER_PAGE}
        while True:
            if method == "GET":
                words = "&".join(f"{name}={value}" for name, value in pagination.items())
                status, told = self.both.ask(method, f"{path}?{words}")
            else:
                status, told = self.both.ask(method, path, {"query": query, "pagination": pagination})
            assert 200 == status, told
            found += [self.number("people")(one) for one in told["data"]]
            following = told["pages"].get("next")
            if following is None:
                assert told["total_count"] == len(found)
                return found
            assert PER_PAGE == len(told["data"])
            pagination["starting_after"] = following["starting_after"]

    def said(self, query: tuple[Any, ...]) -> dict[str, Any]:
        if query[0] in ("AND", "OR"):
            return {"operator": query[0], "value": [self.said(part) for part in query[1]]}
        field, word, value = query
        if field == "tag":
            return {"field": "tag_id", "operator": word, "value": self.id("tags", value)}
        return {"field": field, "operator": word, "value": value // 1000 if field == "created_at" else value}

    def id(self, kind: str, number: int) -> str:
        known = self.ids[kind]
        return (
            known[number] if number < len(known) else f"f{number:023x}" if kind in ("people", "companies") else "99999"
        )

    def at(self, who: int, rest: str = "") -> str:
        return f"/contacts/{self.id('people', who)}{rest}"

    def number(self, kind: str) -> Callable[[Any], int]:
        """What a thing is known by; one that is new gets the next number."""

        def known(told: Any) -> int:
            ids = self.ids[kind]
            if told["id"] not in ids:
                ids.append(told["id"])
            return ids.index(told["id"])

        return known

    def each(self, shown: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda told: [shown(one) for one in told["data"]]

    def type_(self, told: Any) -> str:
        return TYPES[told["id"]]

    def tag_(self, told: Any) -> Any:
        return self.number("tags")(told), told["name"]

    def note_(self, told: Any) -> Any:
        return self.number("notes")(told), told["body"], self.number("people")(told["contact"])

    def company_(self, told: Any) -> Any:
        return self.number("companies")(told), told["company_id"], told["name"]

    def person(self, told: Any) -> Any:
        number = self.number("people")(told)
        made = self.model.people[number].external_id if number < len(self.model.people) else f"made for {number}"
        is_made = re.fullmatch(r"[0-9a-f-]{32,36}", told["external_id"] or "")
        lists = {
            kind: [self.number(kind)(one) for one in told[kind]["data"]] for kind in ("tags", "companies", "notes")
        }
        opted = [told[f"{type_.replace('opt', 'opted')}_subscription_types"]["data"] for type_ in (OPT_IN, OPT_OUT)]
        return {
            "number": number,
            "role": told["role"],
            "external_id": made if is_made else told["external_id"],
            "email": told["email"],
            "name": told["name"],
            "stopped": told["unsubscribed_from_emails"],
            **lists,
            "opted": [self.type_(one) for each in opted for one in each],
        }


def outcome(expected: Callable[[], Any]) -> Any:
    try:
        return 200, expected()
    except Refused as refused:
        return refused.told


def test_the_server_answers_as_the_reference_does():
    Contacts.both = Both()
    try:
        Contacts.TestCase.settings = settings(
            max_examples=int(RUNS or 40),
            stateful_step_count=50 if RUNS else 40,
            derandomize=not RUNS,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        Contacts.TestCase("runTest").runTest()
    finally:
        Contacts.both.close()
