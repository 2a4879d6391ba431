"""2.16: `owner_id` became a string, and a tag that is put on things says on which."""

from __future__ import annotations

from sayso.intercom.versions import Json, Version, response


def lists_conversation_attributes(version: Version) -> bool:
    """Whether a version still lists attributes of conversations, of which there are none here."""
    return version < Version.V2_16


@response(Version.V2_16, "contact")
def owner_id_was_an_integer(contact: Json) -> None:
    if contact.get("owner_id") is not None:
        contact["owner_id"] = int(contact["owner_id"])


@response(Version.V2_16, "tag")
def what_was_tagged_was_not_told(tag: Json) -> None:
    tag.pop("users", None)
    tag.pop("companies", None)


@response(Version.V2_16, "company")
def notes_of_companies_were_unknown(company: Json) -> None:
    company.pop("notes", None)
