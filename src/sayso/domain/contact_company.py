"""Companies of a contact."""

from __future__ import annotations

from sayso.domain.act import Act
from sayso.domain.contact import Change, Contact, linked
from sayso.domain.errors import TooManyCompanies
from sayso.domain.links import Membership

#: How many companies a contact may belong to.
COMPANY_LIMIT = 1_000


def attach(contact: Contact, company_id: str, act: Act) -> Change | None:
    """Decide that a contact belongs to a company; None when it does already. Raises TooManyCompanies."""
    links = contact.links
    if company_id in links.companies:
        return None
    if len(links.companies) >= COMPANY_LIMIT:
        raise TooManyCompanies(f"Contact has reached the maximum of {COMPANY_LIMIT} company associations")
    after = links._replace(companies=(*links.companies, company_id))
    return linked(contact, "contact.company_attached", after, act, put=(Membership(company_id, act.at),))


def detach(contact: Contact, company_id: str, act: Act) -> Change | None:
    """Decide that a contact does not belong to a company; None when it does not."""
    links = contact.links
    if company_id not in links.companies:
        return None
    after = links._replace(companies=tuple(kept for kept in links.companies if kept != company_id))
    return linked(contact, "contact.company_detached", after, act, drop=(Membership(company_id, 0),))
