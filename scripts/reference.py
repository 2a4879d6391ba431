"""Write docs/reference from the code: settings, commands, routes, errors. `python -m scripts.reference`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from sayso.api import errors as api_errors
from sayso.api import routes as api_routes
from sayso.cli import main as program
from sayso.domain import errors as domain_errors
from sayso.intercom import errors as intercom_errors
from sayso.intercom import routes as intercom_routes
from sayso.settings import FLAGS, Settings, flag, shown, variable

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
_LAYOUT: dict[str, Any] = {"terminal_width": 100, "max_content_width": 100}

_ERROR_LIST = """\
Errors come as `{"type": "error.list", "request_id": "...", "errors": [{"code": "...", "message": "..."}]}`,
with `field` where one field is to blame."""

_MADE = "<!-- Written by `make docs` from the code: change it there. -->\n"


def pages() -> dict[str, str]:
    """Each file's name and what it holds."""
    return {
        "settings.md": settings(),
        "commands.md": commands(),
        "routes.md": routes(),
        "errors.md": errors(),
    }


def settings() -> str:
    rows = [
        (
            f"`{setting.name}`",
            f"`{flag(setting.name)}`" if setting.name in FLAGS else "",
            f"`{variable(setting.name)}`" if setting.name != "regions" else "",
            _default(setting.name),
            setting.metadata["help"],
        )
        for setting in fields(Settings)
    ]
    return page(
        "Settings",
        "A setting comes from the first of these that gives it: a flag of `sayso serve`, a `SAYSO_*` variable, the\n"
        "settings file, the default. An empty variable counts as not set, except for `SAYSO_TLS_CERT` and others\n"
        "whose value is a path: empty, these are an error. `sayso config show` tells each setting's value and source;\n"
        "a wrong one stops the start with one line and exit code 2.",
        table(("Setting", "Flag", "Variable", "Default", "What it is"), rows),
        "What is secret can be given by a file: `SAYSO_BOOTSTRAP_TOKEN_FILE` and `SAYSO_DATABASE_URL_FILE` name one\n"
        "that holds the value.",
        "## The settings file",
        "`sayso.toml` in the working directory, or the file that `--config` or `SAYSO_CONFIG` names. Its keys are the\n"
        "settings' names, and an unknown one is refused. Tables describe the regions that are served:",
        '```toml\nport = 8080\nregion = "us"\n\n[regions.us]\nhosts = ["api.example.com"]\n\n'
        '[regions.eu]\nhosts = ["api.eu.example.com"]\ndatabase_url = "sqlite:////srv/sayso/eu.db"\n```',
        "The Host header chooses the region; any other host leads to `region`. Without `database_url` a region's data\n"
        "lies in the data directory: `sayso.db` for the default region, `sayso-NAME.db` for another.",
        "A database belongs to the region it was first used for; opening it as another region is refused.",
    )


def _default(name: str) -> str:
    value = shown(Settings(), name)
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return f"`{value}`" if value else ""


def commands() -> str:
    rows = [
        ("0", "done"),
        ("1", "it failed: nothing there, a port or a database in use, a pending migration with `--check`"),
        ("2", "wrong usage, or a wrong setting"),
        ("3", "`sayso verify` found something"),
        ("130", "interrupted"),
    ]
    codes = [
        ("`usage`", "an option or argument is missing, unknown or wrong"),
        ("`wrong_setting`", "a setting has a value that it cannot have"),
        ("`not_found`", "there is no such database, workspace, token, type or contact"),
        ("`invalid`", "a value breaks a rule"),
        ("`conflict`", "the state of things forbids it"),
        ("`unavailable`", "the database or the port is in use, full, newer, or cannot be read"),
        ("`failed`", "the system refused, such as a folder that cannot be written"),
        ("`interrupted`", "the command was interrupted"),
        ("`unexpected`", "a fault of Sayso's own"),
    ]
    context = click.Context(program, info_name="sayso", **_LAYOUT, **program.context_settings)
    return page(
        "Commands",
        "Data goes to stdout, everything else to stderr. With `--json` both are JSON: the answer on stdout, or on\n"
        'stderr `{"error": {"code": "...", "message": "..."}}`. Tables and colours appear on a terminal alone, and\n'
        "`NO_COLOR` switches colours off. Commands work beside a running server, which follows within two seconds.",
        "## Exit codes",
        table(("Code", "Meaning"), rows),
        "## Error codes",
        table(("Code", "Meaning"), codes),
        *_helps(program, context),
    )


def routes() -> str:
    found = [
        (
            f"`{route.method}`",
            f"`{route.path}`",
            f"`{route.scope.value}`",
            route.since.name.lower().removeprefix("v").replace("_", "."),
            route.summary,
        )
        for route in intercom_routes.ROUTES
    ]
    own = [
        (f"`{route.method}`", f"`{route.path}`", f"`{route.scope.value}`", route.summary) for route in api_routes.ROUTES
    ]
    opened = [(f"`{route.method}`", f"`{route.path}`", route.summary) for route in api_routes.OPEN_ROUTES]
    twins = [(f"`{route.method}`", f"`{route.path}`", route.summary) for route in api_routes.TWIN_ROUTES]
    sections = [
        "## Intercom's surface",
        table(("Method", "Path", "Scope", "Since", "What it does"), found),
        "## Sayso's own surface",
        table(("Method", "Path", "Scope", "What it does"), own),
        "## Without a token\n\n`/metrics` needs one with scope `read`, unless `SAYSO_METRICS_PUBLIC` is set.",
        table(("Method", "Path", "What it tells"), opened),
        "## For tests\n\nWith `--ephemeral` alone, to the scope `admin`: [how to](../how-to/test-against-sayso.md).",
        table(("Method", "Path", "What it does"), twins),
    ]
    about = (
        "A token's scopes are read, write and admin. *Since* is the version of Intercom's API with which a route\n"
        "came; an older version is answered with `intercom_version_invalid`."
    )
    return page("Routes", about, *sections)


def errors() -> str:
    rows = [
        (str(answer.status), f"`{answer.code}`", answer.message or "says what is wrong", _meaning(error))
        for error, answer in intercom_errors.TABLE.items()
    ]
    told = dict.fromkeys(api_errors.TABLE.values())
    problems = [(str(one.status), f"`{one.code}`", one.title, one.advice) for one in told]
    sections = [
        "## Intercom's surface",
        _ERROR_LIST,
        table(("Status", "Code", "Message", "When"), rows),
        "## Sayso's own surface",
        "Errors come as problems (RFC 9457), `application/problem+json`.",
        table(("Status", "Code", "Title", "What to do"), problems),
    ]
    return page("Errors", "Nothing was written where an error says nothing else.", *sections)


def _meaning(error: type[domain_errors.SaysoError]) -> str:
    """The line that the tree in domain/errors.py has for it; further lines of its text are joined."""
    tree = inspect.getdoc(domain_errors) or ""
    for line in tree.splitlines():
        name, _, meaning = line.strip(" │├└─").partition(" ")
        if name == error.__name__ and meaning.strip():
            return meaning.strip()
    return _words(error.__name__)


def _words(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _helps(command: click.Command, context: click.Context) -> Iterator[str]:
    """A section for every command, groups only for what they hold."""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _helps(
                    inner,
                    click.Context(inner, info_name=name, parent=context, **_LAYOUT),
                )
        return
    yield f"## {context.command_path}"
    yield f"```text\n{command.get_help(context)}\n```"


def page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", _MADE.rstrip(), *parts]) + "\n"


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in pages().items():
        (FOLDER / name).write_text(page, "utf-8")


if __name__ == "__main__":
    main()
