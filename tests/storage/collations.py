"""Where PostgreSQL would compare text by the database's own collation, read from its parse trees and its catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import asyncpg

#: pg_collation's row "default": whatever the database was made with.
_DEFAULT = "100"

_OPERATORS = """SELECT oid::text, oprname FROM pg_operator WHERE oprname IN
('=', '<>', '<', '<=', '>', '>=', '~~', '!~~', '~~*', '!~~*', '~', '!~', '~*', '!~*', '^@')"""

_FUNCTIONS = """SELECT oid::text, proname FROM pg_proc WHERE proname IN
('lower', 'upper', 'initcap', 'casefold', 'min', 'max', 'replace', 'strpos', 'position', 'starts_with', 'split_part',
'translate', 'like', 'regexp_match', 'regexp_matches', 'regexp_replace', 'regexp_like', 'regexp_count', 'regexp_instr',
'regexp_substr', 'string_to_array', 'string_to_table')"""

#: What uses the collation it is given without an operator or a function being named.
_OTHERS = {"MINMAXEXPR", "ROWCOMPAREEXPR"}

_TOKEN = re.compile(r'[{}()]|"(?:\\.|[^"\\])*"|(?:\\.|[^\s{}()])+')

_KEPT = """SELECT pg_class.relname || '.' || pg_attribute.attname FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
AND attnum > 0 AND attcollation NOT IN (0, 'pg_catalog."C"'::regcollation) ORDER BY 1"""


class Node(NamedTuple):
    """A node of a parse tree; each field is a list of what stands after its name."""

    name: str
    fields: dict[str, list[Any]]

    def first(self, name: str) -> str:
        return str(self.fields.get(name, [""])[0])

    def below(self) -> Iterator[Node]:
        """This node, and all in it."""
        yield self
        for values in self.fields.values():
            yield from _nodes(values)

    @property
    def collation(self) -> str:
        """Of the value that this expression has."""
        return next(
            (self.first(name) for name in self.fields if re.fullmatch(r"(?!input)\w*(collid|collOid)", name)), ""
        )


def _nodes(values: list[Any]) -> Iterator[Node]:
    for value in values:
        if isinstance(value, Node):
            yield from value.below()
        elif isinstance(value, list):
            yield from _nodes(value)


def _parsed(tokens: Iterator[str], end: str = "") -> list[Any]:
    """Everything up to `end`: texts, lists and nodes."""
    found: list[Any] = []
    for token in tokens:
        if token == end:
            break
        if token == "(":
            found.append(_parsed(tokens, ")"))
        elif token == "{":
            found.append(_node(next(tokens), _parsed(tokens, "}")))
        else:
            found.append(token)
    return found


def _node(name: str, values: list[Any]) -> Node:
    fields: dict[str, list[Any]] = {}
    held: list[Any] = []
    for value in values:
        if isinstance(value, str) and value.startswith(":"):
            held = fields.setdefault(value[1:], [])
        else:
            held.append(value)
    return Node(name, fields)


class Checker:
    """Reads on one connection how PostgreSQL understands statements."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._trees: list[str] = []
        self._names: dict[str, str] = {}

    async def begin(self) -> None:
        for sql in (_OPERATORS, _FUNCTIONS):
            self._names |= dict(await self._connection.fetch(sql))
        self._connection.add_log_listener(lambda _, told: self._trees.append(told.detail or ""))
        await self._connection.execute(
            "SET debug_pretty_print = off; SET client_min_messages = log; SET debug_print_parse = on"
        )

    async def found(self, sql: str) -> list[str]:
        """What of a statement depends on the database's collation."""
        self._trees.clear()
        await self._connection.prepare(sql)
        tree = next(tree for tree in self._trees if tree.startswith("{QUERY"))
        queries = [node for node in _nodes(_parsed(iter(_TOKEN.findall(tree)))) if node.name == "QUERY"]
        compared = (self._compared(node) for node in queries[0].below())
        return [*filter(None, compared), *(ordered for query in queries for ordered in _ordered(query))]

    def _compared(self, node: Node) -> str:
        if node.name in _OTHERS:
            collations = node.fields.get("inputcollids", node.fields.get("inputcollid", []))
            return node.name if _DEFAULT in (collations[0] if isinstance(collations[0], list) else collations) else ""
        called = node.first("opno") or node.first("funcid") or node.first("aggfnoid")
        return self._names.get(called, "") if node.first("inputcollid") == _DEFAULT else ""


def _ordered(query: Node) -> Iterator[str]:
    """What a query sorts, groups or tells apart by the database's collation."""
    for entry in _nodes(query.fields["targetList"]):
        if entry.name == "TARGETENTRY" and entry.first("ressortgroupref") not in ("", "0"):
            (value,) = entry.fields["expr"]
            if value.collation == _DEFAULT:
                yield f"ORDER BY, GROUP BY or DISTINCT: {entry.first('resname')}"


async def kept(connection: asyncpg.Connection) -> list[str]:
    """Columns of tables and of indexes that have another collation than "C"."""
    return [str(row[0]) for row in await connection.fetch(_KEPT)]
