"""A search as one SQL condition: the values in it are parameters, one after the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sayso.domain.contact import Role
from sayso.domain.search import (
    Absent,
    Compared,
    During,
    Field,
    Filter,
    Kind,
    Node,
    OneOf,
    Part,
    Test,
    plain,
    plain_part,
)
from sayso.domain.search_order import CREATION, Order
from sayso.storage.search_plan import admitted_roles
from sayso.storage.search_spelling import Spelling
from sayso.storage.words import has_word

#: Those that hold times in ms.
_TIMES = frozenset({"created_at", "updated_at"})

_NUMBERS = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.TIME})

# What comes after the last @, in words that every engine has: it strips from the end what is no @.
_DOMAIN = "substr(normal_email, length(rtrim(normal_email, replace(normal_email, '@', ''))) + 1)"

_MAIL_STOPPED = f"""CASE WHEN {has_word("standing", "'!email'")} THEN 1 ELSE 0 END"""


class Searched(NamedTuple):
    """A table that is searched: the column of its rows' ids, and the fields that are columns or made of one. The others
    are in its `profile`; ids of tags are in `tags`, times in ms in `created_at` and `updated_at`."""

    id: str
    columns: Mapping[str, str]


CONTACTS = Searched(
    "contact_id",
    {
        **{name: name for name in ("role", "external_id", "name")},
        "email": "normal_email",
        "email_domain": _DOMAIN,
        "phone": "normal_phone",
        "unsubscribed_from_emails": _MAIL_STOPPED,
    },
)

_NOTHING = "1 = 0"


class Asked:
    """The parameters of a statement, the workspace first, and the parts of its text that they stand in."""

    def __init__(self, workspace_id: str, spelling: Spelling, searched: Searched = CONTACTS) -> None:
        self.parameters: list[Any] = [workspace_id]
        self._searched = searched
        self._spelling = spelling

    def given(self, value: Any) -> str:
        """The place of one more parameter."""
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def condition(self, node: Node) -> str:
        if isinstance(node, Filter):
            if node.field.name == "role":
                return _role(admitted_roles(node))
            test = self._test(node.field, node.test)
            return f"({test}) IS NOT TRUE" if node.negated else test
        word = " AND " if node.is_all else " OR "
        return f"({word.join(self.condition(part) for part in node.parts)})"

    def key(self, order: Order) -> str:
        """What rows are ordered by, before their ids."""
        if order.field is None or order.field.name in _TIMES:
            return (order.field or CREATED).name
        value = self._value(order.field)
        return f"coalesce({value}, '')" if order.is_text else f"coalesce({value}, -1)"

    def beyond(self, order: Order, key: str | int, row_id: bytes | None) -> str:
        """What comes after a place in an order."""
        given = self.given(key) if isinstance(key, str) or _is_time(order) else self._number(key)
        sign = "<" if order.descending else ">"
        return f"({self.key(order)}, {self._searched.id}) {sign} ({given}, {self.given(row_id)})"

    def _test(self, field: Field, test: Test) -> str:
        if field.kind is Kind.TAG:
            return self._tagged(test)
        return _NOTHING if field.kind is Kind.SEGMENT else self._tested(field, test, self._value(field))

    def _tested(self, field: Field, test: Test, value: str) -> str:
        match test:
            case Absent():
                return f"{value} IS NULL"
            case OneOf(values):
                return f"{value} IN ({', '.join(self._plain(field, each) for each in values)})"
            case Part(where, text):
                return self._part(value, where, plain_part(field, text))
            case Compared(word, number):
                return f"{value} {word} {self._number(number)}"
            case During(least, below):
                bounds = [f"{value} >= {self._second(field, least)}"] if least is not None else []
                bounds += [f"{value} < {self._second(field, below)}"] if below is not None else []
                return f"({' AND '.join(bounds)})"

    def _value(self, field: Field) -> str:
        spelling = self._spelling
        if field.attribute is not None:
            return spelling.attribute(self.given(spelling.named(field.attribute)), field.kind)
        if field.name in _TIMES:
            # The plus keeps the condition from choosing an index: how contacts are met is planned apart.
            return f"+{field.name}"
        if field.name == "id":
            return spelling.digits(self._searched.id)
        return self._searched.columns.get(field.name) or self._packed(field)

    def _packed(self, field: Field) -> str:
        is_owner = field.name == "owner_id"
        value = self._spelling.packed(field.name.split("."), Kind.STRING if is_owner else field.kind)
        if field.kind is Kind.BOOLEAN:
            return f"coalesce({value}, 0)"
        return f"CAST({value} AS BIGINT)" if is_owner and field.kind is Kind.INTEGER else value

    def _plain(self, field: Field, value: Any) -> str:
        if field.kind in _NUMBERS:
            return self._number(value)
        if field.kind is Kind.BOOLEAN:
            return "1" if value else "0"
        return self.given(plain(field, value))

    def _number(self, value: float) -> str:
        return self._spelling.number(self.given(self._spelling.numeric(value)))

    def _second(self, field: Field, second: int) -> str:
        return self.given(second * 1000) if field.name in _TIMES else self._number(second)

    def _part(self, value: str, where: str, text: str) -> str:
        if not text:
            return f"{value} IS NOT NULL"
        part, length = self.given(text), len(text)
        match where:
            case "^":
                return f"substr({value}, 1, {length}) = {part}"
            case "$":
                return f"(length({value}) >= {length} AND substr({value}, length({value}) - {length - 1}) = {part})"
        return f"replace({value}, {part}, '') <> {value}"

    def _tagged(self, test: Test) -> str:
        assert isinstance(test, OneOf)
        ids = [str(each) for each in test.values if str(each).isalnum()]
        having = [has_word("tags", self.given(id_)) for id_ in ids]
        return f"({' OR '.join(having or [_NOTHING])})"


CREATED = Field("created_at", Kind.TIME)


def _is_time(order: Order) -> bool:
    return order == CREATION or order.field is None or order.field.name in _TIMES


def _role(roles: Collection[Role]) -> str:
    """In the text, and never negated: only so does the database know which part of an index to read."""
    asked = [f"role = '{role}'" for role in sorted(roles)]
    return f"({' OR '.join(asked or [_NOTHING])})"
