"""Everything the domain refuses, as one short tree.

    SaysoError                  what nobody foresaw
    ├── Invalid                 a value that breaks a rule; nothing was written
    │   ├── Missing             a value that must be there
    │   ├── Malformed           a body that could not be read at all
    │   ├── ItemsMissing        a bulk request without its items, or an item without its id
    │   ├── ItemsMistyped       a bulk request whose items are not an array of objects
    │   ├── TooManyItems        a bulk request with more items than one may have
    │   ├── RoleFixed           a user never becomes a lead again
    │   ├── NotDuplicates       a merge of two contacts that share nothing
    │   ├── NotRestorable       a deleted contact that somebody wants back
    │   │   └── ContactBlocked  a blocked one
    │   ├── TooManyCompanies    a contact belongs to as many companies as one may
    │   ├── TooManyAttributes   a workspace has as many attributes of its own as it may
    │   ├── ModelGone           a model whose attributes are not listed any more
    │   ├── UnknownSearchField  a field that no search knows, or that nothing is sorted by
    │   ├── WrongSortOrder      neither ascending nor descending
    │   └── WrongCursor         a cursor that no page gave
    ├── Unauthenticated         no token, an unknown one or a revoked one
    ├── Forbidden               the token lacks the scope
    ├── RateLimited             the token's window is used up
    │   └── TooManySlowReads    the token has as many searches running as it may
    ├── TooLarge                a body over the limit
    ├── KeyReused               an idempotency key that came with another request before
    ├── UnknownVersion          an API version that never was
    ├── NotInVersion            an operation newer than the version asked for
    ├── NotFound                what is asked for is not there
    │   ├── NoSuchRoute         a path that does not exist
    │   ├── MethodNotAllowed    a path without this method
    │   ├── ContactNotFound     no such contact, or one that was deleted
    │   │   ├── ContactMerged   one that was merged into another
    │   │   └── HistoryNotFound no contact that others can have been merged into
    │   ├── VisitorNotFound     no such lead, asked for as a visitor
    │   ├── AdminNotFound       no such admin
    │   ├── CompanyNotFound     no such company, or not one of the contact's
    │   ├── JobNotFound         no such bulk job
    │   ├── ScrollNotFound      a scroll that is not open, or not any more
    │   ├── AttributeNotFound   no such data attribute of the workspace's own
    │   └── TypeNotFound        no such type, or none that can be used so
    ├── Conflict                the state of things forbids it
    │   ├── DuplicateContact    an identifier that another contact holds
    │   ├── JobClosed           a bulk job that takes no more tasks
    │   ├── ScrollExists        a scroll beside one that is still open
    │   └── TypeFixed           what a published type can no longer change
    ├── Stale                   somebody was faster; decide again
    └── Unavailable             try later; nothing is known to be written
        └── OutcomeUnknown      the commit may or may not have happened

Each surface maps every class to its own status, code and wording.
"""

from __future__ import annotations

import re

#: What an address or a phone number has and hardly any name, and what no log or page shows well.
_NOT_REPEATED = re.compile(r"[@+\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST_NAME = 255


def shown(name: str) -> str:
    """A name that a caller sent, as an error may repeat it: an address or a phone number is left out."""
    return "…" if _NOT_REPEATED.search(name) else name[:_LONGEST_NAME]


class SaysoError(Exception):
    """The root: a message for people, and nothing personal in it."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class Invalid(SaysoError):
    """A value that breaks a rule. `field` names it where one is to blame."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Missing(Invalid):
    pass


class Malformed(Invalid):
    pass


class ItemsMissing(Invalid):
    pass


class ItemsMistyped(Invalid):
    pass


class TooManyItems(Invalid):
    pass


class RoleFixed(Invalid):
    pass


class NotDuplicates(Invalid):
    pass


class NotRestorable(Invalid):
    """A deleted contact never comes back."""


class ContactBlocked(NotRestorable):
    """Nor does a blocked one."""


class TooManyCompanies(Invalid):
    pass


class TooManyAttributes(Invalid):
    pass


class ModelGone(Invalid):
    pass


class WrongCursor(Invalid):
    pass


class UnknownSearchField(Invalid):
    def __init__(self, name: str, field: str = "field") -> None:
        super().__init__(f"{shown(name)} is not a valid {'sort' if field == 'sort' else 'search'} field", field)


class WrongSortOrder(Invalid):
    def __init__(self, order: str) -> None:
        super().__init__(f"Invalid sort order '{shown(order)}'. Must be one of: ascending, descending", "sort")


class Unauthenticated(SaysoError):
    pass


class Forbidden(SaysoError):
    def __init__(self, scope: str) -> None:
        super().__init__(f"You do not have the required scope ({scope}) to access this resource")


class RateLimited(SaysoError):
    pass


class TooManySlowReads(RateLimited):
    """Other requests of the token still read what takes long. `retry_after` is in seconds."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"This token already has {limit} searches running; wait for one to finish")
        self.retry_after = 1


class TooLarge(SaysoError):
    pass


class KeyReused(SaysoError):
    pass


class UnknownVersion(SaysoError):
    pass


class NotInVersion(SaysoError):
    pass


class NotFound(SaysoError):
    pass


class NoSuchRoute(NotFound):
    pass


class MethodNotAllowed(NotFound):
    """The path exists, the method does not; `allow` lists those that do."""

    def __init__(self, allow: tuple[str, ...]) -> None:
        super().__init__("Method Not Allowed")
        self.allow = allow


class ContactNotFound(NotFound):
    pass


class ContactMerged(ContactNotFound):
    """What was this contact's is the contact's now that is named."""

    def __init__(self, into: str) -> None:
        super().__init__("the contact was merged into another one")
        self.into = into


class HistoryNotFound(ContactNotFound):
    pass


class VisitorNotFound(NotFound):
    pass


class AdminNotFound(NotFound):
    pass


class CompanyNotFound(NotFound):
    pass


class JobNotFound(NotFound):
    def __init__(self, job_id: str) -> None:
        super().__init__(f"job {shown(job_id)} not found")


class ScrollNotFound(NotFound):
    pass


class AttributeNotFound(NotFound):
    pass


class TypeNotFound(NotFound):
    pass


class Conflict(SaysoError):
    pass


class DuplicateContact(Conflict):
    """Another contact holds the identifier. `archived`: it is archived, or deleted less than a week ago."""

    def __init__(self, contact_id: str, *, archived: bool) -> None:
        super().__init__("the identifier belongs to another contact")
        self.contact_id = contact_id
        self.archived = archived


class JobClosed(Conflict):
    def __init__(self, job_id: str) -> None:
        super().__init__(f"job {job_id} is closed for new task updates")


class ScrollExists(Conflict):
    pass


class TypeFixed(Conflict):
    """A change that a published type no longer allows."""


class Stale(SaysoError):
    """A row had another revision than the one read: nothing was written, read and decide again."""


class Unavailable(SaysoError):
    """The store cannot take it now. `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OutcomeUnknown(Unavailable):
    """The commit got no clear answer: the act's id tells later whether it happened."""
