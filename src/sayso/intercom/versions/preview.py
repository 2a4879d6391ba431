"""Preview: `formatted_phone` came back."""

from __future__ import annotations

from sayso.intercom.versions import Json, Version, response


@response(Version.PREVIEW, "contact")
def formatted_phone_was_absent(contact: Json) -> None:
    contact.pop("formatted_phone", None)
