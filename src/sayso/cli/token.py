"""`sayso token`: create, list, revoke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sayso.cli import data, output
from sayso.cli.failure import Wrong

if TYPE_CHECKING:
    from sayso.domain.access import Token, Workspace
    from sayso.service.region import Region

SCOPES = ("read", "write", "admin")


@click.group("token")
def command() -> None:
    """Make, list and revoke access tokens. Servers that are running follow within two seconds."""


@command.command()
@click.option("--name", required=True, help="What it is for, to know it by later.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help="May be repeated; none includes another [default: read, write].",
)
@data.of_workspace
@data.options
def create(name: str, scopes: tuple[str, ...], workspace_id: str | None, **where: Any) -> None:
    """Make a token. Its value goes to stdout this once; only its SHA-256 is kept."""
    if not name.strip() or len(name) > 255:
        raise Wrong("--name: a token's name has 1 to 255 characters")

    async def make(region: Region, workspace: Workspace) -> tuple[Token, str]:
        from sayso.domain.access import Scope
        from sayso.domain.act import OPERATOR

        granted = [Scope(scope) for scope in scopes or ("read", "write")]
        return await region.access.create(workspace.id, name, granted, region.name, author=OPERATOR)

    place = data.Where(**where)
    token, value = place.run_in_workspace(workspace_id, make)
    if place.as_json:
        output.show_json({**_form(token), "value": value})
        return
    click.echo(f"Token {token.id}, for {', '.join(sorted(token.scopes))}; its value is shown this once:", err=True)
    click.echo(value)


@command.command("list")
@data.of_workspace
@data.options
def list_all(workspace_id: str | None, **where: Any) -> None:
    """List tokens, revoked ones too, by the last four characters of their values."""

    async def read(region: Region, workspace: Workspace) -> list[Token]:
        return await region.access.all(workspace.id)

    place = data.Where(**where)
    found = [_form(token) for token in place.run_in_workspace(workspace_id, read)]
    if place.as_json:
        output.show_json({"tokens": found})
        return
    headings = ("id", "name", "hint", "scopes", "created_at", "revoked_at")
    rows = [list({**one, "scopes": " ".join(one["scopes"])}.values()) for one in found]
    output.show_rows(headings, rows)


@command.command()
@click.argument("token_id")
@data.of_workspace
@data.options
def revoke(token_id: str, workspace_id: str | None, **where: Any) -> None:
    """Take a token back, for good."""

    async def take_back(region: Region, workspace: Workspace) -> None:
        from sayso.domain.act import OPERATOR

        await region.access.revoke(workspace.id, token_id, author=OPERATOR)

    place = data.Where(**where)
    place.run_in_workspace(workspace_id, take_back)
    if place.as_json:
        output.show_json({"id": token_id, "revoked": True})
    else:
        click.echo(f"Token {token_id} is revoked.")


def _form(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "hint": f"...{token.hint}",
        "scopes": sorted(token.scopes),
        "created_at": output.time(token.created_at),
        "revoked_at": output.time(token.revoked_at),
    }
