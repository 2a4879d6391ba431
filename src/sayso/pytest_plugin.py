"""The fixture `sayso`: a Sayso of the test's own, in place of Intercom.

Loaded by every pytest that runs where Sayso is installed, so nothing is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sayso.testing import Sayso


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("sayso_api_version", "Intercom's version for clients that name none.", default="2.11")


@pytest.fixture(scope="session")
def sayso_server(pytestconfig: pytest.Config) -> Iterator[Sayso]:
    """A server that lives as long as the tests do; `sayso` is the same, put back for each test."""
    from sayso.testing import running

    with running(api_version=pytestconfig.getini("sayso_api_version")) as server:
        yield server


@pytest.fixture
def sayso(sayso_server: Sayso) -> Sayso:
    """A server that holds nothing yet: `sayso.url` and `sayso.token` are what a client of Intercom's needs."""
    sayso_server.reset()
    return sayso_server
