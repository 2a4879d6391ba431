"""The ledger: immutable entries, chained per contact.

An entry holds no personal data: a random subject stands for the contact. Its leaf is the RFC 8785 form
of its fields, and its hash is RFC 6962's leaf hash, SHA-256(0x00 || leaf). `prev` links it to the
contact's entry before it. The position in the feed and the leaf index are given later and never hashed.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring as _quoted
from typing import NamedTuple

from sayso.domain.act import Act
from sayso.domain.standing import Choice, Standing
from sayso.domain.subscription_type import Channel, NoticeRef, TypeId

VERSION = 1


def origin(workspace_id: str) -> str:
    """The name of a workspace's log in its entries: fixed for good, since every hash covers it."""
    return f"sayso/{workspace_id}"


class Event(StrEnum):
    __hash__ = str.__hash__

    REQUESTED = "consent.requested"
    GRANTED = "consent.granted"
    REFUSED = "consent.refused"
    WITHDRAWN = "consent.withdrawn"
    CLEARED = "choice.cleared"
    UNSUBSCRIBED_ALL = "channel.unsubscribed_all"
    RESUBSCRIBED = "channel.resubscribed"
    MERGED = "subject.merged"


class Entry(NamedTuple):
    """One consent record. Times are ms since the epoch, UTC; ids are 32 hex digits.

    `type_id` is None where the entry is about a whole channel, `channel` where it is about a type, and both are where
    it is about the contact itself.
    """

    log: str
    id: str
    subject: str
    seq: int
    event: Event
    type_id: str | None
    channel: str | None
    state: str
    basis: str
    occurred_at: int
    recorded_at: int
    method: str
    actor_kind: str
    actor_ref: str
    request_id: str
    notice: NoticeRef | None

    def leaf(self, prev: bytes | None) -> str:
        """The entry in RFC 8785 form; `prev` is the hash of the contact's entry before it, None at seq 1."""
        about = (self.method, self.event, self.basis, self.state, self.channel, self.type_id, self.notice)
        head, log, scope, state = _frame(self.log, self.actor_kind, self.actor_ref, *about)
        return (
            f'{head}{_quoted(self.request_id)}}},"id":{_quoted(self.id)},{log}{self.occurred_at}'
            f',"prev":{_base64(prev) if prev else "null"},"recorded_at":{self.recorded_at},{scope}{self.seq}'
            f',{state}{_quoted(self.subject)},"v":{VERSION},"valid_until":null}}'
        )

    def hash(self, prev: bytes | None) -> bytes:
        """RFC 6962, section 2.1: the leaf hash, 32 bytes."""
        return sha256(b"\x00" + self.leaf(prev).encode()).digest()


class Chain(NamedTuple):
    """The head of a contact's chain: its pseudonym, the number of entries, and the last one's hash."""

    log: str
    subject: str
    seq: int = 0
    hash: bytes | None = None

    def follow(self, entry: Entry) -> Chain:
        return Chain(self.log, self.subject, entry.seq, entry.hash(self.hash))

    def hashes(self, entries: Sequence[Entry], last: bytes | None) -> list[bytes]:
        """The hash of each entry that follows here, the last one's being known."""
        found: list[bytes] = []
        for entry in entries[:-1]:
            found.append(entry.hash(found[-1] if found else self.hash))
        return [*found, last or b""] if entries else []


def type_entry(chain: Chain, act: Act, choice: Choice, type_id: str, notice: NoticeRef | None) -> Entry:
    """The entry of a choice about one type."""
    event, basis = _EVENT[choice]
    return _entry(chain, act, event, type_id, None, choice.value, basis, notice)


def channel_entry(chain: Chain, act: Act, channel: Channel, *, stopped: bool) -> Entry:
    """The entry of a stop for a whole channel, or of its end."""
    event = Event.UNSUBSCRIBED_ALL if stopped else Event.RESUBSCRIBED
    state = Choice.WITHDRAWN if stopped else Choice.NONE
    return _entry(chain, act, event, None, channel.value, state.value, "none", None)


def merge_entry(chain: Chain, act: Act) -> Entry:
    """The entry of a merge, in the chain that ends and in the one that goes on: by itself it changes nothing."""
    return _entry(chain, act, Event.MERGED, None, None, Choice.NONE.value, "none", None)


def fold(entries: Iterable[Entry]) -> Standing:
    """What the entries of one contact, in the order of `seq`, come to."""
    standing = Standing()
    for entry in entries:
        standing = apply(standing, entry)
    return standing


def apply(standing: Standing, entry: Entry) -> Standing:
    """The standing after one more entry."""
    if entry.event is Event.UNSUBSCRIBED_ALL:
        return standing.stop(Channel(entry.channel or ""))
    if entry.event is Event.RESUBSCRIBED:
        return standing.lift(Channel(entry.channel or ""))
    if entry.event is Event.MERGED:
        return standing
    return standing.choose(TypeId(entry.type_id or ""), Choice(entry.state))


_EVENT = {
    Choice.PENDING: (Event.REQUESTED, "none"),
    Choice.REFUSED: (Event.REFUSED, "consent"),
    Choice.GRANTED: (Event.GRANTED, "consent"),
    Choice.WITHDRAWN: (Event.WITHDRAWN, "consent"),
    Choice.NONE: (Event.CLEARED, "none"),
}


def _entry(
    chain: Chain,
    act: Act,
    event: Event,
    type_id: str | None,
    channel: str | None,
    state: str,
    basis: str,
    notice: NoticeRef | None,
) -> Entry:
    author = act.author
    about = (event, type_id, channel, state, basis)
    by = (author.method, author.kind, author.ref, author.request_id)
    return Entry(chain.log, act.id, chain.subject, chain.seq + 1, *about, act.at, act.at, *by, notice)


# What most entries share: the same token, the same kind of choice about the same type.
@lru_cache(maxsize=4_096)
def _frame(
    log: str,
    kind: str,
    ref: str,
    method: str,
    event: Event,
    basis: str,
    state: str,
    channel: str | None,
    type_id: str | None,
    notice: NoticeRef | None,
) -> tuple[str, str, str, str]:
    """The fields of a leaf that say who, how and about what, up to those that differ from entry to entry."""
    actor = f'{{"kind":{_quoted(kind)},"ref":{_quoted(ref)}}}'
    told = _notice_leaf(notice) if notice else "null"
    scope = f'{{"channel":{_nullable(channel)},"type_id":{_quoted(type_id or "*")}}}'
    return (
        f'{{"actor":{actor},"basis":{_quoted(basis)},"commit":null,"event":{_quoted(event)},"ext":{{"request_id":',
        f'"jurisdiction":null,"log":{_quoted(log)},"method":{_quoted(method)},"notice":{told},"occurred_at":',
        f'"refs":[],"scope":{scope},"seq":',
        f'"state":{_quoted(state)},"subject":',
    )


def _notice_leaf(notice: NoticeRef) -> str:
    return (
        f'{{"id":{_quoted(notice.type_id)},"lang":{_quoted(notice.locale)}'
        f',"sha256":{_base64(notice.sha256)},"version":{notice.version}}}'
    )


def _nullable(text: str | None) -> str:
    return "null" if text is None else _quoted(text)


def _base64(value: bytes) -> str:
    return f'"{b2a_base64(value, newline=False).decode()}"'
