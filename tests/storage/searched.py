"""Contacts of every sort, and searches of every sort, for whoever must agree on which are found."""

from __future__ import annotations

from datetime import UTC
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from tests.cast import AUTHOR, NOON
from tests.storage.conftest import ACME

from sayso.domain import contact as contacts
from sayso.domain.act import Act
from sayso.domain.contact import Contact, ContactDraft, ContactState, Head, Profile, Role
from sayso.domain.ledger import Chain, origin
from sayso.domain.links import Links, Tagging
from sayso.domain.search import Kind
from sayso.domain.search_query import Language
from sayso.domain.standing import Standing
from sayso.service.ports import Store

SECOND, DAY = 1_000, 86_400_000

#: Names of attributes that a path or a pattern could trip over.
ATTRIBUTES = {
    "plan": Kind.STRING,
    'odd "name"': Kind.STRING,
    "a.b\\c": Kind.STRING,
    "$": Kind.NUMBER,
    "0": Kind.INTEGER,
    "trial": Kind.BOOLEAN,
    "älter": Kind.TIME,
}

LANGUAGES = [
    Language(ZoneInfo("Europe/Berlin"), attributes=ATTRIBUTES),
    Language(UTC, owner_is_text=True, has_formatted_phone=True, attributes=ATTRIBUTES),
    Language(ZoneInfo("America/Los_Angeles"), is_exact=True, attributes=ATTRIBUTES),
]

TEXTS = [
    "",
    "a",
    "A",
    "alice",
    "Alice",
    "ALICE",
    "%",
    "_",
    "a_",
    "\\",
    "'",
    '"',
    "ä",
    "Ä",
    "🙂",
    "a b",
    "true",
    "5",
    "né",
]
EMAILS = [
    "alice@example.com",
    "ALICE@example.com",
    "b.o.b@Example.COM",
    "ä@a.example",
    "Ä@a.example",
    "x@@y",
    "a@b@c.d",
    "info@bücher.example",
    "INFO@xn--BCHER-kva.example",
    "i\u0307stanbul@i\u2764.ws",
]
PHONES = ["+15551", "+1 555-1", "(555) 2", "+49 (0)30 1234567", "no number"]
NUMBERS = [0, -1, 1, 5, 2**53, 0.1, -2.5, 1e21]
TIMES = [0, 1, -1, NOON // 1000, NOON // 1000 - 1, NOON // 1000 - 86_400, 1_700_000_000, 2**31 - 1]
TAGS = ["1", "2", "12"]

_numbers = count(1)


def profiles() -> list[Profile]:
    """One of each kind, and values of every kind in every field, once each."""
    made = []
    for number in range(36):
        role = Role.LEAD if number % 3 == 0 else Role.USER
        email = EMAILS[number % len(EMAILS)] if number % 5 else None
        attributes = {
            "plan": ["a", "Alice", 5, True, None, "5", 'x "plan":"a"'][number % 7],
            'odd "name"': TEXTS[number % len(TEXTS)],
            "a.b\\c": TEXTS[-number % len(TEXTS)],
            "$": NUMBERS[number % len(NUMBERS)],
            "0": [1, 2, "1", 2**53, 1.0][number % 5],
            "trial": [True, False, None, "true", 1][number % 5],
            "älter": TIMES[number % len(TIMES)],
        }
        made.append(
            Profile(
                role,
                f"{TEXTS[number % len(TEXTS)]}{number if role is Role.USER else ''}" or None,
                email if role is Role.LEAD or number < 12 else email and f"{number}.{email}",
                phone=PHONES[number % len(PHONES)] if number % 4 else None,
                name=TEXTS[number % len(TEXTS)] if number % 6 else None,
                avatar=f"https://example.com/{number % 3}" if number % 2 else None,
                owner_id=str(number % 4) if number % 3 else None,
                signed_up_at=max(0, TIMES[number % len(TIMES)]) if number % 4 else None,
                last_seen_at=NOON // 1000 - number if number % 5 else None,
                language_override="de" if number % 3 else None,
                custom_attributes={name: value for name, value in attributes.items() if number % 8 != len(name)},
            )
        )
    return made


async def populated(store: Store) -> list[Contact]:
    """All live contacts of Acme; there are an archived one and one of another workspace too."""
    found = []
    for number, profile in enumerate(profiles()):
        found.append(await _made(store, profile, number, ACME))
    await _made(store, Profile(Role.USER, "a", "alice@example.com", name="Alice"), 3, "globex")
    gone = await _made(store, Profile(Role.LEAD, "gone", "alice@example.com", name="Alice"), 5, ACME)
    await store.contact.commit(contacts.delete(gone, _act(NOON)))
    return sorted(found, key=lambda contact: (contact.created_at, contact.id))


async def _made(store: Store, profile: Profile, number: int, workspace_id: str) -> Contact:
    at = NOON - (number % 7) * DAY - (number % 3) * SECOND - number % 2
    contact_id = f"{(number * 37) % 256:02x}{next(_numbers):022x}"
    chain = Chain(origin(workspace_id), f"{next(_numbers):032x}", contact_id=contact_id)
    head = Head(workspace_id, contact_id, ContactState.LIVE, 0, at, chain, Standing())
    claims = await store.contact.claims(workspace_id, profile.identifiers())
    if claims:
        profile = profile._replace(email=None)
        profile = profile._replace(external_id=contact_id)
    change = contacts.create(head, ContactDraft(profile, number % 4 == 0), {}, _act(at))
    await store.contact.commit(change)
    made = await store.contact.find(workspace_id, contact_id)
    assert made
    if number % 3 == 1:
        tags = tuple(TAGS[: number % 4])
        put = tuple(Tagging(tag_id, at, "1") for tag_id in tags)
        change = contacts.linked(made, "contact.tagged", Links(tags), _act(at + number * 3_600_000), put)
        await store.contact.commit(change)
        made = await store.contact.find(workspace_id, contact_id)
        assert made
    return made


def _act(at: int) -> Act:
    return Act(f"{at:012x}7{next(_numbers):019x}", at, AUTHOR)


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "id": st.sampled_from(["00", "25", "0" * 24]),
    "role": st.sampled_from(["user", "lead"]),
    "name": st.sampled_from(TEXTS),
    "avatar": st.sampled_from(["https://example.com/1", "/2"]),
    "email": st.sampled_from([*EMAILS, "alice@EXAMPLE.com", "example", "Ä", "a\u0308", "İ", "@BÜCHER.example", ""]),
    "email_domain": st.sampled_from(["example.com", "EXAMPLE.com", "a.example", "y", "c.d", "e", "Bücher.example", ""]),
    "phone": st.sampled_from([*PHONES, "5551", "+", "+1 555", "030", "NUMBER", ""]),
    "external_id": st.sampled_from([*TEXTS, "alice3", "3"]),
    "language_override": st.sampled_from(["de", "d"]),
    "browser": st.sampled_from(["", "a"]),
    "custom_attributes.plan": st.sampled_from([*TEXTS, '"plan":"a"']),
    'custom_attributes.odd "name"': st.sampled_from(TEXTS),
    "custom_attributes.a.b\\c": st.sampled_from(TEXTS),
}
_NUMBERS_OF: dict[str, st.SearchStrategy[Any]] = {
    "owner_id": st.sampled_from([0, 1, "2", 3, 17]),
    "custom_attributes.$": st.sampled_from([*NUMBERS, "0.1", 0.5]),
    "custom_attributes.0": st.sampled_from([0, 1, "2", 2**53]),
}
_TIMES_OF = ["created_at", "updated_at", "signed_up_at", "last_seen_at", "last_replied_at", "custom_attributes.älter"]
_BOOLEANS = ["unsubscribed_from_emails", "has_hard_bounced", "custom_attributes.trial"]


@st.composite
def filters(draw: Any) -> dict[str, Any]:
    """A filter; some are none in one language or another."""
    among = {**_VALUES, **_NUMBERS_OF, **dict.fromkeys(_TIMES_OF), **dict.fromkeys(_BOOLEANS), "tag_id": None}
    name = draw(st.sampled_from(sorted(among)))
    if name in _TIMES_OF:
        word = draw(st.sampled_from(["=", "<", ">", "=", "<", ">", "!=", "<=", ">="]))
        second = st.sampled_from(TIMES) | st.integers(NOON // 1000 - 7 * 86_400, NOON // 1000 + 86_400)
        return {"field": name, "operator": word, "value": draw(second | second | second | st.none())}
    if name == "tag_id":
        return {"field": name, "operator": draw(st.sampled_from(["=", "!="])), "value": draw(st.sampled_from(TAGS))}
    values = st.booleans() if name in _BOOLEANS else among[name]
    words = ["=", "!=", "IN", "NIN"] + (["~", "!~", "^", "$"] if name in _VALUES else [])
    word = draw(st.sampled_from(words + (["<", ">", "<=", ">="] if name in _NUMBERS_OF else [])))
    if word in ("IN", "NIN"):
        return {"field": name, "operator": word, "value": draw(st.lists(values, min_size=1, max_size=4))}
    return {"field": name, "operator": word, "value": draw(values | st.none() if word in ("=", "!=") else values)}


def groups(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda word, parts: {"operator": word, "value": parts},
        st.sampled_from(["AND", "OR"]),
        st.lists(of, min_size=1, max_size=4),
    )


TREES = filters() | groups(filters()) | groups(filters() | groups(filters()))

SORTS = st.none() | st.fixed_dictionaries(
    {"field": st.sampled_from(["created_at", "updated_at", "signed_up_at", "name", "email", "id", "owner_id"])},
    optional={"order": st.sampled_from(["ascending", "descending"])},
)
