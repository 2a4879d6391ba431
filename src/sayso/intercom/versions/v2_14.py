"""2.14: `away_status_reason_id` came."""

from __future__ import annotations

from sayso.intercom.versions import Json, Version, response


@response(Version.V2_14, "admin")
def away_status_reason_was_unknown(admin: Json) -> None:
    admin.pop("away_status_reason_id", None)
