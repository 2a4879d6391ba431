"""`sayso serve`: the server, and what it says when it starts."""

from __future__ import annotations

from dataclasses import fields
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from sayso import settings as known
from sayso.cli.failure import Wrong
from sayso.cli.workspace import check_api_version

if TYPE_CHECKING:
    from sayso.service.first_start import Start
    from sayso.service.region import Regions
    from sayso.settings import Settings


def _options(command: Any) -> Any:
    """A flag for each setting that can have one. What they hold is checked with the settings, not here."""
    for setting in reversed([one for one in fields(known.Settings) if one.name in known.FLAGS]):
        flag, about = known.flag(setting.name), f"{setting.metadata['help']} [default: {_default(setting.default)}]"
        if isinstance(setting.default, bool):
            option = click.option(f"{flag}/--no-{flag[2:]}", default=None, help=about)
        else:
            option = click.option(flag, metavar=_METAVARS[setting.name], help=about)
        command = option(command)
    return command


_METAVARS = {
    "host": "ADDRESS",
    "port": "NUMBER",
    "data_dir": "DIR",
    "database_url": "URL",
    "database_timeout": "SECONDS",
    "workers": "NUMBER",
    "region": "NAME",
    "public_url": "URL",
    "max_connections_per_address": "NUMBER",
    "rate_limit": "NUMBER",
    "tls_cert": "FILE",
    "tls_key": "FILE",
    "trusted_proxies": "NETWORKS",
    "log_format": "FORMAT",
    "drain_seconds": "NUMBER",
}


def _default(value: Any) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value) or "none"


@click.command("serve")
@click.option("--demo", is_flag=True, help="Add contacts and types to try things on, and a fresh token at each start.")
@click.option(
    "--api-version",
    metavar="VERSION",
    help="With --demo or --ephemeral: Intercom's version for clients that name none.",
)
@click.option("--config", "config_file", metavar="FILE", help="Settings file [default: sayso.toml].")
@_options
@click.option("--json", "as_json", is_flag=True, help="Say where it listens in JSON; failures too, on stderr.")
def command(demo: bool, api_version: str | None, config_file: str | None, as_json: bool, **flags: Any) -> None:
    """Serve until SIGTERM or SIGINT; what was accepted by then is answered.

    The first start makes the data directory, a workspace, and a token that is shown once.
    """
    settings, _ = known.load(flags, file=config_file)
    if api_version is not None:
        check_api_version(api_version)
        if not (demo or settings.ephemeral):
            raise Wrong("--api-version goes with --demo or --ephemeral; else use `sayso workspace set --api-version`")
    # Imported when the settings are known to be right: wrong ones are told at once.
    import sys

    from sayso import logs, workers

    logs.configure(settings.log_format)

    async def begin(regions: Regions) -> dict[str, Start]:
        return await _starts(regions, settings.bootstrap_token, demo=demo, api_version=api_version)

    def greet(address: str, starts: dict[str, Start]) -> None:
        click.echo(_greeting_form(address, starts) if as_json else _greeting(settings, address, starts, demo=demo))
        sys.stdout.flush()

    if settings.ephemeral:
        from sayso import twin

        workers.serve(settings, twin.remembered(begin), greet, twin.composed)
    else:
        workers.serve(settings, begin, greet)


async def _starts(regions: Regions, bootstrap: str, *, demo: bool, api_version: str | None) -> dict[str, Start]:
    """Every region's beginning, the default one's first; the demo is there alone."""
    from sayso.service.first_start import begin

    default = regions.default
    others = [region for region in regions.by_name.values() if region is not default]
    return {
        region.name: await begin(region, bootstrap, with_demo=demo and region is default, api_version=api_version)
        for region in (default, *others)
    }


def _greeting(settings: Settings, address: str, starts: dict[str, Start], *, demo: bool) -> str:
    from sayso import __version__

    lines = [f"Sayso {__version__} listens on {address}"]
    if settings.ephemeral:
        lines.append("In memory only: everything is lost when it stops. Test routes (clock, faults, reset): see /docs")
    for name, start in starts.items():
        where = f" (region {name})" if len(starts) > 1 else ""
        if start.token:
            host = settings.regions[name].hosts[:1] if name != settings.region and name in settings.regions else ()
            lines += ["", f"Token{where}: {start.token}"]
            # The demo makes a new one at each start, in the default region alone.
            if not (settings.ephemeral or (demo and name == settings.region)):
                lines.append("Keep it: it is not shown again.")
            lines += ["Try it:", f"  {_curl(settings, address, start, host)}"]
        elif start.has_token:
            if not settings.ephemeral:
                see, make = "sayso token list", "sayso token create --name NAME"
                lines += ["", f"Tokens{where}: see `{see}`; make another with `{make}`"]
        else:
            lines += ["", f"No token works{where}: make one with `sayso token create --name NAME`"]
    return "\n".join(lines)


def _curl(settings: Settings, address: str, start: Start, host: tuple[str, ...]) -> str:
    """A line that works here when pasted, whatever the certificate's name is."""
    reached = address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    words = ["curl"]
    if settings.tls_cert:
        words.append("--insecure")
    words += ["-H", quote(f"Authorization: Bearer {start.token}")]
    if host:
        words += ["-H", quote(f"Host: {host[0]}")]
    return " ".join([*words, f"{reached}{start.path}"])


def _greeting_form(address: str, starts: dict[str, Start]) -> str:
    import json

    tokens = {name: start.token for name, start in starts.items() if start.token}
    return json.dumps({"address": address, "tokens": tokens})
