"""2.11: `formatted_phone` came."""

from __future__ import annotations

from sayso.intercom.versions import Json, Version, response


@response(Version.V2_11, "contact")
def formatted_phone_was_unknown(contact: Json) -> None:
    contact.pop("formatted_phone", None)
