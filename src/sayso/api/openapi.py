"""Sayso's own surface, described, with what operators ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from msgspec import Struct

from sayso import __version__
from sayso.api.call import KEY_LIMIT
from sayso.api.errors import TABLE
from sayso.api.errors import Answer as ProblemAnswer
from sayso.api.page import MOST_PER_PAGE, PER_PAGE
from sayso.api.routes import ADMIN, OPEN_ROUTES, ROUTES, TWIN_ROUTES, OpenRoute, Route, TwinRoute
from sayso.api.shapes.operations import Health, Readiness
from sayso.api.shapes.problem import Problem
from sayso.api.shapes.subscription_type import (
    SubscriptionType,
    SubscriptionTypeFields,
    SubscriptionTypePage,
    Translation,
    TranslationFields,
    Wording,
)
from sayso.api.shapes.twin import Clock, ClockAdvance, ClockSetting, Fault, FaultFields, FaultList, Twin
from sayso.domain.access import Scope
from sayso.domain.errors import (
    Conflict,
    ContactNotFound,
    DuplicateContact,
    Forbidden,
    Invalid,
    KeyReused,
    Malformed,
    MethodNotAllowed,
    Missing,
    NoSuchRoute,
    NotFound,
    NotInVersion,
    RateLimited,
    SaysoError,
    TooLarge,
    TypeFixed,
    TypeNotFound,
    Unauthenticated,
    UnknownVersion,
)
from sayso.domain.subscription_type import (
    DESCRIPTION_LIMIT,
    LOCALE_LIMIT,
    LOCALE_PATTERN,
    NAME_LIMIT,
    TRANSLATION_LIMIT,
)
from sayso.http.openapi import Answer, Json, Operation, Surface

_COMMON = ("X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")

_OF_PATH = {"id": "The subscription type's id.", "locale": "A language tag, such as en or pt-BR."}

_ENGLISH = Translation("Newsletter", "Twice a month", "en")
_GERMAN = Translation("Rundbrief", "Zweimal im Monat", "de")
_ASKED = TranslationFields("Newsletter", "Twice a month", "en")
_ASKED_GERMAN = TranslationFields("Rundbrief", "Zweimal im Monat", "de")
_TYPE = SubscriptionType("5", "draft", "opt_in", _ENGLISH, [_ENGLISH, _GERMAN], ["email"])

_NOON = Clock(1_793_620_800, frozen=True)

#: One example of each shape.
_EXAMPLES: dict[type[Struct], Struct] = {
    SubscriptionType: _TYPE,
    SubscriptionTypePage: SubscriptionTypePage([_TYPE], None),
    SubscriptionTypeFields: SubscriptionTypeFields("opt_in", ["email"], "draft", _ASKED, [_ASKED_GERMAN]),
    Wording: Wording("Rundbrief", "Zweimal im Monat"),
    Health: Health(__version__),
    Readiness: Readiness("ok", []),
    Clock: _NOON,
    ClockSetting: ClockSetting(1_793_620_800),
    ClockAdvance: ClockAdvance(3600),
    FaultFields: FaultFields("429", 2, "POST", "/contacts"),
    FaultList: FaultList([Fault("429", 2, "POST", "/contacts", 0, served=False)]),
    Twin: Twin(Clock(1_793_620_800, frozen=False), []),
}

_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A word of your own. The same request with it again gets the same answer, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LIMIT},
}
_LIMIT: Json = {
    "name": "limit",
    "in": "query",
    "description": "How many on a page.",
    "schema": {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": PER_PAGE},
}
_CURSOR: Json = {
    "name": "cursor",
    "in": "query",
    "description": "The `next` of the page before.",
    "schema": {"type": "string"},
}


def surfaces() -> tuple[Surface, Surface]:
    return (
        Surface(
            tag="Sayso",
            description="What Sayso adds. Errors are problems (RFC 9457).",
            operations=[_operation(route) for route in ROUTES],
            revise=_revise,
        ),
        Surface(
            tag="Operations",
            description="What operators and their machines ask; a token is needed for `/metrics` alone.",
            operations=[_open_operation(route) for route in OPEN_ROUTES],
        ),
    )


def twin_surface() -> Surface:
    """What is served with --ephemeral alone."""
    return Surface(
        tag="Tests",
        description="A server for other people's tests: put back, its clock, its faults.",
        operations=[_twin_operation(route) for route in TWIN_ROUTES],
    )


def _operation(route: Route) -> Operation:
    handler = route.handler
    return Operation(
        id=f"sayso.{handler.__module__.rpartition('.')[2]}.{handler.__name__}",
        method=route.method,
        path=route.path,
        tag="Sayso",
        summary=route.summary,
        description=_told_of(handler),
        answers=[_done(route), *_problems(route)],
        parameters=_parameters(route),
        of_path=_OF_PATH,
        body=route.body,
        body_example=_EXAMPLES[route.body] if route.body else None,
        scope=route.scope.value,
    )


def _open_operation(route: OpenRoute) -> Operation:
    shapes = () if route.answer is None else (route.answer,)
    example = _EXAMPLES[route.answer] if route.answer else None
    answers = [
        Answer(
            status=status,
            description="Done." if status == 200 else "Not now.",
            shapes=shapes,
            media_type=route.media_type,
            headers=("X-Request-Id",),
            example=example if status == 200 else None,
        )
        for status in (200, route.or_else)
        if status is not None
    ]
    if route.guarded:
        kinds = (Unauthenticated, Forbidden, RateLimited)
        answers += [_told(TABLE[kind].status, TABLE[kind]) for kind in kinds]
    return Operation(
        id=f"operations.{route.handler.__name__}",
        method=route.method,
        path=route.path,
        tag="Operations",
        summary=route.summary,
        description=_told_of(route.handler),
        answers=answers,
        scope=Scope.READ.value if route.guarded else None,
    )


def _twin_operation(route: TwinRoute) -> Operation:
    kinds = (*((Invalid, Missing, Malformed, TooLarge) if route.body else ()), Unauthenticated, Forbidden, SaysoError)
    answers = [TABLE[kind] for kind in kinds]
    told = [
        _told(status, *(answer for answer in answers if answer.status == status))
        for status in sorted({answer.status for answer in answers})
    ]
    example = _EXAMPLES[route.answer]
    done = Answer(status=200, description="Done.", shapes=(route.answer,), headers=_COMMON, example=example)
    return Operation(
        id=f"sayso.twin.{route.handler.__name__}",
        method=route.method,
        path=route.path,
        tag="Tests",
        summary=route.summary,
        description=_told_of(route.handler),
        answers=[done, *told],
        body=route.body,
        body_example=_EXAMPLES[route.body] if route.body else None,
        scope=ADMIN.value,
    )


def _told_of(handler: Callable[..., object]) -> str:
    return " ".join((handler.__doc__ or "").split())


def _done(route: Route) -> Answer:
    headers = (*_COMMON, "Location") if route.status == 201 else _COMMON
    return Answer(
        status=route.status,
        description="Made." if route.status == 201 else "Done.",
        shapes=(route.answer,),
        headers=headers,
        example=_EXAMPLES[route.answer],
    )


def _parameters(route: Route) -> list[Json]:
    if route.method == "POST":
        return [_KEY]
    return [_LIMIT, _CURSOR] if route.answer is SubscriptionTypePage else []


def _problems(route: Route) -> list[Answer]:
    by_status: dict[int, dict[str, ProblemAnswer]] = defaultdict(dict)
    for kind, answer in TABLE.items():
        if _may_meet(route, kind):
            by_status[answer.status][answer.code] = answer
    return [_told(status, *answers.values()) for status, answers in sorted(by_status.items())]


def _may_meet(route: Route, kind: type[SaysoError]) -> bool:
    if kind in (Missing, Malformed, TooLarge):
        return route.body is not None
    if kind in (NotFound, TypeNotFound):
        return "{" in route.path
    if kind is TypeFixed:
        return route.method == "PUT"
    if kind is KeyReused:
        return route.method == "POST"
    return kind not in _ELSEWHERE


#: What has no place in the description of an operation that is there, or belongs to Intercom's surface.
_ELSEWHERE = frozenset(
    {NoSuchRoute, MethodNotAllowed, UnknownVersion, NotInVersion, ContactNotFound, Conflict, DuplicateContact}
)


def _told(status: int, *answers: ProblemAnswer) -> Answer:
    return Answer(
        status=status,
        description="; ".join(f"`{answer.code}`: {answer.title}" for answer in answers),
        shapes=(Problem,),
        media_type="application/problem+json",
        headers=(*_COMMON, "Retry-After") if status == 503 else _COMMON,
        example=_problem(answers[0]),
    )


def _problem(answer: ProblemAnswer) -> Problem:
    return Problem(answer.type, answer.title, answer.status, answer.advice, answer.code, "5b9a4f0c3d2e1f6a7b8c")


def _revise(schemas: Json) -> None:
    """What the shapes leave to the domain."""
    for name in ("TranslationFields", "Wording"):
        fields = schemas[name]["properties"]
        fields["name"] |= {"minLength": 1, "maxLength": NAME_LIMIT}
        fields["description"]["maxLength"] = DESCRIPTION_LIMIT
    locale = schemas["TranslationFields"]["properties"]["locale"]
    locale |= {"pattern": f"^{LOCALE_PATTERN}$", "maxLength": LOCALE_LIMIT}
    fields = schemas["SubscriptionTypeFields"]["properties"]
    fields["content_types"] |= {"minItems": 1, "uniqueItems": True}
    fields["translations"]["maxItems"] = TRANSLATION_LIMIT - 1
