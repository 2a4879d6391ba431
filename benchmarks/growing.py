"""What a user can have many of: how to make more of it, and the requests whose cost must not grow with it."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from benchmarks.asking import Next, request
from benchmarks.load import TYPES
from benchmarks.servers import TOKEN
from sayso.domain.access import ALL_SCOPES
from sayso.domain.act import Author
from sayso.domain.consent import Wish
from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.data_attribute import AttributeDraft
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import Channel, ConsentType, Translation, TypeDraft, TypeState
from sayso.service.data_event import Named
from sayso.service.region import Region

_AUTHOR = Author("api_key", "loader", "api", "0" * 20)

_SECOND = 1_700_000_000


@dataclass
class World:
    """A workspace with one contact that everything is attached to. The lists name what was made, oldest first."""

    region: Region
    workspace_id: str
    contact_id: str = ""
    tags: list[str] = field(default_factory=list)
    companies: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def contact(self) -> str:
        return f"/contacts/{self.contact_id}"

    def name(self) -> str:
        """One that nothing has yet."""
        return f"name-{next(self._numbers)}"


#: Makes number `number` of something, counted from 1.
Make = Callable[[World, int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Thing:
    """`numbers`: up to the limit, where there is one. `requests`: by what the page calls them."""

    name: str
    make: Make
    requests: Callable[[World], Mapping[str, Next]]
    numbers: tuple[int, ...] = (1, 100, 10_000)


async def begin(region: Region) -> World:
    """A workspace with a few types, a tag, a company, an attribute and a contact."""
    workspace = await region.workspaces.create("Benchmark")
    await region.access.create(workspace.id, "benchmark", ALL_SCOPES, "us", TOKEN)
    world = World(region, workspace.id)
    for number in range(TYPES):
        await make_type(world, number)
    world.contact_id = await _contact(world, Role.USER)
    world.tags.append((await region.tags.named(workspace.id, "first")).id)
    await make_company(world, 1)
    await region.attributes.create(workspace.id, "1", AttributeDraft("contact", "plan", "string"))
    return world


async def _contact(world: World, role: Role) -> str:
    name = world.name()
    profile = Profile(role, name, f"{name}@example.com", name=name)
    return (await world.region.contacts.create(_AUTHOR, world.workspace_id, ContactDraft(profile))).id


async def make_type(world: World, number: int) -> str:
    consent_type = ConsentType.OPT_OUT if number % 2 else ConsentType.OPT_IN
    words = Translation(f"Newsletter {number}", "Twice a month, what is new", "en")
    draft = TypeDraft(consent_type, (Channel.EMAIL,), TypeState.LIVE, words, ())
    return (await world.region.types.create(world.workspace_id, draft)).id


async def make_company(world: World, number: int) -> str:
    made = await world.region.companies.put(
        _AUTHOR, world.workspace_id, f"company-{number}", lambda profile, _: replace(profile, name=f"Company {number}")
    )
    world.companies.append(made.id)
    return made.id


async def _choose(world: World, type_id: str, choice: Choice) -> None:
    await world.region.consent.choose(_AUTHOR, world.workspace_id, world.contact_id, type_id, lambda _: Wish(choice))


async def change_mind(world: World, number: int) -> None:
    await _choose(world, "1", Choice.GRANTED if number % 2 else Choice.WITHDRAWN)


async def make_choice(world: World, number: int) -> None:
    await _choose(world, await make_type(world, 0), Choice.GRANTED)


async def make_tag(world: World, number: int) -> str:
    return (await world.region.tags.named(world.workspace_id, f"tag {number}")).id


async def put_tag(world: World, number: int) -> None:
    tag_id = await make_tag(world, number)
    await world.region.contact_tags.tag(_AUTHOR, world.workspace_id, world.contact_id, tag_id, "1")


async def make_attribute(world: World, number: int) -> None:
    draft = AttributeDraft("contact", f"attribute_{number}", "string")
    await world.region.attributes.create(world.workspace_id, "1", draft)


async def make_admin(world: World, number: int) -> None:
    await world.region.admins.create(world.workspace_id, f"admin.{number}@example.com", f"Admin {number}")


async def make_token(world: World, number: int) -> None:
    _, secret = await world.region.access.create(world.workspace_id, f"token {number}", ALL_SCOPES, "us")
    world.secrets.append(secret)


async def make_workspace(world: World, number: int) -> None:
    workspace = await world.region.workspaces.create(f"Workspace {number}")
    _, secret = await world.region.access.create(workspace.id, "own", ALL_SCOPES, "us")
    world.secrets.append(secret)


async def make_note(world: World, number: int) -> None:
    await world.region.notes.create(_AUTHOR, world.workspace_id, world.contact_id, None, f"Note {number}")


async def join_company(world: World, number: int) -> None:
    company_id = await make_company(world, number + 1)
    await world.region.contact_companies.attach(_AUTHOR, world.workspace_id, world.contact_id, company_id)


async def make_member(world: World, number: int) -> None:
    contact_id = await _contact(world, Role.USER)
    await world.region.contact_companies.attach(_AUTHOR, world.workspace_id, contact_id, world.companies[0])


async def make_merge(world: World, number: int) -> None:
    lead = await _contact(world, Role.LEAD)
    await world.region.merges.merge(_AUTHOR, world.workspace_id, lead, world.contact_id, duplicates_only=False)


async def make_event(world: World, number: int) -> None:
    named = Named(contact_id=world.contact_id)
    await world.region.data_events.submit(_AUTHOR, world.workspace_id, named, "ordered", _SECOND + number, {})


async def make_event_name(world: World, number: int) -> None:
    named = Named(contact_id=world.contact_id)
    await world.region.data_events.submit(_AUTHOR, world.workspace_id, named, f"did {number}", _SECOND, {})


# Requests.


def get(path: str, version: str = "2.11") -> Next:
    return lambda: request("GET", path, version=version)


def in_turns(*requests: bytes) -> Next:
    turns = itertools.cycle(requests)
    return lambda: next(turns)


def choice(world: World) -> Next:
    """Of type 9, taken back the next time: no other choice is of that."""
    path = f"{world.contact}/subscriptions"
    return in_turns(request("POST", path, {"id": "9", "consent_type": "opt_in"}), request("DELETE", f"{path}/9"))


def tagging(world: World) -> Next:
    path, tag_id = f"{world.contact}/tags", world.tags[0]
    return in_turns(request("POST", path, {"id": tag_id}), request("DELETE", f"{path}/{tag_id}"))


def joining(world: World) -> Next:
    path, company_id = f"{world.contact}/companies", world.companies[0]
    return in_turns(request("POST", path, {"id": company_id}), request("DELETE", f"{path}/{company_id}"))


def update(world: World) -> Next:
    return lambda: request("PUT", world.contact, {"custom_attributes": {"plan": world.name()}})


def create(world: World) -> Next:
    def following() -> bytes:
        name = f"{world.name()}-{id(following)}"
        return request("POST", "/contacts", {"email": f"{name}@example.com", "custom_attributes": {"plan": name}})

    return following


def contact_requests(world: World) -> dict[str, Next]:
    """What must not cost more, whatever there is."""
    return {
        "GET contact": get(world.contact),
        "GET subscriptions": get(f"{world.contact}/subscriptions"),
        "choice": choice(world),
        "update": update(world),
    }


def of_types(world: World) -> dict[str, Next]:
    def rename() -> bytes:
        words = {"name": world.name(), "description": "Twice a month, what is new", "locale": "en"}
        return request("PUT", "/sayso/subscription_types/1", {"default_translation": words})

    return {
        **contact_requests(world),
        "create": create(world),
        "GET one type": get("/subscription_types/1"),
        "GET all types": get("/subscription_types"),
        "change a type": rename,
        "change a type, then GET subscriptions": _after(rename, get(f"{world.contact}/subscriptions")),
    }


def of_tags(world: World) -> dict[str, Next]:
    return {
        **contact_requests(world),
        "tag and untag": tagging(world),
        "GET one tag": get(f"/tags/{world.tags[0]}"),
        "GET all tags": get("/tags"),
        "rename a tag": lambda: request("POST", "/tags", {"id": world.tags[0], "name": f"first {world.name()}"}),
        "search by tag": lambda: request("POST", "/contacts/search", _query("tag_id", world.tags[0])),
    }


def of_contact_tags(world: World) -> dict[str, Next]:
    return {
        **contact_requests(world),
        "tag and untag": tagging(world),
        "GET its tags": get(f"{world.contact}/tags"),
    }


def of_attributes(world: World) -> dict[str, Next]:
    ids = itertools.count()
    return {
        **contact_requests(world),
        "create": create(world),
        "search by attribute": lambda: request("POST", "/contacts/search", _query("custom_attributes.plan", "x")),
        "GET all attributes": get("/data_attributes?model=contact"),
        "change an attribute": lambda: request("PUT", "/data_attributes/1", {"description": f"Plan {next(ids)}"}),
    }


def of_admins(world: World) -> dict[str, Next]:
    return {
        **contact_requests(world),
        "GET /me": get("/me"),
        "GET one admin": get("/admins/1"),
        "GET all admins": get("/admins"),
        "note": lambda: request("POST", f"{world.contact}/notes", {"body": "A note", "admin_id": "1"}),
    }


def of_tokens(world: World) -> dict[str, Next]:
    secrets = itertools.cycle(world.secrets)
    return {
        **contact_requests(world),
        "GET /me, each time as another token": lambda: request("GET", "/me", token=next(secrets)),
    }


def of_notes(world: World) -> dict[str, Next]:
    path = f"{world.contact}/notes"
    return {
        **contact_requests(world),
        "note": lambda: request("POST", path, {"body": "A note"}),
        "GET its notes": get(path),
        "its last page of notes": get(f"{path}?per_page=10&page=1000"),
    }


def of_companies(world: World) -> dict[str, Next]:
    company = world.companies[0]
    return {
        **contact_requests(world),
        "GET one company": get(f"/companies/{company}"),
        "GET a company by its company_id": get("/companies?company_id=company-1"),
        "change a company": lambda: request("PUT", f"/companies/{company}", {"name": world.name()}),
        "list companies": lambda: request("POST", "/companies/list?per_page=10"),
        "attach and detach a company": joining(world),
    }


def of_contact_companies(world: World) -> dict[str, Next]:
    return {
        **contact_requests(world),
        "attach and detach a company": joining(world),
        "GET its companies": get(f"{world.contact}/companies"),
    }


def of_members(world: World) -> dict[str, Next]:
    company = f"/companies/{world.companies[0]}"
    return {
        **contact_requests(world),
        "GET the company": get(company),
        "GET its contacts": get(f"{company}/contacts"),
        "attach and detach a company": joining(world),
        "change the company": lambda: request("PUT", company, {"name": world.name()}),
    }


def of_merges(world: World) -> dict[str, Next]:
    return {
        **contact_requests(world),
        "GET its merge history": get(f"{world.contact}/merge_history", "2.16"),
    }


def of_events(world: World) -> dict[str, Next]:
    seconds = itertools.count(_SECOND + 10**8)
    path = f"/events?type=user&intercom_user_id={world.contact_id}"
    return {
        **contact_requests(world),
        "submit an event": lambda: request(
            "POST", "/events", {"id": world.contact_id, "event_name": "ordered", "created_at": next(seconds)}
        ),
        "GET its events": get(path),
        "GET its events' summary": get(f"{path}&summary=true"),
    }


def _query(name: str, value: str) -> dict[str, object]:
    return {"query": {"field": name, "operator": "=", "value": value}}


def _after(change: Next, following: Next) -> Next:
    both = itertools.cycle((change, following))

    def in_turn() -> bytes | None:
        return next(both)()

    return in_turn


THINGS = (
    Thing("changes of mind of one contact", change_mind, contact_requests),
    Thing("choices of one contact, each of a type", make_choice, contact_requests, (1, 100, 1_000)),
    Thing("types", make_type, of_types),
    Thing("tags", make_tag, of_tags, (1, 100, 9_900)),
    Thing("tags of one contact", put_tag, of_contact_tags, (1, 100, 990)),
    Thing("attributes in use", make_attribute, of_attributes, (1, 100, 240)),
    Thing("admins", make_admin, of_admins, (1, 100, 1_000)),
    Thing("tokens", make_token, of_tokens),
    Thing("workspaces", make_workspace, of_tokens),
    Thing("notes of one contact", make_note, of_notes),
    Thing("companies", make_company, of_companies),
    Thing("companies of one contact", join_company, of_contact_companies, (1, 100, 990)),
    Thing("contacts of one company", make_member, of_members),
    Thing("merges into one contact", make_merge, of_merges),
    Thing("events of one contact", make_event, of_events),
    Thing("names of events of one contact", make_event_name, of_events),
)
