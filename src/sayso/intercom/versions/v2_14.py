"""2.14: `away_status_reason_id` came."""

from __future__ import annotations

from sayso.intercom.versions import Json, Version, response


@response(Version.V2_14, "admin")
def away_status_reason_was_unknown(admin: Json) -> None:
    admin.pop("away_status_reason_id", None)


@response(Version.V2_14, "pages")
def the_next_companies_were_a_url(pages: Json) -> None:
    """Described as an object in every version. Clients that ask for no version, or an older one, follow a URL."""
    following = pages.get("next")
    if isinstance(following, dict) and "url" in following:
        pages["next"] = following["url"]
