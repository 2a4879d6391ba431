"""Data attributes that every workspace has: the fields of contacts and companies."""

from __future__ import annotations

from typing import NamedTuple

from sayso.domain.data_attribute import DataType, Model


class BuiltIn(NamedTuple):
    """`full_name` is the way to the value within the object, by dots."""

    model: Model
    full_name: str
    label: str
    description: str
    data_type: DataType = DataType.STRING
    api_writable: bool = False

    @property
    def name(self) -> str:
        return self.full_name.rpartition(".")[2]


_CONTACT, _COMPANY = Model.CONTACT, Model.COMPANY
_STRING, _INTEGER, _FLOAT = DataType.STRING, DataType.INTEGER, DataType.FLOAT
_BOOLEAN, _DATE = DataType.BOOLEAN, DataType.DATE

BUILT_IN = (
    BuiltIn(_CONTACT, "id", "ID", "The id that the contact got here"),
    BuiltIn(_CONTACT, "external_id", "User ID", "Your own id for the contact", _STRING, api_writable=True),
    BuiltIn(_CONTACT, "role", "Role", "Whether it is a user or a lead", _STRING, api_writable=True),
    BuiltIn(_CONTACT, "name", "Name", "What the contact is called", _STRING, api_writable=True),
    BuiltIn(_CONTACT, "email", "Email", "Where the contact gets mail", _STRING, api_writable=True),
    BuiltIn(_CONTACT, "email_domain", "Email domain", "What stands behind the @ of the email"),
    BuiltIn(_CONTACT, "phone", "Phone", "The contact's number", _STRING, api_writable=True),
    BuiltIn(_CONTACT, "avatar.image_url", "Avatar", "The address of a picture", _STRING, api_writable=True),
    BuiltIn(_CONTACT, "owner_id", "Owner", "The admin who looks after the contact", _INTEGER, api_writable=True),
    BuiltIn(_CONTACT, "created_at", "First seen", "When the contact was made here", _DATE),
    BuiltIn(_CONTACT, "updated_at", "Updated at", "When anything of the contact last changed", _DATE),
    BuiltIn(_CONTACT, "signed_up_at", "Signed up", "When the contact signed up with you", _DATE, api_writable=True),
    BuiltIn(_CONTACT, "last_seen_at", "Last seen", "When the contact last used your product", _DATE, api_writable=True),
    BuiltIn(_CONTACT, "last_contacted_at", "Last contacted", "When you last wrote to the contact", _DATE),
    BuiltIn(_CONTACT, "last_replied_at", "Last heard from", "When the contact last answered", _DATE),
    BuiltIn(_CONTACT, "last_email_opened_at", "Last opened email", "When a mail was last opened", _DATE),
    BuiltIn(_CONTACT, "last_email_clicked_at", "Last clicked email", "When a link in a mail was last followed", _DATE),
    BuiltIn(
        _CONTACT,
        "unsubscribed_from_emails",
        "Unsubscribed from emails",
        "Whether no mail may be sent",
        _BOOLEAN,
        api_writable=True,
    ),
    BuiltIn(_CONTACT, "marked_email_as_spam", "Marked email as spam", "Whether a mail was called spam", _BOOLEAN),
    BuiltIn(_CONTACT, "has_hard_bounced", "Has hard bounced", "Whether the address takes no mail", _BOOLEAN),
    BuiltIn(_CONTACT, "language_override", "Language override", "The language to use", _STRING, api_writable=True),
    BuiltIn(_CONTACT, "browser", "Browser", "What the contact browses with"),
    BuiltIn(_CONTACT, "browser_version", "Browser version", "The version of it"),
    BuiltIn(_CONTACT, "browser_language", "Browser language", "The language it asks for"),
    BuiltIn(_CONTACT, "os", "OS", "The system it runs on"),
    BuiltIn(_CONTACT, "location.country", "Country", "Where the contact is"),
    BuiltIn(_CONTACT, "location.region", "Region", "Where in the country"),
    BuiltIn(_CONTACT, "location.city", "City", "In which city"),
    BuiltIn(_COMPANY, "name", "Company name", "What the company is called", _STRING, api_writable=True),
    BuiltIn(_COMPANY, "company_id", "Company ID", "Your own id for the company"),
    BuiltIn(_COMPANY, "last_request_at", "Company last seen", "When somebody of it last used your product", _DATE),
    BuiltIn(
        _COMPANY,
        "remote_created_at",
        "Company created at",
        "When it became a company of yours",
        _DATE,
        api_writable=True,
    ),
    BuiltIn(_COMPANY, "user_count", "People", "How many contacts belong to it", _INTEGER),
    BuiltIn(_COMPANY, "session_count", "Company web sessions", "How often somebody of it came", _INTEGER),
    BuiltIn(_COMPANY, "plan.name", "Plan", "What it pays for"),
    BuiltIn(_COMPANY, "monthly_spend", "Monthly Spend", "What it pays in a month", _FLOAT, api_writable=True),
    BuiltIn(_COMPANY, "size", "Company size", "How many people work there", _INTEGER, api_writable=True),
    BuiltIn(_COMPANY, "industry", "Company industry", "What it does", _STRING, api_writable=True),
    BuiltIn(_COMPANY, "website", "Company website", "The address of its pages", _STRING, api_writable=True),
    BuiltIn(_COMPANY, "id", "ID", "The id that the company got here"),
    BuiltIn(_COMPANY, "created_at", "Created at", "When the company was made here", _DATE),
    BuiltIn(_COMPANY, "updated_at", "Updated at", "When anything of the company last changed", _DATE),
    BuiltIn(_COMPANY, "plan.id", "Plan ID", "The id that the plan got here"),
    BuiltIn(_COMPANY, "app_id", "App ID", "The id of the workspace"),
)
