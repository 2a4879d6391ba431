"""Intercom's own client for Node.js, unmodified."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.clients.toolchains import Language
from tests.running import Running

FOLDER = Path(__file__).parent / "node"
NODE = Language("Intercom's client for Node.js", "subscriptions.mjs", ("node",), ("npm",))
INSTALLED = FOLDER / "node_modules/intercom-client/package.json"


@pytest.fixture(scope="module")
def installed() -> None:
    """The client as locked. It is fetched when it is needed first; without a registry the test cannot be made."""
    NODE.demand()
    if not INSTALLED.exists() or _version(INSTALLED) != _locked():
        reason = _install()
        if reason:
            pytest.skip(f"intercom-client cannot be installed here: {reason}")


def test_the_story_is_told_by_the_client_for_node(installed: None, quiet: Running):
    ran = subprocess.run(
        ["node", "story.mjs"],
        cwd=FOLDER,
        env={**os.environ, "SAYSO_URL": quiet.url, "SAYSO_TOKEN": quiet.token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert 0 == ran.returncode, ran.stderr
    told = json.loads(ran.stdout)
    assert told.pop("pages") >= 3
    assert {
        "types": 4,
        "created": ["user", "node@example.com"],
        "attached": ["subscription", ["2", "1"]],
        "detached": "2",
        "left": ["1"],
        "unknown_contact": ["NotFoundError", 404, "not_found", "User Not Found"],
        "unknown_type": ["NotFoundError", 404, "not_found", "Resource Not Found"],
        "wrong_token": ["UnauthorizedError", 401, "unauthorized", "Access Token Invalid"],
        "error_classes": ["NotFoundError", "UnauthorizedError"],
        "identified": "US",
        "updated": "Alice",
        "versions": ["Alice"] * 5,
        "at_once": ["2"] * 8,
        "walked_all_once": True,
        "deleted": True,
    } == told


def test_the_lock_names_exact_versions_and_no_host():
    lock = (FOLDER / "package-lock.json").read_text()

    assert "://" not in lock
    assert [_locked()] == list(json.loads((FOLDER / "package.json").read_text())["dependencies"].values())
    assert _locked().startswith("7.")


def _locked() -> str:
    packages = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    return packages["node_modules/intercom-client"]["version"]


def _version(package: Path) -> str:
    return json.loads(package.read_text())["version"]


def _install() -> str:
    """Install it; why that did not work, empty if it did."""
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=60000"]
    try:
        ran = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        return "the registry does not answer"
    return f"npm ci ended with {ran.returncode}" if ran.returncode else ""
