"""The contacts side, told by Intercom's own client for Python, whichever is importable: 4.x or 5.x.

Prints what came of each step as one JSON object, the same one for either.
"""

from __future__ import annotations

import json
import os
from typing import Any

from intercom import Intercom
from intercom.core.api_error import ApiError
from intercom.types import CreateContactRequestWithEmail, CreateContactRequestWithRole
from intercom.types import MultipleFilterSearchRequest as AllOf
from intercom.types import SingleFilterSearchRequest as Only
from intercom.types import StartingAfterPaging as Paging

MAJOR = os.environ["MAJOR"]

client = Intercom(base_url=os.environ["SAYSO_URL"], token=os.environ["SAYSO_TOKEN"])
contacts, tags, notes, companies = client.contacts, client.tags, client.notes, client.companies
told: dict[str, Any] = {}


def mine(word: str) -> str:
    return f"{word}-python-{MAJOR}"


def user(word: str, name: str) -> Any:
    made = contacts.create(request=CreateContactRequestWithEmail(email=f"{mine(word)}@example.com"))
    return contacts.update(made.id, name=name)


def company_named(company_id: str, name: str) -> Any:
    if MAJOR == "4":
        return companies.create_or_update(company_id=company_id, name=name)
    from intercom.types import CreateOrUpdateCompanyRequest

    return companies.create_or_update(request=CreateOrUpdateCompanyRequest(company_id=company_id, name=name))


def code(call: Any) -> str:
    """The code that a call fails with."""
    try:
        call()
    except ApiError as error:
        body = error.body if isinstance(error.body, dict) else error.body.dict()
        return body["errors"][0]["code"]
    return "nothing"


def searched(query: Any, per_page: int) -> Any:
    """Page by page. The client's own pager asks for the first page for ever: it drops the cursor."""
    after = None
    while True:
        page = contacts.search(query=query, pagination=Paging(per_page=per_page, starting_after=after))
        yield page.items
        pages = page.response._response.json()["pages"] if MAJOR == "4" else page.response.pages.dict()
        if not pages.get("next"):
            return
        after = pages["next"]["starting_after"]


alice = user("alice", mine("Alice"))
told["user"] = [alice.type, alice.role, alice.name == mine("Alice")]

named = mine("Crowd")
for number in range(7):
    user(f"crowd{number}", named)
by_name = Only(field="name", operator="=", value=named)
pages = list(searched(by_name, 3))
told["pages"] = [len(page) for page in pages]
told["found_once"] = len({one.id for page in pages for one in page})
both = AllOf(operator="AND", value=[by_name, Only(field="email", operator="~", value="crowd3")])
told["narrowed"] = len([one for page in searched(both, 5) for one in page])

tag = tags.create(request={"name": mine("tag")})
told["tagged"] = tags.tag_contact(alice.id, tag_id=tag.id).name == tag.name
listed = [one.id for one in contacts.list_attached_tags(alice.id).data]
told["tags"] = [listed == [tag.id], tag.id in {one.id for one in tags.list().data}]
told["tag_in_contact"] = contacts.find(alice.id).tags.total_count
tags.untag_contact(alice.id, tag.id)
told["untagged"] = len(contacts.list_attached_tags(alice.id).data)
tags.delete(tag.id)
told["unknown_tag"] = code(lambda: tags.tag_contact(alice.id, tag_id=tag.id))

admin = client.admins.identify()
note = notes.create(alice.id, body="Called today", admin_id=admin.id)
told["note"] = [note.type, note.body, note.author.id == admin.id]
told["notes"] = [one.id for one in notes.list(alice.id)] == [note.id]

company = company_named(mine("acme"), mine("Acme"))
told["company"] = [company.type, company.company_id == mine("acme")]
told["joined"] = companies.attach_contact(alice.id, company_id=company.id).id == company.id
told["companies"] = [one.id == company.id for one in contacts.list_attached_companies(alice.id)]
told["people"] = [one.id for one in companies.list_attached_contacts(company.id).data] == [alice.id]
companies.detach_contact(alice.id, company.id)
told["left"] = len(list(contacts.list_attached_companies(alice.id)))

told["archived"] = contacts.archive(alice.id).archived
told["unarchived"] = contacts.unarchive(alice.id).archived

lead = contacts.create(request=CreateContactRequestWithRole(role="lead"))
merged = contacts.merge_lead_in_user(lead_id=lead.id, contact_id=alice.id)
told["merged"] = [lead.role, merged.id == alice.id, merged.role]
told["gone"] = code(lambda: contacts.find(lead.id))

print(json.dumps(told))
