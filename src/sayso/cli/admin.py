"""`sayso admin`: create and list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sayso.cli import data, output
from sayso.cli.failure import Wrong

if TYPE_CHECKING:
    from sayso.domain.access import Workspace
    from sayso.domain.admin import Admin
    from sayso.service.region import Region


@click.group("admin")
def command() -> None:
    """Make and list admins: the people who own contacts and write notes. Running servers follow within a second."""


@command.command()
@click.option("--email", required=True, help="Their address; no other admin of the workspace may have it.")
@click.option("--name", required=True, help="What others read.")
@data.of_workspace
@data.options
def create(email: str, name: str, workspace_id: str | None, **where: Any) -> None:
    """Make an admin, and show its id."""
    _check(email, name)

    async def make(region: Region, workspace: Workspace) -> Admin:
        from sayso.domain.act import OPERATOR

        return await region.admins.create(workspace.id, email, name, author=OPERATOR)

    place = data.Where(**where)
    made = place.run_in_workspace(workspace_id, make)
    if place.as_json:
        output.show_json(_form(made))
    else:
        output.show_facts(_form(made))


@command.command("list")
@data.of_workspace
@data.options
def list_all(workspace_id: str | None, **where: Any) -> None:
    """List admins, the oldest first."""

    async def read(region: Region, workspace: Workspace) -> list[Admin]:
        return await region.admins.all(workspace.id)

    place = data.Where(**where)
    found = [_form(admin) for admin in place.run_in_workspace(workspace_id, read)]
    if place.as_json:
        output.show_json({"admins": found})
    else:
        output.show_rows(("id", "email", "name"), [list(one.values()) for one in found])


def _form(admin: Admin) -> dict[str, Any]:
    return {"id": admin.id, "email": admin.email, "name": admin.name}


def _check(email: str, name: str) -> None:
    from sayso.domain.admin import check_admin
    from sayso.domain.errors import Invalid

    try:
        check_admin(email, name)
    except Invalid as error:
        raise Wrong(f"--{str(error.field).removeprefix('admin_')}: {error.message}") from None
