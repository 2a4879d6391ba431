"""Regions: one deployment serves one or more, each with its own data, and a workspace lives in exactly one."""

from __future__ import annotations

from dataclasses import dataclass

from sayso.domain.region import PRODUCTION, of_token
from sayso.service.access import AccessService
from sayso.service.activity import ActivityService
from sayso.service.admin import AdminService
from sayso.service.bulk import BulkService
from sayso.service.bulk_item import BulkItems
from sayso.service.company import CompanyService
from sayso.service.company_note import CompanyNoteService
from sayso.service.company_search import CompanySearchService
from sayso.service.consent import ConsentService
from sayso.service.contact import ContactService
from sayso.service.contact_company import ContactCompanyService
from sayso.service.contact_tag import ContactTagService
from sayso.service.data_attribute import DataAttributeService
from sayso.service.data_event import DataEventService
from sayso.service.data_event_move import DataEventMoveService
from sayso.service.idempotency import IdempotencyService
from sayso.service.merge import MergeService
from sayso.service.note import NoteService
from sayso.service.ports import Clock, Ids, Store
from sayso.service.scroll import ScrollService
from sayso.service.search import SearchService
from sayso.service.segment import SegmentService
from sayso.service.settings_log import SettingsLog
from sayso.service.snapshot import Snapshots
from sayso.service.subscription_type import SubscriptionTypeService
from sayso.service.tag import TagService
from sayso.service.turns import Turns
from sayso.service.visitor import VisitorService
from sayso.service.workspace import WorkspaceService


@dataclass(frozen=True, slots=True)
class Region:
    """What can be done in one region."""

    name: str
    store: Store
    snapshots: Snapshots
    access: AccessService
    workspaces: WorkspaceService
    types: SubscriptionTypeService
    contacts: ContactService
    merges: MergeService
    consent: ConsentService
    idempotency: IdempotencyService
    admins: AdminService
    tags: TagService
    attributes: DataAttributeService
    contact_tags: ContactTagService
    segments: SegmentService
    notes: NoteService
    data_events: DataEventService
    data_event_moves: DataEventMoveService
    search: SearchService
    companies: CompanyService
    company_notes: CompanyNoteService
    company_search: CompanySearchService
    contact_companies: ContactCompanyService
    scrolls: ScrollService
    bulk: BulkService
    visitors: VisitorService
    activities: ActivityService

    @classmethod
    def on(cls, name: str, store: Store, clock: Clock, ids: Ids) -> Region:
        snapshots, turns, log = Snapshots(store, clock), Turns(), SettingsLog(store, clock, ids)
        types = SubscriptionTypeService(store, snapshots, log, clock)
        attributes = DataAttributeService(store, snapshots, clock)
        moves = DataEventMoveService(store)
        contacts = ContactService(store, snapshots, attributes, moves, turns, clock, ids)
        tags = TagService(store, snapshots, clock)
        companies = CompanyService(store, attributes, turns, clock, ids)
        contact_tags = ContactTagService(store, snapshots, contacts, companies, tags)
        contact_companies = ContactCompanyService(store, contacts, companies, turns, clock, ids)
        bulk_items = BulkItems(store, snapshots, contacts, companies, contact_companies, contact_tags, clock, ids)
        merges = MergeService(store, contacts, moves, turns, clock, ids)
        search = SearchService(store)
        notes = NoteService(store, snapshots, contacts, turns, clock, ids)
        return cls(
            name=name,
            store=store,
            snapshots=snapshots,
            access=AccessService(store, snapshots, log, clock, ids),
            workspaces=WorkspaceService(store, name, log, clock, ids),
            types=types,
            contacts=contacts,
            merges=merges,
            consent=ConsentService(store, types, turns, clock, ids),
            idempotency=IdempotencyService(store, Turns(), clock),
            admins=AdminService(store, snapshots, log),
            tags=tags,
            contact_tags=contact_tags,
            attributes=attributes,
            segments=SegmentService(store, contacts, clock),
            notes=notes,
            data_events=DataEventService(store, contacts, turns, clock, ids),
            data_event_moves=moves,
            search=search,
            companies=companies,
            company_notes=CompanyNoteService(store, companies, notes, clock, ids),
            company_search=CompanySearchService(store),
            contact_companies=contact_companies,
            scrolls=ScrollService(store, clock, ids),
            bulk=BulkService(store, bulk_items, clock, ids),
            visitors=VisitorService(contacts, merges, search),
            activities=ActivityService(store, clock),
        )


class Regions:
    """The regions served here, and the host names that lead to them."""

    def __init__(self, regions: dict[str, Region], hosts: dict[str, str], default: str) -> None:
        self.by_name = regions
        self.hosts = {host.lower().rstrip("."): name for host, name in hosts.items()}
        self.default = regions[default]

    def at(self, host: str, secret: bytes) -> Region:
        """The region that answers: the host's, or from the production one the token's own, where it is served."""
        region = self.default
        if self.hosts:
            host = host.lower()
            # A dot at the end makes a name absolute: it is the same host's.
            named = self.hosts.get((host.rpartition(":")[0] or host).rstrip(".")) or self.hosts.get(host)
            region = self.by_name[named] if named else region
        if region.name == PRODUCTION and len(self.by_name) > 1:
            return self.by_name.get(of_token(secret) or "", region)
        return region
