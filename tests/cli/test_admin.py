"""`sayso admin`: admins made and listed."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Sayso


def test_admins_are_made_and_listed(sayso: Sayso):
    sayso("workspace", "create", "Acme")
    made = sayso("admin", "create", "--email", "ada@example.com", "--name", "Ada Example")

    assert (0, "") == (made.code, made.err)
    assert ["id     2", "email  ada@example.com", "name   Ada Example"] == made.out.splitlines()
    assert [
        {"id": "1", "email": "admin@example.com", "name": "Admin"},
        {"id": "2", "email": "ada@example.com", "name": "Ada Example"},
    ] == sayso("admin", "list", "--json").json["admins"]
    assert ["id", "email", "name"] == sayso("admin", "list").out.splitlines()[0].split()
    third = sayso("admin", "create", "--email", "bob@example.com", "--name", "Bob", "--json")
    assert {"id": "3", "email": "bob@example.com", "name": "Bob"} == third.json


@pytest.mark.parametrize(
    ("email", "name", "code", "told"),
    [
        ("nobody", "Ada", 2, "sayso: --email: an admin's email is an address such as admin@example.com\n"),
        ("ada@example.com", " ", 2, "sayso: --name: an admin's name has 1 to 255 characters\n"),
        ("Admin@example.com", "Ada", 1, "sayso: there is an admin with this email already\n"),
    ],
)
def test_an_admin_that_cannot_be_is_refused_in_one_line(sayso: Sayso, email: str, name: str, code: int, told: str):
    sayso("workspace", "create", "Acme")

    said = sayso("admin", "create", "--email", email, "--name", name)

    assert (code, "", told) == (said.code, said.out, said.err)
    assert 1 == len(sayso("admin", "list", "--json").json["admins"])
