"""The ledger: immutable entries, chained per contact.

An entry holds no personal data: a random subject stands for the contact. Its leaf is the RFC 8785 form
of its fields, and its hash is RFC 6962's leaf hash, SHA-256(0x00 || leaf). `prev` links it to the
contact's entry before it. The position in the feed and the leaf index are given later and never hashed.

A chain's first entry carries what binds it to its contact: an HMAC of the contact's id under a key that lies in the
contact's row alone. So chains cannot change places unnoticed, and once the key is deleted nobody can tell whose a chain
was. Chains that were begun before there were keys carry nothing.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from hmac import digest as hmac
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
    it is about the contact itself. `binding` is what `bind` gives, in a chain's first entry alone.
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
    binding: bytes | None = None

    def leaf(self, prev: bytes | None) -> str:
        """The entry in RFC 8785 form; `prev` is the hash of the contact's entry before it, None at seq 1."""
        log, id_, subject, seq, *about, occurred_at, recorded_at, method, kind, ref, request_id, notice, binding = self
        head, told, scope, state = _frame(log, kind, ref, method, *about, notice)
        contact = "" if binding is None else f'"contact":{_base64(binding)},'
        return (
            f'{head}{contact}"request_id":{_quoted(request_id)}}},"id":{_quoted(id_)},{told}{occurred_at}'
            f',"prev":{_base64(prev) if prev else "null"},"recorded_at":{recorded_at},{scope}{seq}'
            f',{state}{_quoted(subject)},"v":{VERSION},"valid_until":null}}'
        )

    def hash(self, prev: bytes | None) -> bytes:
        """RFC 6962, section 2.1: the leaf hash, 32 bytes."""
        return sha256(b"\x00" + self.leaf(prev).encode()).digest()


class Chain(NamedTuple):
    """The head of a contact's chain: its pseudonym, the number of entries, and the last one's hash.

    `binding_key` is the contact's, 16 random bytes, or None: then its first entry is not bound to the contact.
    """

    log: str
    subject: str
    seq: int = 0
    hash: bytes | None = None
    contact_id: str = ""
    binding_key: bytes | None = None

    def follow(self, entry: Entry) -> Chain:
        log, subject, _, hash_, contact_id, key = self
        return Chain(log, subject, entry.seq, entry.hash(hash_), contact_id, key)

    def hashed(self, entries: Sequence[Entry], last: bytes | None) -> list[tuple[Entry, bytes]]:
        """The entries that follow here, each with its hash; the last one's is known."""
        found: list[tuple[Entry, bytes]] = []
        prev = self.hash
        for entry in entries[:-1]:
            prev = entry.hash(prev)
            found.append((entry, prev))
        return [*found, (entries[-1], last or b"")] if entries else []


def bind(key: bytes, contact_id: str) -> bytes:
    """What binds a chain to its contact: HMAC-SHA-256 (RFC 2104) of the contact's id, 24 hex digits in ASCII."""
    return hmac(key, contact_id.encode(), "sha256")


# In what follows, `not_before` is when the contact was last changed, in ms: no entry is recorded earlier than the one
# before it, even when the clock was set back meanwhile.


def type_entry(
    chain: Chain, act: Act, choice: Choice, type_id: str, notice: NoticeRef | None, *, not_before: int
) -> Entry:
    """The entry of a choice about one type."""
    event, state, basis = _TOLD[choice]
    return _entry(chain, act, event, type_id, None, state, basis, notice, not_before)


def channel_entry(chain: Chain, act: Act, channel: Channel, *, stopped: bool, not_before: int) -> Entry:
    """The entry of a stop for a whole channel, or of its end."""
    event = Event.UNSUBSCRIBED_ALL if stopped else Event.RESUBSCRIBED
    state = Choice.WITHDRAWN if stopped else Choice.NONE
    return _entry(chain, act, event, None, channel.value, state.value, "none", None, not_before)


def merge_entry(chain: Chain, act: Act, *, not_before: int) -> Entry:
    """The entry of a merge, in the chain that ends and in the one that goes on: by itself it changes nothing."""
    return _entry(chain, act, Event.MERGED, None, None, Choice.NONE.value, "none", None, not_before)


def fold(entries: Iterable[Entry]) -> Standing:
    """What the entries of one contact, in the order of `seq`, come to."""
    standing = Standing()
    for entry in entries:
        standing = apply(standing, entry)
    return standing


def apply(standing: Standing, entry: Entry) -> Standing:
    """The standing after one more entry."""
    if entry.type_id is not None:
        return standing.choose(TypeId(entry.type_id), entry.state)
    if entry.event is Event.UNSUBSCRIBED_ALL:
        return standing.stop(Channel(entry.channel or ""))
    if entry.event is Event.RESUBSCRIBED:
        return standing.lift(Channel(entry.channel or ""))
    return standing


_TOLD = {
    Choice.PENDING: (Event.REQUESTED, Choice.PENDING.value, "none"),
    Choice.REFUSED: (Event.REFUSED, Choice.REFUSED.value, "consent"),
    Choice.GRANTED: (Event.GRANTED, Choice.GRANTED.value, "consent"),
    Choice.WITHDRAWN: (Event.WITHDRAWN, Choice.WITHDRAWN.value, "consent"),
    Choice.NONE: (Event.CLEARED, Choice.NONE.value, "none"),
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
    not_before: int,
) -> Entry:
    log, subject, seq, _, contact_id, key = chain
    id_, at, (kind, ref, method, request_id) = act
    about = (event, type_id, channel, state, basis, at, max(at, not_before))
    binding = bind(key, contact_id) if key is not None and not seq else None
    return Entry(log, id_, subject, seq + 1, *about, method, kind, ref, request_id, notice, binding)


# What most entries share: the same token, the same kind of choice about the same type.
@lru_cache(maxsize=4_096)
def _frame(
    log: str,
    kind: str,
    ref: str,
    method: str,
    event: Event,
    type_id: str | None,
    channel: str | None,
    state: str,
    basis: str,
    notice: NoticeRef | None,
) -> tuple[str, str, str, str]:
    """The fields of a leaf that say who, how and about what, up to those that differ from entry to entry."""
    actor = f'{{"kind":{_quoted(kind)},"ref":{_quoted(ref)}}}'
    told = _notice_leaf(notice) if notice else "null"
    scope = f'{{"channel":{_nullable(channel)},"type_id":{_quoted(type_id or "*")}}}'
    return (
        f'{{"actor":{actor},"basis":{_quoted(basis)},"commit":null,"event":{_quoted(event)},"ext":{{',
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
