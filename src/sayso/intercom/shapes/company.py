"""Companies as they are answered, and what may be said of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar
from zlib import crc32

from msgspec import UNSET, Meta, Struct, UnsetType

from sayso.domain.company import Company as DomainCompany
from sayso.domain.links import NoteList
from sayso.domain.tag import Tag as DomainTag
from sayso.http.loose import Identifier, Second
from sayso.intercom.shapes.contact import Contact
from sayso.intercom.shapes.note import CompanyNoteReference, NotedCompany
from sayso.intercom.shapes.segment import Segment, SegmentList
from sayso.intercom.shapes.tag import TagBasic

T = TypeVar("T")


class Plan(Struct):
    """Empty where a company has none."""

    type: Literal["plan"] | UnsetType = UNSET
    id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET


class CompanyTags(Struct, tag_field="type", tag="tag.list"):
    tags: list[TagBasic]


class CompanyNotes(Struct, tag_field="type", tag="note.list"):
    """`data` has the newest ten."""

    data: list[CompanyNoteReference]
    url: str
    total_count: int
    has_more: bool


class Company(Struct, tag_field="type", tag="company", kw_only=True):
    """`company_id` is the customer's own id for it. What is not known of a company is absent, as are `notes` before
    2.16."""

    company_id: str
    id: str
    app_id: str
    name: str
    remote_created_at: int | UnsetType = UNSET
    created_at: int
    updated_at: int
    last_request_at: int | UnsetType = UNSET
    monthly_spend: int
    session_count: int
    user_count: int
    size: int | UnsetType = UNSET
    website: str | UnsetType = UNSET
    industry: str | UnsetType = UNSET
    tags: CompanyTags
    segments: SegmentList
    notes: CompanyNotes | UnsetType = UNSET
    plan: Plan
    custom_attributes: dict[str, Any]

    @classmethod
    def of(cls, company: DomainCompany, tags: Mapping[str, DomainTag]) -> Company:
        profile, created_at = company.profile, company.created_at // 1000
        marked = [TagBasic(tags[tag_id].id, tags[tag_id].name) for tag_id in company.tags if tag_id in tags]
        return cls(
            company_id=profile.external_id,
            id=company.id,
            app_id=company.workspace_id,
            name=profile.name or "",
            remote_created_at=_known(profile.remote_created_at),
            created_at=created_at,
            updated_at=company.updated_at // 1000,
            last_request_at=_known(profile.last_request_at),
            monthly_spend=profile.monthly_spend,
            session_count=0,
            user_count=company.user_count,
            size=_known(profile.size),
            website=_known(profile.website),
            industry=_known(profile.industry),
            tags=CompanyTags(marked),
            segments=SegmentList([]),
            notes=_notes(company.id, company.notes),
            plan=_plan(profile.plan),
            custom_attributes=dict(profile.custom_attributes),
        )


def _notes(company_id: str, notes: NoteList) -> CompanyNotes:
    noted, (total, newest) = NotedCompany(company_id), notes
    shown = [CompanyNoteReference(note_id, noted) for note_id in newest]
    return CompanyNotes(shown, f"/companies/{company_id}/notes", total, total > len(shown))


def _known(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value


def _plan(name: str | None) -> Plan:
    """Plans are known by their names alone: the same name has the same id."""
    return Plan("plan", str(crc32(name.encode())), name) if name else Plan()


class DeletedCompany(Struct):
    id: str
    object: Literal["company"] = "company"
    deleted: bool = True


class NextCompanies(Struct):
    """`url` is what older versions have in the place of all this."""

    page: int
    per_page: int
    starting_after: str
    url: str


class CompanyPages(Struct, tag_field="type", tag="pages"):
    """`next` is a URL in every numbered version."""

    next: NextCompanies | str | None
    page: int
    per_page: int
    total_pages: int


class CompanyList(Struct, tag_field="type", tag="list"):
    data: list[Company]
    pages: CompanyPages
    total_count: int


class FoundCompanies(CompanyList, tag_field="type", tag="list"):
    """Companies that a filter let through."""


class FoundCompany(Company, tag_field="type", tag="company", kw_only=True):
    """The only one, as itself and with a list of it: it is described as a list, and clients read a company."""

    data: list[Company]
    pages: CompanyPages
    total_count: int

    @classmethod
    def only(cls, found: CompanyList) -> FoundCompany:
        (company,) = found.data
        itself = {name: getattr(company, name) for name in Company.__struct_fields__ if name != "notes"}
        return cls(**itself, data=found.data, pages=found.pages, total_count=found.total_count)


class CompanyScroll(Struct, tag_field="type", tag="list"):
    """Without companies it is the end, and `scroll_param` is null: generated clients go on until it is."""

    data: list[Company]
    pages: None
    total_count: None
    scroll_param: str | None


class LinkPages(Struct, tag_field="type", tag="pages"):
    """`next` is a URL."""

    next: str | None
    page: int
    per_page: int
    total_pages: int


class ContactCompanyList(Struct, tag_field="type", tag="list"):
    """`companies` is `data` again: some clients read the one, some the other."""

    data: list[Company]
    companies: list[Company]
    pages: LinkPages
    total_count: int


class NextCompanyContacts(Struct):
    page: int
    starting_after: str


class CompanyContactPages(Struct, tag_field="type", tag="pages"):
    """`next` is absent on the last page."""

    page: int
    per_page: int
    total_pages: int
    next: NextCompanyContacts | UnsetType = UNSET


class CompanyContactList(Struct, tag_field="type", tag="list"):
    data: list[Contact]
    total_count: int
    pages: CompanyContactPages


class CompanySegmentList(Struct, tag_field="type", tag="list"):
    data: list[Segment]
    total_count: int


Whole = Annotated[str, Meta(pattern="^[0-9]{1,10}$")]


class PlanGiven(Struct):
    """A plan as answers have it."""

    name: str | None = None


class CompanyFields(Struct):
    """What may be said of a company. A key that is absent leaves things as they are; null empties them. `id` names one
    that is there already, and counts where there is no `company_id`."""

    company_id: str | int | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    plan: str | PlanGiven | UnsetType | None = UNSET
    size: int | Whole | UnsetType | None = UNSET
    website: str | UnsetType | None = UNSET
    industry: str | UnsetType | None = UNSET
    custom_attributes: dict[str, str | int | float | bool | None] | UnsetType | None = UNSET
    remote_created_at: Second | UnsetType | None = UNSET
    monthly_spend: int | float | UnsetType | None = UNSET
    update_last_request_at: bool | UnsetType | None = UNSET
    id: Identifier | UnsetType | None = UNSET


class AttachCompany(Struct):
    id: Annotated[str | int, Meta(description="The id of the company, 24 hex digits")] | UnsetType | None = UNSET
