"""The settings log: canonical forms, leaves and the chain."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from tests.cast import NOON, draft

from sayso.domain import subscription_type as types
from sayso.domain.access import Scope, Token
from sayso.domain.act import OPERATOR, SYSTEM
from sayso.domain.admin import Admin
from sayso.domain.settings_log import Setting, SettingKind, SettingsEntry, SettingsHead, of_admin, of_token, of_type
from sayso.domain.subscription_type import SubscriptionType, Translation, TypeId

TYPE = types.create("acme", TypeId("7"), draft("opt_out", ("email", "sms_message")), NOON).after
TOKEN = Token("tok1", "acme", "first", b"d" * 32, "abcd", frozenset({Scope.WRITE, Scope.READ}), NOON)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def b64(value: bytes) -> str:
    return b64encode(value).decode()


def form_of(type_: SubscriptionType) -> dict[str, Any]:
    return {
        "id": type_.id,
        "state": type_.state.value,
        "consent_type": type_.consent_type.value,
        "channels": [channel.value for channel in type_.channels],
        "default_locale": type_.default_locale,
        "wording": type_.wording,
        "translations": [
            {"locale": one.locale, "name": one.name, "description": one.description} for one in type_.translations
        ],
    }


@given(TEXTS, TEXTS)
def test_a_type_is_bound_with_the_wording_of_every_locale(name: str, description: str):
    type_ = replace(TYPE, translations=(*TYPE.translations, Translation(name, description, "fr")))

    assert Setting(SettingKind.TYPE, "7", 1, sha256(rfc8785.dumps(form_of(type_))).digest()) == of_type(type_)


def test_a_token_is_bound_without_its_name():
    form = {"id": "tok1", "digest": b64(TOKEN.digest), "scopes": ["read", "write"], "revoked_at": None}

    assert (SettingKind.TOKEN, "tok1", 1, sha256(rfc8785.dumps(form)).digest()) == of_token(TOKEN)
    assert of_token(TOKEN) == of_token(replace(TOKEN, name="another"))
    form["revoked_at"] = NOON
    assert (SettingKind.TOKEN, "tok1", 2, sha256(rfc8785.dumps(form)).digest()) == of_token(
        replace(TOKEN, revoked_at=NOON)
    )


def test_an_admin_is_bound_by_the_id_alone():
    setting = of_admin(Admin("3", "acme", "ada@example.com", "Ada"))

    assert (SettingKind.ADMIN, "3", 1, sha256(b'{"id":"3"}').digest()) == setting
    assert setting == of_admin(Admin("3", "acme", "grace@example.com", "Grace"))


@given(
    TEXTS,
    st.integers(1, 2**53 - 1),
    st.integers(0, 2**53 - 1),
    st.none() | st.binary(min_size=32, max_size=32),
)
def test_a_leaf_is_the_canonical_form_of_its_entry(object_id: str, seq: int, at: int, prev: bytes | None):
    entry = SettingsEntry(
        "acme", seq, "ab" * 16, SettingKind.TOKEN, object_id, 2, b"s" * 32, at, "operator", "cli", prev
    )
    form = {
        "v": 1,
        "log": "sayso/acme",
        "seq": seq,
        "id": "ab" * 16,
        "kind": "token.changed",
        "object_id": object_id,
        "revision": 2,
        "sha256": b64(b"s" * 32),
        "at": at,
        "actor": {"kind": "operator", "ref": "cli"},
        "prev": prev and b64(prev),
    }

    assert rfc8785.dumps(form) == entry.leaf().encode()
    assert sha256(b"\x00" + rfc8785.dumps(form)).digest() == entry.hash()


def test_an_entry_follows_the_one_before_it_in_number_hash_and_time():
    first = SettingsHead().follow("acme", of_token(TOKEN), "a" * 32, NOON, OPERATOR)
    second = SettingsHead.of(first).follow("acme", of_type(TYPE), "b" * 32, NOON - 5_000, SYSTEM)

    assert (1, None, NOON, "operator", "cli") == (first.seq, first.prev, first.at, first.actor_kind, first.actor_ref)
    assert (2, first.hash(), NOON, "system") == (second.seq, second.prev, second.at, second.actor_kind)


def test_the_hashes_of_today_stay_as_they_are():
    entry = SettingsHead().follow("acme", of_token(TOKEN), "0" * 32, NOON, OPERATOR)

    assert (
        '{"actor":{"kind":"operator","ref":"cli"},"at":1793620800000,"id":"00000000000000000000000000000000",'
        '"kind":"token.changed","log":"sayso/acme","object_id":"tok1","prev":null,"revision":1,"seq":1,'
        '"sha256":"4cdmfML/wL9cFZEQPfqPvEpW4I8G4dB+h/tJ0FuCnjM=","v":1}'
    ) == entry.leaf()
    assert "7c4274a4b336e56e5c25a7607409e68396a2f833d4cae60229d1c2e03c3df6ff" == entry.hash().hex()
    assert "dc4bf63c08ea330d49be8bcbe26985d00b3fe6cc6f2e4d0e2eb9045cfb31ec46" == of_type(TYPE).sha256.hex()


def test_what_no_form_may_hold_is_refused():
    with pytest.raises(TypeError):
        of_token(replace(TOKEN, revoked_at=b"now"))  # type: ignore[arg-type]
