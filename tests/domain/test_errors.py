"""Every error of the domain has an answer on every surface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sayso.api.errors import TABLE as API
from sayso.domain import errors as domain
from sayso.intercom.errors import TABLE as INTERCOM

every_surface = pytest.mark.parametrize("table", [API, INTERCOM], ids=["api", "intercom"])


def every(error: type[domain.SaysoError] = domain.SaysoError) -> Iterator[type[domain.SaysoError]]:
    yield error
    for kind in error.__subclasses__():
        if kind.__module__ == domain.__name__:
            yield from every(kind)


@every_surface
def test_every_error_of_the_domain_is_mapped(table: Mapping[type[domain.SaysoError], Any]):
    assert set(every()) == set(table)


@every_surface
def test_every_error_is_an_error_status(table: Mapping[type[domain.SaysoError], Any]):
    assert all(400 <= answer.status < 600 for answer in table.values())


def test_the_drawn_tree_names_every_error():
    drawn = (domain.__doc__ or "").split()

    assert set(drawn) >= {error.__name__ for error in every()}


@pytest.mark.parametrize("name", ["plan", "Größe in €", "custom_attributes.plan (old)", "a-b_c.d"])
def test_an_error_repeats_a_name(name: str):
    assert name == domain.shown(name)


@pytest.mark.parametrize("name", ["bob@example.com", "+353871234567", "job\0", "a\nb", "\ud800"])
def test_an_error_repeats_no_address_and_nothing_that_shows_badly(name: str):
    assert "…" == domain.shown(name)


def test_an_error_repeats_no_long_text():
    assert 255 == len(domain.shown("x" * 900_000))
