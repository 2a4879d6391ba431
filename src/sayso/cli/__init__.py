"""The command line: one file per command or group, and nothing heavy imported before a command needs it.

Exit codes: 0 done; 1 it failed; 2 wrong usage or a wrong setting; 3 `verify` found something; 130 interrupted.
Data goes to stdout, everything else to stderr. With --json both are JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from sayso import __version__
from sayso.cli.failure import Wrong, failed

#: In the order of --help, with what it says: so it need not import them. Each is the `command` in the module of its
#: name, or of its feature's.
COMMANDS = {
    "serve": "Start the server.",
    "workspace": "Make and list workspaces.",
    "admin": "Make and list admins.",
    "token": "Make, list and revoke access tokens.",
    "type": "Make, translate, publish and archive subscription types.",
    "contact": "Show what is known of a contact.",
    "verify": "Recompute every chain and standing.",
    "backup": "Copy the database while the server runs.",
    "migrate": "Bring the database up to date.",
    "config": "Show the settings and where they come from.",
    "doctor": "Check that everything is in place.",
    "completion": "Print a shell's completion script.",
}

_MODULES = {"type": "subscription_type"}

_EPILOG = """Exit codes: 0 done, 1 failed, 2 wrong usage or setting, 3 verify found something, 130 interrupted.
Settings come from flags, SAYSO_* variables and sayso.toml, in this order; see `sayso config show`."""


class _Sayso(click.Group):
    """Loads a command's module when it is asked for, and tells every failure in one way."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"sayso.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        command.short_help = COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> Any:  # type: ignore[override]
        given = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        try:
            _refuse_undecoded(given)
            code = super().main(given, prog_name or "sayso", **extra)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
            code = failed(error, as_json="--json" in given)
        sys.exit(code if isinstance(code, int) else 0)


def _refuse_undecoded(given: list[str]) -> None:
    """What is no text would reach a name or a path that has to be some."""
    try:
        "".join(given).encode()
    except UnicodeEncodeError:
        raise Wrong("what was given is not all UTF-8 text") from None


@click.group(cls=_Sayso, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sayso", message="%(prog)s %(version)s")
def main() -> None:
    """Keep what people said about being messaged: every yes and every no, proven and obeyed."""
