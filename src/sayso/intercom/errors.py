"""Errors on Intercom's wire: one table from the domain's tree to status, code and message."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from sayso.domain import errors as domain
from sayso.http.response import Response, line
from sayso.intercom.shapes.error import Error, ErrorList

#: What Intercom says of a path that it does not have, or not with this method.
NO_SUCH_PATH = "The requested resource does not exist; check your path and try again"


class Answer(NamedTuple):
    """`message` is the text Intercom gives, None where the error's own is shown."""

    status: int
    code: str
    message: str | None = None


TABLE: dict[type[domain.SaysoError], Answer] = {
    domain.Invalid: Answer(400, "parameter_invalid"),
    domain.Missing: Answer(400, "parameter_not_found"),
    domain.Malformed: Answer(400, "bad_request"),
    domain.ItemsMissing: Answer(422, "field_not_found"),
    domain.ItemsMistyped: Answer(422, "type_mismatch"),
    domain.TooManyItems: Answer(422, "parameter_invalid"),
    domain.UnknownSearchField: Answer(400, "invalid_field"),
    domain.WrongSortOrder: Answer(400, "invalid_sort_order"),
    domain.RoleFixed: Answer(400, "client_error", "Contact with user role can't be converted to a lead"),
    domain.NotDuplicates: Answer(400, "invalid_merge"),
    domain.NotRestorable: Answer(400, "bad_request"),
    domain.ContactBlocked: Answer(400, "not_restorable"),
    domain.TooManyCompanies: Answer(400, "contact_company_limit_exceeded"),
    domain.TooManyAttributes: Answer(400, "custom_data_limit_reached"),
    domain.ModelGone: Answer(422, "parameter_invalid"),
    domain.WrongCursor: Answer(
        400,
        "client_error",
        "Invalid starting_after param. Please try again using a starting_after value from a paginated response",
    ),
    domain.ScrollExists: Answer(400, "scroll_exists", "scroll already exists for this workspace"),
    domain.UnknownVersion: Answer(400, "intercom_version_invalid", "The requested version could not be found"),
    domain.NotInVersion: Answer(
        400, "intercom_version_invalid", "Requested resource is not available in current API version."
    ),
    domain.Unauthenticated: Answer(401, "unauthorized", "Access Token Invalid"),
    domain.Forbidden: Answer(403, "forbidden"),
    domain.JobClosed: Answer(403, "forbidden"),
    domain.NotFound: Answer(404, "not_found", "Resource Not Found"),
    domain.NoSuchRoute: Answer(404, "not_found"),
    domain.CompanyNotFound: Answer(404, "company_not_found", "Company Not Found"),
    domain.JobNotFound: Answer(404, "job_not_found"),
    domain.ScrollNotFound: Answer(404, "not_found", "scroll parameter not found"),
    domain.ContactNotFound: Answer(404, "not_found", "User Not Found"),
    domain.VisitorNotFound: Answer(404, "not_found", "Visitor Not Found"),
    domain.AdminNotFound: Answer(404, "admin_not_found", "Admin not found"),
    domain.AttributeNotFound: Answer(404, "field_not_found", "We couldn't find that data attribute to update"),
    domain.HistoryNotFound: Answer(404, "not_found", "Contact not found"),
    domain.ContactMerged: Answer(
        410, "contact_merged", "This contact has been merged. See the 'Link' header for the canonical contact."
    ),
    domain.MethodNotAllowed: Answer(404, "not_found", NO_SUCH_PATH),
    domain.TypeNotFound: Answer(404, "not_found", "Resource Not Found"),
    domain.Conflict: Answer(409, "conflict"),
    domain.DuplicateContact: Answer(409, "conflict"),
    domain.TypeFixed: Answer(409, "conflict"),
    domain.TooLarge: Answer(413, "client_error"),
    domain.KeyReused: Answer(422, "parameter_invalid"),
    domain.RateLimited: Answer(429, "rate_limit_exceeded", "The rate limit for the App has been exceeded"),
    domain.TooManySlowReads: Answer(429, "rate_limit_exceeded"),
    domain.SaysoError: Answer(500, "server_error", "Server Error"),
    domain.Stale: Answer(503, "service_unavailable"),
    domain.Unavailable: Answer(503, "service_unavailable"),
    domain.OutcomeUnknown: Answer(503, "service_unavailable"),
}


def rendered(error: domain.SaysoError, request_id: str) -> Response:
    """The response that tells an error."""
    status, code, message = TABLE[type(error)]
    field = error.field if isinstance(error, domain.Invalid) else None
    told = Error(code, message or _message(error), field or UNSET)
    return Response(msgspec.json.encode(ErrorList(request_id, [told])), status, _lines(error))


#: Of what never became a request: the code, and what is said where no more is known.
_REFUSALS = {
    400: ("bad_request", "Invalid HTTP request"),
    408: ("client_error", "The request took too long to arrive"),
    429: ("rate_limit_exceeded", "Too many connections or requests at a time"),
    431: ("client_error", "Request header fields too large"),
    501: ("client_error", "Not implemented"),
    503: ("service_unavailable", "Try again later"),
    505: ("client_error", "HTTP version not supported"),
}

#: How many seconds a client that is refused for the moment should wait.
_LATER = line(b"retry-after", b"1")


def refusal(status: int, request_id: str, why: str = "") -> Response:
    """The response to what never became a request."""
    code, message = _REFUSALS[status]
    body = msgspec.json.encode(ErrorList(request_id, [Error(code, why or message)]))
    return Response(body, status, _LATER if status in (429, 503) else b"")


def _message(error: domain.SaysoError) -> str:
    if isinstance(error, domain.DuplicateContact):
        who = "An archived contact" if error.archived else "A contact"
        return f"{who} matching those details already exists with id={error.contact_id}"
    return error.message


_LINES: dict[type[domain.SaysoError], Callable[[domain.SaysoError], bytes]] = {
    domain.ContactMerged: lambda error: line(b"link", f'</contacts/{error.into}>; rel="canonical"'.encode()),  # type: ignore[attr-defined]
    domain.Unauthenticated: lambda error: line(b"www-authenticate", b"Bearer"),
}


def _lines(error: domain.SaysoError) -> bytes:
    if isinstance(error, domain.Unavailable | domain.TooManySlowReads):
        return line(b"retry-after", b"%d" % error.retry_after)
    make = _LINES.get(type(error))
    return make(error) if make else b""
