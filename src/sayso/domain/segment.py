"""Segments: groups of people by what is known of them, worked out whenever one asks. They are the built-in ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

from sayso.domain.access import Workspace
from sayso.domain.contact import Role
from sayso.domain.search import During, Field, Filter, Group, Kind, Node, OneOf

_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Segment:
    """`since` and `before`: how long ago, in seconds, what the field `time` tells was at most, and at least."""

    word: str
    name: str
    role: Role
    time: str = ""
    since: int = 0
    before: int | None = None

    def query(self, now: int) -> Node:
        """The search that finds its contacts at a time in ms."""
        role = Filter(Field("role", Kind.STRING), OneOf((self.role.value,)))
        if not self.time:
            return role
        second = now // 1000
        # At a time that is not over yet nobody is too early.
        during = During(second - self.since, None if self.before is None else second - self.before)
        return Group(is_all=True, parts=(role, Filter(Field(self.time, Kind.TIME), during)))


#: A user is new for a week, active for thirty days after being seen, and slipping away for the thirty that follow.
BUILT_IN = (
    Segment("all_users", "All users", Role.USER),
    Segment("all_leads", "All leads", Role.LEAD),
    Segment("new", "New", Role.USER, "created_at", since=7 * _DAY),
    Segment("active", "Active", Role.USER, "last_seen_at", since=30 * _DAY),
    Segment("slipping_away", "Slipping away", Role.USER, "last_seen_at", since=60 * _DAY, before=30 * _DAY),
)


def segments(workspace: Workspace) -> Mapping[str, Segment]:
    """A workspace's segments by their ids, 24 hex digits, which are its own and stay."""
    return MappingProxyType({_id(workspace.id, segment.word): segment for segment in BUILT_IN})


def searched(node: Node, workspace: Workspace, now: int) -> Node:
    """A search with what segments are in the place of their ids."""
    if isinstance(node, Group):
        return node._replace(parts=tuple(searched(part, workspace, now) for part in node.parts))
    if node.field.kind is not Kind.SEGMENT or not isinstance(node.test, OneOf):
        return node
    known = segments(workspace)
    found = [known[value].query(now) for value in node.test.values if isinstance(value, str) and value in known]
    if not found:
        return node
    anyone = Group(is_all=False, parts=tuple(found))
    return _opposite(anyone) if node.negated else anyone


def _opposite(node: Node) -> Node:
    if isinstance(node, Filter):
        return node._replace(negated=not node.negated)
    return Group(is_all=not node.is_all, parts=tuple(map(_opposite, node.parts)))


def _id(workspace_id: str, word: str) -> str:
    return sha256(f"sayso/{workspace_id}/segment/{word}".encode()).hexdigest()[:24]
