"""The examples in nine languages against a running server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.clients.lying import Lying
from tests.clients.toolchains import EXAMPLES, LANGUAGES, Language
from tests.machine import DEADLINE
from tests.running import Running

#: Of the demo's types, 1 is the first opt_out type and 2 the first opt_in type.
TRANSCRIPT = """\
types: 4
created: user
attached: 2 1
detached: 2
attached: 1
not found: not_found User Not Found
unauthorized: unauthorized Access Token Invalid
"""

#: Without cgo, Go needs no C compiler, which Debian's package only recommends. Java compiles what runs once but lightly.
_TOOLS = {"CGO_ENABLED": "0", "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}

every_language = pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)


def test_every_example_belongs_to_a_language():
    assert sorted(path.name for path in EXAMPLES.iterdir()) == sorted(language.file for language in LANGUAGES)


@every_language
def test_an_example_tells_its_story(language: Language, server: Running, tmp_path: Path):
    language.demand()

    ran = _run(language, server.url, server.token, tmp_path)

    assert (TRANSCRIPT, 0) == (ran.stdout, ran.returncode), ran.stderr


@every_language
def test_an_example_fails_where_the_server_does_not_do_what_it_should(
    language: Language, server: Running, tmp_path: Path
):
    language.demand()

    with Lying(server.url) as lying:
        ran = _run(language, lying.url, server.token, tmp_path)

    assert ran.stdout.startswith("types: 4\ncreated: user\n"), ran.stderr
    assert "attached" not in ran.stdout
    assert 0 != ran.returncode


@every_language
def test_an_example_fails_where_its_token_is_wrong(language: Language, server: Running, tmp_path: Path):
    language.demand()

    ran = _run(language, server.url, "another-wrong-token", tmp_path)

    assert "" == ran.stdout
    assert "401" in ran.stderr
    assert 0 != ran.returncode


def _run(language: Language, url: str, token: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **_TOOLS, "SAYSO_URL": url, "SAYSO_TOKEN": token}
    return subprocess.run(
        language.command(folder), env=environment, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
