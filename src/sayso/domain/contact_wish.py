"""What somebody asks of a contact, in terms that outlive the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sayso.domain.address import trim
from sayso.domain.contact import ContactDraft, Profile, Role


class ContactWish(NamedTuple):
    """`given` holds fields of a `Profile` by name; what is absent stays. Custom attributes are merged key by key.
    `unsubscribed_from_emails`: whether all email shall stop, None to leave it as it is."""

    given: Mapping[str, Any] = {}
    custom_attributes: Mapping[str, Any] = {}
    unsubscribed_from_emails: bool | None = None

    def draft(self, profile: Profile) -> ContactDraft:
        """What the profile shall become."""
        wanted = dict(self.given)
        role = wanted["role"] = Role(wanted.get("role") or profile.role)
        if role is Role.LEAD:
            # The server gives a lead its external_id; one that is sent is silently ignored.
            wanted.pop("external_id", None)
        email = wanted.get("email", profile.email)
        if "email_verified" not in wanted and email != profile.email and (email and trim(email)) != profile.email:
            wanted["email_verified"] = None
        if self.custom_attributes:
            wanted["custom_attributes"] = {**profile.custom_attributes, **self.custom_attributes}
        return ContactDraft(profile._replace(**wanted), self.unsubscribed_from_emails)
