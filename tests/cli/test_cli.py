"""The command line as a whole: help, failures, exit codes, and where the data lies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import click
import pytest
from tests.cli.conftest import Said, Sayso

from sayso import __version__
from sayso.cli import COMMANDS, main
from sayso.cli import config as config_command

HEAVY = [
    "asyncio",
    "structlog",
    "uvicorn",
    "apsw",
    "msgspec",
    "rich",
    "sayso.server",
    "sayso.storage",
    "sayso.intercom",
]


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["token", "--help"], ["token", "create", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]):
    script = """
import json, sys
from sayso.cli import main
try:
    main(sys.argv[1:])
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)

    assert ran.stdout
    assert [] == [name for name in HEAVY if name in json.loads(ran.stderr)]


def test_help_names_every_command(sayso: Sayso):
    said = sayso("--help")

    assert 0 == said.code
    assert [] == [name for name in COMMANDS if f"\n  {name} " not in said.out]


def test_help_imports_no_command():
    script = (
        "import sys; from sayso.cli import main\ntry: main(['--help'])\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert {"sayso.cli", "sayso.cli.failure"} == {name for name in ran.stderr.split() if name.startswith("sayso.")}


@pytest.mark.parametrize("words", [[], ["token"]])
def test_without_a_command_the_help_is_shown(sayso: Sayso, words: list[str]):
    said = sayso(*words)

    assert (2, "") == (said.code, said.out)
    assert said.err.startswith("Usage: ")
    assert sayso(*words, "--help").out == said.err


def test_the_version_is_told(sayso: Sayso):
    assert Said(0, f"sayso {__version__}\n", "") == sayso("--version")


def test_python_m_sayso_is_sayso():
    ran = subprocess.run([sys.executable, "-m", "sayso", "--version"], capture_output=True, text=True, check=True)

    assert f"sayso {__version__}\n" == ran.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["servee"], "No such command 'servee'"),
        (["token", "create"], "Missing option '--name'"),
        (["token", "create", "--name", "x", "--scope", "all"], "Invalid value for '--scope'"),
        (["token", "create", "--name", " "], "--name: a token's name has 1 to 255 characters"),
        (
            ["workspace", "create", "Acme", "--api-version", "9.9"],
            "--api-version: there is no version 9.9; there are 2.7",
        ),
        (["token", "list", "--everything"], "No such option"),
        (["workspace", "create", "A\udcff"], "what was given is not all UTF-8 text"),
        (["type", "create", "--consent-type", "in", "--name", "x"], "Invalid value for '--consent-type'"),
    ],
)
def test_wrong_usage_is_exit_code_2(sayso: Sayso, words: list[str], told: str):
    said = sayso(*words)

    assert (2, "") == (said.code, said.out)
    assert told in said.err
    error = sayso(*words, "--json").error
    assert "usage" == error["code"]
    assert told in error["message"]


def test_a_wrong_setting_is_one_line_and_exit_code_2(sayso: Sayso, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SAYSO_PORT", "eighty")
    told = "port (SAYSO_PORT): must be a whole number"

    assert Said(2, "", f"sayso: {told}\n") == sayso("token", "list")
    assert {"code": "wrong_setting", "message": told} == sayso("token", "list", "--json").error


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["token", "revoke", "nothing"], "not_found"),
        (["type", "publish", "99"], "not_found"),
        (["contact", "show", "nobody"], "not_found"),
        (["workspace", "create", " "], "invalid"),
        (["type", "create", "--consent-type", "opt_in", "--name", "x", "--locale", "?"], "invalid"),
    ],
)
def test_a_failure_is_exit_code_1(sayso: Sayso, words: list[str], code: str):
    sayso("workspace", "create", "Acme")
    said = sayso(*words)

    assert (1, "", 1) == (said.code, said.out, said.err.count("\n"))
    assert said.err.startswith("sayso: ")
    assert {"code": code, "message": said.err.removeprefix("sayso: ").strip()} == sayso(*words, "--json").error


def test_what_a_published_type_cannot_do_is_a_conflict(sayso: Sayso):
    sayso("workspace", "create", "Acme")
    sayso("type", "create", "--consent-type", "opt_in", "--name", "x")

    assert 0 == sayso("type", "publish", "1").code
    assert 0 == sayso("type", "publish", "1").code, "publishing twice changes nothing"


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [(KeyboardInterrupt(), 130, "interrupted"), (KeyError("alice@example.com"), 1, "unexpected")],
)
def test_what_nobody_foresaw_is_told_without_values(
    sayso: Sayso, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, word: str
):
    def fail(*args: Any, **more: Any) -> None:
        raise error

    monkeypatch.setattr(config_command.data.Where, "loaded", fail)
    said = sayso("config", "show", "--json")

    assert (code, word) == (said.code, said.error["code"])
    assert "alice" not in said.err
    assert "alice" not in sayso("config", "show").err


def test_a_folder_that_cannot_be_made_is_told(sayso: Sayso, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    said = sayso("workspace", "create", "Acme", "--data-dir", "file/data")

    assert (1, 1) == (said.code, said.err.count("\n"))
    assert "unavailable" == sayso("workspace", "create", "Acme", "--data-dir", "file/data", "--json").error["code"]


def test_a_file_that_is_no_database_is_told(sayso: Sayso, tmp_path: Path):
    (tmp_path / "sayso.db").write_text("no database at all" * 100)
    said = sayso("workspace", "list", "--data-dir", ".")

    assert (1, 1) == (said.code, said.err.count("\n"))


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("INSERT INTO migrations VALUES ('9999_later', '', 0)", "9999_later"),
        ("UPDATE migrations SET sha256 = 'of another text'", "0001_initial"),
    ],
)
def test_a_newer_database_or_one_of_another_schema_is_refused(sayso: Sayso, tmp_path: Path, sql: str, named: str):
    sayso("migrate")
    connection = apsw.Connection(str(tmp_path / "sayso-data" / "sayso.db"))
    connection.execute(sql)
    connection.close()

    for words in (["workspace", "list"], ["migrate"], ["migrate", "--check"], ["verify"], ["serve", "--port", "0"]):
        said = sayso(*words)
        assert (1, "", 1) == (said.code, said.out, said.err.count("\n")), words
        assert named in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["verify"],
        ["backup", "copy.db"],
        ["contact", "show", "someone"],
        ["workspace", "list"],
        ["admin", "list"],
        ["token", "list"],
        ["token", "create", "--name", "x"],
        ["type", "list"],
        ["type", "publish", "1"],
    ],
)
def test_only_serve_migrate_and_a_first_workspace_make_a_database(sayso: Sayso, tmp_path: Path, words: list[str]):
    said = sayso(*words)

    assert 1 == said.code
    assert "there is no database sayso-data/sayso.db" in said.err
    assert [] == list(tmp_path.iterdir())


def test_the_only_workspace_need_not_be_named(sayso: Sayso):
    sayso("migrate")
    assert "there is no workspace yet" in sayso("token", "list").err
    first = sayso("workspace", "create", "Acme", "--json").json["id"]
    assert 0 == sayso("token", "list").code
    second = sayso("workspace", "create", "Globex", "--json").json["id"]
    said = sayso("token", "list")

    assert 2 == said.code
    assert f"{first}, {second}" in said.err
    assert 0 == sayso("token", "list", "--workspace", second).code
    assert "there is no workspace nowhere" in sayso("token", "list", "--workspace", "nowhere").err


def test_a_region_is_chosen_by_name(sayso: Sayso, tmp_path: Path):
    (tmp_path / "sayso.toml").write_text('[regions.eu]\nhosts = ["eu.test"]')
    sayso("workspace", "create", "Here")
    sayso("workspace", "create", "There", "--region", "eu")

    assert ["Here"] == [one["name"] for one in sayso("workspace", "list", "--json").json["workspaces"]]
    assert ["There"] == [
        one["name"] for one in sayso("workspace", "list", "--region", "eu", "--json").json["workspaces"]
    ]
    assert {"sayso.db", "sayso-eu.db"} <= {path.name for path in (tmp_path / "sayso-data").iterdir()}
    assert sayso("token", "create", "--name", "x", "--region", "eu").out.startswith("sayso_eu_")
    said = sayso("workspace", "list", "--region", "au")
    assert (2, "sayso: region au is not among those of the settings: eu, us\n") == (said.code, said.err)


def test_without_other_regions_a_region_names_the_one_that_is_served(sayso: Sayso):
    sayso("workspace", "create", "Here", "--region", "au")

    assert sayso("token", "create", "--name", "x", "--region", "au").out.startswith("sayso_au_")
    assert 2 == sayso("workspace", "list", "--region", "mars").code


def test_a_database_is_the_region_s_whose_workspaces_it_holds(sayso: Sayso):
    sayso("workspace", "create", "Here")

    for words in (("token", "create", "--name", "x"), ("workspace", "create", "There"), ("serve", "--port", "0")):
        said = sayso(*words, "--region", "eu")
        assert (1, "") == (said.code, said.out)
        assert said.err.startswith("sayso: the database holds workspaces of region us, and was opened as region eu's: ")
        assert 1 == said.err.count("\n")
    assert ["Here"] == [one["name"] for one in sayso("workspace", "list", "--json").json["workspaces"]]
    assert [] == sayso("token", "list", "--json").json["tokens"]


def test_tables_are_plain_text_off_a_terminal(sayso: Sayso):
    sayso("workspace", "create", "Acme \x1b[31mred")
    out = sayso("workspace", "list").out

    assert "\x1b" not in out
    assert ["id", "name", "api_version", "timezone", "created_at"] == out.splitlines()[0].split()


@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_tables_have_style_on_a_terminal_unless_no_color_is_set(tmp_path: Path, more: dict[str, str], coloured: bool):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SAYSO_", "NO_COLOR"))}
    main_end, other_end = os.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "sayso", "config", "show"],
            cwd=tmp_path,
            env={**kept, "TERM": "xterm-256color", **more},
            stdout=other_end,
            check=True,
        )
        said = os.read(main_end, 100_000).decode()
    finally:
        os.close(main_end)
        os.close(other_end)

    assert "data_dir" in said
    assert coloured is ("\x1b[" in said)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete(sayso: Sayso, shell: str):
    said = sayso("completion", shell)

    assert 0 == said.code
    assert f"_SAYSO_COMPLETE={shell}_complete" in said.out
    assert said.out == sayso("completion", shell, "--json").json["script"] + "\n"


def test_completion_offers_the_commands():
    environment = {**os.environ, "_SAYSO_COMPLETE": "bash_complete", "COMP_WORDS": "sayso to", "COMP_CWORD": "1"}
    ran = subprocess.run([sys.executable, "-m", "sayso"], env=environment, capture_output=True, text=True, check=False)

    assert "plain,token\n" == ran.stdout


def test_every_command_says_so_when_it_is_asked_in_json(sayso: Sayso):
    assert isinstance(main, click.Group)
    sayso("workspace", "create", "Acme")
    words = (
        ["workspace", "list"],
        ["admin", "list"],
        ["token", "list"],
        ["type", "list"],
        ["verify"],
        ["migrate"],
        ["migrate", "--check"],
    )
    for one in (*words, ["config", "show"], ["doctor"]):
        said = sayso(*one, "--json")
        assert (0, "") == (said.code, said.err), one
        assert isinstance(said.json, dict)
