"""Write down which operations Intercom's contacts side has, and since when: `make facts`."""

from __future__ import annotations

from scripts.facts import VERSIONS, facts

from sayso.intercom.unserved import FILE


def page() -> str:
    """A line per operation: tag, method, path, and the first version that has it.

    Raises ValueError on what is not so simple: an operation that went again.
    """
    since: dict[str, str] = {}
    for version in VERSIONS:
        found = facts(version)["operations"]
        gone = since.keys() - found.keys()
        if gone:
            raise ValueError(f"gone in {version}: {sorted(gone)}")
        for name in found:
            since.setdefault(name, version)
    lines = [(one["tag"], one["path"], name.partition(" ")[0], since[name]) for name, one in found.items()]
    return "".join(f"{tag}\t{method}\t{path}\t{version}\n" for tag, path, method, version in sorted(lines))


if __name__ == "__main__":
    FILE.write_text(page(), "utf-8")
