"""Intercom's own client for Node.js, unmodified."""

from __future__ import annotations

import json
import os
import re
import subprocess

from tests.clients.installing import NODE_FOLDER, installed_for_node, locked
from tests.machine import DEADLINE
from tests.running import Running


def test_the_story_is_told_by_the_client_for_node(quiet: Running):
    installed_for_node()
    ran = subprocess.run(
        ["node", "story.mjs"],
        cwd=NODE_FOLDER,
        env={**os.environ, "SAYSO_URL": quiet.url, "SAYSO_TOKEN": quiet.token},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
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
    lock = (NODE_FOLDER / "package-lock.json").read_text()
    wanted = json.loads((NODE_FOLDER / "package.json").read_text())["dependencies"]
    assert locked()["node_modules/@activepieces/piece-intercom"] == wanted.pop("@activepieces/piece-intercom")
    clients = {
        path: version for path, version in locked().items() if re.fullmatch(r"node_modules/intercom-client[-\d]*", path)
    }

    assert "://" not in lock
    assert list(wanted.values()) == [
        version if name == "intercom-client" else f"npm:intercom-client@{version}"
        for name, version in zip(wanted, clients.values(), strict=True)
    ]
    assert ["7", "4", "5", "6"] == [version[0] for version in clients.values()]
