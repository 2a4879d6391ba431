"""Bulk jobs: many changes of contacts or companies that one request asks for, and that follow after its answer.

A job consists of tasks, one for each request; it has no row of its own. A task's items are carried out in order, in
portions. The count of those that are done is stored after each portion, so a crash repeats one portion at most: an
item that is carried out twice has the effect of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from sayso.domain.act import Author
from sayso.domain.errors import JobClosed, JobNotFound, TooManyItems

#: How many items a request may have, and how many companies or tags one of them may name.
ITEMS_LIMIT = 100
LINKS_LIMIT = 1_000

#: For how long tasks can be added to a job, in ms, and how many it has at most.
OPEN_FOR = 15 * 60 * 1000
TASKS_LIMIT = 1_000

#: For how long completed tasks are kept, in ms: 30 days.
KEPT_FOR = 30 * 24 * 3600 * 1000


class BulkKind(StrEnum):
    """What a job changes."""

    CONTACTS = "contacts"
    COMPANIES = "companies"


class BulkAction(StrEnum):
    """CREATE also updates a company whose `company_id` exists; it never updates a contact."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class BulkState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"


class CompanyLink(NamedTuple):
    """A company that a contact shall belong to, by the customer's id: it is made where there is none, and named where
    `name` says so. `remove`: the contact shall not belong to it any more."""

    company_id: str
    name: str | None = None
    remove: bool = False


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One change. `id` is ours, a new contact's too, which is fixed before the first try; a company is created by the
    `external_id` in `given`. The fields up to `is_seen` are those of `ContactWish` and `CompanyWish`.

    `is_refused`: its form was wrong. `was_there`: what is to be deleted existed when the request came. `seq`: that of
    the contact's last ledger entry then. A stop that is younger was said after the request: the item does not lift it.
    """

    id: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    custom_attributes: Mapping[str, Any] = field(default_factory=dict)
    unsubscribed_from_emails: bool | None = None
    is_seen: bool = False
    companies: tuple[CompanyLink, ...] = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    is_refused: bool = False
    was_there: bool = False
    seq: int = 0


@dataclass(frozen=True, slots=True)
class BulkTask:
    """What one request asked for, without its items. `number` counts from 1 within the job; times in ms."""

    workspace_id: str
    job_id: str
    number: int
    kind: BulkKind
    action: BulkAction
    author: Author
    item_count: int
    created_at: int
    updated_at: int
    done: int = 0
    failed: int = 0
    started_at: int | None = None
    completed_at: int | None = None

    def begun(self, now: int) -> BulkTask:
        """The task as a process begins to carry it out, or to carry on with it. Of two at once one alone does: it is
        advanced by its time, too."""
        return replace(self, started_at=self.started_at or now, updated_at=max(now, self.updated_at + 1))

    @property
    def state(self) -> BulkState:
        if self.completed_at is not None:
            return BulkState.COMPLETED_WITH_ERRORS if self.failed else BulkState.COMPLETED
        return BulkState.PENDING if self.started_at is None else BulkState.RUNNING

    def after(self, done: int, failed: int, now: int) -> BulkTask:
        """The task once `done` more items were carried out, `failed` of them without success."""
        total = self.done + done
        return replace(
            self,
            done=total,
            failed=self.failed + failed,
            updated_at=max(now, self.updated_at),
            completed_at=max(now, self.updated_at) if total == self.item_count else None,
        )


@dataclass(frozen=True, slots=True)
class BulkJob:
    """At least one task, in order of their numbers."""

    tasks: tuple[BulkTask, ...]

    @property
    def id(self) -> str:
        return self.tasks[0].job_id

    @property
    def kind(self) -> BulkKind:
        return self.tasks[0].kind

    @property
    def created_at(self) -> int:
        return self.tasks[0].created_at

    @property
    def updated_at(self) -> int:
        return max(task.updated_at for task in self.tasks)

    @property
    def completed_at(self) -> int | None:
        """When the last task was completed; None while any is not."""
        ends = [task.completed_at for task in self.tasks if task.completed_at is not None]
        return max(ends) if len(ends) == len(self.tasks) else None

    @property
    def state(self) -> BulkState:
        states = {task.state for task in self.tasks}
        if self.completed_at is not None:
            failed = BulkState.COMPLETED_WITH_ERRORS in states
            return BulkState.COMPLETED_WITH_ERRORS if failed else BulkState.COMPLETED
        return BulkState.PENDING if states == {BulkState.PENDING} else BulkState.RUNNING


def job(tasks: Sequence[BulkTask], job_id: str, kind: BulkKind) -> BulkJob:
    """The job that tasks with an id make. Raises JobNotFound where there are none, or they change something else."""
    if not tasks or tasks[0].kind is not kind:
        raise JobNotFound(job_id)
    return BulkJob(tuple(tasks))


def check_open(held: BulkJob, now: int) -> None:
    """Raises JobClosed for a job that takes no more tasks."""
    if now - held.created_at >= OPEN_FOR or len(held.tasks) >= TASKS_LIMIT:
        raise JobClosed(held.id)


def check_count(count: int, kind: BulkKind) -> None:
    """Raises TooManyItems."""
    if count > ITEMS_LIMIT:
        raise TooManyItems(f"maximum number of {kind} per request is {ITEMS_LIMIT}")
