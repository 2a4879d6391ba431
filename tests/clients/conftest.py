"""Servers of a module's own, so that a walk through all contacts meets no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from tests.running import Running


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("quiet"), "--demo") as running:
        yield running


class Workspace(NamedTuple):
    """A server whose workspace has 500 contacts and 120 companies, and a tag; their ids."""

    server: Running
    contacts: set[str]
    companies: set[str]
    tag: str


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Running(tmp_path_factory.mktemp("connectors"), SAYSO_RATE_LIMIT="1000000") as server, server.client as client:

        def make(path: str, **body: object) -> str:
            made = client.post(path, json=body)
            assert 200 == made.status_code, made.text
            return made.json()["id"]

        contacts = [make("/contacts", email=f"{number}@example.com", name=f"No. {number}") for number in range(500)]
        companies = [make("/companies", company_id=str(number), name=f"No. {number}") for number in range(120)]
        tag = make("/tags", name="VIP")
        make(f"/contacts/{contacts[0]}/tags", id=tag)
        # More than a contact's own object lists.
        for company in companies[:12]:
            make(f"/contacts/{contacts[0]}/companies", id=company)
        yield Workspace(server, set(contacts), set(companies), tag)
