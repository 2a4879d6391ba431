"""The contacts side in the words of Intercom's own clients, several versions of each: the same story in all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.clients.installing import cached_wheel, installed_for_node
from tests.machine import DEADLINE
from tests.running import Running

FOLDER = Path(__file__).parent

STORY = {
    "user": ["contact", "user", True],
    "pages": [3, 3, 1],
    "found_once": 7,
    "narrowed": 1,
    "tagged": True,
    "tags": [True, True],
    "tag_in_contact": 1,
    "untagged": 0,
    "unknown_tag": "not_found",
    "note": ["note", "<p>Called today</p>", True],
    "notes": True,
    "company": ["company", True],
    "joined": True,
    "companies": [True],
    "people": True,
    "left": 0,
    "archived": True,
    "unarchived": False,
    "merged": ["lead", True, "user"],
    "gone": "not_found",
}


@pytest.mark.parametrize("major", ["5", "6", "7"])
def test_the_client_for_node_tells_the_story_of_contacts(quiet: Running, major: str):
    installed_for_node()

    assert STORY == _told(quiet, FOLDER / "node", ["node", "contacts.mjs", major], MAJOR=major)


def test_the_client_for_python_tells_the_story_of_contacts(quiet: Running):
    assert STORY == _told(quiet, FOLDER, [sys.executable, "contacts_python.py"], MAJOR="5")


def test_the_client_for_python_before_it_tells_the_same_story(quiet: Running):
    older = cached_wheel("python-intercom", "4.0.0")

    assert STORY == _told(quiet, FOLDER, [sys.executable, "contacts_python.py"], MAJOR="4", PYTHONPATH=str(older))


def _told(server: Running, folder: Path, command: list[str], **environment: str) -> object:
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "SAYSO_URL": server.url, "SAYSO_TOKEN": server.token, **environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert 0 == ran.returncode, ran.stderr
    return json.loads(ran.stdout)
