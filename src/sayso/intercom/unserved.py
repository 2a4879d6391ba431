"""What Intercom has and Sayso does not serve: routes that say so, of the same table as those that are served.

`operations.tsv` lists the operations of Intercom's contacts side: tag, method, path, and the version it came with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from sayso.domain.access import Scope
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.errors import NO_SUCH_PATH
from sayso.intercom.routes import ROUTES, Route
from sayso.intercom.shapes.error import Error, ErrorList
from sayso.intercom.versions import Version, named

FILE = Path(__file__).with_name("operations.tsv")

_PARAMETER = re.compile(r"\{\w+\}")


class Operation(NamedTuple):
    """One of Intercom's."""

    tag: str
    method: str
    path: str
    since: Version

    @property
    def key(self) -> tuple[str, str]:
        return key(self.method, self.path)


def key(method: str, path: str) -> tuple[str, str]:
    """What tells an operation from the others: how a parameter is called does not."""
    return method, _PARAMETER.sub("{}", path)


def operations() -> list[Operation]:
    return [_read(*line.split("\t")) for line in FILE.read_text("utf-8").splitlines()]


def _read(tag: str, method: str, path: str, since: str) -> Operation:
    version = named(since.encode())
    if version is None:
        raise ValueError(since)
    return Operation(tag, method, path, version)


_ELSEWHERE = """ai articles away_status_reasons brands bulk calls content conversations counts custom_channel_events
custom_object_instances customers data_connectors data_exports download emails export external_pages fin fin_voice
help_center internal_articles jobs leads macros messages news newsfeeds phone_call_redirects reporting subscriptions
teams ticket_states ticket_types tickets users whatsapp workflows"""

#: Where paths of Intercom's API begin of which Sayso serves nothing, in any version.
ELSEWHERE = frozenset(_ELSEWHERE.split())


def explain(path: str) -> str:
    """What is said of a path that is no route, or not with this method."""
    first = path.strip("/").partition("/")[0]
    if first in ELSEWHERE:
        return f"/{first} belongs to a part of Intercom's API that Sayso does not serve"
    return NO_SUCH_PATH


def unserved(served: Iterable[Route]) -> list[Route]:
    """Routes for the operations that no served one is."""
    known = {key(route.method, route.path) for route in served}
    return [_route(operation) for operation in operations() if operation.key not in known]


def _route(operation: Operation) -> Route:
    told = f"{operation.method} {operation.path} is not served by Sayso"

    async def refuse(call: Call) -> Response:
        return Response(msgspec.json.encode(ErrorList(call.request_id, [Error("not_found", told)])), 404)

    scope = Scope.READ if operation.method == "GET" else Scope.WRITE
    return Route(operation.method, operation.path, refuse, scope, told, ErrorList, since=operation.since)


UNSERVED = unserved(ROUTES)
