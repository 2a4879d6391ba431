"""A search as a request says it, read into a typed tree. Every rule of the query language is here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from sayso.domain.errors import Invalid, Missing, UnknownSearchField
from sayso.domain.search import Absent, Compared, During, Field, Filter, Group, Kind, Node, OneOf, Part, Scalar, Test
from sayso.domain.second import SECONDS_LIMIT

#: How deep groups may be nested, how many filters each may have, and how many values a whole search.
DEPTH, FILTERS, VALUES = 2, 15, 1_000

#: The most a whole search may cost: its filters times the longest text of one, in characters. A scan compares each
#: contact with every text.
COST = 50_000

#: Times before these many seconds before the epoch are none.
_SECONDS_BEFORE = 2**31

_INTEGERS = 2**63

_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")

_STRINGS = """id role name avatar email email_domain phone external_id language_override browser browser_language os
location.country location.region location.city ios_app_version ios_device ios_app_device ios_os_version ios_app_name
ios_sdk_version android_app_version android_device android_app_name andoid_sdk_version android_sdk_version"""
_TIMES = """created_at signed_up_at updated_at last_seen_at last_contacted_at last_replied_at last_email_opened_at
last_email_clicked_at ios_last_seen_at android_last_seen_at"""
_BOOLEANS = "unsubscribed_from_emails marked_email_as_spam has_hard_bounced"

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(_STRINGS.split(), Kind.STRING),
    **dict.fromkeys(_TIMES.split(), Kind.TIME),
    **dict.fromkeys(_BOOLEANS.split(), Kind.BOOLEAN),
    "owner_id": Kind.INTEGER,
    "tag_id": Kind.TAG,
    "segment_id": Kind.SEGMENT,
}

#: Misspelt by everybody, as it is in every description.
_SPELT = {"andoid_sdk_version": "android_sdk_version"}

_FIELDS = {name: Field(_SPELT.get(name, name), kind) for name, kind in _KINDS.items()}

_OWNER_AS_TEXT = Field("owner_id", Kind.STRING)

_FORMATTED_PHONE = Field("formatted_phone", Kind.STRING)

_ATTRIBUTE = "custom_attributes."

#: Texts that name something: an integer is the text of its digits.
_IDENTIFIERS = frozenset({"company_id", "external_id", "id", "owner_id"})

_SAME = frozenset({"=", "!="})
_AMONG = frozenset({"IN", "NIN"})
_ORDER = frozenset({"<", "<=", ">", ">="})
_TEXT = frozenset({"~", "!~", "^", "$"})

_OPERATORS: dict[Kind, frozenset[str]] = {
    Kind.STRING: _SAME | _AMONG | _TEXT,
    Kind.INTEGER: _SAME | _AMONG | _ORDER,
    Kind.NUMBER: _SAME | _AMONG | _ORDER,
    Kind.BOOLEAN: _SAME | _AMONG,
    Kind.TIME: frozenset({"=", "<", ">"}),
    Kind.TAG: _SAME,
    Kind.SEGMENT: _SAME | _AMONG,
}
_TO_THE_SECOND = _SAME | _ORDER
_NEGATED = {"!=": "=", "NIN": "IN", "!~": "~"}


@dataclass(frozen=True, slots=True)
class Language:
    """What depends on the version and the workspace.

    `zone`: whose days times are matched by. `is_exact`: the contact's own times are matched to the second, date
    attributes by the day of UTC. `owner_is_text`: owner_id is a string. `attributes`: the kinds of the custom ones.
    `is_gone`: whether a tag was deleted, which contacts may name still. `fields`: those of contacts unless given.
    """

    zone: tzinfo
    is_exact: bool = False
    owner_is_text: bool = False
    has_formatted_phone: bool = False
    attributes: Mapping[str, Kind] | None = None
    is_gone: Callable[[str], bool] | None = None
    fields: Mapping[str, Field] | None = None

    def field(self, name: Any) -> Field:
        """Raises UnknownSearchField."""
        if not isinstance(name, str):
            raise Invalid("The field of a filter must be a string", "field")
        if name.startswith(_ATTRIBUTE):
            return self._attribute(name)
        if name == "owner_id" and self.owner_is_text:
            return _OWNER_AS_TEXT
        if name == "formatted_phone" and self.has_formatted_phone:
            return _FORMATTED_PHONE
        field = (_FIELDS if self.fields is None else self.fields).get(name)
        if field is None:
            raise UnknownSearchField(name)
        return field

    def is_to_the_second(self, field: Field) -> bool:
        """Otherwise its times are matched by the day."""
        return self.is_exact and field.kind is Kind.TIME and field.attribute is None

    def _attribute(self, name: str) -> Field:
        bare = name.removeprefix(_ATTRIBUTE)
        kind = (self.attributes or {}).get(bare)
        if kind is None:
            raise UnknownSearchField(name)
        return Field(name, kind, bare)


def parse(tree: Any, language: Language) -> Node:
    """A request's `query` as a typed tree. Raises Missing, Invalid, UnknownSearchField."""
    node = _node(tree, language, 0)
    if _values(node) > VALUES:
        raise Invalid(f"A search has at most {VALUES} values", "query")
    filters, longest = _filters(node), _longest(node)
    if filters * longest > COST:
        raise Invalid(
            f"The search is too expensive: {filters} filters times {longest} characters (the longest value of a "
            f"filter) is more than {COST}. Use fewer filters, or shorter values",
            "query",
        )
    return node


def _filters(node: Node) -> int:
    return sum(map(_filters, node.parts)) if isinstance(node, Group) else 1


def _longest(node: Node) -> int:
    """The characters of the filter with the most text."""
    if isinstance(node, Group):
        return max(map(_longest, node.parts))
    match node.test:
        case Part(_, text):
            return len(text)
        case OneOf(values):
            return sum(len(value) for value in values if isinstance(value, str))
    return 0


def _values(node: Node) -> int:
    if isinstance(node, Group):
        return sum(_values(part) for part in node.parts)
    return len(node.test.values) if isinstance(node.test, OneOf) else 1


def _node(tree: Any, language: Language, depth: int) -> Node:
    subject, field = ("A query", "query") if depth == 0 else ("Each item in the value of a group", "value")
    if not isinstance(tree, dict):
        raise Invalid(f"{subject} is a filter, or a group of them: an object", field)
    if "field" in tree:
        return _filter(tree, language)
    if "operator" not in tree:
        raise Missing(f"{subject} needs an operator, and a field or a group's filters", field)
    word = tree["operator"]
    if word not in ("AND", "OR"):
        raise Invalid("A filter needs a field, and the operator of a group must be AND or OR", "operator")
    parts = tree.get("value")
    if not isinstance(parts, list) or not 1 <= len(parts) <= FILTERS:
        raise Invalid(f"A group of filters is an array of 1 to {FILTERS}", "value")
    if depth == DEPTH:
        raise Invalid(f"Groups of filters can be nested {DEPTH} levels deep at most", "query")
    return Group(word == "AND", tuple(_node(part, language, depth + 1) for part in parts))


def _filter(tree: dict[str, Any], language: Language) -> Filter:
    field = language.field(tree["field"])
    try:
        word, value = tree["operator"], tree["value"]
    except KeyError as absent:
        (name,) = absent.args
        raise Missing(f"A filter needs {'an operator' if name == 'operator' else 'a value'}", name) from None
    allowed = _TO_THE_SECOND if language.is_to_the_second(field) else _OPERATORS[field.kind]
    if not isinstance(word, str) or word not in allowed:
        raise Invalid(f"The operator must be one of {' '.join(sorted(allowed))} for {_told(field)}", "operator")
    return Filter(field, _test(field, _NEGATED.get(word, word), value, language), word in _NEGATED)


def _test(field: Field, word: str, value: Any, language: Language) -> Test:
    """`word` is an operator that negates nothing."""
    if field.kind is Kind.TAG:
        return OneOf(_tag(field, value, language))
    if word == "IN":
        return OneOf(_each(field, value))
    if value is None and word == "=" and field.kind is not Kind.SEGMENT:
        return Absent()
    if field.kind is Kind.TIME:
        second = _second(field, value)
        return _instant(word, second) if language.is_to_the_second(field) else _day(word, second, field, language)
    if word in _ORDER:
        return Compared(word, _number(field, value) if field.kind is Kind.NUMBER else _integer(field, value))
    return OneOf((_value(field, value),)) if word == "=" else Part(word, _text(field, value))


def _each(field: Field, value: Any) -> tuple[Scalar, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= VALUES:
        raise Invalid(f"The value must be an array of 1 to {VALUES} for IN and NIN", "value")
    return tuple(_value(field, each) for each in value)


def _value(field: Field, value: Any) -> Scalar:
    reader = _READERS.get(field.kind)
    if reader is not None:
        return reader(field, value)
    if field.kind in {Kind.TAG, Kind.SEGMENT} or field.name in _IDENTIFIERS:
        value = _whole(value)
        if type(value) is int:
            return str(value)
    text = _text(field, value)
    if field.name == "role" and text not in ("user", "lead"):
        raise Invalid("The value must be user or lead for role", "value")
    return text


def _tag(field: Field, value: Any, language: Language) -> tuple[str, ...]:
    """The tag, where there is one."""
    tag_id = str(_value(field, value))
    if not tag_id.isascii() or not tag_id.isdecimal() or len(tag_id) > 20:
        return ()
    return () if language.is_gone is not None and language.is_gone(tag_id) else (tag_id,)


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(field, "a string")
    if "\0" in value:
        raise _wrong(field, "a string without NUL characters")
    return value


def _boolean(field: Field, value: Any) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise _wrong(field, "true or false")
    return value


def _whole(value: Any) -> Any:
    """Programs write `25.0` for 25."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _integer(field: Field, value: Any) -> int:
    number: int | float = _whole(_number(field, value))
    if isinstance(number, float):
        raise _wrong(field, "an integer")
    return number


def _number(field: Field, value: Any) -> int | float:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= _INTEGERS:
        raise _wrong(field, "a number")
    return value


_READERS: dict[Kind, Callable[[Field, Any], Scalar]] = {
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
}


def _second(field: Field, value: Any) -> int:
    """A fraction of a second is cut off."""
    try:
        second = int(_number(field, value))
    except Invalid:
        second = SECONDS_LIMIT
    if not -_SECONDS_BEFORE <= second < SECONDS_LIMIT:
        raise _wrong(field, "a Unix timestamp in seconds (integer)")
    return second


def _instant(word: str, second: int) -> During:
    match word:
        case "=":
            return During(second, second + 1)
        case ">":
            return During(second + 1, None)
        case ">=":
            return During(second, None)
        case "<":
            return During(None, second)
    return During(None, second + 1)


def _day(word: str, second: int, field: Field, language: Language) -> During:
    """By calendar day: `>` starts with the day after, `<` ends before the day."""
    zone = UTC if language.is_exact and field.attribute is not None else language.zone
    try:
        day = datetime.fromtimestamp(second, zone).date()
    except (OverflowError, ValueError):
        # East of Greenwich the last seconds fall into the year 10000.
        day = date.max
    start = int(datetime.combine(day, time(), zone).timestamp())
    # No day comes after the last.
    after = day + timedelta(days=1) if day < date.max else None
    following = int(datetime.combine(after, time(), zone).timestamp()) if after else SECONDS_LIMIT
    match word:
        case "=":
            return During(start, following)
        case ">":
            return During(following, None)
    return During(None, start)


def _wrong(field: Field, wanted: str) -> Invalid:
    return Invalid(f"The value must be {wanted} for {_told(field)}", "value")


def _told(field: Field) -> str:
    """Custom attributes may be named for anything: their names are not said."""
    return field.name if field.attribute is None else "this custom attribute"
