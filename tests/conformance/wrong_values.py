"""Requests with one wrong value each, made from what an operation is described to take and from requests that it takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

Json = dict[str, Any]

#: Where a value stands in a body, from the outside in; 0 is the first item of a list.
Place = tuple[str | int, ...]

LONG = "x" * 70_000

#: JSON as it is sent: each type in turn, numbers out of range, wrong dates, and texts that no field allows.
VALUES = (
    "null",
    "true",
    "-1",
    "1.5",
    "1e999",
    "1577836800000",
    str(2**64),
    '""',
    '"x"',
    '"2023-11-28T20:37:14.000Z"',
    '"\\u0000"',
    json.dumps(LONG),
    "[]",
    "[{}]",
    "{}",
    '{"x":[]}',
)

#: Bodies that are wrong as a whole.
BODIES = (b"[]", b"null", b'"x"', b"7", b"{", b"{'id': 1}", b"\xff\xfe", b"[" * 5000)

#: Values of parameters, of the query and of the path.
WORDS = ("", "x", "0", "-1", "1.5", "9" * 20, "2023-11-28T20:37:14.000Z", "\0", "[]", "x" * 3000)

#: Values of header fields.
HEADERS = ("", "x y", "\xe9", "x" * 300)


@dataclass(frozen=True)
class Sample:
    """A request. `names`: an error must use one of them; empty where no field is to blame. `allowed`: the only values that are
    described."""

    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


class Inputs:
    """What an operation of an OpenAPI document takes: `path` and `bodies` are of requests that it accepts."""

    def __init__(self, document: Json, method: str, route: str, path: str, bodies: list[Any]) -> None:
        operation = document["paths"][route][method.lower()]
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        self._schemas = document["components"]["schemas"]
        self._parameters: list[Json] = operation["parameters"]
        self._body: Json | None = content.get("schema")
        self._route, self._path = route, path
        self.bodies = bodies or ([content["example"]] if content else [])

    def right(self) -> Iterator[Sample]:
        """Requests without a wrong value: without a query, then with each body."""
        yield Sample(self._path.partition("?")[0], self._right)
        for body in self.bodies:
            yield Sample(self._path, json.dumps(body).encode())

    def wrong(self) -> Iterator[Sample]:
        if self._body is not None:
            yield from self._wrong_bodies(self._body)
        yield from self._wrong_parameters()
        yield from self._wrong_paths()

    @property
    def _right(self) -> bytes:
        return json.dumps(self.bodies[0]).encode() if self.bodies else b""

    def _wrong_bodies(self, schema: Json) -> Iterator[Sample]:
        described = list(self._described(schema))
        places: dict[Place, Any] = {}
        for body in self.bodies:
            for place in (*described, *_given(body)):
                places.setdefault(place, body)
        for place, body in places.items():
            names, allowed = _names(place, described), self._allowed(schema, place)
            for value in VALUES:
                yield Sample(self._path, _with(body, place, value), names=names, allowed=allowed)
            yield Sample(self._path, _without(body, place), names=names, allowed=allowed)
        yield Sample(self._path, _with(self.bodies[0], ("no_such_field",), "[]"))
        for raw in BODIES:
            yield Sample(self._path, raw)

    def _wrong_parameters(self) -> Iterator[Sample]:
        bare, _, query = self._path.partition("?")
        given = dict(parse_qsl(query))
        for parameter in self._parameters:
            name, allowed = parameter["name"], tuple(parameter["schema"].get("enum", ()))
            if parameter["in"] == "query":
                rest = {key: value for key, value in given.items() if key != name}
                for query in (rest, *({**rest, name: word} for word in WORDS)):
                    yield Sample(f"{bare}?{urlencode(query)}", self._right, names=(name,), allowed=allowed)
            elif parameter["in"] == "header":
                for word in HEADERS:
                    yield Sample(self._path, self._right, ((name, word),), (name, name.rpartition("-")[2]))

    def _wrong_paths(self) -> Iterator[Sample]:
        bare, mark, query = self._path.partition("?")
        for number, part in enumerate(self._route.split("/")):
            if part.startswith("{"):
                for word in WORDS[1:]:
                    parts = bare.split("/")
                    parts[number] = quote(word, safe="")
                    yield Sample("/".join(parts) + mark + query, self._right, names=(part.strip("{}"),))

    def _described(self, schema: Json) -> Iterator[Place]:
        for form in self._forms(schema):
            for name, inner in form.get("properties", {}).items():
                yield (name,)
                yield from ((name, *rest) for rest in self._described(inner))
            if isinstance(form.get("items"), dict):
                yield (0,)
                yield from ((0, *rest) for rest in self._described(form["items"]))

    def _forms(self, schema: Json) -> list[Json]:
        """The forms that a value may have."""
        if "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        if "anyOf" in schema:
            return [form for option in schema["anyOf"] for form in self._forms(option)]
        return [schema]

    def _allowed(self, schema: Json, place: Place) -> tuple[str, ...]:
        """The values of an enum, where nothing else is described at a place."""
        forms = self._forms(schema)
        for step in place:
            inner = [form.get("items") if step == 0 else form.get("properties", {}).get(step) for form in forms]
            forms = [form for each in inner if isinstance(each, dict) for form in self._forms(each)]
        forms = [form for form in forms if form.get("type") != "null"]
        if not all("enum" in form for form in forms):
            return ()
        return tuple(str(value) for form in forms for value in form["enum"] if value is not None)


def _given(body: Any) -> Iterator[Place]:
    """Every place in a body; the first item of a list stands for all."""
    steps = body.items() if isinstance(body, dict) else [(0, body[0])] if isinstance(body, list) and body else ()
    for step, value in steps:
        yield (step,)
        yield from ((step, *rest) for rest in _given(value))


def _names(place: Place, described: list[Place]) -> tuple[str, ...]:
    """The field's name and those of the fields in it. What a described object consists of may be blamed on the object;
    where the caller makes the keys, only the key tells them apart."""
    size = len(place)
    words = [step for step in place if isinstance(step, str)]
    inner = [step for one in described if one[:size] == place for step in one[size:] if isinstance(step, str)]
    return (*words[-2 if place in described else -1 :], *inner)


#: Stands for a value that JSON has and Python does not.
_HERE = "the value is here"


def _with(body: Any, place: Place, value: str) -> bytes:
    return json.dumps(_put(body, place)).replace(f'"{_HERE}"', value).encode()


def _put(tree: Any, place: Place) -> Any:
    if not place:
        return _HERE
    step, rest = place[0], place[1:]
    if isinstance(step, int):
        items = tree if isinstance(tree, list) and tree else [None]
        return [_put(items[0], rest), *items[1:]]
    fields = tree if isinstance(tree, dict) else {}
    return {**fields, step: _put(fields.get(step), rest)}


def _without(body: Any, place: Place) -> bytes:
    tree = _put(body, place)
    holder = tree
    for step in place[:-1]:
        holder = holder[step]
    del holder[place[-1]]
    return json.dumps(tree).encode()
