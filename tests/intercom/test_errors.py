"""Errors on Intercom's wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sayso.domain import errors as domain
from sayso.intercom.errors import TABLE, rendered


def every(error: type[domain.SaysoError] = domain.SaysoError) -> Iterator[type[domain.SaysoError]]:
    yield error
    for kind in error.__subclasses__():
        if kind.__module__ == domain.__name__:
            yield from every(kind)


def test_every_error_of_the_domain_is_mapped():
    assert set(every()) == set(TABLE)


@pytest.mark.parametrize("error", list(every()), ids=lambda error: error.__name__)
def test_every_error_is_an_error_status(error: type[domain.SaysoError]):
    assert 400 <= TABLE[error].status < 600


def test_a_store_that_cannot_take_it_says_when_to_come_back():
    assert (b"retry-after", b"5") in rendered(domain.Unavailable("not now", retry_after=5), "req1").headers
