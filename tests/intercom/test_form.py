"""Forms, and contacts in them: they tell what the walk over a whole answer would."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct
from tests.cast import NOON

from sayso.domain.contact import Contact, ContactState, Head, Profile, Role
from sayso.domain.ledger import Chain
from sayso.domain.links import UNLINKED, Links, NoteList
from sayso.domain.standing import Choice, Standing
from sayso.domain.subscription_type import Channel, TypeId
from sayso.intercom.contact_object import encode_contact
from sayso.intercom.versions import Version, downgrade
from sayso.intercom.versions.form import Form, places

ALICE = Profile(
    Role.USER,
    external_id='100%b "alice" \\ \u2028 \U0001f600',
    email="alice@example.com",
    phone="+15555550100",
    name="900000000000009",
    avatar="https://example.com/%20.png",
    owner_id="42",
    signed_up_at=1_700_000_000,
    last_seen_at=1_700_000_001,
    language_override="de",
    # No part of the answer, whatever it looks like.
    custom_attributes={"type": "contact", "owner_id": "7", "formatted_phone": "x", "enabled_push_messaging": True},
)
STANDING = Standing(((TypeId("1"), Choice.GRANTED),), (Channel.EMAIL,))
LINKS = Links(("7", "9"), ("6a0c1f5e9b3d7a2c4e8f0b1e",), NoteList(12, tuple(map(str, range(12, 2, -1)))))
TYPES = ((b'{"type":"list","data":[],"url":"/contacts/', b'/subscriptions"}'),) * 2


def contact(profile: Profile, standing: Standing = STANDING, links: Links = LINKS) -> Contact:
    head = Head("acme", "6a0c1f5e9b3d7a2c4e8f0b1d", ContactState.LIVE, 1, NOON, Chain("log", "0" * 32), standing)
    return Contact(head, profile, NOON - 1_000, links)


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("one", [contact(ALICE), contact(Profile(Role.LEAD, "lead"), Standing(), UNLINKED)])
def test_a_contact_is_told_as_the_walk_would_rewrite_it(version: Version, one: Contact):
    newest = encode_contact(Version.PREVIEW, one, one.links.tags, TYPES)
    tree = msgspec.json.decode(newest)
    downgrade(version, tree)

    assert msgspec.json.encode(tree) == encode_contact(version, one, one.links.tags, TYPES)


def test_each_value_of_a_contact_is_at_its_key():
    answer = msgspec.json.decode(
        encode_contact(Version.PREVIEW, contact(ALICE), LINKS.tags, ((b'"out of ', b'"'), (b'"into ', b'"')))
    )

    expected = {
        "id": "6a0c1f5e9b3d7a2c4e8f0b1d",
        "workspace_id": "acme",
        "external_id": ALICE.external_id,
        "role": "user",
        "email": "alice@example.com",
        "email_domain": "example.com",
        "phone": "+15555550100",
        "name": "900000000000009",
        "avatar": "https://example.com/%20.png",
        "owner_id": "42",
        "unsubscribed_from_emails": True,
        "unsubscribed_from_sms": False,
        "created_at": NOON // 1000 - 1,
        "updated_at": NOON // 1000,
        "signed_up_at": 1_700_000_000,
        "last_seen_at": 1_700_000_001,
        "language_override": "de",
        "custom_attributes": ALICE.custom_attributes,
        "opted_out_subscription_types": "out of 6a0c1f5e9b3d7a2c4e8f0b1d",
        "opted_in_subscription_types": "into 6a0c1f5e9b3d7a2c4e8f0b1d",
    }
    assert expected == {name: answer[name] for name in expected}
    lists = {name: (answer[name]["url"], answer[name]["total_count"]) for name in ("tags", "notes", "companies")}
    path = "/contacts/6a0c1f5e9b3d7a2c4e8f0b1d"
    assert {"tags": (f"{path}/tags", 2), "notes": (f"{path}/notes", 12), "companies": (f"{path}/companies", 1)} == lists


class Few(Struct, tag_field="type", tag="contact"):
    """Of a contact, what versions tell in different ways."""

    phone: str
    owner_id: str
    enabled_push_messaging: str
    note: str = "100 %"


def filled(version: Version, owner_id: bytes, phone: bytes = b"null", push: bytes = b"null") -> bytes:
    few = Few(**places(("owner_id", "phone", "enabled_push_messaging")))
    return Form(version, few).filled((owner_id, phone, push))


def test_places_are_left_out_moved_and_told_as_numbers_as_the_version_has_them():
    old = filled(Version.V2_11, b'"42"', b'"+1"', b"true")
    newest = filled(Version.V2_16, b'"42"', b'"+1"', b"true")

    assert b'{"type":"contact","phone":"+1","formatted_phone":null,"owner_id":42,"note":"100 %"}' == old
    assert b'{"type":"contact","phone":"+1","owner_id":"42","enabled_push_messaging":true,"note":"100 %"}' == newest


def test_null_is_no_number():
    assert b'"owner_id":null' in filled(Version.V2_11, owner_id=b"null")
