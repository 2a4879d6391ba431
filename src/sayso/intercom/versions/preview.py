"""Preview: `formatted_phone` came back, and data attributes may be of the type `datetime`."""

from __future__ import annotations

from sayso.intercom.versions import Json, Version, response


@response(Version.PREVIEW, "contact")
def formatted_phone_was_absent(contact: Json) -> None:
    contact.pop("formatted_phone", None)


@response(Version.PREVIEW, "data_attribute")
def datetime_was_told_as_date(attribute: Json) -> None:
    if attribute["data_type"] == "datetime":
        attribute["data_type"] = "date"
