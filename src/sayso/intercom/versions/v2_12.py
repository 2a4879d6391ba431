"""2.12: `enabled_push_messaging` came, and `formatted_phone` went."""

from __future__ import annotations

from sayso.intercom.versions import Json, Version, response


@response(Version.V2_12, "contact")
def push_messaging_was_unknown(contact: Json) -> None:
    contact.pop("enabled_push_messaging", None)


@response(Version.V2_12, "contact")
def formatted_phone_stood_after_phone(contact: Json) -> None:
    if "phone" not in contact or "formatted_phone" in contact:
        return
    fields = list(contact.items())
    contact.clear()
    for name, value in fields:
        contact[name] = value
        if name == "phone":
            contact["formatted_phone"] = None
