"""The page at /docs, from the OpenAPI document alone; no scripts, and nothing fetched from anywhere."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from shlex import quote
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sayso.api.errors import TABLE
from sayso.api.errors import Answer as ProblemAnswer
from sayso.http.openapi import Json


def rendered(described: Json) -> tuple[bytes, str]:
    """The page, and the Content-Security-Policy that it needs."""
    return _page(
        "docs.html",
        info=described["info"],
        servers=described["servers"],
        groups=list(_groups(described)),
        schemas=[_schema(name, schema) for name, schema in sorted(described["components"]["schemas"].items())],
        problems=sorted(problems(), key=lambda problem: (problem.status, problem.code)),
    )


def _page(template: str, **values: Any) -> tuple[bytes, str]:
    environment = Environment(
        loader=PackageLoader("sayso.api"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    assert environment.loader
    style, _, _ = environment.loader.get_source(environment, "docs.css")
    # Our own file, not a word of anybody else's in it.
    page = environment.get_template(template).render(style=Markup(style), **values)  # noqa: S704
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return page.encode(), f"{policy}; frame-ancestors 'none'"


def home() -> tuple[bytes, str]:
    """The page at /, and the Content-Security-Policy that it needs."""
    return _page("home.html")


def problems() -> set[ProblemAnswer]:
    """The types of problems, each once."""
    return set(TABLE.values())


def _groups(described: Json) -> Iterator[Json]:
    for tag in described["tags"]:
        operations = [operation for operation in _operations(described) if tag["name"] in operation["tags"]]
        yield {"name": tag["name"], "description": tag["description"], "operations": operations}


def _operations(described: Json) -> Iterator[Json]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            responses = operation["responses"].items()
            yield {
                **operation,
                "anchor": operation["operationId"].replace("_", "-").replace(".", "-"),
                "method": method.upper(),
                "path": path,
                "scope": operation.get("x-scope"),
                "since": operation.get("x-since"),
                "parameters": [_parameter(parameter) for parameter in operation["parameters"]],
                "body": _content(operation.get("requestBody")),
                "curl": _curl(method.upper(), path, operation),
                "answers": [_answer(status, answer) for status, answer in responses if status < "300"],
                "errors": [_answer(status, answer) for status, answer in responses if status >= "400"],
            }


def _parameter(parameter: Json) -> Json:
    return {"required": False, **parameter, "kind": list(kinds(parameter["schema"]))}


def _answer(status: str, answer: Json) -> Json:
    return {"status": status, "description": answer["description"], **(_content(answer) or {})}


def _content(holder: Json | None) -> Json | None:
    """The one form of a body or of an answer."""
    if holder is None:
        return None
    media_type, media = next(iter(holder["content"].items()))
    example = media.get("example")
    return {
        "media_type": media_type,
        "kind": list(kinds(media["schema"])) if "schema" in media else [],
        "example": None if example is None else json.dumps(example, indent=2, ensure_ascii=False),
    }


def _curl(method: str, path: str, operation: Json) -> str:
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["name"].upper())
    words = ["curl"] if method == "GET" else ["curl", "-X", method]
    words.append(f'"$SAYSO_URL{path}"')
    lines = [" ".join(words)]
    if operation["security"]:
        lines.append('-H "Authorization: Bearer $SAYSO_TOKEN"')
    example = (
        next(iter(operation["requestBody"]["content"].values()))["example"] if "requestBody" in operation else None
    )
    if example is not None:
        lines += [
            "-H 'Content-Type: application/json'",
            f"-d {quote(json.dumps(example, indent=2, ensure_ascii=False))}",
        ]
    return " \\\n  ".join(lines)


def _schema(name: str, schema: Json) -> Json:
    required = schema.get("required", ())
    fields = [
        {
            "name": field,
            "kind": list(kinds(known)),
            "required": field in required,
            "description": known.get("description", ""),
        }
        for field, known in schema["properties"].items()
    ]
    return {"name": name, "description": schema.get("description", ""), "fields": fields}


def kinds(schema: Json) -> Iterator[tuple[str, str | None]]:
    """A schema in words, each with the name of the schema it links to, if it does."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield name, name
    elif "enum" in schema:
        yield " or ".join(json.dumps(value) for value in schema["enum"]), None
    elif "anyOf" in schema:
        yield from _joined(schema["anyOf"], " or ")
    elif schema.get("type") == "array":
        yield "list of ", None
        yield from kinds(schema["items"])
    else:
        yield _range(schema), None


def _joined(schemas: Iterable[Json], glue: str) -> Iterator[tuple[str, str | None]]:
    for number, schema in enumerate(schemas):
        if number:
            yield glue, None
        yield from kinds(schema)


def _range(schema: Json) -> str:
    words = [str(schema.get("type", "anything"))]
    if "minimum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if "maxLength" in schema:
        words.append(f"at most {schema['maxLength']} characters")
    if schema.get("default") is not None:
        words.append(f"{schema['default']} by default")
    return ", ".join(words)
