"""What the services need of the world for companies, as `ports` says for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sayso.domain.company import Company, CompanyChange
from sayso.domain.links import Note
from sayso.domain.scroll import Scroll
from sayso.domain.search import Node
from sayso.domain.search_order import Order, Place

if TYPE_CHECKING:
    # One port names the other's.
    from sayso.service.ports import Unreadable


@dataclass(frozen=True, slots=True)
class CompanyFilter:
    """Which companies, and in which order: those of a name, or those with a tag, or all; by the time of their last
    request, the latest first unless `ascending`. A tag's id is a decimal number."""

    name: str | None = None
    tag_id: str | None = None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """What a company's row says of who it is and of its notes, unchecked, and how many notes there are."""

    company_id: str
    state: str
    external_id: str
    user_count: int = 0
    notes: str = ""
    note_count: int = 0


class CompanyStore(Protocol):
    """Their claims are among the contacts'."""

    async def find(self, workspace_id: str, company_id: str) -> Company | None:
        """A company in any state."""

    async def live(self, workspace_id: str, company_ids: Sequence[str]) -> set[str]:
        """Which of these companies are live."""

    async def several(self, workspace_id: str, company_ids: Sequence[str]) -> list[Company]:
        """The live ones of these companies, in any order."""

    async def page(self, workspace_id: str, wanted: CompanyFilter, limit: int, offset: int) -> list[Company]:
        """Live companies; those of a name the newest first."""

    async def count(self, workspace_id: str, wanted: CompanyFilter) -> int:
        """How many live companies there are."""

    async def after(self, workspace_id: str, place: str, limit: int) -> list[Company]:
        """Live companies after an id, in that order."""

    async def deleted(self, workspace_id: str) -> list[str]:
        """Ids of deleted companies that are not forgotten, a thousand at most."""

    async def members(self, workspace_id: str, company_id: str, place: str, limit: int, offset: int) -> list[str]:
        """Ids of a company's live contacts after an id, in that order."""

    async def count_members(self, workspace_id: str, company_ids: Sequence[str]) -> dict[str, int]:
        """What verification reads: how many live contacts belong to each company, by their rows."""

    async def attached(self, workspace_id: str, company_id: str, limit: int) -> list[str]:
        """Ids of contacts in any state that belong to a company, the first ones."""

    async def notes(self, workspace_id: str, company_id: str, offset: int, limit: int) -> list[Note]:
        """A company's notes, newest first."""

    async def find_note(self, workspace_id: str, note_id: str) -> tuple[str, Note] | None:
        """A note, and the id of the company it is on."""

    async def commit(self, change: CompanyChange) -> None: ...

    async def forget(self, workspace_id: str, company_id: str) -> None:
        """Drop the row of a deleted company, and what notes there still are."""

    async def holders(self, workspace_id: str, place: str, limit: int) -> list[CompanyRow | Unreadable]:
        """What verification reads: companies in any state after an id, in that order."""

    async def named(self, workspace_id: str, company_ids: Sequence[str]) -> list[CompanyRow | Unreadable]: ...


class CompanySearchStore(Protocol):
    """Live companies that a search finds; `matches` of the domain's `company_search` says which."""

    async def page(
        self, workspace_id: str, query: Node, order: Order, after: Place | None, limit: int
    ) -> list[Company]:
        """Those after a place, in their order."""

    async def count(self, workspace_id: str, query: Node) -> int: ...


class ScrollStore(Protocol):
    async def find(self, workspace_id: str) -> Scroll | None:
        """The scroll that was begun last, if it did not come to its end."""

    async def commit(self, before: Scroll | None, after: Scroll) -> None: ...

    async def close(self, before: Scroll) -> None: ...
