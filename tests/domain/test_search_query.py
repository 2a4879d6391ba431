"""The query language: which searches there are, what they mean, and why others are refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sayso.domain.errors import Invalid, Missing, UnknownSearchField, WrongCursor, WrongSortOrder
from sayso.domain.search import Absent, Compared, During, Field, Filter, Group, Kind, OneOf, Part
from sayso.domain.search_order import CREATION, Mark, Order, parse_order
from sayso.domain.search_query import Language, parse

ATTRIBUTES = {"plan": Kind.STRING, "seats": Kind.INTEGER, "rate": Kind.NUMBER, "paid": Kind.BOOLEAN, "due": Kind.TIME}
BERLIN = Language(ZoneInfo("Europe/Berlin"), attributes=ATTRIBUTES)
V2_16 = Language(UTC, owner_is_text=True, has_formatted_phone=True, attributes=ATTRIBUTES)
PREVIEW = Language(ZoneInfo("Europe/Berlin"), is_exact=True, attributes=ATTRIBUTES)

NAME = Field("name", Kind.STRING)
CREATED = Field("created_at", Kind.TIME)

EVERY = ["=", "!=", "IN", "NIN", "<", "<=", ">", ">=", "~", "!~", "^", "$"]

#: A value that the field takes, and the operators that do.
TAKEN: dict[str, tuple[Any, str]] = {
    "name": ("x", "= != IN NIN ~ !~ ^ $"),
    "location.city": ("x", "= != IN NIN ~ !~ ^ $"),
    "andoid_sdk_version": ("x", "= != IN NIN ~ !~ ^ $"),
    "custom_attributes.plan": ("x", "= != IN NIN ~ !~ ^ $"),
    "unsubscribed_from_emails": (True, "= != IN NIN"),
    "custom_attributes.paid": (False, "= != IN NIN"),
    "owner_id": (1, "= != IN NIN < <= > >="),
    "custom_attributes.seats": (1, "= != IN NIN < <= > >="),
    "custom_attributes.rate": (1.5, "= != IN NIN < <= > >="),
    "tag_id": ("1", "= !="),
    "segment_id": ("1", "= != IN NIN"),
    "created_at": (1_700_000_000, "= < >"),
    "ios_last_seen_at": (1_700_000_000, "= < >"),
    "custom_attributes.due": (1_700_000_000, "= < >"),
}


def search(field: str, operator: str, value: Any, language: Language = BERLIN) -> Any:
    return parse({"field": field, "operator": operator, "value": value}, language)


def refused(tree: Any, language: Language = BERLIN) -> Invalid:
    with pytest.raises(Invalid) as caught:
        parse(tree, language)
    return caught.value


@pytest.mark.parametrize("name", TAKEN)
def test_a_field_takes_the_operators_of_its_type_and_no_others(name: str):
    value, allowed = TAKEN[name]
    for operator in EVERY:
        tree = {"field": name, "operator": operator, "value": [value] if operator in ("IN", "NIN") else value}
        if operator in allowed.split():
            assert isinstance(parse(tree, BERLIN), Filter), operator
        else:
            assert "operator" == refused(tree).field, operator


def test_in_preview_the_contact_s_own_times_compare_in_every_way_and_date_attributes_as_before():
    for operator in ("=", "!=", "<", "<=", ">", ">="):
        assert search("created_at", operator, 5, PREVIEW)
    for operator in ("IN", "~"):
        assert "operator" == refused({"field": "created_at", "operator": operator, "value": [5]}, PREVIEW).field
    assert "operator" == refused({"field": "custom_attributes.due", "operator": ">=", "value": 5}, PREVIEW).field


NOON = int(datetime(2020, 1, 1, 12, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("=", During(NOON - 13 * 3600, NOON + 11 * 3600)),
        (">", During(NOON + 11 * 3600, None)),
        ("<", During(None, NOON - 13 * 3600)),
    ],
)
def test_a_time_is_matched_by_the_day_of_the_workspace(operator: str, expected: During):
    for value in (NOON, str(NOON), NOON + 60):
        assert Filter(CREATED, expected) == search("created_at", operator, value)


def test_a_day_has_as_many_hours_as_the_clocks_there_gave_it():
    def hours(zone: str, *day: int) -> float:
        test = search(
            "created_at", "=", int(datetime(*day, 12, tzinfo=ZoneInfo(zone)).timestamp()), Language(ZoneInfo(zone))
        ).test
        return (test.below - test.least) / 3600

    assert [23, 25, 24] == [hours("Europe/Berlin", 2026, month, day) for month, day in ((3, 29), (10, 25), (6, 1))]
    assert 23 == hours("America/Sao_Paulo", 2018, 11, 4)
    assert 24 == hours("Pacific/Apia", 2011, 12, 29)


def test_in_preview_a_time_is_matched_to_the_second_and_a_date_attribute_by_the_day_of_utc():
    expected = {
        "=": During(NOON, NOON + 1),
        ">": During(NOON + 1, None),
        ">=": During(NOON, None),
        "<": During(None, NOON),
        "<=": During(None, NOON + 1),
    }
    assert expected == {operator: search("updated_at", operator, NOON, PREVIEW).test for operator in expected}
    assert Filter(Field("updated_at", Kind.TIME), During(NOON, NOON + 1), True) == search(
        "updated_at", "!=", NOON, PREVIEW
    )
    assert During(NOON + 12 * 3600, None) == search("custom_attributes.due", ">", NOON, PREVIEW).test
    assert During(NOON + 11 * 3600, None) == search("custom_attributes.due", ">", NOON).test


def test_values_are_taken_in_the_forms_that_clients_send():
    assert OneOf(("x",)) == search("name", "=", "x").test
    assert Filter(NAME, OneOf(("x", "y")), True) == search("name", "NIN", ["x", "y"])
    assert Filter(NAME, Part("~", "x"), True) == search("name", "!~", "x")
    assert Filter(NAME, Absent()) == search("name", "=", None)
    assert Filter(NAME, Absent(), True) == search("name", "!=", None)
    assert [OneOf((5,))] * 2 == [search("owner_id", "=", value).test for value in (5, "5")]
    assert [OneOf(("5",))] * 2 == [search("owner_id", "=", value, V2_16).test for value in (5, "5")]
    assert [OneOf(("5",))] * 2 == [search("tag_id", "=", value).test for value in (5, "5")]
    assert OneOf((True, False)) == search("unsubscribed_from_emails", "IN", [True, "false"]).test
    assert Compared(">", 1.5) == search("custom_attributes.rate", ">", "1.5").test
    assert "android_sdk_version" == search("andoid_sdk_version", "=", "x").field.name


def test_the_id_of_a_tag_that_is_none_or_was_deleted_finds_nobody():
    gone = Language(UTC, is_gone=lambda tag_id: tag_id == "7")

    assert [OneOf(())] * 4 == [search("tag_id", "=", value, gone).test for value in (7, "x", "", "1 2")]
    assert OneOf(("8",)) == search("tag_id", "=", "8", gone).test


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("name", "=", 5),
        ("name", "=", ["x"]),
        ("name", "=", {}),
        ("name", "=", "a\0b"),
        ("name", "IN", "x"),
        ("name", "IN", []),
        ("name", "IN", [None]),
        ("name", "IN", ["x"] * 1_001),
        ("name", "~", None),
        ("role", "=", "admin"),
        ("created_at", "=", "foorbar"),
        ("created_at", "=", True),
        ("created_at", "=", 253_402_300_800),
        ("created_at", "=", 10**400),
        ("created_at", ">", None),
        ("created_at", "=", ""),
        ("owner_id", "=", "x"),
        ("owner_id", "=", 2**63),
        ("owner_id", "=", "9" * 5_000),
        ("owner_id", "=", "\u0665"),
        ("unsubscribed_from_emails", "=", 1),
        ("unsubscribed_from_emails", "=", "yes"),
        ("custom_attributes.rate", "=", "1e5"),
        ("custom_attributes.rate", "=", True),
        ("custom_attributes.rate", "=", 1e300),
        ("tag_id", "=", None),
        ("tag_id", "=", 1.5),
    ],
)
def test_a_value_of_another_type_is_refused(field: str, operator: str, value: Any):
    assert "value" == refused({"field": field, "operator": operator, "value": value}).field


def test_what_is_no_field_of_a_search_is_refused_by_its_name():
    for name in ("opted_in_subscription_types", "", "custom_attributes.unknown", "custom_attributes.", "company_id"):
        with pytest.raises(UnknownSearchField, match=f"^{name} is not a valid search field"):
            search(name, "=", "x")
    with pytest.raises(UnknownSearchField):
        search("formatted_phone", "=", "x")
    assert search("formatted_phone", "=", "x", V2_16)
    for name in (None, 5, [], {}):
        assert "field" == refused({"field": name, "operator": "=", "value": 1}).field


def group(word: str, *parts: Any) -> dict[str, Any]:
    return {"operator": word, "value": list(parts)}


IS_X = {"field": "name", "operator": "=", "value": "x"}
X = Filter(NAME, OneOf(("x",)))


def test_filters_are_grouped_to_two_levels_and_fifteen_of_them():
    assert Group(True, (X, Group(False, (X, X)))) == parse(group("AND", IS_X, group("OR", IS_X, IS_X)), BERLIN)
    assert 15 == len(parse(group("OR", *[IS_X] * 15), BERLIN).parts)

    assert isinstance(refused(group("OR", *[IS_X] * 16)), Invalid)
    assert "query" == refused(group("AND", group("OR", group("AND", IS_X)))).field
    deep: Any = IS_X
    for _ in range(5_000):
        deep = group("AND", deep)
    assert "query" == refused(deep).field


def test_a_whole_search_has_no_more_values_than_a_statement_takes():
    many = {"field": "name", "operator": "IN", "value": ["x"] * 600}

    assert "query" == refused(group("AND", many, many)).field


@pytest.mark.parametrize(
    "tree",
    [
        *(None, [], "x", 5, group("AND"), group("and", IS_X), group("AND", None), group("XOR", IS_X)),
        *({"operator": "AND"}, {"operator": [], "value": [IS_X]}, {"operator": "AND", "value": IS_X}),
    ],
)
def test_what_is_neither_filter_nor_group_is_refused(tree: Any):
    assert type(refused(tree)) is Invalid


@pytest.mark.parametrize("lacking", ["operator", "value"])
def test_a_filter_that_lacks_a_part_is_told_which(lacking: str):
    with pytest.raises(Missing) as caught:
        parse({name: value for name, value in IS_X.items() if name != lacking}, BERLIN)
    assert lacking == caught.value.field
    with pytest.raises(Missing):
        parse({}, BERLIN)


def test_an_order_is_by_a_field_and_descending_unless_told():
    assert CREATION == parse_order(None, V2_16)
    assert Order(CREATED, True) == parse_order({"field": "created_at"}, V2_16)
    assert Order(NAME, False) == parse_order({"field": "name", "order": "ascending"}, V2_16)
    assert Order(None, True) == parse_order({}, V2_16)

    with pytest.raises(WrongSortOrder, match=r"^Invalid sort order 'desc'\. Must be one of: ascending, descending"):
        parse_order({"field": "name", "order": "desc"}, V2_16)
    for order in (5, [], {"a": 1}, True):
        with pytest.raises(WrongSortOrder):
            parse_order({"order": order}, V2_16)
    for field in ("tag_id", "segment_id", "unknown", "custom_attributes.plan"):
        with pytest.raises(UnknownSearchField):
            parse_order({"field": field}, V2_16)
    for sort in (5, [], "name"):
        with pytest.raises(Invalid):
            parse_order(sort, V2_16)


def test_a_mark_is_read_back_and_what_is_none_is_refused():
    by_name = Order(NAME)
    for order, key in ((CREATION, 5), (Order(CREATED), -1), (by_name, 'ä🙂"\\'), (by_name, "")):
        mark = Mark(key, "0" * 24, 2, 7)
        assert mark == Mark.of(mark.word(), order)
    for order, key in (
        (CREATION, "x"),
        (by_name, 5),
        (CREATION, True),
        (CREATION, 2**53),
        (by_name, "a\0"),
        (by_name, "x" * 5_000),
    ):
        with pytest.raises(WrongCursor):
            Mark.of(Mark(key, "0" * 24, 2, 7).word(), order)
    for word in (
        "x",
        "W10",
        "W3RydWUsImEiLDEsMV0",
        "WyJcdWQ4MDAiLCIwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAiLDEsMV0",
        "W1tb" * 5_000,
    ):
        for order in (CREATION, by_name):
            with pytest.raises(WrongCursor):
                Mark.of(word, order)


def any_of(*filters: Any) -> dict[str, Any]:
    return {"operator": "OR", "value": list(filters)}


def named(operator: str, value: Any) -> dict[str, Any]:
    return {"field": "name", "operator": operator, "value": value}


@pytest.mark.parametrize(
    "of_length",
    [
        lambda more: named("~", "x" * (50_000 + more)),
        lambda more: any_of(named("=", "x" * (25_000 + more)), named("=", "x")),
        lambda more: any_of(*[any_of(*[named("~", "x" * (222 + more))] * 15)] * 15),
        lambda more: named("IN", ["x" * 50] * 999 + ["x" * (50 + more)]),
    ],
    ids=["one text", "two filters", "225 filters", "a list"],
)
def test_a_search_may_cost_so_much_and_no_more(of_length: Callable[[int], Any]):
    parse(of_length(0), BERLIN)

    error = refused(of_length(1))

    assert ("query", True) == (error.field, "more than 50000" in error.message)


def test_numbers_and_times_cost_nothing():
    seats = {"field": "custom_attributes.seats", "operator": "IN", "value": [*range(1_000)]}

    assert parse(seats, BERLIN)
