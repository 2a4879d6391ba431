"""2.10: a deleted or archived contact was told by `type` and `external_id`; before, by `object`."""

from __future__ import annotations

from sayso.intercom.versions import Json, Version, response


@response(Version.V2_10, "contact")
def deletion_was_told_by_object(contact: Json) -> None:
    for word in ("deleted", "archived"):
        if word in contact:
            told = contact.pop(word)
            del contact["type"], contact["external_id"]
            contact.update({"object": "contact", word: told})
