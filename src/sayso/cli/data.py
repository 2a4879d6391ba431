"""Which data a command works on: the options that say so, and the way in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sayso.cli.failure import Wrong
from sayso.cli.paths import WORKSPACE

if TYPE_CHECKING:
    from sayso.domain.access import Workspace
    from sayso.service.region import Region
    from sayso.settings import Settings
    from sayso.storage.database import Database

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def options(command: F) -> F:
    """--json, and what says where the data lies; the command gets them as one `where`."""
    for option in reversed(
        (
            click.option("--data-dir", metavar="DIR", help="Folder in which the embedded database lies."),
            click.option(
                "--database-url",
                metavar="URL",
                help="sqlite:///path or postgresql://..., in place of the data directory.",
            ),
            click.option("--region", metavar="NAME", help="The region whose data is meant: us, eu or au."),
            click.option("--config", "config_file", metavar="FILE", help="Settings file [default: sayso.toml]."),
            click.option("--json", "as_json", is_flag=True, help="Answer in JSON; failures too, on stderr."),
        )
    ):
        command = option(command)
    return command


def of_workspace(command: F) -> F:
    help_ = "Needed where there are several."
    return click.option("--workspace", "workspace_id", metavar="ID", type=WORKSPACE, help=help_)(command)


@dataclass(frozen=True)
class Where:
    """What the options said. Commands take them as keyword arguments and make this of them."""

    data_dir: str | None
    database_url: str | None
    region: str | None
    config_file: str | None
    as_json: bool

    def loaded(self) -> tuple[Settings, dict[str, str]]:
        """The settings and their sources. Raises WrongSetting."""
        from sayso.settings import load

        flags = {"data_dir": self.data_dir, "database_url": self.database_url}
        settings, sources = load(flags, file=self.config_file)
        if self.region is None or self.region in (settings.region, *settings.regions):
            return settings, sources
        if settings.regions:
            served = ", ".join(sorted({settings.region, *settings.regions}))
            raise Wrong(f"region {self.region} is not among those of the settings: {served}")
        return load({**flags, "region": self.region}, file=self.config_file)

    def database(self) -> tuple[str, Database]:
        """The region meant, and its database."""
        settings, _ = self.loaded()
        name = self.region or settings.region
        return name, self.databases()[name]

    def databases(self) -> dict[str, Database]:
        """The database of each region meant: of all, where none was named."""
        from sayso.settings import databases
        from sayso.storage.database import at

        settings, _ = self.loaded()
        found = {name: at(url, settings.database_timeout) for name, url in databases(settings).items()}
        return {self.region: found[self.region]} if self.region else found

    def run(self, work: Callable[[Region], Awaitable[T]], *, existing: bool = False) -> T:
        """Do some work on the region's data. `existing`: refuse to make a database where there is none."""
        import asyncio

        name, database = self.database()

        async def opened() -> T:
            from sayso.deployment import opened_beside

            if existing:
                await refuse_missing(database)
            async with opened_beside(database, name) as region:
                return await work(region)

        return asyncio.run(opened())

    def run_in_workspace(
        self,
        workspace_id: str | None,
        work: Callable[[Region, Workspace], Awaitable[T]],
    ) -> T:
        """Do some work in the workspace named, or in the only one; so the database must be there."""

        async def found(region: Region) -> T:
            return await work(region, await _workspace(region, workspace_id))

        return self.run(found, existing=True)


async def refuse_missing(database: Database) -> None:
    """Raises NotFound where there is no database, Unavailable where it awaits a migration."""
    from sayso.domain.errors import NotFound, Unavailable

    if not await database.exists():
        raise NotFound(f"there is no database {database.name}: name its folder with --data-dir")
    if await database.still_pending():
        raise Unavailable(f"{database.name} awaits a migration: run `sayso migrate` first")


async def _workspace(region: Region, workspace_id: str | None) -> Workspace:
    from sayso.domain.errors import NotFound

    workspaces = await region.workspaces.all()
    if workspace_id is not None:
        named = [workspace for workspace in workspaces if workspace.id == workspace_id]
        if not named:
            raise NotFound(f"there is no workspace {workspace_id}; `sayso workspace list` shows those there are")
        return named[0]
    if not workspaces:
        raise NotFound("there is no workspace yet: make one with `sayso workspace create NAME`")
    if len(workspaces) > 1:
        ids = ", ".join(workspace.id for workspace in workspaces)
        raise Wrong(f"there are several workspaces, choose one with --workspace: {ids}")
    return workspaces[0]
