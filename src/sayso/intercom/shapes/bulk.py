"""Bulk jobs, and what is asked for in bulk. Fields that an item's shape does not name are ignored."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from sayso.domain.bulk import ITEMS_LIMIT, BulkJob, BulkKind, BulkTask
from sayso.http.loose import Identifier, Second
from sayso.intercom.shapes.company import PlanGiven, Whole
from sayso.intercom.shapes.contact import AvatarGiven

State = Literal["pending", "running", "completed", "completed_with_errors"]


class JobTask(Struct):
    """What one request asked for."""

    id: str
    item_count: int
    state: State
    created_at: int
    started_at: int | None
    completed_at: int | None

    @classmethod
    def of(cls, task: BulkTask) -> JobTask:
        id_ = f"task_{task.job_id.removeprefix('job_')}_{task.number}"
        created_at, started_at, completed_at = task.created_at // 1000, task.started_at, task.completed_at
        return cls(id_, task.item_count, task.state.value, created_at, _second(started_at), _second(completed_at))


class ContactsBulkJob(Struct, kw_only=True):
    """`state` ends as `completed_with_errors` where an item was rejected."""

    id: str
    type: Literal["contacts.bulk.job"] = "contacts.bulk.job"
    state: State
    created_at: int
    updated_at: int
    completed_at: int | None
    tasks: list[JobTask]
    url: str


class CompaniesBulkJob(Struct, kw_only=True):
    """`state` ends as `completed_with_errors` where an item was rejected."""

    id: str
    type: Literal["companies.bulk.job"] = "companies.bulk.job"
    state: State
    created_at: int
    updated_at: int
    completed_at: int | None
    tasks: list[JobTask]
    url: str


def job_shape(job: BulkJob, url: str) -> ContactsBulkJob | CompaniesBulkJob:
    """A job as it is answered; `url` leads to it."""
    shape = ContactsBulkJob if job.kind is BulkKind.CONTACTS else CompaniesBulkJob
    return shape(
        id=job.id,
        state=job.state.value,
        created_at=job.created_at // 1000,
        updated_at=job.updated_at // 1000,
        completed_at=_second(job.completed_at),
        tasks=[JobTask.of(task) for task in job.tasks],
        url=url,
    )


def _second(at: int | None) -> int | None:
    return None if at is None else at // 1000


class JobChoice(Struct):
    """A job that is there, to add a task to."""

    id: Identifier


class BulkCompanyLink(Struct):
    """A company by the customer's own id: it is made where there is none."""

    company_id: Identifier
    name: str | UnsetType | None = UNSET


class BulkCompanyChoice(BulkCompanyLink):
    """`remove`: the contact shall not belong to it any more."""

    remove: bool | UnsetType | None = UNSET


class BulkTag(Struct):
    id: Identifier


class BulkTags(Struct):
    """Unknown tags are skipped."""

    add: list[BulkTag] | UnsetType | None = UNSET


class BulkTagChoices(BulkTags):
    """Unknown tags are skipped, and tags to remove that the contact does not have."""

    remove: list[BulkTag] | UnsetType | None = UNSET


Attributes = dict[str, str | int | float | bool | None]


class _BulkContact(Struct, kw_only=True):
    external_id: Identifier | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    avatar: str | AvatarGiven | UnsetType | None = UNSET
    language_override: str | UnsetType | None = UNSET
    custom_attributes: Attributes | UnsetType | None = UNSET
    owner_id: int | str | UnsetType | None = UNSET
    unsubscribed_from_emails: bool | UnsetType | None = UNSET


class NewBulkContact(_BulkContact, kw_only=True):
    """A contact to create."""

    role: Literal["user", "lead"] | UnsetType | None = UNSET
    signed_up_at: Second | UnsetType | None = UNSET
    last_seen_at: Second | UnsetType | None = UNSET
    companies: list[BulkCompanyLink] | UnsetType | None = UNSET
    tags: BulkTags | UnsetType | None = UNSET


class ChangedBulkContact(_BulkContact, kw_only=True):
    """A contact to change, by the id that Sayso gave it."""

    id: Identifier
    companies: list[BulkCompanyChoice] | UnsetType | None = UNSET
    tags: BulkTagChoices | UnsetType | None = UNSET


class _BulkCompany(Struct, kw_only=True):
    name: str | UnsetType | None = UNSET
    plan: str | PlanGiven | UnsetType | None = UNSET
    size: int | Whole | UnsetType | None = UNSET
    website: str | UnsetType | None = UNSET
    industry: str | UnsetType | None = UNSET
    custom_attributes: Attributes | UnsetType | None = UNSET
    remote_created_at: Second | UnsetType | None = UNSET
    monthly_spend: int | float | UnsetType | None = UNSET
    update_last_request_at: bool | UnsetType | None = UNSET


class NewBulkCompany(_BulkCompany, kw_only=True):
    """A company to create, or to change where there is one with this `company_id`."""

    company_id: Identifier | UnsetType | None = UNSET


class ChangedBulkCompany(_BulkCompany, kw_only=True):
    """A company to change, by the id that Sayso gave it."""

    id: Identifier


class BulkChoice(Struct):
    """What to delete, by the id that Sayso gave it."""

    id: Identifier


_Limit = Meta(max_length=ITEMS_LIMIT)


class CreateContacts(Struct):
    contacts: Annotated[list[NewBulkContact], _Limit]
    job: JobChoice | UnsetType | None = UNSET


class UpdateContacts(Struct):
    contacts: Annotated[list[ChangedBulkContact], _Limit]
    job: JobChoice | UnsetType | None = UNSET


class DeleteContacts(Struct):
    contacts: Annotated[list[BulkChoice], _Limit]
    job: JobChoice | UnsetType | None = UNSET


class CreateCompanies(Struct):
    companies: Annotated[list[NewBulkCompany], _Limit]
    job: JobChoice | UnsetType | None = UNSET


class UpdateCompanies(Struct):
    companies: Annotated[list[ChangedBulkCompany], _Limit]
    job: JobChoice | UnsetType | None = UNSET


class DeleteCompanies(Struct):
    companies: Annotated[list[BulkChoice], _Limit]
    job: JobChoice | UnsetType | None = UNSET
