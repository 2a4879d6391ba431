"""Write down which operations Intercom's contacts side has, and since when: facts from its published descriptions.

`python -m scripts.operations FOLDER`, where the folder holds the OpenAPI descriptions, one file per version.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sayso.intercom.unserved import FILE, key

VERSIONS = (*(f"2.{minor}" for minor in range(7, 17)), "Preview")

_Found = dict[tuple[str, str], tuple[str, str]]


def extracted(documents: Mapping[str, Any]) -> str:
    """From each version's description a line per operation: tag, method, path, and the first version that has it.

    Raises ValueError on what is not so simple: an operation that went again.
    """
    since: dict[tuple[str, str], str] = {}
    for version in VERSIONS:
        found = _operations(documents[version])
        gone = set(since) - set(found)
        if gone:
            raise ValueError(f"gone in {version}: {sorted(gone)}")
        for operation in found:
            since.setdefault(operation, version)
    lines = [(tag, path, operation[0], since[operation]) for operation, (tag, path) in found.items()]
    return "".join(f"{tag}\t{method}\t{path}\t{version}\n" for tag, path, method, version in sorted(lines))


def _operations(document: Any) -> _Found:
    """By method and path without the parameters' names, which differ from version to version: the tag and the path."""
    return {
        key(method.upper(), path): (operation["tags"][0], path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def main(folder: Path) -> None:
    files = {version: folder / f"intercom-{version.lower()}.yaml" for version in VERSIONS}
    documents = {version: yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) for version, path in files.items()}
    FILE.write_text(extracted(documents), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
