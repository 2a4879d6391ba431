"""2.16: `owner_id` became a string."""

from __future__ import annotations

from sayso.intercom.versions import Json, Version, response


@response(Version.V2_16, "contact")
def owner_id_was_an_integer(contact: Json) -> None:
    if contact.get("owner_id") is not None:
        contact["owner_id"] = int(contact["owner_id"])
