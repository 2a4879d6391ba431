"""Write down the facts in Intercom's published OpenAPI descriptions: `make facts`.

Facts are the names of operations, schemas and fields, and their types, required fields, enums and nullability. Nothing
that Intercom wrote as text is kept: no descriptions, no summaries, no values of examples.

`tests/conformance/facts/` has one file per version. The oldest version's file is complete; each later one is a JSON
Merge Patch (RFC 7396) to the version before it, so it shows what that version changed. A version's facts are:

- `operations`: what the contacts side has, by method and path with `{}` for each parameter.
- `lists`: the same for the operations of other parts of Intercom.
- `schemas`: every schema that a successful answer can contain, in OpenAPI's dialect.

An operation has:

- `tag` and `path`: the path with the parameters' names.
- `answers`: the schema of each successful answer, by status.
- `examples`: the keys of each example of a 200, in order. An object is a list of its keys. A key with an object below
  it is a list too: the key, then the object's keys. `[]` after a key marks an array, whose first item is shown.
- `requests`: by the name of an example request, the documented `status` and the keys of its `body`, where it has one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

#: The versions that are described, as the header names them.
VERSIONS = (*(f"2.{minor}" for minor in range(7, 17)), "Preview")

#: Where the descriptions are looked for: those of the contacts side, and those of the lists.
DESCRIPTIONS = Path(__file__).parents[1] / "../shared/reference/intercom-openapi"
LISTS = DESCRIPTIONS.with_name("intercom-openapi-lists")

FACTS = Path(__file__).parents[1] / "tests/conformance/facts"

_KEPT = frozenset(
    [
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "enum",
        "items",
        "maxItems",
        "nullable",
        "oneOf",
        "properties",
        "required",
        "type",
    ]
)
_DROPPED = frozenset(["default", "description", "discriminator", "example", "examples", "format", "readOnly", "title"])

#: Every error has this schema, and answers of errors are not kept.
_ERROR = "error"

_PARAMETER = re.compile(r"\{\w+\}")
_WIDTH = 120


@cache
def facts(version: str) -> dict[str, Any]:
    """The facts about a version, read from the files. The result is shared: do not change it."""
    patch = json.loads(_file(version).read_bytes())
    number = VERSIONS.index(version)
    return patched(facts(VERSIONS[number - 1]), patch) if number else patch


def _file(version: str) -> Path:
    return FACTS / f"{version.lower()}.json"


def patched(target: Any, patch: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7396, section 2)."""
    if not isinstance(patch, dict):
        return patch
    if not isinstance(target, dict):
        target = {}
    changed = {key: patched(target.get(key), value) for key, value in patch.items() if value is not None}
    return {key: value for key, value in target.items() if key not in patch} | changed


def _patch(before: Any, after: Any) -> Any:
    """The JSON Merge Patch that turns `before` into `after`."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return after
    removed = dict.fromkeys(before.keys() - after.keys())
    changed = {
        key: _patch(before.get(key), value) for key, value in after.items() if key not in before or before[key] != value
    }
    return dict(sorted(removed.items())) | changed


class File(NamedTuple):
    """A version's file, and what it must contain according to the descriptions.

    `examples` are those of a 200, by method and path, with the values that the file must not contain.
    """

    version: str
    path: Path
    text: str
    examples: list[tuple[str, str, Any]]


def files() -> Iterator[File]:
    before: dict[str, Any] = {}
    for version in VERSIONS:
        documents = [_description(version, folder) for folder in (DESCRIPTIONS, LISTS)]
        after = extracted(*documents)
        patch = _patch(before, after)
        if patched(before, patch) != after:
            raise ValueError(f"{version}: a merge patch cannot express a null")
        yield File(version, _file(version), _text(patch) + "\n", list(_examples(documents)))
        before = after


def _description(version: str, folder: Path) -> dict[str, Any]:
    """Intercom's own description of a version."""
    path = folder / f"intercom-{version.lower()}.yaml"
    return yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def extracted(document: dict[str, Any], lists: dict[str, Any]) -> dict[str, Any]:
    """The facts in two descriptions of one version.

    Raises ValueError on a keyword that is neither known as a fact nor as something else.
    """
    operations = {"operations": _operations(document), "lists": _operations(lists)}
    schemas = lists["components"]["schemas"] | document["components"]["schemas"]
    kept: dict[str, Any] = {}
    wanted = referred(operations) | {_ERROR}
    while wanted:
        kept |= {name: _bare(schemas[name]) for name in wanted if name in schemas}
        wanted = (referred([kept[name] for name in wanted if name in kept]) & schemas.keys()) - kept.keys()
    return operations | {"schemas": dict(sorted(kept.items()))}


def referred(tree: Any) -> set[str]:
    """The names of the schemas that something refers to."""
    if isinstance(tree, list):
        return set().union(*map(referred, tree))
    if not isinstance(tree, dict):
        return set()
    reference = tree.get("$ref")
    named = {reference.rpartition("/")[2]} if isinstance(reference, str) else set()
    return named.union(*map(referred, tree.values()))


def _operations(document: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{method.upper()} {_PARAMETER.sub('{}', path)}": _operation(path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def _operation(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    answers = {status: _content(answer) for status, answer in operation["responses"].items()}
    requests = {
        name: {"status": int(status)} | ({"body": keys(example["value"])} if example["value"] else {})
        for name, example in _content(operation.get("requestBody", {})).get("examples", {}).items()
        for status in _documented(example["summary"], answers)
    }
    return {
        "tag": operation["tags"][0],
        "path": path,
        "answers": {status: _bare(content.get("schema", {})) for status, content in answers.items() if status < "400"},
        "examples": [keys(value) for value in _values(operation)],
    } | ({"requests": requests} if requests else {})


def _examples(documents: list[dict[str, Any]]) -> Iterator[tuple[str, str, Any]]:
    for document in documents:
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                yield from ((method.upper(), path, value) for value in _values(operation))


def _values(operation: dict[str, Any]) -> list[Any]:
    """The examples of a 200."""
    examples = _content(operation["responses"].get("200", {})).get("examples", {})
    return [example["value"] for example in examples.values()]


def _documented(summary: str, answers: dict[str, Any]) -> list[str]:
    """The status whose answer has an example of the same name. Where several have one it is not known."""
    found = [
        status for status, content in answers.items() if summary.lower() in map(str.lower, content.get("examples", {}))
    ]
    return found if len(found) == 1 else []


def _content(part: dict[str, Any]) -> dict[str, Any]:
    return part.get("content", {}).get("application/json", {})


def _bare(schema: Any) -> Any:
    """A schema without everything that is not a fact."""
    if isinstance(schema, list):
        return [_bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    unknown = {keyword for keyword in schema.keys() - _KEPT - _DROPPED if not keyword.startswith("x-")}
    if unknown:
        raise ValueError(f"unknown keywords in a schema: {sorted(unknown)}")
    bare = {keyword: _bare(value) for keyword, value in schema.items() if keyword in _KEPT - {"properties"}}
    if "properties" in schema:
        bare["properties"] = {name: _bare(property_) for name, property_ in schema["properties"].items()}
    return bare


def keys(value: Any) -> list[Any] | None:
    """The keys of an example, in order, as the files have them; None for what is no object."""
    return [_key(key, below) for key, below in value.items()] if isinstance(value, dict) else None


def _key(name: str, below: Any) -> Any:
    if isinstance(below, list):
        return _key(f"{name}[]", below[0] if below else None)
    deeper = None if name == "custom_attributes" else keys(below)
    return name if deeper is None else [name, *deeper]


def _text(value: Any, indent: str = "") -> str:
    """JSON with everything that fits on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(indent) + len(line) < _WIDTH:
        return line
    deeper = indent + " "
    start, end = "{}" if isinstance(value, dict) else "[]"
    items = (
        [f"{json.dumps(key)}: {_text(item, deeper)}" for key, item in value.items()]
        if isinstance(value, dict)
        else [_text(item, deeper) for item in value]
    )
    return f"{start}\n{deeper}" + f",\n{deeper}".join(items) + f"\n{indent}{end}"


def main() -> None:
    if not DESCRIPTIONS.is_dir():
        raise SystemExit(f"Intercom's OpenAPI descriptions are not there: {DESCRIPTIONS.resolve()}")
    FACTS.mkdir(exist_ok=True)
    for file in files():
        file.path.write_text(file.text, "utf-8")


if __name__ == "__main__":
    main()
