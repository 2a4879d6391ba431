"""Text means the same in every store, and on PostgreSQL in every locale: what is the same, what is found, what is first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests import postgres
from tests.cast import NOON, act
from tests.sqlite import new_file
from tests.storage.conftest import entry_of, keep_type
from tests.storage.texts import DOTLESS_I, TEXTS, families, near

from sayso.domain import company as companies
from sayso.domain import contact as contacts
from sayso.domain import contact_event
from sayso.domain import data_attribute as attributes
from sayso.domain import subscription_type as types
from sayso.domain import tag as tags
from sayso.domain.access import Workspace
from sayso.domain.admin import Admin
from sayso.domain.company import CLAIM, CompanyProfile
from sayso.domain.contact import Claim, Contact, ContactDraft, ContactState, Head, Profile, Role
from sayso.domain.data_attribute import AttributeDraft, Maker
from sayso.domain.data_event import DataEvent
from sayso.domain.errors import DuplicateContact, Invalid, Missing, SaysoError, Stale
from sayso.domain.ledger import Chain, origin
from sayso.domain.search import Kind, matches
from sayso.domain.search_order import CREATION, Mark, parse_order
from sayso.domain.search_query import Language, parse
from sayso.domain.settings_log import SettingsHead, of_admin
from sayso.domain.standing import Standing
from sayso.domain.subscription_type import Channel, ConsentType, Translation, TypeDraft, TypeId, TypeState
from sayso.domain.tag import Tags
from sayso.service.ports import Store
from sayso.service.ports_claims import ClaimRow
from sayso.service.ports_company import CompanyFilter
from sayso.service.search import Search, SearchService
from sayso.storage import store as stores
from sayso.storage.memory import MemoryStore

LOCALES = {f"postgres in {name}": name for name in postgres.LOCALES} if postgres.WANTED else {}

EXAMPLES = settings(max_examples=10, suppress_health_check=list(HealthCheck))

_numbers = count(1)


@pytest.fixture(scope="module")
def databases(cluster: postgres.Cluster) -> Iterator[dict[str, str]]:
    """The URLs of databases with the schema, by their locales."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(postgres.shared(cluster, name)) for name in postgres.LOCALES}


@pytest.fixture(params=["memory", "sqlite", *LOCALES])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Every kind of store; of PostgreSQL, one in each locale. Each example has a workspace of its own."""
    opened: Store
    if request.param == "memory":
        opened = MemoryStore()
    elif request.param == "sqlite":
        opened = stores.sqlite(new_file(tmp_path / "sayso.db"))
    else:
        opened = await postgres.store_on(request.getfixturevalue("databases")[LOCALES[request.param]])
    yield opened
    await opened.close()


async def workspace_in(store: Store) -> str:
    name = f"w{next(_numbers)}"
    admin = Admin("1", name, "admin@example.com", "Admin")
    logged = entry_of(SettingsHead(), name, of_admin(admin))
    await store.workspace.add(Workspace(name, "us", "W", "2.11", "UTC", 1, NOON), [admin], [logged])
    return name


def new_head(workspace_id: str) -> Head:
    number = next(_numbers)
    contact_id = f"{number * 7919 % 65536:04x}{number:020x}"
    chain = Chain(origin(workspace_id), f"{number:032x}", contact_id=contact_id, binding_key=number.to_bytes(16))
    return Head(workspace_id, contact_id, ContactState.LIVE, 0, NOON, chain, Standing())


async def created(store: Store, workspace_id: str, profile: Profile, claims: dict[str, Claim] | None = None) -> Contact:
    """Raises Invalid, DuplicateContact, Stale."""
    head = new_head(workspace_id)
    change = contacts.create(head, ContactDraft(profile), claims or {}, act(next(_numbers)))
    await store.contact.commit(change)
    found = await store.contact.find(workspace_id, head.id)
    assert found
    assert change.profile == found.profile
    return found


def test_postgres_itself_has_another_answer_in_each_of_these_locales(
    cluster: postgres.Cluster, databases: dict[str, str]
):
    sql = "SELECT lower('Ä'), lower('I'), 'a' < 'B'"

    assert {
        "C": ("Ä", "i", False),
        "C.UTF-8": ("ä", "i", False),
        "de-DE": ("ä", "i", True),
        "tr-TR": ("ä", DOTLESS_I, True),
    } == {name: tuple(cluster.sql(sql, url=url)[0]) for name, url in databases.items()}


#: Fields of a contact that hold any text, and where a search finds what they hold.
FIELDS = ["name", "phone", "external_id", "avatar", "language_override", "email", "email_domain"]
ATTRIBUTES = ["plan", f"{DOTLESS_I} İ", 'odd "%\\']
SORTS = ["name", "phone", "external_id", "avatar", "language_override", "email", "email_domain", "id", "browser"]
LANGUAGE = Language(UTC, attributes=dict.fromkeys(ATTRIBUTES, Kind.STRING))


@st.composite
def profiles(draw: st.DrawFn, known: Sequence[str]) -> Profile:
    """A lead with some of these texts: leads share identifiers freely."""
    some = st.none() | st.sampled_from(known)
    local, domain = draw(st.sampled_from(known)), draw(st.sampled_from(["example.com", "EXAMPLE.com", "a.Example"]))
    return Profile(
        Role.LEAD,
        draw(some) or None,
        draw(st.sampled_from([None, f"{local}@{domain}", f"{local}@{domain}"])),
        draw(some),
        draw(some),
        draw(some),
        language_override=draw(some),
        custom_attributes={name: draw(some) for name in ATTRIBUTES},
    )


@st.composite
def trees(draw: st.DrawFn, known: Sequence[str]) -> dict[str, Any]:
    field = draw(st.sampled_from([*FIELDS, *(f"custom_attributes.{name}" for name in ATTRIBUTES)]))
    word = draw(st.sampled_from(["=", "!=", "~", "!~", "^", "$", "IN", "NIN"]))
    text = near(draw(st.sampled_from(known)))
    if field == "email":
        text = st.builds("{}@{}".format, text, st.sampled_from(["example.com", "Example.COM"])) | text
    value = draw(st.lists(text, min_size=1, max_size=3) if word in ("IN", "NIN") else text)
    return {"field": field, "operator": word, "value": value}


@EXAMPLES
@given(data=st.data())
async def test_a_search_finds_the_same_contacts_in_the_same_order(store: Store, data: st.DataObject):
    known = data.draw(families())
    workspace_id = await workspace_in(store)
    made = []
    for profile in data.draw(st.lists(profiles(known), min_size=2, max_size=7)):
        with suppress(Invalid):
            made.append(await created(store, workspace_id, profile))
    for tree in data.draw(st.lists(trees(known), min_size=3, max_size=8)):
        order = parse_order({"field": data.draw(st.sampled_from(SORTS)), "order": data.draw(TURNS)}, LANGUAGE)
        search = Search(parse(tree, LANGUAGE), order)
        expected = order.following([contact for contact in made if matches(search.query, contact)], None)

        assert expected == await walked(store, workspace_id, search)
        assert len(expected) == await store.search.count(workspace_id, search.query)


TURNS = st.sampled_from(["ascending", "descending"])


async def walked(store: Store, workspace_id: str, search: Search) -> list[Contact]:
    """All that a search finds, in pages of two; each begins with what a client was given."""
    found, after = [], None
    while True:
        page = await SearchService(store).page(workspace_id, search, after, 2)
        found += page.contacts
        if page.following is None:
            return found
        after = Mark.of(page.following.word(), search.order)


@pytest.mark.parametrize("letter", ["a", "ß", "\uffff", "\U0010ffff"])
async def test_the_longest_texts_are_found_and_sorted_as_short_ones_are(store: Store, letter: str):
    workspace_id = await workspace_in(store)
    longest = {name: letter * limit for name, limit in contacts.TEXT_LIMITS.items()}
    longest["email"] = f"{letter * 242}@example.com"
    attribute = {"plan": letter * contacts.ATTRIBUTE_TEXT_LIMIT}
    whole = await created(store, workspace_id, Profile(Role.LEAD, **longest, custom_attributes=attribute))
    shorter = {name: value[:-1] for name, value in longest.items()}
    less = await created(store, workspace_id, Profile(Role.LEAD, **shorter, custom_attributes={"plan": letter}))

    for field, value in [*longest.items(), ("custom_attributes.plan", attribute["plan"])]:
        for word in ("=", "~", "^", "$"):
            query = parse({"field": field, "operator": word, "value": value}, LANGUAGE)
            assert [whole] == await walked(store, workspace_id, Search(query, CREATION)), (field, word)
    for field in longest:
        order = parse_order({"field": field}, LANGUAGE)
        query = parse({"field": "role", "operator": "=", "value": "lead"}, LANGUAGE)
        assert [whole, less] == await walked(store, workspace_id, Search(query, order))


@EXAMPLES
@given(known=families(), domain=st.sampled_from(["example.com", "EXAMPLE.com"]))
async def test_an_identifier_is_taken_when_another_user_has_the_same_and_never_otherwise(
    store: Store, known: list[str], domain: str
):
    workspace_id = await workspace_in(store)
    held: dict[tuple[str, str], str] = {}
    for text in known:
        for profile in (Profile(Role.USER, text), Profile(Role.USER, email=f"{text}@{domain}")):
            wanted = profile.identifiers()
            claims = await store.contact.claims(workspace_id, wanted)
            taken = {kind: held[kind, value] for kind, value in wanted.items() if (kind, value) in held}
            assert taken == {kind: claim.contact_id for kind, claim in claims.items()}
            if taken:
                with pytest.raises(DuplicateContact):
                    await created(store, workspace_id, profile, claims)
                # The database refuses it too, where the claim came after this one was looked for.
                with pytest.raises(Stale):
                    await created(store, workspace_id, profile)
                continue
            with suppress(Missing, Invalid):
                made = await created(store, workspace_id, profile, claims)
                held |= dict.fromkeys(wanted.items(), made.id)

    assert held == dict(await all_claims(store, workspace_id))
    assert sorted(held) == [place for place, _ in await all_claims(store, workspace_id)]
    for kind in ("external_id", "email"):
        values = [value for named, value in sorted(held) if named == kind]
        found = await store.claim.on(workspace_id, kind, values) if values else []
        assert values == sorted(row.value for row in found if isinstance(row, ClaimRow))


async def all_claims(store: Store, workspace_id: str) -> list[tuple[tuple[str, str], str]]:
    """In the order of their kinds and values, read in pages."""
    found: list[tuple[tuple[str, str], str]] = []
    while rows := await store.claim.rows(workspace_id, found[-1][0] if found else ("", ""), 2):
        found += [((row.kind, row.value), row.contact_id) for row in rows if isinstance(row, ClaimRow)]
    return found


@EXAMPLES
@given(known=families())
async def test_a_contact_is_found_by_its_identifier_and_by_no_other(store: Store, known: list[str]):
    workspace_id = await workspace_in(store)
    made: list[Contact] = []
    for text in known:
        for profile in (Profile(Role.LEAD, text or None), Profile(Role.LEAD, email=f"{text}@example.com")):
            with suppress(Invalid):
                made.append(await created(store, workspace_id, profile))

    for text in known:
        for kind, value in (("external_id", text), ("email", f"{text}@Example.com")):
            query = parse({"field": kind, "operator": "=", "value": value}, LANGUAGE)
            expected = {contact.id for contact in made if matches(query, contact)}
            found = await SearchService(store).identified(workspace_id, kind, value)
            assert found is not None
            assert expected == {contact.id for contact in found}


@EXAMPLES
@given(data=st.data())
async def test_a_company_is_found_by_its_name_and_its_id_and_by_no_other(store: Store, data: st.DataObject):
    known = [text for text in data.draw(families()) if text]
    assume(known)
    workspace_id = await workspace_in(store)
    names = {}
    for text in known:
        company_id = f"{next(_numbers):024x}"
        change = companies.create(workspace_id, company_id, CompanyProfile(text, name=text), act(next(_numbers)))
        await store.company.commit(change)
        names[text] = company_id
        again = companies.create(workspace_id, f"{next(_numbers):024x}", CompanyProfile(text), act(next(_numbers)))
        with pytest.raises(Stale):
            await store.company.commit(again)

    for text in {*known, *(data.draw(near(one)) for one in known)}:
        wanted = CompanyFilter(name=text)
        claims = await store.contact.claims(workspace_id, {CLAIM: text})
        expected = [names[text]] if text in names else []
        assert expected == [company.id for company in await store.company.page(workspace_id, wanted, 9, 0)]
        assert len(expected) == await store.company.count(workspace_id, wanted)
        assert expected == [claim.contact_id for claim in claims.values()]


@EXAMPLES
@given(data=st.data())
async def test_a_tag_and_an_attribute_have_the_names_they_were_given_and_are_found_by_them(
    store: Store, data: st.DataObject
):
    known = data.draw(families())
    workspace_id = await workspace_in(store)
    kept, fields = Tags(), []
    for text in known:
        version = await store.workspace.version(workspace_id)
        assert version
        try:
            change = tags.create(workspace_id, text, kept, NOON)
        except Invalid:
            continue
        if change is not None:
            await store.tag.commit(change, version)
            kept = kept.after([change.after])
    for text in known:
        version = await store.workspace.version(workspace_id)
        assert version
        try:
            maker = Maker(workspace_id, len(fields) + 1, "1")
            made = attributes.create(maker, AttributeDraft("contact", text, "string"), fields, NOON)
        except SaysoError:
            continue
        await store.data_attribute.commit(made, version)
        fields.append(made.after)

    read = Tags().after(await store.tag.all(workspace_id))
    assert list(kept.by_id.values()) == list(read.by_id.values())
    assert fields == await store.data_attribute.all(workspace_id)
    for text in {*known, *(data.draw(near(one)) for one in known)}:
        assert kept.named(text) == read.named(text)


@EXAMPLES
@given(known=families())
async def test_events_are_the_same_whose_names_are_and_are_counted_by_their_names(store: Store, known: list[str]):
    workspace_id = await workspace_in(store)
    person = await created(store, workspace_id, Profile(Role.USER, "person"))
    for number, name in enumerate(known):
        assert not await store.data_event.exists(workspace_id, person.id, name, 50)
        before = await store.data_event.summary(workspace_id, person.id, name)
        assert before is None
        event = DataEvent(f"{number:032x}", name, 50, {name or "none": name})
        change = contact_event.submit(person.head, event, before, act(next(_numbers)))
        await store.contact.commit(change)
        person = person.after(change)

    summaries = await store.data_event.summaries(workspace_id, person.id, len(known))
    listed = await store.data_event.page(workspace_id, person.id, None, (0, ""), 99)
    assert sorted(known) == [summary.name for summary in summaries]
    assert known == [event.name for event in reversed(listed)]
    for name in known:
        assert await store.data_event.exists(workspace_id, person.id, name, 50)


@EXAMPLES
@given(
    name=TEXTS, description=TEXTS, locales=st.lists(st.sampled_from(["de", "de-AT", "tr", "pt-BR", "pt"]), unique=True)
)
async def test_a_type_s_wordings_are_kept_as_they_were_given_in_the_order_of_their_locales(
    store: Store, name: str, description: str, locales: list[str]
):
    assume(name.strip())
    workspace_id = await workspace_in(store)
    rest = tuple(Translation(name, description, locale) for locale in locales)
    wording = Translation(name, description, "en")
    draft = TypeDraft(ConsentType.OPT_IN, (Channel.EMAIL,), TypeState.LIVE, wording, rest)
    change = types.create(workspace_id, TypeId("1"), draft, NOON)
    await keep_type(store, change)

    assert [change.after] == await store.subscription_type.all(workspace_id)
    notices = await store.subscription_type.notices(workspace_id)
    assert sorted(["en", *locales]) == [notice.translation.locale for notice in notices]
