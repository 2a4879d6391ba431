"""Migration 0002: contacts without choices get what binds the chain to come, and older chains stay as they are."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.cast import NOON, act
from tests.storage.conftest import created
from tests.storage.old_databases import unpack

from sayso.domain import consent
from sayso.domain.consent import Wish
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import SubscriptionType
from sayso.service.ports import Store
from sayso.service.verify import Report, verify
from sayso.storage import migrate, store


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(migrate, "BATCH", 5)
    unpacked = unpack("0001", tmp_path / "sayso.db")
    store.bring_up_to_date(unpacked, NOON)
    return unpacked


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(apsw.Connection(str(path))) as connection:
        return connection.execute(sql).fetchall()


def test_every_contact_whose_chain_has_not_begun_gets_a_key_of_its_own(path: Path):
    keys = [key for (key,) in rows(path, "SELECT binding_key FROM contacts WHERE head_seq = 0")]

    assert keys
    assert {16} == {len(key) for key in keys if isinstance(key, bytes)}
    assert len(set(keys)) == len(keys)


async def test_chains_that_have_begun_get_neither_key_nor_binding_and_are_counted_as_unbound(path: Path):
    assert {(None,)} == set(rows(path, "SELECT DISTINCT binding_key FROM contacts WHERE head_seq > 0"))
    assert {(None,)} == set(rows(path, "SELECT DISTINCT binding FROM ledger"))

    opened = store.sqlite(path)
    report = await verify(opened)
    await opened.close()

    assert rows(path, "SELECT count(*) FROM contacts WHERE head_seq > 0") == [(report.unbound,)]
    assert [] == report.problems


async def test_a_chain_that_a_server_of_the_version_before_begins_meanwhile_is_unbound_and_whole(
    store: Store, newsletter: SubscriptionType
):
    contact = await created(store, "alice")
    keyless = contact.head._replace(chain=contact.head.chain._replace(binding_key=None))
    change = consent.decide(keyless, newsletter, Wish(Choice.GRANTED), act(50, NOON + 5))
    assert change

    await store.contact.commit(change)

    assert Report(contacts=1, entries=1, unbound=1) == await verify(store)
