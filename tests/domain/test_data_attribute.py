"""Data attributes: what may be one, and what may be said by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cast import NOON

from sayso.domain import data_attribute as rules
from sayso.domain.data_attribute import (
    ATTRIBUTE_LIMIT,
    IN_USE_LIMIT,
    AttributeDraft,
    DataAttribute,
    Maker,
    Model,
)
from sayso.domain.errors import Invalid, TooManyAttributes


def made(known: list[DataAttribute] | None = None, **more: Any) -> DataAttribute:
    draft = AttributeDraft(**{"model": "contact", "name": "plan", "data_type": "string", **more})
    return rules.create(Maker("acme", len(known or []) + 1, "1"), draft, known or [], NOON).after


def changed(attribute: DataAttribute, known: list[DataAttribute], **more: Any) -> DataAttribute:
    change = rules.update(attribute, AttributeDraft(**more), known, NOON - 1)
    return change.after if change else attribute


@pytest.mark.parametrize(
    "name", ["paid_subscriber", "The One Ring", "cost-in-\N{EURO SIGN}", "\u00dcber", "\u0939\u093f"]
)
def test_a_name_has_letters_digits_currency_signs_hyphens_and_blanks(name: str):
    assert name == made(name=name).name


@pytest.mark.parametrize("name", [None, "", " ", "!nv@l!d n@me", "a.b", "a\0b", "a\nb", "x" * 191])
def test_no_other_name_is_one(name: str | None):
    with pytest.raises(Invalid):
        made(name=name)


@pytest.mark.parametrize(
    "more",
    [
        {"model": None},
        {"model": "conversation"},
        {"data_type": None},
        {"data_type": "mithril"},
        {"data_type": "options"},
        {"data_type": "options", "options": ("one",)},
        {"options": ("one", "one")},
        {"options": ("one", " ")},
        {"options": ("one", "x" * 256)},
        {"options": ("one", "nul\0")},
        {"options": tuple(map(str, range(501)))},
        {"data_type": "integer", "options": ("1", "2")},
        {"description": "x" * 2_001},
        {"description": "nul\0"},
    ],
)
def test_what_cannot_be_an_attribute_is_refused(more: dict[str, Any]):
    with pytest.raises(Invalid):
        made(**more)


def test_a_name_is_one_attribute_s_of_contacts_or_of_companies_whatever_its_case():
    known = [made(name="Ring", model="company")]
    for model, data in (("contact", "people"), ("company", "company")):
        with pytest.raises(Invalid) as refused:
            made(known, name="ring", model=model)
        told = "You already have 'Ring' in your company data. "
        assert f"{told}To save this as new {data} data, use a different name." == refused.value.message


def test_there_are_250_in_use_and_a_thousand_in_all():
    known: list[DataAttribute] = []
    for number in range(IN_USE_LIMIT):
        known.append(made(known, name=f"a{number}"))
    assert made(known, name="other", model="company")
    with pytest.raises(TooManyAttributes):
        made(known, name="other")
    known[0] = changed(known[0], known, archived=True)
    known.append(made(known, name="other"))
    with pytest.raises(TooManyAttributes):
        changed(known[0], known, archived=False)
    archived = [changed(one, known, archived=True) for one in known]
    spare = changed(made(name="spare"), [], archived=True)
    archived += [replace(spare, id=number) for number in range(len(known) + 1, ATTRIBUTE_LIMIT + 1)]
    with pytest.raises(TooManyAttributes):
        made(archived, name="one more")


def test_a_change_leaves_what_it_does_not_name_and_no_change_is_none():
    plan = made(options=("free", "pro"), description="x", messenger_writable=True)

    after = changed(plan, [plan], description="y")

    assert ("y", ("free", "pro"), True, 2, NOON) == (
        after.description,
        after.options,
        after.messenger_writable,
        after.revision,
        after.updated_at,
    )
    assert rules.update(plan, AttributeDraft(description="x", archived=False), [plan], NOON) is None


VALUES = {
    "string": (["", "free"], [1, True, 1.5, ["free"]]),
    "integer": ([0, -7, 5.0], [True, 1.5, "5"]),
    "float": ([0, 1.5], [True, "1.5"]),
    "boolean": ([True, False], [1, "true"]),
    "date": ([0, 2**31, 253_402_300_799], [-1, 253_402_300_800, True, "2026-01-01"]),
    "datetime": ([0, 1_700_000_000], [10**12, "now"]),
}


@pytest.mark.parametrize("data_type", VALUES)
def test_a_value_is_of_its_attribute_s_type_or_null(data_type: str):
    known = {"a": made(name="a", data_type=data_type)}
    right, wrong = VALUES[data_type]

    for value in (*right, None):
        assert {"a": value} == rules.check_values(known, {"a": value})
    for value in wrong:
        with pytest.raises(Invalid):
            rules.check_values(known, {"a": value})


def test_a_value_is_one_of_the_options_where_there_are_any():
    known = {"plan": made(options=("free", "pro"))}

    assert {"plan": "pro"} == rules.check_values(known, {"plan": "pro"})
    with pytest.raises(Invalid):
        rules.check_values(known, {"plan": "Pro"})


def test_nothing_is_said_by_what_is_archived_or_not_there():
    archived = changed(made(), [], archived=True)

    for known in ({}, {"plan": archived}):
        with pytest.raises(Invalid):
            rules.check_values(known, {"plan": None})


@given(st.dictionaries(st.sampled_from(["a", "b_at", "c"]), st.none() | st.booleans() | st.integers() | st.text()))
@settings(max_examples=50)
def test_what_is_learned_from_values_takes_them(values: dict[str, Any]):
    drafts = rules.unknown({}, values)
    known = {draft.name: made(name=draft.name, data_type=draft.data_type) for draft in drafts}

    said = {name: value for name, value in values.items() if value is not None}
    assert said == rules.check_values(known, said)
    assert {Model.CONTACT} >= {one.model for one in known.values()}
