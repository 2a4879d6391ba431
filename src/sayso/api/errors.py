"""Errors as problems (RFC 9457): one table from the domain's tree to status, code and title."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec import UNSET

from sayso.api.shapes.problem import FieldError, Problem
from sayso.domain import errors as domain
from sayso.http.response import Response, line

PROBLEM = b"application/problem+json"


class Answer(NamedTuple):
    """`code` is the last word of the problem's type, under which /docs explains it with `advice`."""

    status: int
    code: str
    title: str
    advice: str

    @property
    def type(self) -> str:
        return f"/docs#errors-{self.code}"


_INVALID = Answer(400, "invalid", "A value breaks a rule", "Each of `errors` names the field and the rule.")
_MISSING = Answer(400, "missing", "A value is missing", "Each of `errors` names a field that must be there.")
_MALFORMED = Answer(400, "malformed", "The body cannot be read", "Send one JSON object, in UTF-8.")
_VERSION = Answer(400, "version", "There is no such API version", "Only Intercom's surface has versions.")
_UNAUTHORIZED = Answer(
    401, "unauthorized", "No valid access token", "Send `Authorization: Bearer` and a token that was not revoked."
)
_FORBIDDEN = Answer(403, "forbidden", "The token lacks a scope", "Use a token with the scope that `detail` names.")
_NOT_FOUND = Answer(404, "not_found", "There is no such thing here", "Check the path and the ids in it.")
_METHOD = Answer(405, "method_not_allowed", "The method is not allowed", "`Allow` lists the methods that are.")
_CONFLICT = Answer(409, "conflict", "The state of things forbids it", "Read what is there, and decide anew.")
_FIXED = Answer(
    409,
    "type_fixed",
    "The type has been published",
    "Archive it, and publish another in its place: people agreed to it.",
)
_TOO_LARGE = Answer(413, "too_large", "The body is too large", "Send less at a time.")
_REUSED = Answer(
    422, "key_reused", "The idempotency key belongs to another request", "Send a new key with each new request."
)
_LIMITED = Answer(429, "rate_limited", "Too many requests", "Wait until the second that `X-RateLimit-Reset` names.")
_BUSY = Answer(
    429,
    "too_many_slow_reads",
    "Too many searches at once",
    "Wait for running requests to finish, or try again after the seconds of `Retry-After`.",
)
_FAILED = Answer(500, "server_error", "The server failed", "Report it with the request id; try again later.")
_UNAVAILABLE = Answer(
    503, "unavailable", "Not now", "Nothing was written. Try again after the seconds of `Retry-After`."
)
_UNKNOWN = Answer(
    503, "outcome_unknown", "It is not known whether this was written", "Read what is there before trying again."
)

TABLE: dict[type[domain.SaysoError], Answer] = {
    domain.Invalid: _INVALID,
    domain.Missing: _MISSING,
    domain.Malformed: _MALFORMED,
    domain.ItemsMissing: _MISSING,
    domain.ItemsMistyped: _INVALID,
    domain.TooManyItems: _INVALID,
    domain.RoleFixed: _INVALID,
    domain.NotDuplicates: _INVALID,
    domain.NotRestorable: _INVALID,
    domain.ContactBlocked: _INVALID,
    domain.TooManyCompanies: _INVALID,
    domain.TooManyAttributes: _INVALID,
    domain.ModelGone: _INVALID,
    domain.WrongCursor: _INVALID,
    domain.UnknownSearchField: _INVALID,
    domain.WrongSortOrder: _INVALID,
    domain.UnknownVersion: _VERSION,
    domain.NotInVersion: _VERSION,
    domain.Unauthenticated: _UNAUTHORIZED,
    domain.Forbidden: _FORBIDDEN,
    domain.NotFound: _NOT_FOUND,
    domain.NoSuchRoute: _NOT_FOUND,
    domain.ContactNotFound: _NOT_FOUND,
    domain.ContactMerged: _NOT_FOUND,
    domain.HistoryNotFound: _NOT_FOUND,
    domain.VisitorNotFound: _NOT_FOUND,
    domain.AdminNotFound: _NOT_FOUND,
    domain.CompanyNotFound: _NOT_FOUND,
    domain.JobNotFound: _NOT_FOUND,
    domain.ScrollNotFound: _NOT_FOUND,
    domain.AttributeNotFound: _NOT_FOUND,
    domain.TypeNotFound: _NOT_FOUND,
    domain.MethodNotAllowed: _METHOD,
    domain.Conflict: _CONFLICT,
    domain.DuplicateContact: _CONFLICT,
    domain.JobClosed: _CONFLICT,
    domain.ScrollExists: _CONFLICT,
    domain.TypeFixed: _FIXED,
    domain.TooLarge: _TOO_LARGE,
    domain.KeyReused: _REUSED,
    domain.RateLimited: _LIMITED,
    domain.TooManySlowReads: _BUSY,
    domain.SaysoError: _FAILED,
    domain.Stale: _UNAVAILABLE,
    domain.Unavailable: _UNAVAILABLE,
    domain.OutcomeUnknown: _UNKNOWN,
}


def rendered(error: domain.SaysoError, request_id: str) -> Response:
    """The response that tells an error."""
    answer = TABLE[type(error)]
    problem = Problem(answer.type, answer.title, answer.status, error.message, answer.code, request_id)
    if isinstance(error, domain.Invalid) and error.field:
        problem.errors = [FieldError(error.field, error.message)]
    else:
        problem.errors = UNSET
    return Response(msgspec.json.encode(problem), answer.status, _lines(error), PROBLEM)


def _lines(error: domain.SaysoError) -> bytes:
    match error:
        case domain.MethodNotAllowed():
            return line(b"allow", ", ".join(error.allow).encode())
        case domain.Unauthenticated():
            return line(b"www-authenticate", b"Bearer")
        case domain.Unavailable() | domain.TooManySlowReads():
            return line(b"retry-after", b"%d" % error.retry_after)
    return b""
