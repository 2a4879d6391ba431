"""Digests compared with those that were saved outside the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from sayso.domain.digest import Digest

#: The counts of a `Digest`.
_COUNTED = ("contacts", "entries", "changes", "settings")


@dataclass(frozen=True, slots=True)
class SavedDigest:
    """A digest that was saved; without counts where only its hash was."""

    sha256: str
    contacts: int | None = None
    entries: int | None = None
    changes: int | None = None
    settings: int | None = None


def compare_digests(found: Mapping[str, Digest | None], saved: Mapping[str, SavedDigest]) -> Iterator[tuple[str, str]]:
    """(workspace id, what is wrong). A digest found is None where somebody kept writing while it was read."""
    for workspace_id in sorted(found.keys() | saved.keys()):
        if workspace_id not in saved:
            yield workspace_id, "the expected digests do not include this workspace"
        elif workspace_id not in found:
            yield workspace_id, "a digest is expected, and the workspace does not exist"
        else:
            what = difference(found[workspace_id], saved[workspace_id])
            if what:
                yield workspace_id, what


def difference(found: Digest | None, saved: SavedDigest) -> str | None:
    """What to tell of a digest that is not the one expected; None where it is."""
    if found is None:
        return "no digest: the workspace kept changing while it was read. Stop the server, or verify a backup"
    if found.sha256 == saved.sha256:
        return None
    more = {name: _more(found, saved, name) for name in _COUNTED}
    counted = ", ".join(f"{name} {n:+}" for name, n in more.items() if n)
    told = "the digest is not the one expected"
    if min(more.values()) < 0:
        return f"{told}; something is missing: {counted}"
    if counted:
        return f"{told}, and the workspace was written to since: {counted}. For a database that grows use --heads"
    if saved.contacts is None:
        return f"{told}: the workspace was altered, or written to since"
    return f"{told}, and all counts are the same: the workspace was altered"


def _more(found: Digest, saved: SavedDigest, name: str) -> int:
    before = getattr(saved, name)
    return 0 if before is None else int(getattr(found, name)) - int(before)


def form(digest: Digest) -> dict[str, object]:
    """As JSON keeps it."""
    return {"digest": digest.sha256, **{one.name: getattr(digest, one.name) for one in fields(digest)[1:]}}


def parse_digest(value: object) -> SavedDigest:
    """The reverse of `form`. Raises TypeError on what it never makes."""
    if isinstance(value, dict) and isinstance(value.get("digest"), str):
        counts = {name: value.get(name) for name in _COUNTED}
        if all(isinstance(count, int) for count in counts.values()):
            return SavedDigest(value["digest"], **counts)
    raise TypeError("not a digest and its counts")
