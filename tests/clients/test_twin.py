"""The page about testing against Sayso: its examples run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.clients.installing import NODE_FOLDER, installed_for_node
from tests.machine import DEADLINE

from sayso.api.routes import TWIN_ROUTES
from sayso.domain.fault import FaultKind

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parents[2] / "docs/how-to/test-against-sayso.md").read_text("utf-8")


def _shown(language: str) -> str:
    [code] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return code


def test_the_example_with_python_intercom_passes(pytester: pytest.Pytester):
    pytester.makepyfile(_shown("python"))

    pytester.runpytest_subprocess(timeout=DEADLINE).assert_outcomes(passed=_shown("python").count("\ndef test_"))


def test_the_example_with_intercom_client_passes(tmp_path: Path):
    installed_for_node()
    (tmp_path / "node_modules").symlink_to(NODE_FOLDER / "node_modules")
    (tmp_path / "newsletter.test.mjs").write_text(_shown("js"), "utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    ran = subprocess.run(
        ["node", "--test"],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )

    assert 0 == ran.returncode, ran.stdout
    tests = _shown("js").count("\ntest(")
    assert f"pass {tests}\n" in ran.stdout


def test_the_page_names_every_route_and_every_fault():
    assert [] == [route for route in TWIN_ROUTES if f"`{route.method} {route.path}`" not in PAGE]
    assert [] == [kind for kind in FaultKind if f"| `{kind.value}` |" not in PAGE]
