"""The bytes that the ledger hashes, to the letter: what was hashed once must be hashed the same way for ever.

`tests/fixtures/leaves.txt` has one line for each event, a hash and the leaf it is of. Its lines are never changed; a new
event, or a new form of one, adds a line.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from sayso.domain.act import Act, Author
from sayso.domain.ledger import Chain, Entry, Event, channel_entry, merge_entry, origin, type_entry
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import Channel, NoticeRef

LINES = [
    line.split(" ", 1)
    for line in (Path(__file__).parents[1] / "fixtures" / "leaves.txt").read_text("utf-8").splitlines()
]

ACT = Act("0190163d7ae07f3cb1c2d3e4f5061728", 1_793_620_800_123, Author("api_key", "tok1", "api", "req\u00e9\n1"))
NOTICE = NoticeRef("7", 3, "de", bytes(range(32)))
FIRST = Chain(origin("acme"), "ab" * 16)
LATER = Chain(origin("acme"), "ab" * 16, 41, bytes(range(32, 64)))


def chosen(choice: Choice) -> Callable[[], Entry]:
    return lambda: type_entry(FIRST, ACT, choice, "7", NOTICE, not_before=0)


BOUND = FIRST._replace(contact_id="6a0c1f5e9b3d7a2c4e8f0b1d", binding_key=bytes(range(16)))

MADE = {
    Event.REQUESTED: (FIRST, chosen(Choice.PENDING)),
    Event.GRANTED: (FIRST, chosen(Choice.GRANTED)),
    Event.REFUSED: (FIRST, chosen(Choice.REFUSED)),
    Event.WITHDRAWN: (FIRST, chosen(Choice.WITHDRAWN)),
    Event.CLEARED: (FIRST, chosen(Choice.NONE)),
    Event.UNSUBSCRIBED_ALL: (LATER, lambda: channel_entry(LATER, ACT, Channel.EMAIL, stopped=True, not_before=0)),
    Event.RESUBSCRIBED: (LATER, lambda: channel_entry(LATER, ACT, Channel.EMAIL, stopped=False, not_before=0)),
    Event.MERGED: (LATER, lambda: merge_entry(LATER, ACT, not_before=0)),
}


@pytest.mark.parametrize(("event", "line"), list(zip(MADE, LINES, strict=False)))
def test_an_entry_of_each_event_has_the_bytes_and_the_hash_that_it_has_always_had(event: Event, line: list[str]):
    chain, made = MADE[event]
    hash_, leaf = line

    entry = made()

    assert event is entry.event
    assert leaf.encode() == entry.leaf(chain.hash).encode()
    assert hash_ == entry.hash(chain.hash).hex() == sha256(b"\0" + leaf.encode()).hexdigest()


def test_the_first_entry_of_a_bound_chain_has_the_bytes_and_the_hash_that_it_has_always_had():
    hash_, leaf = LINES[len(MADE)]

    entry = type_entry(BOUND, ACT, Choice.GRANTED, "7", NOTICE, not_before=0)

    assert leaf.encode() == entry.leaf(None).encode()
    assert hash_ == entry.hash(None).hex() == sha256(b"\0" + leaf.encode()).hexdigest()


def test_every_event_and_every_line_is_pinned():
    assert set(Event) == set(MADE)
    assert len(MADE) + 1 == len(LINES)
