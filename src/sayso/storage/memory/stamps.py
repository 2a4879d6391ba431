"""Which rows of a small table changed, in memory."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import takewhile
from typing import Generic, TypeVar

Id = TypeVar("Id", bound=Hashable)


class Stamps(Generic[Id]):
    """The version of its workspace that each row's last change made."""

    def __init__(self) -> None:
        # By workspace, with the latest change at the end, so that nobody looks at the rest.
        self._versions: dict[str, dict[Id, int]] = {}

    def stamp(self, workspace_id: str, row_id: Id, version: int) -> None:
        rows = self._versions.setdefault(workspace_id, {})
        rows.pop(row_id, None)
        rows[row_id] = version

    def since(self, workspace_id: str, version: int) -> list[Id]:
        """The rows that changed after a version, in any order."""
        rows = self._versions.get(workspace_id, {})
        return list(takewhile(lambda row_id: rows[row_id] > version, reversed(rows)))
