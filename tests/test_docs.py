"""The reference in docs/ says what the code does, README's lines work, and links lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import click
import pytest
from scripts import reference
from tests.machine import needs
from tests.running import Running

from sayso.cli import main
from sayso.settings import Settings
from sayso.storage.migrate import files


@pytest.mark.parametrize("name", reference.pages())
def test_the_reference_is_what_the_code_says(name: str):
    written = (reference.FOLDER / name).read_text("utf-8")

    assert reference.pages()[name] == written, f"docs/reference/{name} is old: run `make docs`"


def test_every_setting_is_in_the_reference():
    written = (reference.FOLDER / "settings.md").read_text("utf-8")

    assert [] == [setting.name for setting in fields(Settings) if f"`{setting.name}`" not in written]


@pytest.mark.parametrize("name", [name for name, _ in files()])
def test_the_changelog_says_of_every_migration_that_older_programs_refuse_the_database_afterwards(name: str):
    changelog = (reference.FOLDER.parents[1] / "CHANGELOG.md").read_text("utf-8")
    sections = [section for release in changelog.split("\n## ") for section in release.split("\n### ")]
    about = [section for section in sections if section.startswith("Database\n") and f"`{name}`" in section]

    assert 1 == len(about)
    assert "older programs refuse the database" in " ".join(about[0].split())


def _commands(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(path, command)]
    context = click.Context(command)
    inner = ((name, command.get_command(context, name)) for name in command.list_commands(context))
    return [found for name, one in inner if one for found in _commands(one, f"{path} {name}")]


@pytest.mark.parametrize(("path", "command"), _commands(main, "sayso"))
def test_every_command_has_help_takes_json_and_is_in_the_reference(path: str, command: click.Command):
    options = {name for parameter in command.params for name in parameter.opts}

    assert command.help
    assert "--json" in options
    assert f"## {path}\n" in (reference.FOLDER / "commands.md").read_text("utf-8")


def test_every_option_has_help():
    bare = [
        (path, parameter.name)
        for path, command in _commands(main, "sayso")
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]

    assert [] == bare


ROOT = Path(__file__).parent.parent

#: Ours: what is cloned, without what was installed or made in it.
MARKDOWN = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not any(part.startswith(".") or part in ("node_modules", "build") for part in path.relative_to(ROOT).parts)
]

LINK = re.compile(r"\]\(([^)\s]+)\)")


def _anchors(path: Path) -> set[str]:
    """What a heading is called in an address."""
    headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _dead(path: Path) -> list[str]:
    dead = []
    for link in LINK.findall(re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)):
        target, _, anchor = link.partition("#")
        found = (path.parent / target).resolve() if target else path
        if "://" in link or link.startswith("mailto:"):
            continue
        if not found.exists() or (anchor and anchor not in _anchors(found)):
            dead.append(link)
    return dead


def test_every_link_between_pages_leads_somewhere():
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"} <= {path.name for path in MARKDOWN}
    assert {} == {str(path.relative_to(ROOT)): dead for path in MARKDOWN if (dead := _dead(path))}


def test_every_decision_is_listed_and_every_file_that_pages_name_is_there():
    folder = ROOT / "docs" / "adr"
    listed = LINK.findall((folder / "README.md").read_text("utf-8"))
    pages = [ROOT / "CONTRIBUTING.md", ROOT / "README.md", *folder.glob("*.md")]
    named = {
        (page.name, name)
        for page in pages
        for name in re.findall(r"`([a-z_/]+/[a-z_./]+\.(?:py|sh|sql))`", page.read_text("utf-8"))
    }
    places = (ROOT, ROOT / "src" / "sayso")

    assert sorted(path.name for path in folder.glob("0*.md")) == sorted(listed)
    assert named
    assert set() == {one for one in named if not any((place / one[1]).exists() for place in places)}


@needs("sh", "curl", "grep")
def test_the_lines_of_the_readme_work_when_pasted(start: Callable[..., Running]):
    """Twice: a contact that is there already is found by the same line."""
    readme = (ROOT / "README.md").read_text("utf-8")
    token, lines, answer = re.search(
        r"```sh\n(TOKEN=[^\n]*\n)```\n.*?```sh\n(KIM=.*?)```\n.*?```json\n(.*?)```", readme, re.DOTALL
    ).groups()
    running = start("--demo")
    pasted = token.replace("PASTE-YOUR-TOKEN", running.token) + lines.replace("http://127.0.0.1:8080", running.url)

    for _ in range(2):
        ran = subprocess.run(["sh", "-c", pasted], capture_output=True, text=True, check=True)
        kim, _, answered = ran.stdout.partition("\n")
        assert re.fullmatch("Kim is [0-9a-f]{24}", kim)
        assert json.loads(answer) == json.loads(answered)
