"""Companies: the organisations that contacts belong to, and what may happen to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from sayso.domain.act import Act
from sayso.domain.contact import check_attributes
from sayso.domain.errors import Invalid
from sayso.domain.links import NO_NOTES, Note, NoteList
from sayso.domain.second import check_second

#: What claims of companies are called: a company's external_id is held by one company at a time.
CLAIM = "company_id"

#: What a whole number that clients can read is below.
NUMBER_LIMIT = 2**31

EXTERNAL_ID_LIMIT = 255
#: The name is looked up by an index, whose entries on PostgreSQL have at most some 2,700 bytes.
TEXT_LIMITS = {"name": 255, "plan": 255, "website": 2_048, "industry": 255}


class CompanyState(StrEnum):
    """A `deleted` company is found by nobody; its row stays until no contact belongs to it any more."""

    __hash__ = str.__hash__

    LIVE = "live"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class CompanyProfile:
    """What a company is known by; `external_id` is the customer's own id for it. Times are in seconds."""

    external_id: str
    name: str | None = None
    plan: str | None = None
    size: int | None = None
    website: str | None = None
    industry: str | None = None
    monthly_spend: int = 0
    remote_created_at: int | None = None
    last_request_at: int | None = None
    custom_attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Company:
    """A company as it stands; `tags` are ids, in the order in which they came. Times in ms.

    `user_count`: how many live contacts belong to it. Changes of contacts alter it, and no change of the company.
    """

    workspace_id: str
    id: str
    state: CompanyState
    revision: int
    created_at: int
    updated_at: int
    profile: CompanyProfile
    tags: tuple[str, ...] = ()
    notes: NoteList = NO_NOTES
    user_count: int = field(default=0, compare=False)


class CompanyChange(NamedTuple):
    """What was done to a company: what it was, None for a new one, what it becomes, and the note that was written."""

    act: Act
    kind: str
    before: Company | None
    after: Company
    note: Note | None = None


class CompanyWish(NamedTuple):
    """What somebody asks of a company, in terms that outlive the request. `given` holds fields of a `CompanyProfile` by
    name; what is absent stays. Custom attributes are merged key by key. `is_seen`: it makes a request now."""

    given: Mapping[str, Any] = {}
    custom_attributes: Mapping[str, Any] = {}
    is_seen: bool = False

    def profile(self, profile: CompanyProfile, now: int) -> CompanyProfile:
        """What the profile shall become; `now` in ms."""
        wanted = dict(self.given)
        if self.is_seen:
            wanted["last_request_at"] = now // 1000
        return replace(profile, **wanted, custom_attributes={**profile.custom_attributes, **self.custom_attributes})


def create(workspace_id: str, company_id: str, profile: CompanyProfile, act: Act) -> CompanyChange:
    """Decide a new company. Raises Invalid."""
    _check(profile)
    company = Company(workspace_id, company_id, CompanyState.LIVE, 1, act.at, act.at, profile)
    return CompanyChange(act, "company.created", None, company)


def update(before: Company, profile: CompanyProfile, act: Act) -> CompanyChange | None:
    """Decide what a company is known by from now on; None when nothing would change. Raises Invalid."""
    if profile.external_id != before.profile.external_id:
        raise Invalid("company_id is set when a company is created, and stays", "company_id")
    _check(profile)
    return None if profile == before.profile else _after(before, "company.updated", act, profile=profile)


def tag(before: Company, tag_id: str, act: Act) -> CompanyChange | None:
    """Decide that a company has a tag; None when it has it already."""
    if tag_id in before.tags:
        return None
    return _after(before, "company.tagged", act, tags=(*before.tags, tag_id))


def untag(before: Company, tag_id: str, act: Act) -> CompanyChange | None:
    """Decide that a company does not have a tag; None when it has it not."""
    if tag_id not in before.tags:
        return None
    kept = tuple(known for known in before.tags if known != tag_id)
    return _after(before, "company.untagged", act, tags=kept)


def add_note(before: Company, note_id: str, author_id: str, text: str, act: Act) -> CompanyChange:
    """Decide a new note on a company; `text` is a body as it is kept."""
    change = _after(before, "company.noted", act, notes=before.notes.with_note(note_id))
    return change._replace(note=Note(note_id, author_id, text, act.at))


def delete(before: Company, act: Act) -> CompanyChange:
    """Decide a deletion: the company is gone at once, with its notes, and its external_id free; its contacts are
    detached after it."""
    change = _after(before, "company.deleted", act, state=CompanyState.DELETED, tags=(), notes=NO_NOTES)
    return change._replace(after=replace(change.after, profile=CompanyProfile(before.profile.external_id)))


def _after(before: Company, kind: str, act: Act, **changed: Any) -> CompanyChange:
    at = max(act.at, before.updated_at)
    return CompanyChange(act, kind, before, replace(before, revision=before.revision + 1, updated_at=at, **changed))


def check_external_id(external_id: str) -> None:
    """Raises Invalid for what can be no customer's id for a company."""
    if not 0 < len(external_id) <= EXTERNAL_ID_LIMIT or "\0" in external_id:
        raise Invalid(f"company_id has 1 to {EXTERNAL_ID_LIMIT} characters, none of them NUL", "company_id")


def _check(profile: CompanyProfile) -> None:
    check_external_id(profile.external_id)
    for name, limit in TEXT_LIMITS.items():
        value = getattr(profile, name)
        if value is not None and len(value) > limit:
            raise Invalid(f"{name} has at most {limit} characters", name)
        if value is not None and "\0" in value:
            raise Invalid(f"{name} must not hold a NUL character", name)
    for name in ("size", "monthly_spend"):
        value = getattr(profile, name)
        if value is not None and not 0 <= value < NUMBER_LIMIT:
            raise Invalid(f"{name} must be a number from 0 to {NUMBER_LIMIT - 1}", name)
    if profile.remote_created_at is not None:
        check_second(profile.remote_created_at, "remote_created_at")
    check_attributes(profile.custom_attributes)
