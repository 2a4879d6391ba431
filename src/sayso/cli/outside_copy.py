"""What is kept outside a database to compare it with later: digests and heads, in files."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sayso.cli.failure import Wrong

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from sayso.domain.digest import Digest
    from sayso.service.verify_digest import SavedDigest
    from sayso.service.verify_heads import SavedHead

#: How a file of digests says what it is.
_FORMAT = {"type": "digests", "v": 1}

_HEX = re.compile(r"[0-9a-f]{64}")


def write_digests(path: Path, region: str, made_at: str | None, digests: Mapping[str, Digest]) -> None:
    """Keep the digests of a region's workspaces, in place of what was there. `made_at` is RFC 3339."""
    from sayso.service.verify_digest import form
    from sayso.storage.files import replacement

    workspaces = {workspace_id: form(digest) for workspace_id, digest in digests.items()}
    content = {**_FORMAT, "region": region, "made_at": made_at, "workspaces": workspaces}
    with replacement(path) as unfinished:
        unfinished.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def read_digests(value: str, known: Sequence[str], only: str | None) -> dict[str, SavedDigest]:
    """The digests that somebody expects, by workspace: from a file, or one of 64 hex digits. `known` are the ids of
    the workspaces there are."""
    from sayso.service.verify_digest import SavedDigest

    if _HEX.fullmatch(value):
        meant = [only] if only else known
        if len(meant) != 1:
            raise Wrong(f"--expect: 64 hex digits are one workspace's, and there are {len(meant)}; choose --workspace")
        return {meant[0]: SavedDigest(value)}
    saved = _digests(Path(value))
    return {workspace_id: digest for workspace_id, digest in saved.items() if only in (None, workspace_id)}


def _digests(path: Path) -> dict[str, SavedDigest]:
    from sayso.service.verify_digest import parse_digest

    try:
        content = json.loads(path.read_text("utf-8"))
        found = {workspace_id: parse_digest(one) for workspace_id, one in content["workspaces"].items()}
    except OSError as error:
        raise Wrong(f"--expect: {path}: {error.strerror}; a digest has 64 hex digits") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        content, found = {}, {}
    if not content.items() >= _FORMAT.items():
        raise Wrong(f"--expect: {path} is not a file that `sayso backup` wrote")
    return found


def refuse_other_content(path: Path) -> None:
    """Only a file of digests may be replaced by one: another may be somebody's database."""
    if path.exists():
        refusal = Wrong(f"{path} is there already, and is no file of digests; name another FILE")
        if not path.is_file():
            # To open a pipe would be to wait for its writer.
            raise refusal
        try:
            _digests(path)
        except Wrong:
            raise refusal from None


def read_heads(name: str) -> list[SavedHead]:
    from sayso.domain.errors import Invalid
    from sayso.service.verify_heads import parsed

    try:
        with Path(name).open(encoding="utf-8") as lines:
            return list(parsed(lines))
    except OSError as error:
        raise Wrong(f"--heads: {name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Wrong(f"--heads: {name}: not UTF-8 text") from None
    except Invalid as error:
        raise Wrong(f"--heads: {name}: {error.message}") from None


def refuse_unsavable(path: Path) -> None:
    """Heads that were saved earlier are what later ones are compared with. To verify may take hours: what would fail
    afterwards is refused before."""
    if os.path.lexists(path):
        raise _already_there(path)
    if not os.access(path.parent, os.W_OK):
        raise Wrong(f"--save-heads: {path.parent} is not a folder that this user may write to")


def _already_there(path: Path) -> Wrong:
    return Wrong(f"--save-heads: {path} is there already; choose another name, and keep the older one")


async def save_heads(path: Path, heads: AsyncIterator[SavedHead]) -> int:
    """Write heads to a new file, and say how many."""
    from sayso.service.verify_heads import TITLE, end_line
    from sayso.storage.files import new_file

    count = 0
    try:
        with new_file(path) as file:
            file.write(f"{TITLE}\n")
            async for head in heads:
                file.write(f"{head.line()}\n")
                count += 1
            file.write(f"{end_line(count)}\n")
    except FileExistsError:
        raise _already_there(path) from None
    return count
