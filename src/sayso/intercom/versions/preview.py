"""Preview: `formatted_phone` came back, `next` of companies is an object, and data attributes may be a `datetime`."""

from __future__ import annotations

from sayso.intercom.versions import Json, Version, response


@response(Version.PREVIEW, "contact")
def formatted_phone_was_absent(contact: Json) -> None:
    contact.pop("formatted_phone", None)


@response(Version.PREVIEW, "data_attribute")
def datetime_was_told_as_date(attribute: Json) -> None:
    if attribute["data_type"] == "datetime":
        attribute["data_type"] = "date"


@response(Version.PREVIEW, "pages")
def the_next_companies_were_a_url(pages: Json) -> None:
    """Described as an object in every version, but the clients of the numbered ones follow a URL."""
    following = pages.get("next")
    if isinstance(following, dict) and "url" in following:
        pages["next"] = following["url"]
