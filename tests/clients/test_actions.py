"""The actions of automation platforms finish, in a workspace with 500 contacts and 120 companies."""

from __future__ import annotations

import json
import os
import subprocess

from tests.clients.conftest import Workspace
from tests.clients.installing import NODE_FOLDER, installed_for_node
from tests.machine import DEADLINE

MOMENT = 1_767_323_045


def test_the_actions_of_activepieces_finish(workspace: Workspace):
    installed_for_node()
    server, contact, company = workspace.server, min(workspace.contacts), min(workspace.companies)
    ran = subprocess.run(
        ["node", "activepieces.mjs"],
        cwd=NODE_FOLDER,
        env={
            **os.environ,
            "SAYSO_URL": server.url,
            "SAYSO_TOKEN": server.token,
            "SAYSO_CONTACT": contact,
            "SAYSO_COMPANY": company,
        },
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )

    assert 0 == ran.returncode, ran.stderr[-5000:]
    assert {
        "user": ["user", "ap-user", MOMENT],
        "same_user": [True, "Ada L."],
        "other_user": ["user", True],
        "lead": ["lead", True],
        "same_lead": "Lea",
        "found_user": [True, True, True],
        "no_user": False,
        "found_lead": True,
        "or_lead": [True, False],
        "company": ["ap", "Pro", 3],
        "found_company": [True, True],
        "or_company": False,
        "no_company": 404,
        "tags": ["VIP"],
        "contacts_to_choose_from": True,
        "companies_to_choose_from": True,
        "tagged": [True, "Pieces", True, "Pieces"],
        "note": ["<p>Hello</p>", True],
        "events": [True, True, True],
    } == json.loads(ran.stdout)
