"""The actions of automation platforms finish, in a workspace with 500 contacts and 120 companies."""

from __future__ import annotations

import json
import os
import subprocess

from tests.clients.conftest import Workspace
from tests.clients.installing import NODE_FOLDER, installed_for_node
from tests.clients.nango import Nango
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


def test_the_actions_of_nango_for_contacts_finish(workspace: Workspace):
    with workspace.server.client as client:
        nango = Nango(client)
        user = nango.create_contact(role="user", email="nango@example.com", name="Ada", custom_attributes={})
        lead = nango.create_contact(role="lead", email="nango-lead@example.com")

        assert "Ada L." == nango.update_contact(user.id, name="Ada L.", phone=None).name
        note = nango.create_note(user.id, "Hello")
        nango.create_note(user.id, "Hello again")
        assert note.contact
        assert user.id == note.contact.id
        assert nango.list_notes(user.id).pages.next
        assert user.id == nango.merge_contacts(lead.id, user.id).id
        assert "Ada L." == nango.get_contact(user.id).name
        by_email = {"field": "email", "operator": "=", "value": "nango@example.com"}
        assert [user.id] == [one.id for one in nango.search_contacts(by_email).data]
        assert user.id == nango.delete_contact(user.id).id
        assert "1" == nango.get_admin(nango.list_admins().admins[0].id).id


def test_the_actions_of_nango_for_companies_and_tags_finish(workspace: Workspace):
    contact = min(workspace.contacts)
    with workspace.server.client as client:
        nango = Nango(client)
        company = nango.create_company(
            company_id="nango", name="Nango", plan="Pro", size=3, monthly_spend=7, remote_created_at=MOMENT
        )

        assert ("Nango", "Nango 2") == (
            nango.get_company(company.id).name,
            nango.update_company(company.id, name="Nango 2").name,
        )
        assert company.id == nango.attach_contact_to_company(contact, company.id).id
        assert [contact] == [one.id for one in nango.list_company_contacts(company.id)]
        tag = nango.create_tag("Nango")
        assert tag.id == nango.tag_companies("Nango", {"id": company.id}, {"company_id": "nango"}).id
        email = nango.get_contact(contact).email
        assert tag.id == nango.tag_contacts("Nango", {"id": contact}, {"email": email}).id
        untagged = nango.tag_contacts("Nango", {"id": contact, "untag": True}, {"email": email, "untag": True})
        assert tag.id == untagged.id
        assert tag.id in {one.id for one in nango.list_tags().data}
        assert company.id == nango.detach_contact_from_company(contact, company.id).id
        assert company.id == nango.delete_company(company.id).id


def test_the_syncs_of_nango_come_to_the_end_of_what_there_is(workspace: Workspace):
    with workspace.server.client as client:
        nango = Nango(client)
        listed, synced = list(nango.list_contacts()), list(nango.sync_contacts())
        companies = [one.id for one in nango.sync_companies()]

        assert [one.id for one in listed] == [one.id for one in synced]
        assert len({one.id for one in listed}) == len(listed) >= 500
        assert workspace.contacts <= {one.id for one in listed}
        assert len(set(companies)) == len(companies) >= 120
        assert workspace.companies <= set(companies)
        # Of a longer list it could not read the URL of the next page.
        assert set(companies) == {one.id for one in nango.list_companies(150).data}
        assert nango.sync_segments().segments
