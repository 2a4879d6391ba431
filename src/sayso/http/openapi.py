"""OpenAPI 3.1, from tables of operations and the shapes they speak in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

Json = dict[str, Any]
Shape = type[msgspec.Struct]

_REFERENCE = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)\}")


class NameTaken(Exception):
    """Two surfaces use one name for different shapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`shapes`: one, or any of several; none for what is no JSON. `headers` are names of the document's headers."""

    status: int
    description: str
    shapes: tuple[Shape, ...] = ()
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()
    example: msgspec.Struct | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`parameters` are those of the query and the headers: the path's are read off it, and described by `of_path`."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    answers: Sequence[Answer]
    parameters: Sequence[Json] = ()
    of_path: Mapping[str, str] = field(default_factory=dict)
    body: Shape | None = None
    body_example: msgspec.Struct | None = None
    scope: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Operations that belong together. `revise` may add to their schemas what the shapes cannot say."""

    tag: str
    description: str
    operations: Sequence[Operation]
    revise: Callable[[Json], None] = lambda schemas: None


def document(info: Json, servers: Sequence[Json], surfaces: Sequence[Surface], headers: Json, security: Json) -> Json:
    """The whole document. `headers` and `security` are its components. Raises NameTaken."""
    paths: Json = {}
    schemas: Json = {}
    for surface in surfaces:
        _merge(schemas, _schemas(surface))
        for operation in surface.operations:
            paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, security)
    return {
        "openapi": "3.1.0",
        "info": info,
        "servers": list(servers),
        "tags": [{"name": surface.tag, "description": surface.description} for surface in surfaces],
        "paths": paths,
        "components": {"schemas": schemas, "headers": headers, "securitySchemes": security},
    }


def _schemas(surface: Surface) -> Json:
    _, components = msgspec.json.schema_components(_shapes(surface.operations), ref_template=_REFERENCE)
    surface.revise(components)
    return components


def _merge(schemas: Json, more: Json) -> None:
    for name, schema in more.items():
        if schemas.setdefault(name, schema) != schema:
            raise NameTaken(name)


def _shapes(operations: Iterable[Operation]) -> list[Shape]:
    found: dict[Shape, None] = {}
    for operation in operations:
        spoken = [shape for answer in operation.answers for shape in answer.shapes]
        found.update(dict.fromkeys(spoken if operation.body is None else [*spoken, operation.body]))
    return list(found)


def _operation(operation: Operation, security: Json) -> Json:
    described: Json = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [*_path_parameters(operation), *operation.parameters],
        "responses": _responses(operation.answers),
        "security": [{scheme: [operation.scope]} for scheme in security] if operation.scope else [],
    }
    if operation.body is not None:
        described["requestBody"] = {"content": {"application/json": _media((operation.body,), operation.body_example)}}
    described |= {"x-scope": operation.scope} if operation.scope else {}
    return described | ({"x-since": operation.since} if operation.since else {})


def _path_parameters(operation: Operation) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": operation.of_path.get(name, ""),
            "schema": {"type": "string", "minLength": 1},
        }
        for name in _PARAMETER.findall(operation.path)
    ]


def _responses(answers: Sequence[Answer]) -> Json:
    responses: Json = {}
    for answer in answers:
        response = responses.setdefault(str(answer.status), {"description": answer.description, "content": {}})
        response["content"][answer.media_type] = _media(answer.shapes, answer.example)
        if answer.headers:
            response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in answer.headers}
    return responses


def _media(shapes: tuple[Shape, ...], example: msgspec.Struct | None) -> Json:
    references = [{"$ref": _REFERENCE.format(name=shape.__name__)} for shape in shapes]
    media: Json = {"schema": references[0] if len(references) == 1 else {"anyOf": references}} if references else {}
    return media if example is None else media | {"example": msgspec.to_builtins(example)}
