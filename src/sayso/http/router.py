"""Routes as a table, matched segment by segment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar


class Routed(Protocol):
    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str:
        """Such as `/contacts/{contact_id}/subscriptions`."""


R = TypeVar("R", bound=Routed)


class NotAllowed(Exception):
    """The path is there, the method is not; `allow` names those that are."""

    def __init__(self, allow: tuple[str, ...]) -> None:
        super().__init__(allow)
        self.allow = allow


@dataclass(slots=True)
class _Node(Generic[R]):
    literals: dict[str, _Node[R]] = field(default_factory=dict)
    parameter: _Node[R] | None = None
    routes: dict[str, R] = field(default_factory=dict)


class Router(Generic[R]):
    """A literal segment is preferred to a parameter; HEAD is answered where GET is."""

    def __init__(self, routes: Iterable[R]) -> None:
        self._root: _Node[R] = _Node()
        for route in routes:
            self._add(route)

    def match(self, method: str, segments: Sequence[str]) -> tuple[R, list[str]] | None:
        """The route and its parameters, in the order of the path. Raises NotAllowed."""
        node, parameters = self._root, []
        for segment in segments:
            following = node.literals.get(segment)
            if following is None:
                following = node.parameter
                if following is None:
                    return None
                parameters.append(segment)
            node = following
        route = node.routes.get(method)
        return (route, parameters) if route is not None else self._otherwise(node, method, parameters)

    def _otherwise(self, node: _Node[R], method: str, parameters: list[str]) -> tuple[R, list[str]] | None:
        if not node.routes:
            return None
        route = node.routes.get("GET") if method == "HEAD" else None
        if route is None:
            raise NotAllowed(tuple(sorted({*node.routes, *(["HEAD"] if "GET" in node.routes else [])})))
        return route, parameters

    def _add(self, route: R) -> None:
        node = self._root
        for segment in filter(None, route.path.split("/")):
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        node.routes[route.method] = route
