"""`sayso workspace`: create, set and list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sayso.cli import data, output
from sayso.cli.failure import Wrong

if TYPE_CHECKING:
    from sayso.domain.access import Workspace
    from sayso.service.region import Region


@click.group("workspace")
def command() -> None:
    """Make, set and list workspaces: the tenants, each with contacts, types and tokens of its own."""


@command.command()
@click.argument("name")
@click.option("--api-version", default="2.11", show_default=True, help="Intercom's version for clients that name none.")
@click.option("--timezone", default="UTC", show_default=True, help="Such as Europe/Berlin.")
@click.option("--admin-email", default="admin@example.com", show_default=True, help="Address of its first admin.")
@click.option("--admin-name", default="Admin", show_default=True, help="Name of its first admin.")
@data.options
def create(name: str, api_version: str, timezone: str, admin_email: str, admin_name: str, **where: Any) -> None:
    """Make a workspace with its first admin, and show its id."""
    check_api_version(api_version)
    _check_timezone(timezone)
    _check_admin(admin_email, admin_name)

    async def make(region: Region) -> Workspace:
        from sayso.domain.act import OPERATOR

        return await region.workspaces.create(
            name,
            api_version=api_version,
            timezone=timezone,
            admin_email=admin_email,
            admin_name=admin_name,
            author=OPERATOR,
        )

    place = data.Where(**where)
    made = place.run(make)
    if place.as_json:
        output.show_json(_form(made))
    else:
        output.show_facts(_form(made))


@command.command("set")
@click.option("--api-version", required=True, help="Intercom's version for clients that name none.")
@data.of_workspace
@data.options
def set_(api_version: str, workspace_id: str | None, **where: Any) -> None:
    """Change a workspace, and show it. A running server follows within a second."""
    check_api_version(api_version)

    async def change(region: Region, workspace: Workspace) -> Workspace:
        return await region.workspaces.set_api_version(workspace.id, api_version)

    place = data.Where(**where)
    changed = place.run_in_workspace(workspace_id, change)
    if place.as_json:
        output.show_json(_form(changed))
    else:
        output.show_facts(_form(changed))


@command.command("list")
@data.options
def list_all(**where: Any) -> None:
    """List workspaces, the oldest first."""

    async def read(region: Region) -> list[Workspace]:
        return await region.workspaces.all()

    place = data.Where(**where)
    found = [_form(workspace) for workspace in place.run(read, existing=True)]
    if place.as_json:
        output.show_json({"workspaces": found})
    else:
        output.show_rows(("id", "name", "api_version", "timezone", "created_at"), [list(one.values()) for one in found])


def _form(workspace: Workspace) -> dict[str, Any]:
    return {
        "id": workspace.id,
        "name": workspace.name,
        "api_version": workspace.api_version,
        "timezone": workspace.timezone,
        "created_at": output.time(workspace.created_at),
    }


def check_api_version(name: str) -> None:
    """Raises Wrong."""
    from sayso.intercom.versions import named

    if named(name.encode("utf-8", "surrogateescape")) is None:
        raise Wrong(f"--api-version: there is no version {name}; there are 2.7 to 2.16, Preview and Unstable")


def _check_timezone(name: str) -> None:
    from zoneinfo import ZoneInfo

    try:
        if name != "UTC":
            ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Wrong(f"--timezone: there is no time zone {name}; one is called Europe/Berlin") from None


def _check_admin(email: str, name: str) -> None:
    from sayso.domain.admin import check_admin
    from sayso.domain.errors import Invalid

    try:
        check_admin(email, name)
    except Invalid as error:
        raise Wrong(f"--{str(error.field).replace('_', '-')}: {error.message}") from None
