"""Regions: a token's value says which one it is of."""

from __future__ import annotations

import pytest

from sayso.domain.region import NAMES, of_token, token


@pytest.mark.parametrize("name", NAMES)
def test_a_token_s_region_is_read_from_its_value(name: str):
    assert f"sayso_{name}_secret" == token(name, "secret")
    assert name == of_token(token(name, "secret").encode())


@pytest.mark.parametrize(
    "value", [b"", b"eu", b"sayso_", b"sayso_eu", b"sayso_xx_a", b"Sayso_eu_a", b"sayso_\xff\xff_a"]
)
def test_a_value_that_somebody_else_chose_is_of_no_region(value: bytes):
    assert of_token(value) is None
